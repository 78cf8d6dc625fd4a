import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DicomObject } from '../src/viewer/dicom/json.ts';
import { greyscaleTable, lutDomain, type GreyscaleInput, type LookupTable, type VoiFunction, type VoiTransform } from '../src/viewer/greyscale/table.ts';
import { readInverse, readPadding } from '../src/viewer/greyscale/voi.ts';

interface VectorLut {
  readonly first_mapped: number;
  readonly bits: number;
  readonly data: readonly number[];
}

interface Vector {
  readonly name: string;
  readonly bits_stored: number;
  readonly pixel_representation: 0 | 1;
  readonly photometric_interpretation: string;
  readonly rescale_slope: number;
  readonly rescale_intercept: number;
  readonly modality_lut: VectorLut | null;
  readonly voi: null | { readonly function: VoiFunction; readonly center: number; readonly width: number } | { readonly lut: VectorLut };
  readonly presentation_lut_shape: string | null;
  readonly invert: boolean;
  readonly padding_value: number | null;
  readonly padding_range_limit: number | null;
  readonly data_range: readonly [number, number] | null;
  readonly stored: readonly number[];
  readonly expected: readonly number[];
}

/** The same numbers that NumPy gives: the Python twin is tested on these files too. */
const FOLDER = resolve(import.meta.dirname, '../../tests/golden/greyscale');

function lookupTable(lut: VectorLut): LookupTable {
  return { firstMapped: lut.first_mapped, bits: lut.bits, data: lut.data };
}

function voiOf(voi: Vector['voi']): VoiTransform | null {
  if (voi === null) return null;
  if ('function' in voi) return { kind: 'window', ...voi };
  const lut = lookupTable(voi.lut);
  return { kind: 'lut', lut, ...lutDomain(lut) };
}

function attributes(vector: Vector): DicomObject {
  const given: Record<string, unknown> = {
    '00280004': vector.photometric_interpretation,
    '20500020': vector.presentation_lut_shape,
    '00280120': vector.padding_value,
    '00280121': vector.padding_range_limit,
  };
  return Object.fromEntries(Object.entries(given).flatMap(([tag, value]) => (value === null ? [] : [[tag, { Value: [value] }]])));
}

function inputOf(vector: Vector): GreyscaleInput {
  const signed = vector.pixel_representation === 1;
  const image = attributes(vector);
  return {
    bitsStored: vector.bits_stored,
    signed,
    modality:
      vector.modality_lut === null
        ? { kind: 'rescale', slope: vector.rescale_slope, intercept: vector.rescale_intercept }
        : { kind: 'lut', lut: lookupTable(vector.modality_lut) },
    voi: voiOf(vector.voi),
    dataRange: vector.data_range,
    inverse: readInverse(image),
    invert: vector.invert,
    padding: readPadding(image, vector.bits_stored, signed),
  };
}

const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));

describe.each(files)('grey-scale vectors of %s', (name) => {
  const vectors = JSON.parse(readFileSync(resolve(FOLDER, name), 'utf-8')) as Vector[];

  it.each(vectors.map((vector) => [vector.name, vector] as const))('%s', (_, vector) => {
    const table = greyscaleTable(inputOf(vector));
    expect(vector.stored.map((stored) => table[stored & 0xffff])).toEqual(vector.expected);
  });
});

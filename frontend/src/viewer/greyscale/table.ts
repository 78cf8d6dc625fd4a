/**
 * The grey-scale table: from every value a pixel can store to the grey a screen shows.
 *
 * One pure function does the whole of PS3.3 C.11.1, C.11.2 and C.11.6, so that both renderers only look up and
 * so that the same vectors test it here and in Python.
 */

/** A lookup table of PS3.3 C.11.1.1.1 and C.11.2.1.1: entry `data[0]` belongs to input `firstMapped`. */
export interface LookupTable {
  readonly firstMapped: number;
  readonly bits: number;
  readonly data: ArrayLike<number>;
}

export type ModalityTransform =
  | { readonly kind: 'rescale'; readonly slope: number; readonly intercept: number }
  | { readonly kind: 'lut'; readonly lut: LookupTable };

export type VoiFunction = 'LINEAR' | 'LINEAR_EXACT' | 'SIGMOID';

export interface WindowTransform {
  readonly kind: 'window';
  readonly function: VoiFunction;
  readonly center: number;
  readonly width: number;
}

/** A VOI LUT, stretched over `width` inputs around `center` when the reader has dragged the window. */
export interface VoiLutTransform {
  readonly kind: 'lut';
  readonly lut: LookupTable;
  readonly center: number;
  readonly width: number;
}

export type VoiTransform = WindowTransform | VoiLutTransform;

export interface GreyscaleInput {
  readonly bitsStored: number;
  readonly signed: boolean;
  readonly modality: ModalityTransform;
  /** Without one, `dataRange` is spread over all greys. */
  readonly voi: VoiTransform | null;
  /** The lowest and highest stored value of the image; null means all that the stored bits can hold. */
  readonly dataRange: readonly [number, number] | null;
  /** The smallest P-value is white: Presentation LUT Shape INVERSE, or MONOCHROME1 without a shape. */
  readonly inverse: boolean;
  /** The reader asked for a negative. */
  readonly invert: boolean;
  /** Stored values that are no part of the image (PS3.3 C.7.5.1.1.2), both ends included. Always black. */
  readonly padding: { readonly low: number; readonly high: number } | null;
}

export const TABLE_LENGTH = 65536;

/** Read the value that `pattern`, the 16 bits of a stored pixel, means; bits above Bits Stored are dropped. */
export function storedValue(pattern: number, bitsStored: number, signed: boolean): number {
  const range = 2 ** bitsStored;
  const value = pattern & (range - 1);
  return signed && value >= range / 2 ? value - range : value;
}

function lutEntry(lut: LookupTable, value: number): number {
  const index = Math.min(Math.max(Math.round(value) - lut.firstMapped, 0), lut.data.length - 1);
  return lut.data[index] ?? 0;
}

export function modalityValue(modality: ModalityTransform, stored: number): number {
  if (modality.kind === 'lut') return lutEntry(modality.lut, stored);
  return stored * modality.slope + modality.intercept;
}

/** The smallest and the largest value the modality transform can give. */
export function modalityRange(modality: ModalityTransform, bitsStored: number, signed: boolean): [number, number] {
  if (modality.kind === 'lut') return [0, 2 ** modality.lut.bits - 1];
  const low = signed ? -(2 ** (bitsStored - 1)) : 0;
  const ends = [modalityValue(modality, low), modalityValue(modality, low + 2 ** bitsStored - 1)];
  return [Math.min(...ends), Math.max(...ends)];
}

/** PS3.3 C.11.2.1.2.1. */
function linear(value: number, center: number, width: number): number {
  const span = Math.max(width, 1) - 1;
  if (value <= center - 0.5 - span / 2) return 0;
  if (value > center - 0.5 + span / 2) return 1;
  return (value - (center - 0.5)) / span + 0.5;
}

/** A width that is not positive is against the standard; it is read as a step. */
const SMALLEST_WIDTH = 1e-6;

/** PS3.3 C.11.2.1.3.2. */
function linearExact(value: number, center: number, written: number): number {
  const width = Math.max(written, SMALLEST_WIDTH);
  if (value <= center - width / 2) return 0;
  if (value > center + width / 2) return 1;
  return (value - center) / width + 0.5;
}

/** PS3.3 C.11.2.1.3.1. */
function sigmoid(value: number, center: number, width: number): number {
  return 1 / (1 + Math.exp((-4 * (value - center)) / Math.max(width, SMALLEST_WIDTH)));
}

const WINDOW_FUNCTIONS = { LINEAR: linear, LINEAR_EXACT: linearExact, SIGMOID: sigmoid } as const;

/** The input range a VOI LUT was written for, as a centre and a width. */
export function lutDomain(lut: LookupTable): { center: number; width: number } {
  return { center: lut.firstMapped + (lut.data.length - 1) / 2, width: lut.data.length };
}

function voiLutFraction(voi: VoiLutTransform, value: number): number {
  const domain = lutDomain(voi.lut);
  const placed = domain.center + ((value - voi.center) * domain.width) / voi.width;
  return lutEntry(voi.lut, placed) / (2 ** voi.lut.bits - 1);
}

function voiFraction(voi: VoiTransform, value: number): number {
  if (voi.kind === 'lut') return voiLutFraction(voi, value);
  return WINDOW_FUNCTIONS[voi.function](value, voi.center, voi.width);
}

/** A constant image has no range to spread: mid grey. */
function spread(input: GreyscaleInput): (value: number) => number {
  const ends = input.dataRange?.map((stored) => modalityValue(input.modality, stored));
  const [low, high] =
    ends === undefined
      ? modalityRange(input.modality, input.bitsStored, input.signed)
      : [Math.min(...ends), Math.max(...ends)];
  return (value) => (high > low ? (value - low) / (high - low) : 0.5);
}

/** Make the table: 65 536 greys, indexed by the 16 bits as stored. */
export function greyscaleTable(input: GreyscaleInput): Uint8Array<ArrayBuffer> {
  const table = new Uint8Array(TABLE_LENGTH);
  const period = 2 ** Math.min(input.bitsStored, 16);
  const { voi, padding } = input;
  const fraction = voi === null ? spread(input) : (value: number) => voiFraction(voi, value);
  const negative = input.inverse !== input.invert;
  for (let pattern = 0; pattern < period; pattern++) {
    const stored = storedValue(pattern, input.bitsStored, input.signed);
    if (padding !== null && stored >= padding.low && stored <= padding.high) continue;
    const shown = Math.min(Math.max(fraction(modalityValue(input.modality, stored)), 0), 1);
    table[pattern] = Math.round(255 * (negative ? 1 - shown : shown));
  }
  for (let filled = period; filled < TABLE_LENGTH; filled *= 2) table.copyWithin(filled, 0, filled);
  return table;
}

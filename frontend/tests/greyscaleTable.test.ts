import { describe, expect, it } from 'vitest';
import { greyscaleTable, lutDomain, type GreyscaleInput, type VoiFunction } from '../src/viewer/greyscale/table.ts';

const PLAIN: GreyscaleInput = {
  bitsStored: 12,
  signed: false,
  modality: { kind: 'rescale', slope: 1, intercept: 0 },
  voi: null,
  dataRange: null,
  inverse: false,
  invert: false,
  padding: null,
};

function windowed(voiFunction: VoiFunction, center: number, width: number): GreyscaleInput {
  return { ...PLAIN, voi: { kind: 'window', function: voiFunction, center, width } };
}

describe('greyscaleTable', () => {
  it('spreads all stored values over all greys without a window', () => {
    const table = greyscaleTable(PLAIN);
    expect([table[0], table[2048], table[4095]]).toEqual([0, 128, 255]);
  });

  it('ignores the bits above Bits Stored', () => {
    const table = greyscaleTable(PLAIN);
    expect(table[0xf000 | 2048]).toBe(table[2048]);
  });

  it('follows LINEAR at its two ends (PS3.3 C.11.2.1.2.1)', () => {
    const table = greyscaleTable(windowed('LINEAR', 2048, 4096));
    expect([table[0], table[4095]]).toEqual([0, 255]);
    const narrow = greyscaleTable(windowed('LINEAR', 2048, 1));
    expect([narrow[2047], narrow[2048]]).toEqual([0, 255]);
  });

  it('follows LINEAR_EXACT, half a value apart from LINEAR', () => {
    const table = greyscaleTable(windowed('LINEAR_EXACT', 100, 100));
    expect([table[50], table[100], table[150], table[151]]).toEqual([0, 128, 255, 255]);
  });

  it('follows SIGMOID, which never quite reaches its ends', () => {
    const table = greyscaleTable(windowed('SIGMOID', 2048, 1024));
    expect(table[2048]).toBe(128);
    expect(table[2048 + 256]).toBe(Math.round(255 / (1 + Math.exp(-1))));
    expect(table[2048 - 512]).toBe(Math.round(255 / (1 + Math.exp(2))));
  });

  it('reads signed values as two complements of Bits Stored', () => {
    const table = greyscaleTable({ ...windowed('LINEAR_EXACT', 0, 100), signed: true });
    expect([table[0x0fce], table[0xffce], table[0], table[50]]).toEqual([0, 0, 128, 255]);
  });

  it('applies the rescale before the window', () => {
    const table = greyscaleTable({ ...windowed('LINEAR_EXACT', 0, 100), modality: { kind: 'rescale', slope: 2, intercept: -200 } });
    expect([table[75], table[100], table[125]]).toEqual([0, 128, 255]);
  });

  it('looks through a modality LUT and a VOI LUT, each held at its ends', () => {
    const modality = { kind: 'lut', lut: { firstMapped: 10, bits: 8, data: [0, 10, 20] } } as const;
    const lut = { firstMapped: 0, bits: 10, data: Array.from({ length: 21 }, (_, index) => index * 51.15) };
    const table = greyscaleTable({ ...PLAIN, modality, voi: { kind: 'lut', lut, ...lutDomain(lut) } });
    expect([table[0], table[10], table[11], table[12], table[4095]]).toEqual([0, 0, 128, 255, 255]);
  });

  it('stretches a VOI LUT around its window', () => {
    const lut = { firstMapped: 0, bits: 8, data: Uint16Array.from({ length: 256 }, (_, index) => index) };
    const table = greyscaleTable({ ...PLAIN, voi: { kind: 'lut', lut, center: 255, width: 512 } });
    expect([table[0], table[255], table[510]]).toEqual([0, 128, 255]);
  });

  it('turns an inverse image once, and back when the reader inverts it', () => {
    const inverse = greyscaleTable({ ...PLAIN, inverse: true });
    expect([inverse[0], inverse[4095]]).toEqual([255, 0]);
    expect(greyscaleTable({ ...PLAIN, inverse: true, invert: true })).toEqual(greyscaleTable(PLAIN));
  });

  it('keeps padding black, also in a negative', () => {
    const table = greyscaleTable({ ...PLAIN, invert: true, padding: { low: 4000, high: 4095 } });
    expect([table[3999], table[4000], table[4095]]).toEqual([6, 0, 0]);
  });
});

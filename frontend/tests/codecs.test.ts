import { describe, expect, it } from 'vitest';
import { toFrame } from '../src/codecs/colour.ts';
import { decodeNative } from '../src/codecs/native.ts';
import { decodeRle } from '../src/codecs/rle.ts';
import { UndecodableFrame } from '../src/codecs/samples.ts';
import type { PixelDescription } from '../src/viewer/dicom/pixels.ts';

const GREY: PixelDescription = {
  columns: 4,
  rows: 2,
  samplesPerPixel: 1,
  bitsAllocated: 16,
  bitsStored: 12,
  signed: false,
  planar: false,
  photometricInterpretation: 'MONOCHROME2',
  palette: null,
};
const RGB: PixelDescription = { ...GREY, columns: 2, rows: 1, samplesPerPixel: 3, bitsAllocated: 8, bitsStored: 8, photometricInterpretation: 'RGB' };

function rle(...segments: number[][]): Uint8Array<ArrayBuffer> {
  const header = new DataView(new ArrayBuffer(64));
  header.setUint32(0, segments.length, true);
  let at = 64;
  segments.forEach((segment, index) => {
    header.setUint32(4 + index * 4, at, true);
    at += segment.length;
  });
  return Uint8Array.from([...new Uint8Array(header.buffer), ...segments.flat()]);
}

describe('decodeRle', () => {
  it('joins the bytes of 16-bit values, most significant segment first', () => {
    // Repeat 0x0a eight times; then a literal run of eight. -7 as a byte is 249; 128 is no operation.
    const encoded = rle([249, 0x0a, 128], [7, 0, 1, 2, 3, 4, 5, 6, 7]);
    const frame = toFrame(decodeRle(encoded, GREY), GREY);
    expect(frame.kind === 'grey' && [...frame.values]).toEqual([0xa00, 0xa01, 0xa02, 0xa03, 0xa04, 0xa05, 0xa06, 0xa07]);
  });

  it('lays colour segments pixel by pixel', () => {
    const frame = toFrame(decodeRle(rle([1, 10, 11], [1, 20, 21], [1, 30, 31]), RGB), RGB);
    expect(frame.kind === 'colour' && [...frame.rgba]).toEqual([10, 20, 30, 255, 11, 21, 31, 255]);
  });

  it('refuses a short segment and a wrong header', () => {
    expect(() => decodeRle(rle([249, 1], [1, 0, 1]), GREY)).toThrow(UndecodableFrame);
    expect(() => decodeRle(rle([249, 1]), GREY)).toThrow(UndecodableFrame);
    expect(() => decodeRle(new Uint8Array(10), GREY)).toThrow(UndecodableFrame);
  });
});

describe('decodeNative', () => {
  it('reads little and big endian', () => {
    const bytes = Uint8Array.from({ length: 16 }, (_, index) => index);
    const little = toFrame(decodeNative(bytes, GREY, false), GREY);
    const big = toFrame(decodeNative(bytes, GREY, true), GREY);
    expect(little.kind === 'grey' && little.values[1]).toBe(0x0302);
    expect(big.kind === 'grey' && big.values[1]).toBe(0x0203);
  });

  it('refuses a frame that is too short', () => {
    expect(() => decodeNative(new Uint8Array(15), GREY, false)).toThrow(UndecodableFrame);
  });
});

describe('toFrame', () => {
  it('reads planar colours', () => {
    const planar = { ...RGB, planar: true };
    const frame = toFrame(decodeNative(Uint8Array.of(1, 2, 3, 4, 5, 6), planar, false), planar);
    expect(frame.kind === 'colour' && [...frame.rgba]).toEqual([1, 3, 5, 255, 2, 4, 6, 255]);
  });

  it('turns luminance and chrominance into red, green and blue', () => {
    const ybr = { ...RGB, photometricInterpretation: 'YBR_FULL' };
    const frame = toFrame(decodeNative(Uint8Array.of(76, 85, 255, 128, 128, 128), ybr, false), ybr);
    expect(frame.kind === 'colour' && [...frame.rgba]).toEqual([254, 0, 0, 255, 128, 128, 128, 255]);
  });

  it('shares chrominance between the two pixels of YBR_FULL_422', () => {
    const shared = { ...RGB, photometricInterpretation: 'YBR_FULL_422' };
    const frame = toFrame(decodeNative(Uint8Array.of(50, 200, 128, 128), shared, false), shared);
    expect(frame.kind === 'colour' && [...frame.rgba]).toEqual([50, 50, 50, 255, 200, 200, 200, 255]);
  });

  it('looks palette colours up, held at the ends', () => {
    const lut = (values: number[]): { firstMapped: number; bits: number; data: number[] } => ({ firstMapped: 1, bits: 16, data: values });
    const palette = { red: lut([0x1000, 0xff00]), green: lut([0, 0x8000]), blue: lut([0, 0]) };
    const pixels: PixelDescription = { ...RGB, samplesPerPixel: 1, photometricInterpretation: 'PALETTE COLOR', palette };
    const frame = toFrame(decodeNative(Uint8Array.of(0, 9), pixels, false), pixels);
    expect(frame.kind === 'colour' && [...frame.rgba]).toEqual([0x10, 0, 0, 255, 0xff, 0x80, 0, 255]);
  });

  it('refuses a frame of another size than the header says', () => {
    const samples = decodeNative(new Uint8Array(16), GREY, false);
    expect(() => toFrame(samples, { ...GREY, rows: 3 })).toThrow(UndecodableFrame);
  });
});

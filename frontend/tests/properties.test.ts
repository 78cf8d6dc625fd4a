import { describe, expect, it } from 'vitest';
import { decodeRle } from '../src/codecs/rle.ts';
import { UndecodableFrame } from '../src/codecs/samples.ts';
import { readSinglePart } from '../src/viewer/dicom/multipart.ts';
import type { PixelDescription } from '../src/viewer/dicom/pixels.ts';
import { greyscaleTable, storedValue } from '../src/viewer/greyscale/table.ts';

/** Random numbers that are the same in every run (mulberry32). */
function numbersFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const SEEDS = Array.from({ length: 200 }, (_, index) => index + 1);

/** The encoder of PS3.5 G.3.1, written for this test: runs of two and more, literals otherwise. */
function packBits(bytes: readonly number[]): number[] {
  const packed: number[] = [];
  let at = 0;
  while (at < bytes.length) {
    let run = 1;
    while (run < 128 && at + run < bytes.length && bytes[at + run] === bytes[at]) run++;
    if (run > 1) {
      packed.push(257 - run, bytes[at] ?? 0);
      at += run;
      continue;
    }
    let literal = 1;
    while (literal < 128 && at + literal < bytes.length && bytes[at + literal] !== bytes[at + literal - 1]) literal++;
    packed.push(literal - 1, ...bytes.slice(at, at + literal));
    at += literal;
  }
  return packed;
}

function rleFrame(segments: readonly (readonly number[])[]): Uint8Array<ArrayBuffer> {
  const header = new DataView(new ArrayBuffer(64));
  header.setUint32(0, segments.length, true);
  let at = 64;
  segments.forEach((segment, index) => {
    header.setUint32(4 + index * 4, at, true);
    at += segment.length;
  });
  return Uint8Array.from([...new Uint8Array(header.buffer), ...segments.flat()]);
}

function grey(columns: number, rows: number): PixelDescription {
  return {
    columns,
    rows,
    samplesPerPixel: 1,
    bitsAllocated: 16,
    bitsStored: 16,
    signed: false,
    planar: false,
    photometricInterpretation: 'MONOCHROME2',
    palette: null,
  };
}

describe('decodeRle', () => {
  it('gives back what was packed', () => {
    for (const seed of SEEDS) {
      const next = numbersFrom(seed);
      const pixels = grey(1 + next(20), 1 + next(20));
      const low = Array.from({ length: pixels.columns * pixels.rows }, () => next(next(2) === 0 ? 3 : 256));
      const high = low.map(() => next(3));
      const decoded = decodeRle(rleFrame([packBits(high), packBits(low)]), pixels);
      const expected = low.flatMap((value, index) => [value, high[index] ?? 0]);
      expect([...decoded.bytes], `seed ${seed}`).toEqual(expected);
    }
  });

  it('refuses or decodes damaged bytes, and never runs on', () => {
    for (const seed of SEEDS) {
      const next = numbersFrom(seed);
      const pixels = grey(8, 8);
      const bytes = rleFrame([packBits(Array.from({ length: 64 }, () => next(4))), packBits(Array.from({ length: 64 }, () => next(4)))]);
      for (let damage = 0; damage < 4; damage++) bytes[next(bytes.length)] = next(256);
      const cut = bytes.slice(0, bytes.length - next(40));
      try {
        expect(decodeRle(cut, pixels).bytes.length).toBe(128);
      } catch (error) {
        expect(error, `seed ${seed}`).toBeInstanceOf(UndecodableFrame);
      }
    }
  });
});

describe('readSinglePart', () => {
  it('gives back any body, also one that looks like a delimiter', () => {
    const pieces = ['\r\n', '--', 'edge', '\r\n--', '--edge', 'x', '\0', '\r\n\r\n'];
    for (const seed of SEEDS) {
      const next = numbersFrom(seed);
      const body = Array.from({ length: next(30) }, () => pieces[next(pieces.length)] ?? '').join('').replaceAll('\r\n--edge', '\r\n-edge');
      const whole = new TextEncoder().encode(`--edge\r\nContent-Type: a/b\r\n\r\n${body}\r\n--edge--`);
      const part = readSinglePart(whole, 'multipart/related; boundary=edge');
      expect(new TextDecoder().decode(part.body), `seed ${seed}`).toBe(body);
    }
  });
});

describe('greyscaleTable', () => {
  it('rises with the stored value for every window, and falls when inverted', () => {
    for (const seed of SEEDS.slice(0, 40)) {
      const next = numbersFrom(seed);
      const bitsStored = 8 + next(9);
      const signed = next(2) === 1;
      const voiFunction = (['LINEAR', 'LINEAR_EXACT', 'SIGMOID'] as const)[next(3)] ?? 'LINEAR';
      const voi = { kind: 'window', function: voiFunction, center: next(4096) - 1024, width: 1 + next(5000) } as const;
      const input = { bitsStored, signed, modality: { kind: 'rescale', slope: 0.5, intercept: -7 }, voi, dataRange: null, inverse: false, invert: false, padding: null } as const;
      const table = greyscaleTable(input);
      const negative = greyscaleTable({ ...input, invert: true });
      const patterns = Array.from({ length: 2 ** bitsStored }, (_, pattern) => pattern).sort(
        (a, b) => storedValue(a, bitsStored, signed) - storedValue(b, bitsStored, signed),
      );
      const greys = patterns.map((pattern) => table[pattern] ?? 0);
      expect(greys.every((value, index) => index === 0 || value >= (greys[index - 1] ?? 0)), `seed ${seed}`).toBe(true);
      expect(patterns.every((pattern) => Math.abs((table[pattern] ?? 0) + (negative[pattern] ?? 0) - 255) <= 1), `seed ${seed}`).toBe(true);
    }
  });
});

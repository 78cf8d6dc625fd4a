/** RLE Lossless, PS3.5 annex G: one byte-run segment for each byte of each sample. */
import type { PixelDescription } from '../viewer/dicom/pixels.ts';
import { UndecodableFrame, type Samples } from './samples.ts';

/** Expand one PackBits segment into every `stride`th byte of `target`. */
function expandSegment(segment: Uint8Array, target: Uint8Array, start: number, stride: number, count: number): void {
  let at = 0;
  let written = 0;
  while (at < segment.length && written < count) {
    const control = segment[at++] ?? 128;
    if (control === 128) continue;
    const repeated = control > 128;
    const length = Math.min(repeated ? 257 - control : control + 1, count - written);
    for (let index = 0; index < length; index++) {
      target[start + written++ * stride] = segment[repeated ? at : at + index] ?? 0;
    }
    at += repeated ? 1 : length;
  }
  if (written < count) throw new UndecodableFrame('an RLE segment is too short');
}

/** Decode one frame; segments come most significant byte first. */
export function decodeRle(encoded: Uint8Array, pixels: PixelDescription): Samples {
  const header = new DataView(encoded.buffer, encoded.byteOffset, encoded.byteLength);
  const bytesPerSample = pixels.bitsAllocated > 8 ? 2 : 1;
  const segments = encoded.length >= 64 ? header.getUint32(0, true) : 0;
  if (segments !== bytesPerSample * pixels.samplesPerPixel) throw new UndecodableFrame('the RLE header is wrong');
  const count = pixels.columns * pixels.rows;
  const bytes = new Uint8Array(count * segments);
  for (let index = 0; index < segments; index++) {
    const from = header.getUint32(4 + 4 * index, true);
    const to = index + 1 < segments ? header.getUint32(8 + 4 * index, true) : encoded.length;
    const sample = Math.floor(index / bytesPerSample);
    const byte = bytesPerSample - 1 - (index % bytesPerSample);
    expandSegment(encoded.subarray(from, to), bytes, sample * bytesPerSample + byte, segments, count);
  }
  return {
    columns: pixels.columns,
    rows: pixels.rows,
    samplesPerPixel: pixels.samplesPerPixel,
    bytesPerSample,
    bytes,
    planar: false,
    convertedToRgb: false,
  };
}

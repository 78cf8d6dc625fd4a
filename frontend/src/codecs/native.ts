/** Uncompressed frames: little endian (implicit, explicit, deflated by the transport) and the retired big endian. */
import type { PixelDescription } from '../viewer/dicom/pixels.ts';
import { UndecodableFrame, type Samples } from './samples.ts';

function swapPairs(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const swapped = new Uint8Array(bytes.length);
  for (let index = 0; index + 1 < bytes.length; index += 2) {
    swapped[index] = bytes[index + 1] ?? 0;
    swapped[index + 1] = bytes[index] ?? 0;
  }
  return swapped;
}

/** YBR_FULL_422: two luminances share one pair of chrominances (PS3.3 C.7.6.3.1.2). */
function spread422(bytes: Uint8Array, pixelCount: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pixelCount * 3);
  for (let pixel = 0; pixel < pixelCount; pixel++) {
    const group = (pixel >> 1) * 4;
    whole[pixel * 3] = bytes[group + (pixel & 1)] ?? 0;
    whole[pixel * 3 + 1] = bytes[group + 2] ?? 0;
    whole[pixel * 3 + 2] = bytes[group + 3] ?? 0;
  }
  return whole;
}

export function decodeNative(encoded: Uint8Array<ArrayBuffer>, pixels: PixelDescription, bigEndian: boolean): Samples {
  const bytesPerSample = pixels.bitsAllocated > 8 ? 2 : 1;
  const count = pixels.columns * pixels.rows;
  const shared = pixels.photometricInterpretation === 'YBR_FULL_422';
  const expected = shared ? count * 2 : count * pixels.samplesPerPixel * bytesPerSample;
  if (encoded.length < expected) throw new UndecodableFrame('the frame has fewer pixels than it says');
  const ordered = bigEndian && bytesPerSample === 2 ? swapPairs(encoded) : encoded;
  return {
    columns: pixels.columns,
    rows: pixels.rows,
    samplesPerPixel: pixels.samplesPerPixel,
    bytesPerSample,
    bytes: shared ? spread422(ordered, count) : ordered,
    planar: pixels.planar && !shared,
    convertedToRgb: false,
  };
}

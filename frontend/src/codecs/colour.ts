/** From samples to what is shown: grey values as stored, or colours. */
import type { LookupTable } from '../viewer/greyscale/table.ts';
import type { Palette } from '../viewer/dicom/lookupTables.ts';
import type { ColourFrame, Frame, GreyFrame, PixelDescription } from '../viewer/dicom/pixels.ts';
import { UndecodableFrame, type Samples } from './samples.ts';

/** View the samples as 16-bit patterns. */
function patterns(samples: Samples): Uint16Array<ArrayBuffer> {
  const count = samples.columns * samples.rows * samples.samplesPerPixel;
  if (samples.bytesPerSample === 1) return Uint16Array.from(samples.bytes.subarray(0, count));
  if (samples.bytes.byteOffset % 2 === 0) return new Uint16Array(samples.bytes.buffer, samples.bytes.byteOffset, count);
  return new Uint16Array(samples.bytes.slice().buffer, 0, count);
}

function paletteByte(lut: LookupTable, index: number): number {
  const entry = lut.data[Math.min(Math.max(index - lut.firstMapped, 0), lut.data.length - 1)] ?? 0;
  return lut.bits > 8 ? entry >> (lut.bits - 8) : entry;
}

function fromPalette(samples: Samples, palette: Palette): ColourFrame {
  const indices = patterns(samples);
  const rgba = new Uint8ClampedArray(indices.length * 4);
  indices.forEach((index, pixel) => {
    rgba[pixel * 4] = paletteByte(palette.red, index);
    rgba[pixel * 4 + 1] = paletteByte(palette.green, index);
    rgba[pixel * 4 + 2] = paletteByte(palette.blue, index);
    rgba[pixel * 4 + 3] = 255;
  });
  return { kind: 'colour', columns: samples.columns, rows: samples.rows, rgba };
}

/** PS3.3 C.7.6.3.1.2: full-range YCbCr, chrominance centred at 128. */
function ybrToRgb(rgba: Uint8ClampedArray): void {
  for (let at = 0; at < rgba.length; at += 4) {
    const y = rgba[at] ?? 0;
    const cb = (rgba[at + 1] ?? 0) - 128;
    const cr = (rgba[at + 2] ?? 0) - 128;
    rgba[at] = y + 1.402 * cr;
    rgba[at + 1] = y - 0.344136 * cb - 0.714136 * cr;
    rgba[at + 2] = y + 1.772 * cb;
  }
}

function fromThreeSamples(samples: Samples, pixels: PixelDescription): ColourFrame {
  const count = samples.columns * samples.rows;
  const values = patterns(samples);
  const shift = samples.bytesPerSample === 2 ? Math.max(pixels.bitsStored - 8, 0) : 0;
  const [step, plane] = samples.planar ? [1, count] : [3, 1];
  const rgba = new Uint8ClampedArray(count * 4);
  for (let pixel = 0; pixel < count; pixel++) {
    for (let sample = 0; sample < 3; sample++) {
      rgba[pixel * 4 + sample] = (values[pixel * step + sample * plane] ?? 0) >> shift;
    }
    rgba[pixel * 4 + 3] = 255;
  }
  if (pixels.photometricInterpretation.startsWith('YBR') && !samples.convertedToRgb) ybrToRgb(rgba);
  return { kind: 'colour', columns: samples.columns, rows: samples.rows, rgba };
}

function greyFrame(samples: Samples): GreyFrame {
  return { kind: 'grey', columns: samples.columns, rows: samples.rows, values: patterns(samples) };
}

/** Finish a frame by its photometric interpretation. */
export function toFrame(samples: Samples, pixels: PixelDescription): Frame {
  if (samples.columns !== pixels.columns || samples.rows !== pixels.rows) {
    throw new UndecodableFrame('the frame is not as large as the header says');
  }
  if (samples.samplesPerPixel === 3) return fromThreeSamples(samples, pixels);
  if (samples.samplesPerPixel !== 1) throw new UndecodableFrame('the frame has an unknown number of samples');
  if (pixels.photometricInterpretation !== 'PALETTE COLOR') return greyFrame(samples);
  if (pixels.palette === null) throw new UndecodableFrame('the palette is missing');
  return fromPalette(samples, pixels.palette);
}

/** The renderer on the processor: the same table, the same samples, written to a 2-D canvas. */
import type { Frame } from '../dicom/pixels.ts';
import type { Size } from '../geometry/placement.ts';
import { isMagnified, makeCanvas, resize, sampleCounts, type DrawRequest, type Renderer } from './renderer.ts';

/** Along one screen axis: the image index of each sample, and whether the device pixel lies on the image. */
interface Axis {
  readonly samples: number;
  readonly at: Int32Array;
  readonly inside: Uint8Array;
  /** When blending: the share of the second of the two samples. */
  readonly part: Float32Array;
}

function clampIndex(index: number, length: number): number {
  return Math.min(Math.max(index, 0), length - 1);
}

/** Lay `count` device pixels over an image axis of `length` pixels. */
function layAxis(count: number, step: number, offset: number, length: number, samples: number, blend: boolean): Axis {
  const each = blend ? 2 : samples;
  const axis = { samples: each, at: new Int32Array(count * each), inside: new Uint8Array(count), part: new Float32Array(count) };
  for (let pixel = 0; pixel < count; pixel++) {
    const point = (pixel + 0.5) * step + offset;
    axis.inside[pixel] = point >= 0 && point < length ? 1 : 0;
    if (blend) {
      const corner = Math.floor(point - 0.5);
      axis.part[pixel] = point - 0.5 - corner;
      axis.at[pixel * 2] = clampIndex(corner, length);
      axis.at[pixel * 2 + 1] = clampIndex(corner + 1, length);
      continue;
    }
    for (let sample = 0; sample < samples; sample++) {
      const within = (sample + 0.5) / samples - 0.5;
      axis.at[pixel * each + sample] = clampIndex(Math.floor((pixel + 0.5 + within) * step + offset), length);
    }
  }
  return axis;
}

interface Layout {
  readonly across: Axis;
  readonly down: Axis;
  /** Distance in the pixel array for one step of an axis index. */
  readonly acrossStride: number;
  readonly downStride: number;
  readonly blend: boolean;
}

function lay(frame: Frame, { size, toImage, smooth, mostSamples }: DrawRequest): Layout {
  const { xx, xy, yx, yy, tx, ty } = toImage;
  const counts = sampleCounts(toImage, mostSamples);
  const blend = smooth && isMagnified(toImage);
  const { columns, rows } = frame;
  if (Math.abs(xx) >= Math.abs(xy)) {
    return {
      across: layAxis(size.width, xx, tx, columns, counts.across, blend),
      down: layAxis(size.height, yy, ty, rows, counts.down, blend),
      acrossStride: 1,
      downStride: columns,
      blend,
    };
  }
  return {
    across: layAxis(size.width, yx, ty, rows, counts.across, blend),
    down: layAxis(size.height, xy, tx, columns, counts.down, blend),
    acrossStride: columns,
    downStride: 1,
    blend,
  };
}

/** Reads the grey of one channel of one image pixel. */
type Look = (index: number) => number;

function averaged(layout: Layout, look: Look, x: number, y: number): number {
  const { across, down } = layout;
  let sum = 0;
  for (let j = y * down.samples; j < (y + 1) * down.samples; j++) {
    const row = (down.at[j] ?? 0) * layout.downStride;
    for (let i = x * across.samples; i < (x + 1) * across.samples; i++) {
      sum += look(row + (across.at[i] ?? 0) * layout.acrossStride);
    }
  }
  return sum / (across.samples * down.samples);
}

function blended(layout: Layout, look: Look, x: number, y: number): number {
  const { across, down, acrossStride, downStride } = layout;
  const left = (across.at[x * 2] ?? 0) * acrossStride;
  const right = (across.at[x * 2 + 1] ?? 0) * acrossStride;
  const upper = (down.at[y * 2] ?? 0) * downStride;
  const lower = (down.at[y * 2 + 1] ?? 0) * downStride;
  const part = across.part[x] ?? 0;
  const first = look(upper + left) * (1 - part) + look(upper + right) * part;
  const second = look(lower + left) * (1 - part) + look(lower + right) * part;
  const share = down.part[y] ?? 0;
  return first * (1 - share) + second * share;
}

/**
 * The grey image that is shrunk or shown as it is: by far the most frequent, and the only one that must keep up with a
 * hand on millions of pixels, so without a call for each sample.
 */
function paintGreys(target: Uint8ClampedArray, size: Size, layout: Layout, values: Uint16Array, table: Uint8Array): void {
  const { across, down, acrossStride, downStride } = layout;
  const out = new Uint32Array(target.buffer);
  const count = across.samples * down.samples;
  const columns = across.at.map((index) => index * acrossStride);
  for (let y = 0; y < size.height; y++) {
    if (down.inside[y] === 0) continue;
    for (let x = 0; x < size.width; x++) {
      if (across.inside[x] === 0) continue;
      let sum = 0;
      for (let j = y * down.samples; j < (y + 1) * down.samples; j++) {
        const row = (down.at[j] ?? 0) * downStride;
        for (let i = x * across.samples; i < (x + 1) * across.samples; i++) {
          sum += table[values[row + (columns[i] ?? 0)] ?? 0] ?? 0;
        }
      }
      out[y * size.width + x] = 0xff000000 | (Math.round(sum / count) * 0x010101);
    }
  }
}

function paint(target: Uint8ClampedArray, size: Size, layout: Layout, looks: readonly [Look, ...Look[]]): void {
  const grey = layout.blend ? blended : averaged;
  const [red, green = red, blue = red] = looks;
  const single = looks.length === 1;
  for (let y = 0; y < size.height; y++) {
    if (layout.down.inside[y] === 0) continue;
    for (let x = 0; x < size.width; x++) {
      if (layout.across.inside[x] === 0) continue;
      const at = (y * size.width + x) * 4;
      const first = grey(layout, red, x, y);
      target[at] = first;
      target[at + 1] = single ? first : grey(layout, green, x, y);
      target[at + 2] = single ? first : grey(layout, blue, x, y);
      target[at + 3] = 255;
    }
  }
}

export class CanvasRenderer implements Renderer {
  readonly kind = 'canvas';
  readonly canvas = makeCanvas();
  readonly isSlow = true;
  readonly largestSide = Infinity;
  private readonly context: CanvasRenderingContext2D;
  private frame: Frame | null = null;
  private table: Uint8Array<ArrayBuffer> = new Uint8Array(65536);

  constructor() {
    const context = this.canvas.getContext('2d');
    if (context === null) throw new Error('the browser has no 2-D canvas');
    this.context = context;
  }

  prepare(): void {
    // Nothing to compile.
  }

  setFrame(frame: Frame | null): void {
    this.frame = frame;
  }

  setTable(table: Uint8Array<ArrayBuffer>): void {
    this.table = table;
  }

  draw(request: DrawRequest): void {
    resize(this.canvas, request.size);
    const pixels = this.capture(request);
    this.context.putImageData(new ImageData(pixels, request.size.width, request.size.height), 0, 0);
  }

  capture(request: DrawRequest): Uint8ClampedArray<ArrayBuffer> {
    const { frame, table } = this;
    const { size } = request;
    const pixels = new Uint8ClampedArray(size.width * size.height * 4);
    if (frame === null) return pixels;
    const layout = lay(frame, request);
    if (frame.kind === 'grey' && !layout.blend) paintGreys(pixels, size, layout, frame.values, table);
    else paint(pixels, size, layout, this.looks(frame));
    return pixels;
  }

  dispose(): void {
    this.canvas.remove();
  }

  private looks(frame: Frame): readonly [Look, ...Look[]] {
    const { table } = this;
    if (frame.kind === 'grey') {
      const { values } = frame;
      return [(index) => table[values[index] ?? 0] ?? 0];
    }
    const { rgba } = frame;
    const channel = (offset: number): Look => (index) => table[rgba[index * 4 + offset] ?? 0] ?? 0;
    return [channel(0), channel(1), channel(2)];
  }
}

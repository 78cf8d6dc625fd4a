/** What draws: WebGL 2, or its twin on the processor. Both look up the same table and sample the same way. */
import type { Frame } from '../dicom/pixels.ts';
import type { Affine, Size } from '../geometry/placement.ts';

export interface DrawRequest {
  /** Of the canvas, in device pixels. */
  readonly size: Size;
  /** Device pixels to image points. Right angles only. */
  readonly toImage: Affine;
  /** At most this many samples along one side of a device pixel: fewer while the image moves on a slow machine. */
  readonly mostSamples: number;
  /** Blend neighbours when a pixel is larger than a device pixel. */
  readonly smooth: boolean;
}

export interface Renderer {
  readonly kind: 'webgl2' | 'canvas';
  readonly canvas: HTMLCanvasElement;
  /** Draws on the processor, by itself or because the browser's WebGL does. */
  readonly isSlow: boolean;
  /** The most columns or rows it can take. */
  readonly largestSide: number;
  /** Do ahead what the first drawing of such a frame would have to wait for. */
  prepare(kind: Frame['kind'], request: DrawRequest): void;
  setFrame(frame: Frame | null): void;
  /** 65 536 greys by stored bits; for colours, 256 greys a channel in its first entries. */
  setTable(table: Uint8Array<ArrayBuffer>): void;
  draw(request: DrawRequest): void;
  /** Draw and read back, four bytes a pixel, top row first. */
  capture(request: DrawRequest): Uint8ClampedArray<ArrayBuffer>;
  dispose(): void;
}

/** More samples than this along one side of a device pixel cost time and change nothing to be seen. */
export const MOST_SAMPLES = 8;
/** Enough to follow a hand. */
export const COARSE_SAMPLES = 2;

/** How many image pixels are averaged into one device pixel, along the screen's x and y. */
export function sampleCounts(toImage: Affine, most: number): { across: number; down: number } {
  const count = (step: number): number => Math.min(Math.max(Math.ceil(step - 1e-3), 1), most);
  return {
    across: count(Math.abs(toImage.xx) + Math.abs(toImage.yx)),
    down: count(Math.abs(toImage.xy) + Math.abs(toImage.yy)),
  };
}

/** A device pixel is smaller than an image pixel in both directions. */
export function isMagnified(toImage: Affine): boolean {
  return Math.abs(toImage.xx) + Math.abs(toImage.xy) < 0.999 && Math.abs(toImage.yx) + Math.abs(toImage.yy) < 0.999;
}

/** Make a canvas for one renderer. */
export function makeCanvas(): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.className = 'nv-canvas';
  canvas.setAttribute('aria-hidden', 'true');
  return canvas;
}

export function resize(canvas: HTMLCanvasElement, size: Size): void {
  if (canvas.width !== size.width) canvas.width = size.width;
  if (canvas.height !== size.height) canvas.height = size.height;
}

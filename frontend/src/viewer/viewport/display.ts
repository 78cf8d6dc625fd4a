/** How one image is shown: a value that is replaced on each change, so that undo is keeping the old one. */
import type { RadiographImage } from '../dicom/image.ts';
import type { Frame } from '../dicom/pixels.ts';
import type { ImageShape, Placement } from '../geometry/placement.ts';
import { windowFromPixels, type Rectangle } from '../greyscale/statistics.ts';
import { greyscaleTable, type VoiTransform } from '../greyscale/table.ts';
import type { Mark } from '../marks/model.ts';

export interface Display {
  readonly placement: Placement;
  /** Follow the size of the screen until the reader zooms or pans. */
  readonly fit: boolean;
  /** The key of a choice of the image, `auto`, `full` or `custom`. */
  readonly voiKey: string;
  readonly voi: VoiTransform | null;
  readonly invert: boolean;
  readonly marks: readonly Mark[];
}

export function shapeOf(image: RadiographImage): ImageShape {
  const { rowSpacing, columnSpacing } = image.calibration;
  return { columns: image.pixels.columns, rows: image.pixels.rows, pixelAspect: rowSpacing / columnSpacing };
}

export function wholeImage(frame: Frame): Rectangle {
  return { left: 0, top: 0, right: frame.columns, bottom: frame.rows };
}

/** The window that the values of `area` ask for; null for colours. */
export function computedWindow(image: RadiographImage, frame: Frame, area: Rectangle, tail: number): VoiTransform | null {
  if (frame.kind !== 'grey') return null;
  const { bitsStored, signed } = image.pixels;
  return windowFromPixels(frame, { bitsStored, signed, modality: image.modalityTransform, padding: image.padding }, area, tail);
}

/** What a choice of the window menu means for this image. */
export function voiOfKey(key: string, image: RadiographImage, frame: Frame): VoiTransform | null {
  const offered = image.voiChoices.find((choice) => choice.key === key);
  if (offered !== undefined) return offered.voi;
  return computedWindow(image, frame, wholeImage(frame), key === 'full' ? 0 : 0.01);
}

export function firstPlacement(image: RadiographImage): Placement {
  const { columns, rows } = image.pixels;
  return { zoom: 1, centre: { x: columns / 2, y: rows / 2 }, quarterTurns: 0, mirrored: false };
}

/** The display an image opens with: the device's first choice; without one all its values, as the server renders it. */
export function firstDisplay(image: RadiographImage, frame: Frame): Display {
  const voiKey = image.voiChoices[0]?.key ?? 'full';
  return {
    placement: firstPlacement(image),
    fit: true,
    voiKey,
    voi: voiOfKey(voiKey, image, frame),
    invert: false,
    marks: [],
  };
}

/** The smallest shown value is white on this display. */
export function isNegative(image: RadiographImage, display: Display): boolean {
  return image.inverse !== display.invert;
}

function colourTable(invert: boolean): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: 65536 }, (_, index) => (index > 255 ? 0 : invert ? 255 - index : index));
}

/** The table both renderers look up. */
export function tableOf(image: RadiographImage, frame: Frame, display: Display): Uint8Array<ArrayBuffer> {
  if (frame.kind === 'colour') return colourTable(display.invert);
  const { bitsStored, signed } = image.pixels;
  const { modalityTransform: modality, inverse, padding } = image;
  return greyscaleTable({ bitsStored, signed, modality, voi: display.voi, dataRange: null, inverse, invert: display.invert, padding });
}

const LONGEST_HISTORY = 100;

/** The display of one image and those before it. */
export class History {
  private readonly earlier: Display[] = [];

  constructor(public now: Display) {}

  get canUndo(): boolean {
    return this.earlier.some((display) => display !== this.now);
  }

  /** Remember the display of this moment, before a change the reader may want back. */
  keep(): void {
    if (this.earlier.at(-1) === this.now) return;
    this.earlier.push(this.now);
    if (this.earlier.length > LONGEST_HISTORY) this.earlier.shift();
  }

  /** Go back to the last display that was kept; false when there is none. */
  undo(): boolean {
    let previous = this.earlier.pop();
    if (previous === this.now) previous = this.earlier.pop();
    if (previous === undefined) return false;
    this.now = previous;
    return true;
  }
}

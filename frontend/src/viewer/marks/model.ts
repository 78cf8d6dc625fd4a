/** Marks on an image, and what they measure. Points are in image pixels; marks never change, they are replaced. */
import type { RadiographImage } from '../dicom/image.ts';
import type { Calibration } from '../dicom/calibration.ts';
import type { Frame } from '../dicom/pixels.ts';
import type { Point } from '../geometry/placement.ts';
import { modalityValue, storedValue } from '../greyscale/table.ts';
import type { Translator } from '../strings.ts';

export type MarkKind = 'ruler' | 'angle' | 'probe';

export interface Mark {
  /** Unique in the page. */
  readonly serial: number;
  readonly kind: MarkKind;
  readonly frame: number;
  /** ruler: two ends; angle: end, corner, end; probe: one. */
  readonly points: readonly Point[];
}

export const POINTS_OF: Readonly<Record<MarkKind, number>> = { ruler: 2, angle: 3, probe: 1 };

let lastSerial = 0;

export function newMark(kind: MarkKind, frame: number, points: readonly Point[]): Mark {
  return { serial: ++lastSerial, kind, frame, points };
}

/** Number a mark among those of its kind, from 1. */
export function numberOf(mark: Mark, marks: readonly Mark[]): number {
  return marks.filter((other) => other.kind === mark.kind).findIndex((other) => other.serial === mark.serial) + 1;
}

export function withPoint(mark: Mark, index: number, point: Point): Mark {
  return { ...mark, points: mark.points.map((old, at) => (at === index ? point : old)) };
}

export function movedBy(mark: Mark, by: Point): Mark {
  return { ...mark, points: mark.points.map((point) => ({ x: point.x + by.x, y: point.y + by.y })) };
}

/** The distance of two image points, in the unit of the calibration. */
export function distance(a: Point, b: Point, calibration: Calibration): number {
  return Math.hypot((b.x - a.x) * calibration.columnSpacing, (b.y - a.y) * calibration.rowSpacing);
}

/** The angle at `corner`, in degrees from 0 to 180. */
export function angleAt(a: Point, corner: Point, b: Point, calibration: Calibration): number {
  const direction = (end: Point): number =>
    Math.atan2((end.y - corner.y) * calibration.rowSpacing, (end.x - corner.x) * calibration.columnSpacing);
  const difference = Math.abs(direction(a) - direction(b)) * (180 / Math.PI);
  return difference > 180 ? 360 - difference : difference;
}

export type ProbedValue =
  | { readonly kind: 'grey'; readonly stored: number; readonly modality: number }
  | { readonly kind: 'colour'; readonly red: number; readonly green: number; readonly blue: number };

/** Read the pixel under `point`; null beside the image. */
export function probe(point: Point, image: RadiographImage, frame: Frame): ProbedValue | null {
  const column = Math.floor(point.x);
  const row = Math.floor(point.y);
  if (column < 0 || row < 0 || column >= frame.columns || row >= frame.rows) return null;
  const index = row * frame.columns + column;
  if (frame.kind === 'colour') {
    const [red = 0, green = 0, blue = 0] = frame.rgba.subarray(index * 4, index * 4 + 3);
    return { kind: 'colour', red, green, blue };
  }
  const stored = storedValue(frame.values[index] ?? 0, image.pixels.bitsStored, image.pixels.signed);
  return { kind: 'grey', stored, modality: modalityValue(image.modalityTransform, stored) };
}

function probeText(point: Point, image: RadiographImage, frame: Frame, words: Translator): string {
  const value = probe(point, image, frame);
  if (value === null) return '—';
  if (value.kind === 'colour') return `${value.red} / ${value.green} / ${value.blue}`;
  const plain = words.number(value.stored, 0);
  if (value.modality === value.stored) return plain;
  return `${plain} → ${words.number(value.modality, Number.isInteger(value.modality) ? 0 : 2)}`;
}

/** What a mark measures, with its unit, as short as it stands on the image. */
export function measure(mark: Mark, image: RadiographImage, frame: Frame, words: Translator): string {
  const [a, b, c] = mark.points;
  if (mark.kind === 'probe') return a === undefined ? '—' : probeText(a, image, frame, words);
  if (mark.kind === 'ruler') {
    if (a === undefined || b === undefined) return '—';
    const { unit } = image.calibration;
    return `${words.number(distance(a, b, image.calibration), unit === 'mm' ? 1 : 0)} ${unit}`;
  }
  if (a === undefined || b === undefined || c === undefined) return '—';
  return `${words.number(angleAt(a, b, c, image.calibration), 1)}°`;
}

/** What a ruler's number is worth; empty for the other marks. */
export function worth(mark: Mark, image: RadiographImage, words: Translator): string {
  return mark.kind === 'ruler' ? words.text(image.calibration.state) : '';
}

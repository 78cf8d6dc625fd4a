/** The changes a reader makes to what is shown, as functions of the viewport; each is one step of undo. */
import {
  fitted,
  flippedHorizontally,
  flippedVertically,
  panned,
  turned,
  zoomedAt,
  type Placement,
  type Point,
} from '../geometry/placement.ts';
import type { Rectangle } from '../greyscale/statistics.ts';
import { adjustVoi, withWindow } from '../greyscale/voi.ts';
import { movedBy, newMark, POINTS_OF, withPoint, type Mark, type MarkKind } from '../marks/model.ts';
import { computedWindow, firstDisplay, isNegative, shapeOf, voiOfKey, type Display } from './display.ts';
import type { Viewport } from './viewport.ts';

function place(viewport: Viewport, fit: boolean, keep: boolean, update: (placement: Placement) => Placement): void {
  viewport.change((display) => ({ ...display, fit, placement: update(display.placement) }), keep);
}

function zoomTo(viewport: Viewport, zoomOf: (zoom: number) => number, anchor: Point | null, keep: boolean): void {
  const { image, size, ratio } = viewport;
  if (image === null) return;
  const at = anchor === null ? { x: size.width / 2, y: size.height / 2 } : { x: anchor.x * ratio, y: anchor.y * ratio };
  place(viewport, false, keep, (old) => zoomedAt(old, shapeOf(image), size, at, zoomOf(old.zoom)));
}

/** Zoom by `factor` and keep the image point at `anchor` (CSS pixels of the stage) where it is. */
export function zoomBy(viewport: Viewport, factor: number, anchor: Point | null, keep: boolean): void {
  zoomTo(viewport, (zoom) => zoom * factor, anchor, keep);
}

/** Move the image by CSS pixels. */
export function panBy(viewport: Viewport, by: Point, keep: boolean): void {
  const { image, size, ratio } = viewport;
  if (image === null) return;
  const device = { x: by.x * ratio, y: by.y * ratio };
  place(viewport, false, keep, (old) => panned(old, shapeOf(image), size, device));
}

export function fit(viewport: Viewport): void {
  const { image, size } = viewport;
  if (image !== null) place(viewport, true, true, (old) => fitted(old, shapeOf(image), size));
}

/** Show one image pixel on one device pixel, around `anchor` or the middle. */
export function oneToOne(viewport: Viewport, anchor: Point | null): void {
  zoomTo(viewport, () => 1, anchor, true);
}

export function rotate(viewport: Viewport, clockwise: 1 | -1): void {
  viewport.change((display) => ({ ...display, placement: turned(display.placement, clockwise) }), true);
}

export function flip(viewport: Viewport, axis: 'horizontal' | 'vertical'): void {
  const update = axis === 'horizontal' ? flippedHorizontally : flippedVertically;
  viewport.change((display) => ({ ...display, placement: update(display.placement) }), true);
}

export function invert(viewport: Viewport): void {
  viewport.change((display) => ({ ...display, invert: !display.invert }), true);
}

/** Change the window: `contrast` widens it e-fold, `brightness` moves it by its width, towards brighter. */
export function adjustWindow(viewport: Viewport, contrast: number, brightness: number, keep: boolean): void {
  const { image } = viewport;
  if (image === null) return;
  viewport.change((display) => {
    if (display.voi === null) return display;
    const towardsBright = isNegative(image, display) ? 1 : -1;
    const voi = adjustVoi(display.voi, towardsBright * brightness * display.voi.width, Math.exp(contrast));
    return { ...display, voi, voiKey: 'custom' };
  }, keep);
}

/** Type the window in numbers. */
export function setWindow(viewport: Viewport, center: number, width: number): void {
  viewport.change((display) => {
    if (display.voi === null) return display;
    return { ...display, voi: withWindow(display.voi, center, width), voiKey: 'custom' };
  }, true);
}

/** Choose a window of the device or a computed one by its key. */
export function chooseWindow(viewport: Viewport, voiKey: string): void {
  const { image, frame } = viewport;
  if (image === null || frame === null) return;
  viewport.change((display) => ({ ...display, voiKey, voi: voiOfKey(voiKey, image, frame) }), true);
}

/** Window by what lies in a rectangle of the image. */
export function windowRegion(viewport: Viewport, area: Rectangle): void {
  const { image, frame } = viewport;
  if (image === null || frame === null) return;
  const voi = computedWindow(image, frame, area, 0.01);
  if (voi !== null) viewport.change((display) => ({ ...display, voi, voiKey: 'custom' }), true);
}

/** Everything as it was opened, marks kept. */
export function reset(viewport: Viewport): void {
  const { image, frame, size } = viewport;
  if (image === null || frame === null) return;
  viewport.change((display) => {
    const first = firstDisplay(image, frame);
    return { ...first, placement: fitted(first.placement, shapeOf(image), size), marks: display.marks };
  }, true);
}

function replaceMarks(viewport: Viewport, update: (marks: readonly Mark[]) => readonly Mark[], keep: boolean): void {
  viewport.change((display) => ({ ...display, marks: update(display.marks) }), keep);
}

export function addMark(viewport: Viewport, mark: Mark): void {
  replaceMarks(viewport, (marks) => [...marks, mark], true);
}

/** Put a point, or with null the whole mark, elsewhere. */
export function moveMark(viewport: Viewport, mark: Mark, pointIndex: number | null, by: Point, keep: boolean): void {
  const point = pointIndex === null ? undefined : mark.points[pointIndex];
  const moved =
    pointIndex === null || point === undefined
      ? movedBy(mark, by)
      : withPoint(mark, pointIndex, { x: point.x + by.x, y: point.y + by.y });
  replaceMarks(viewport, (marks) => marks.map((old) => (old.serial === mark.serial ? moved : old)), keep);
}

export function replaceMark(viewport: Viewport, mark: Mark): void {
  replaceMarks(viewport, (marks) => marks.map((old) => (old.serial === mark.serial ? mark : old)), false);
}

export function removeMark(viewport: Viewport, mark: Mark): void {
  replaceMarks(viewport, (marks) => marks.filter((old) => old.serial !== mark.serial), true);
}

/** Place a mark in the middle of what is shown, for readers without a pointer; returns it. */
export function placeMark(viewport: Viewport, kind: MarkKind): Mark {
  const width = viewport.stage.clientWidth;
  const height = viewport.stage.clientHeight;
  const reach = Math.min(width, height) / 6;
  const offsets = [
    { x: -reach, y: 0 },
    { x: kind === 'angle' ? 0 : reach, y: kind === 'angle' ? reach : 0 },
    { x: reach, y: 0 },
  ];
  const at = kind === 'probe' ? [{ x: 0, y: 0 }] : offsets.slice(0, POINTS_OF[kind]);
  const points = at.map((offset) => viewport.fromLayer({ x: width / 2 + offset.x, y: height / 2 + offset.y }));
  const mark = newMark(kind, viewport.frameNumber, points);
  addMark(viewport, mark);
  return mark;
}

/** What a linked viewport needs to look at the same part: relative to the whole image, so that sizes may differ. */
export interface RelativeView {
  readonly fit: boolean;
  readonly zoom: number;
  readonly across: number;
  readonly down: number;
}

function fitZoom(viewport: Viewport, display: Display): number {
  const { image, size } = viewport;
  return image === null ? 1 : fitted(display.placement, shapeOf(image), size).zoom;
}

export function relativeView(viewport: Viewport): RelativeView | null {
  const { display, image } = viewport;
  if (display === null || image === null) return null;
  const { zoom, centre } = display.placement;
  return {
    fit: display.fit,
    zoom: zoom / fitZoom(viewport, display),
    across: centre.x / image.pixels.columns,
    down: centre.y / image.pixels.rows,
  };
}

export function followView(viewport: Viewport, view: RelativeView): void {
  const { display, image } = viewport;
  if (display === null || image === null) return;
  const zoom = view.zoom * fitZoom(viewport, display);
  const centre = { x: view.across * image.pixels.columns, y: view.down * image.pixels.rows };
  place(viewport, view.fit, false, (old) => ({ ...old, zoom, centre }));
}

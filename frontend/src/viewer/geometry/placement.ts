/** Where and how an image lies on the screen: a pure description, and the transforms that follow from it. */
import { opposite, type ImageDirections } from '../dicom/orientation.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * `zoom`: device pixels a column. `centre`: the image point in the middle of the screen; pixel (0, 0) covers 0 to 1.
 * The image is mirrored left to right first, then turned clockwise by `quarterTurns`.
 */
export interface Placement {
  readonly zoom: number;
  readonly centre: Point;
  readonly quarterTurns: 0 | 1 | 2 | 3;
  readonly mirrored: boolean;
}

/** The pixels of an image: how many, and how much taller than wide one is. */
export interface ImageShape {
  readonly columns: number;
  readonly rows: number;
  readonly pixelAspect: number;
}

/** x' = xx·x + xy·y + tx; y' = yx·x + yy·y + ty. */
export interface Affine {
  readonly xx: number;
  readonly xy: number;
  readonly yx: number;
  readonly yy: number;
  readonly tx: number;
  readonly ty: number;
}

export const SMALLEST_ZOOM = 0.02;
export const LARGEST_ZOOM = 32;

/** Quarter turns clockwise with y downwards: [xx, xy, yx, yy]. */
const TURNS = [
  [1, 0, 0, 1],
  [0, -1, 1, 0],
  [-1, 0, 0, -1],
  [0, 1, -1, 0],
] as const;

export function apply(transform: Affine, point: Point): Point {
  return {
    x: transform.xx * point.x + transform.xy * point.y + transform.tx,
    y: transform.yx * point.x + transform.yy * point.y + transform.ty,
  };
}

export function inverseOf(transform: Affine): Affine {
  const { xx, xy, yx, yy, tx, ty } = transform;
  const determinant = xx * yy - xy * yx;
  const inverse = { xx: yy / determinant, xy: -xy / determinant, yx: -yx / determinant, yy: xx / determinant };
  return { ...inverse, tx: -(inverse.xx * tx + inverse.xy * ty), ty: -(inverse.yx * tx + inverse.yy * ty) };
}

/** Image points to device pixels of a screen of `size`. */
export function imageToScreen(placement: Placement, shape: ImageShape, size: Size): Affine {
  const [a, b, c, d] = TURNS[placement.quarterTurns];
  const columnScale = placement.zoom * (placement.mirrored ? -1 : 1);
  const rowScale = placement.zoom * shape.pixelAspect;
  const linear = { xx: a * columnScale, xy: b * rowScale, yx: c * columnScale, yy: d * rowScale };
  const { x, y } = placement.centre;
  return {
    ...linear,
    tx: size.width / 2 - linear.xx * x - linear.xy * y,
    ty: size.height / 2 - linear.yx * x - linear.yy * y,
  };
}

export function screenToImage(placement: Placement, shape: ImageShape, size: Size): Affine {
  return inverseOf(imageToScreen(placement, shape, size));
}

/** Whole pixels in the middle of whole pixels: at 1:1 and above nothing is drawn between two device pixels. */
export function snapped(placement: Placement, shape: ImageShape, size: Size): Placement {
  if (placement.zoom !== Math.round(placement.zoom)) return placement;
  const there = imageToScreen(placement, shape, size);
  const centre = apply(inverseOf({ ...there, tx: Math.round(there.tx), ty: Math.round(there.ty) }), {
    x: size.width / 2,
    y: size.height / 2,
  });
  return { ...placement, centre };
}

/** The placement that shows the whole image. */
export function fitted(placement: Placement, shape: ImageShape, size: Size): Placement {
  const upright = placement.quarterTurns % 2 === 0;
  const height = shape.rows * shape.pixelAspect;
  const [wide, high] = upright ? [shape.columns, height] : [height, shape.columns];
  const zoom = Math.min(size.width / wide, size.height / high);
  return { ...placement, zoom: clampZoom(zoom), centre: { x: shape.columns / 2, y: shape.rows / 2 } };
}

export function clampZoom(zoom: number): number {
  return Math.min(Math.max(zoom, SMALLEST_ZOOM), LARGEST_ZOOM);
}

/** Zoom so that the image point under `anchor` (device pixels) stays there. */
export function zoomedAt(placement: Placement, shape: ImageShape, size: Size, anchor: Point, zoom: number): Placement {
  const held = apply(screenToImage(placement, shape, size), anchor);
  const next = { ...placement, zoom: clampZoom(zoom) };
  const moved = apply(screenToImage(next, shape, size), anchor);
  return {
    ...next,
    centre: { x: next.centre.x + held.x - moved.x, y: next.centre.y + held.y - moved.y },
  };
}

/** Move the image by device pixels; its middle stays within reach. */
export function panned(placement: Placement, shape: ImageShape, size: Size, by: Point): Placement {
  const inverse = screenToImage(placement, shape, size);
  const x = placement.centre.x - (inverse.xx * by.x + inverse.xy * by.y);
  const y = placement.centre.y - (inverse.yx * by.x + inverse.yy * by.y);
  return {
    ...placement,
    centre: { x: Math.min(Math.max(x, 0), shape.columns), y: Math.min(Math.max(y, 0), shape.rows) },
  };
}

function quarter(turns: number): 0 | 1 | 2 | 3 {
  return (((turns % 4) + 4) % 4) as 0 | 1 | 2 | 3;
}

export function turned(placement: Placement, clockwise: 1 | -1): Placement {
  return { ...placement, quarterTurns: quarter(placement.quarterTurns + clockwise) };
}

/** Mirror what is on the screen left to right. */
export function flippedHorizontally(placement: Placement): Placement {
  return { ...placement, mirrored: !placement.mirrored, quarterTurns: quarter(-placement.quarterTurns) };
}

/** Mirror what is on the screen top to bottom. */
export function flippedVertically(placement: Placement): Placement {
  return { ...placement, mirrored: !placement.mirrored, quarterTurns: quarter(2 - placement.quarterTurns) };
}

export interface EdgeLetters {
  readonly left: string;
  readonly right: string;
  readonly top: string;
  readonly bottom: string;
}

/** The orientation letters at the edges of the screen for this placement. */
export function edgeLetters(placement: Placement, directions: ImageDirections): EdgeLetters {
  const toRight = placement.mirrored ? opposite(directions.row) : directions.row;
  const around = [toRight, directions.column, opposite(toRight), opposite(directions.column)];
  const at = (index: number): string => around[quarter(index - placement.quarterTurns)] ?? '';
  return { right: at(0), bottom: at(1), left: at(2), top: at(3) };
}

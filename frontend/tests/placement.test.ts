import { describe, expect, it } from 'vitest';
import {
  apply,
  edgeLetters,
  fitted,
  flippedHorizontally,
  flippedVertically,
  imageToScreen,
  panned,
  screenToImage,
  snapped,
  turned,
  zoomedAt,
  type ImageShape,
  type Placement,
} from '../src/viewer/geometry/placement.ts';

const SHAPE: ImageShape = { columns: 200, rows: 100, pixelAspect: 1 };
const SIZE = { width: 400, height: 400 };
const START: Placement = { zoom: 2, centre: { x: 100, y: 50 }, quarterTurns: 0, mirrored: false };
/** Towards the patient's left, towards the feet: a frontal chest as it hangs. */
const FRONTAL = { row: 'L', column: 'F' };

function everyPlacement(): Placement[] {
  return ([0, 1, 2, 3] as const).flatMap((quarterTurns) =>
    [false, true].map((mirrored) => ({ zoom: 1.7, centre: { x: 60, y: 40 }, quarterTurns, mirrored })),
  );
}

describe('placement', () => {
  it('puts the centre in the middle and comes back from there', () => {
    for (const placement of everyPlacement()) {
      const there = imageToScreen(placement, SHAPE, SIZE);
      expect(apply(there, placement.centre)).toEqual({ x: 200, y: 200 });
      const back = apply(screenToImage(placement, SHAPE, SIZE), apply(there, { x: 13, y: 77 }));
      expect(back.x).toBeCloseTo(13, 9);
      expect(back.y).toBeCloseTo(77, 9);
    }
  });

  it('turns clockwise: what was at the right comes to the bottom', () => {
    const right = { x: 150, y: 50 };
    expect(apply(imageToScreen(turned(START, 1), SHAPE, SIZE), right)).toEqual({ x: 200, y: 300 });
    expect(apply(imageToScreen(turned(START, -1), SHAPE, SIZE), right)).toEqual({ x: 200, y: 100 });
  });

  it('flips what is on the screen, however it was turned before', () => {
    const point = { x: 130, y: 20 };
    for (const placement of everyPlacement()) {
      const before = apply(imageToScreen(placement, SHAPE, SIZE), point);
      const across = apply(imageToScreen(flippedHorizontally(placement), SHAPE, SIZE), point);
      const down = apply(imageToScreen(flippedVertically(placement), SHAPE, SIZE), point);
      expect(across.x).toBeCloseTo(400 - before.x, 9);
      expect(across.y).toBeCloseTo(before.y, 9);
      expect(down.x).toBeCloseTo(before.x, 9);
      expect(down.y).toBeCloseTo(400 - before.y, 9);
    }
  });

  it('fits the whole image, turned or not, with pixels that are not square', () => {
    expect(fitted(START, SHAPE, SIZE).zoom).toBe(2);
    const tall = { ...SHAPE, pixelAspect: 3 };
    expect(fitted(START, tall, SIZE).zoom).toBeCloseTo(400 / 300, 9);
    expect(fitted(turned(START, 1), tall, { width: 600, height: 400 }).zoom).toBe(2);
  });

  it('keeps the point under the pointer when it zooms', () => {
    const anchor = { x: 37, y: 301 };
    for (const placement of everyPlacement()) {
      const held = apply(screenToImage(placement, SHAPE, SIZE), anchor);
      const after = apply(screenToImage(zoomedAt(placement, SHAPE, SIZE, anchor, 6), SHAPE, SIZE), anchor);
      expect(after.x).toBeCloseTo(held.x, 9);
      expect(after.y).toBeCloseTo(held.y, 9);
    }
  });

  it('moves with the hand and never loses the image', () => {
    expect(panned(START, SHAPE, SIZE, { x: 20, y: -10 }).centre).toEqual({ x: 90, y: 55 });
    expect(panned(START, SHAPE, SIZE, { x: 9000, y: 9000 }).centre).toEqual({ x: 0, y: 0 });
  });

  it('lays whole zooms on whole device pixels', () => {
    const odd = { ...START, zoom: 1, centre: { x: 100.3, y: 50.7 } };
    const there = imageToScreen(snapped(odd, SHAPE, { width: 401, height: 400 }), SHAPE, { width: 401, height: 400 });
    expect(there.tx).toBeCloseTo(Math.round(there.tx), 9);
    expect(there.ty).toBeCloseTo(Math.round(there.ty), 9);
    expect(snapped({ ...odd, zoom: 0.4 }, SHAPE, SIZE).centre).toEqual(odd.centre);
  });
});

describe('edgeLetters', () => {
  it('follow every turn and flip', () => {
    expect(edgeLetters(START, FRONTAL)).toEqual({ left: 'R', right: 'L', top: 'H', bottom: 'F' });
    expect(edgeLetters(turned(START, 1), FRONTAL)).toEqual({ left: 'F', right: 'H', top: 'R', bottom: 'L' });
    expect(edgeLetters(flippedHorizontally(START), FRONTAL)).toEqual({ left: 'L', right: 'R', top: 'H', bottom: 'F' });
    expect(edgeLetters(flippedVertically(turned(START, -1)), FRONTAL)).toEqual({ left: 'H', right: 'F', top: 'R', bottom: 'L' });
  });

  it('say the same as the transform, for every placement', () => {
    const middle = { x: 100, y: 50 };
    for (const placement of everyPlacement()) {
      const there = imageToScreen(placement, SHAPE, SIZE);
      const letters = edgeLetters(placement, FRONTAL);
      const from = apply(there, middle);
      const towardsLeftOfPatient = apply(there, { x: 101, y: 50 });
      const edge =
        towardsLeftOfPatient.x > from.x + 0.5
          ? letters.right
          : towardsLeftOfPatient.x < from.x - 0.5
            ? letters.left
            : towardsLeftOfPatient.y > from.y
              ? letters.bottom
              : letters.top;
      expect(edge).toBe('L');
    }
  });

  it('turn each letter of an oblique direction', () => {
    expect(edgeLetters(START, { row: 'LA', column: 'F' }).left).toBe('RP');
  });
});

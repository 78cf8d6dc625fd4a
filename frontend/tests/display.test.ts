import { describe, expect, it } from 'vitest';
import { readImage, type RadiographImage } from '../src/viewer/dicom/image.ts';
import type { GreyFrame } from '../src/viewer/dicom/pixels.ts';
import { windowFromPixels } from '../src/viewer/greyscale/statistics.ts';
import { adjustVoi, withWindow } from '../src/viewer/greyscale/voi.ts';
import { angleAt, distance, measure, movedBy, newMark, probe, withPoint, worth } from '../src/viewer/marks/model.ts';
import { Translator } from '../src/viewer/strings.ts';
import { bestMatch } from '../src/viewer/studies.ts';
import { firstDisplay, History } from '../src/viewer/viewport/display.ts';

const WORDS = new Translator('en');

async function anImage(extra: Readonly<Record<string, readonly unknown[]>> = {}): Promise<RadiographImage> {
  const values = {
    '00080018': ['1.2'],
    '0020000D': ['1'],
    '0020000E': ['1.1'],
    '00280010': [10],
    '00280011': [10],
    '00280101': [12],
    '00181164': [0.2, 0.1],
    ...extra,
  };
  const image = await readImage(
    Object.fromEntries(Object.entries(values).map(([tag, Value]) => [tag, { Value }])),
    () => Promise.reject(new Error('no bulk data here')),
  );
  if (image === null) throw new Error('the test image is no image');
  return image;
}

function ramp(): GreyFrame {
  return { kind: 'grey', columns: 10, rows: 10, values: Uint16Array.from({ length: 100 }, (_, index) => index) };
}

describe('marks', () => {
  it('measure with the spacing of rows and of columns, and say what it is worth', async () => {
    const image = await anImage();
    const ruler = newMark('ruler', 1, [{ x: 0, y: 0 }, { x: 30, y: 20 }]);
    expect(distance({ x: 0, y: 0 }, { x: 30, y: 20 }, image.calibration)).toBeCloseTo(5, 9);
    expect(measure(ruler, image, ramp(), WORDS)).toBe('5.0 mm');
    expect(worth(ruler, image, WORDS)).toBe('at the detector');
  });

  it('measure angles on the patient, not on pixels that are not square', async () => {
    const { calibration } = await anImage();
    expect(angleAt({ x: 10, y: 0 }, { x: 0, y: 0 }, { x: 0, y: -5 }, calibration)).toBeCloseTo(90, 9);
    expect(angleAt({ x: 10, y: 0 }, { x: 0, y: 0 }, { x: 10, y: 5 }, calibration)).toBeCloseTo(45, 9);
  });

  it('probe the stored and the modality value, and nothing beside the image', async () => {
    const image = await anImage({ '00281053': [2], '00281052': [-10], '00280103': [1] });
    expect(probe({ x: 3.9, y: 2.1 }, image, ramp())).toEqual({ kind: 'grey', stored: 23, modality: 36 });
    expect(probe({ x: 10, y: 2 }, image, ramp())).toBeNull();
    const mark = newMark('probe', 1, [{ x: 3, y: 2 }]);
    expect(measure(mark, image, ramp(), WORDS)).toBe('23 → 36');
  });

  it('are replaced, never changed', () => {
    const mark = newMark('ruler', 1, [{ x: 0, y: 0 }, { x: 1, y: 1 }]);
    expect(movedBy(mark, { x: 1, y: 2 }).points).toEqual([{ x: 1, y: 2 }, { x: 2, y: 3 }]);
    expect(withPoint(mark, 1, { x: 5, y: 5 }).points[1]).toEqual({ x: 5, y: 5 });
    expect(mark.points).toEqual([{ x: 0, y: 0 }, { x: 1, y: 1 }]);
  });
});

describe('windows', () => {
  const meaning = { bitsStored: 12, signed: false, modality: { kind: 'rescale', slope: 1, intercept: 0 }, padding: null } as const;
  const all = { left: 0, top: 0, right: 10, bottom: 10 };

  it('spread the values of a region from its smallest to its largest', () => {
    expect(windowFromPixels(ramp(), meaning, { left: 2, top: 0, right: 6, bottom: 1 }, 0)).toMatchObject({ center: 4, width: 4 });
  });

  it('leave padding and tails out', () => {
    const padded = { ...meaning, padding: { low: 90, high: 99 } };
    expect(windowFromPixels(ramp(), padded, all, 0)).toMatchObject({ center: 45, width: 90 });
    expect(windowFromPixels(ramp(), meaning, all, 0.1)).toMatchObject({ center: 49.5, width: 81 });
  });

  it('order values of a falling modality LUT and of signed pixels', () => {
    const falling = { ...meaning, modality: { kind: 'rescale', slope: -1, intercept: 0 } } as const;
    expect(windowFromPixels(ramp(), falling, all, 0)).toMatchObject({ center: -49, width: 100 });
    const signed: GreyFrame = { kind: 'grey', columns: 2, rows: 1, values: Uint16Array.of(0xfff, 1) };
    expect(windowFromPixels(signed, { ...meaning, signed: true }, { ...all, right: 2 }, 0)).toMatchObject({ center: 0.5, width: 3 });
  });

  it('never become narrower than their function allows', () => {
    const linear = { kind: 'window', function: 'LINEAR', center: 10, width: 4 } as const;
    expect(adjustVoi(linear, 2, 0.5)).toMatchObject({ center: 12, width: 2 });
    expect(adjustVoi(linear, 0, 0.01).width).toBe(1);
    expect(withWindow({ ...linear, function: 'SIGMOID' }, 0, 0.5).width).toBe(0.5);
  });
});

describe('History', () => {
  it('goes back one step at a time and stops at the first', async () => {
    const history = new History(firstDisplay(await anImage(), ramp()));
    const first = history.now;
    history.keep();
    history.now = { ...first, invert: true };
    history.keep();
    history.now = { ...history.now, fit: false };
    expect(history.canUndo).toBe(true);
    expect(history.undo() && history.now.invert && history.now.fit).toBe(true);
    expect(history.undo()).toBe(true);
    expect(history.now).toBe(first);
    expect(history.undo()).toBe(false);
  });

  it('passes over a step that changed nothing', async () => {
    const history = new History(firstDisplay(await anImage(), ramp()));
    history.keep();
    expect(history.canUndo).toBe(false);
    expect(history.undo()).toBe(false);
  });
});

describe('bestMatch', () => {
  it('lays the same view and side beside the current image', async () => {
    const wanted = await anImage({ '00185101': ['PA'], '00200062': ['L'] });
    const others = [await anImage({ '00185101': ['LL'], '00080018': ['2.1'] }), await anImage({ '00185101': ['PA'], '00080018': ['2.2'] })];
    expect(bestMatch(others, wanted)).toBe(1);
    expect(bestMatch([wanted, ...others], wanted)).not.toBe(0);
    expect(bestMatch([], wanted)).toBe(0);
  });
});

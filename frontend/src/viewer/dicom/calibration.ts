/** What a distance on a projection image means: PS3.3 10.7.1.3 and CP 586. */
import { number, numbers, text, type DicomObject } from './json.ts';

export type CalibrationState =
  /** Pixel Spacing, corrected for a known geometry or an object of known size. */
  | 'calibrated'
  /** Imager Pixel Spacing divided by the Estimated Radiographic Magnification Factor. */
  | 'magnification'
  /** True at the detector: anatomy before it is smaller than measured. */
  | 'detector'
  /** A spacing is given, but not at which plane. */
  | 'unspecified'
  /** Only pixels can be counted. */
  | 'none';

export interface Calibration {
  readonly state: CalibrationState;
  /** Between the centres of neighbouring rows; 1 when only pixels can be counted. */
  readonly rowSpacing: number;
  /** Between the centres of neighbouring columns. */
  readonly columnSpacing: number;
  readonly unit: 'mm' | 'px';
}

type Spacing = readonly [row: number, column: number];

function spacing(object: DicomObject, tag: string): Spacing | null {
  const [row, column] = numbers(object, tag);
  return row !== undefined && column !== undefined && row > 0 && column > 0 ? [row, column] : null;
}

function same(a: Spacing, b: Spacing): boolean {
  return a.every((value, index) => Math.abs(value - (b[index] ?? 0)) <= 1e-4 * value);
}

function inMillimetres(state: CalibrationState, [rowSpacing, columnSpacing]: Spacing): Calibration {
  return { state, rowSpacing, columnSpacing, unit: 'mm' };
}

/** Choose the spacing to measure with, and say what it is worth. */
export function readCalibration(image: DicomObject): Calibration {
  const pixel = spacing(image, '00280030');
  const imager = spacing(image, '00181164');
  const magnification = number(image, '00181114');
  if (pixel !== null && text(image, '00280A02') !== undefined) return inMillimetres('calibrated', pixel);
  if (pixel !== null && imager !== null && !same(pixel, imager)) return inMillimetres('calibrated', pixel);
  if (imager !== null && magnification !== undefined && magnification >= 1) {
    return inMillimetres('magnification', [imager[0] / magnification, imager[1] / magnification]);
  }
  if (imager !== null) return inMillimetres('detector', imager);
  const unspecified = pixel ?? spacing(image, '00182010');
  if (unspecified !== null) return inMillimetres('unspecified', unspecified);
  return pixelAspect(image);
}

/** Without a spacing the pixels may still not be square (Pixel Aspect Ratio, vertical then horizontal). */
function pixelAspect(image: DicomObject): Calibration {
  const [vertical, horizontal] = numbers(image, '00280034');
  const rowSpacing = vertical !== undefined && horizontal !== undefined && vertical > 0 && horizontal > 0 ? vertical / horizontal : 1;
  return { state: 'none', rowSpacing, columnSpacing: 1, unit: 'px' };
}

/** The Image Pixel module, as the codecs and the table need it. */
import { number, text, type DicomObject } from './json.ts';
import type { Palette } from './lookupTables.ts';

export interface PixelDescription {
  readonly columns: number;
  readonly rows: number;
  readonly samplesPerPixel: number;
  readonly bitsAllocated: number;
  readonly bitsStored: number;
  readonly signed: boolean;
  readonly planar: boolean;
  readonly photometricInterpretation: string;
  readonly palette: Palette | null;
}

/** Decoded grey values: the 16 bits of each pixel as stored, signed or not. */
export interface GreyFrame {
  readonly kind: 'grey';
  readonly columns: number;
  readonly rows: number;
  readonly values: Uint16Array<ArrayBuffer>;
}

/** Decoded colours, four bytes a pixel. */
export interface ColourFrame {
  readonly kind: 'colour';
  readonly columns: number;
  readonly rows: number;
  readonly rgba: Uint8ClampedArray<ArrayBuffer>;
}

export type Frame = GreyFrame | ColourFrame;

/** Read the module; null when the object holds no pixels this viewer can show. */
export function readPixelDescription(object: DicomObject, palette: Palette | null): PixelDescription | null {
  const columns = number(object, '00280011');
  const rows = number(object, '00280010');
  const bitsAllocated = number(object, '00280100') ?? 16;
  if (columns === undefined || rows === undefined || bitsAllocated > 16) return null;
  const samplesPerPixel = number(object, '00280002') ?? 1;
  return {
    columns,
    rows,
    samplesPerPixel,
    bitsAllocated,
    bitsStored: Math.min(number(object, '00280101') ?? bitsAllocated, bitsAllocated),
    signed: number(object, '00280103') === 1,
    planar: number(object, '00280006') === 1,
    photometricInterpretation: text(object, '00280004') ?? (samplesPerPixel === 3 ? 'RGB' : 'MONOCHROME2'),
    palette,
  };
}

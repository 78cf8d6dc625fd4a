/** The windows and VOI LUTs an image offers, by their explanation, and how a drag changes them. */
import { items, number, numbers, strings, text, type DicomObject } from '../dicom/json.ts';
import { readLutItem, type BulkLoader } from '../dicom/lookupTables.ts';
import { lutDomain, type ModalityTransform, type VoiFunction, type VoiTransform } from './table.ts';

export interface VoiChoice {
  /** Stable within the image: `window-0`, `lut-1`. */
  readonly key: string;
  /** As the device wrote it; empty when it did not. */
  readonly explanation: string;
  readonly voi: VoiTransform;
}

function readFunction(image: DicomObject): VoiFunction {
  const written = text(image, '00281056');
  return written === 'SIGMOID' || written === 'LINEAR_EXACT' ? written : 'LINEAR';
}

function readWindows(image: DicomObject): VoiChoice[] {
  const widths = numbers(image, '00281051');
  const explanations = strings(image, '00281055');
  const voiFunction = readFunction(image);
  return numbers(image, '00281050').flatMap((center, index) => {
    const width = widths[index];
    if (width === undefined || width <= 0) return [];
    return [
      {
        key: `window-${index}`,
        explanation: explanations[index] ?? '',
        voi: { kind: 'window', function: voiFunction, center, width } as const,
      },
    ];
  });
}

async function readLuts(image: DicomObject, signed: boolean, load: BulkLoader): Promise<VoiChoice[]> {
  const read = items(image, '00283010').map(async (item, index): Promise<VoiChoice[]> => {
    const lut = await readLutItem(item, signed, load);
    if (lut === null) return [];
    const explanation = text(item, '00283003') ?? '';
    return [{ key: `lut-${index}`, explanation, voi: { kind: 'lut', lut, ...lutDomain(lut) } }];
  });
  return (await Promise.all(read)).flat();
}

/** List what the device offers, its own curves before its windows. */
export async function readVoiChoices(image: DicomObject, signed: boolean, load: BulkLoader): Promise<VoiChoice[]> {
  return [...(await readLuts(image, signed, load)), ...readWindows(image)];
}

/** Read Modality LUT Sequence, or Rescale Slope and Intercept, or the identity. */
export async function readModality(image: DicomObject, signed: boolean, load: BulkLoader): Promise<ModalityTransform> {
  const item = items(image, '00283000')[0];
  const lut = item === undefined ? null : await readLutItem(item, signed, load);
  if (lut !== null) return { kind: 'lut', lut };
  return { kind: 'rescale', slope: number(image, '00281053') ?? 1, intercept: number(image, '00281052') ?? 0 };
}

/** The smallest P-value is white. A Presentation LUT Shape decides; without one MONOCHROME1 does. */
export function readInverse(image: DicomObject): boolean {
  const shape = text(image, '20500020');
  if (shape === 'INVERSE' || shape === 'IDENTITY') return shape === 'INVERSE';
  return text(image, '00280004') === 'MONOCHROME1';
}

/** Read Pixel Padding Value and Range Limit as stored values, in order. */
export function readPadding(image: DicomObject, bitsStored: number, signed: boolean): { low: number; high: number } | null {
  const value = number(image, '00280120');
  if (value === undefined) return null;
  const turn = (raw: number): number => (signed && raw >= 2 ** (bitsStored - 1) ? raw - 2 ** 16 : raw);
  const ends = [turn(value), turn(number(image, '00280121') ?? value)];
  return { low: Math.min(...ends), high: Math.max(...ends) };
}

/** Move the centre and scale the width; the curve of a VOI LUT stays, stretched. */
export function adjustVoi(voi: VoiTransform, centerShift: number, widthFactor: number): VoiTransform {
  return withWindow(voi, voi.center + centerShift, voi.width * widthFactor);
}

export function withWindow(voi: VoiTransform, center: number, width: number): VoiTransform {
  const smallest = voi.kind === 'window' && voi.function !== 'LINEAR' ? 1e-3 : 1;
  return { ...voi, center, width: Math.min(Math.max(width, smallest), 131072) };
}

/** One image of a study, with all that showing it needs. */
import type { ModalityTransform } from '../greyscale/table.ts';
import { readInverse, readModality, readPadding, readVoiChoices, type VoiChoice } from '../greyscale/voi.ts';
import { readCalibration, type Calibration } from './calibration.ts';
import { items, number, personName, strings, text, type DicomObject } from './json.ts';
import { readPalette, type BulkLoader } from './lookupTables.ts';
import { readDirections, type ImageDirections } from './orientation.ts';
import { readPixelDescription, type PixelDescription } from './pixels.ts';

export interface PatientText {
  readonly name: string | undefined;
  readonly identifier: string | undefined;
  readonly birthDate: string | undefined;
  readonly sex: string | undefined;
}

export interface LossyHistory {
  readonly ratio: number | undefined;
  readonly method: string | undefined;
}

export interface RadiographImage {
  readonly studyUid: string;
  readonly seriesUid: string;
  readonly sopInstanceUid: string;
  readonly seriesNumber: number;
  readonly instanceNumber: number;
  readonly frames: number;
  readonly modality: string;
  readonly patient: PatientText;
  readonly studyDate: string | undefined;
  readonly studyTime: string | undefined;
  readonly studyDescription: string | undefined;
  readonly seriesDescription: string | undefined;
  readonly bodyPart: string | undefined;
  readonly view: string | undefined;
  /** `R`, `L`, `B` (both), `U` (unpaired); undefined when the device did not say. */
  readonly laterality: string | undefined;
  readonly pixels: PixelDescription;
  readonly modalityTransform: ModalityTransform;
  readonly voiChoices: readonly VoiChoice[];
  readonly inverse: boolean;
  readonly padding: { readonly low: number; readonly high: number } | null;
  readonly directions: ImageDirections | null;
  readonly calibration: Calibration;
  /** Set when the pixels once were compressed with loss. */
  readonly lossy: LossyHistory | null;
}

function readPatient(object: DicomObject): PatientText {
  return {
    name: personName(object, '00100010'),
    identifier: text(object, '00100020'),
    birthDate: text(object, '00100030'),
    sex: text(object, '00100040'),
  };
}

function readView(object: DicomObject): string | undefined {
  const code = items(object, '00540220')[0];
  return text(object, '00185101') ?? (code === undefined ? undefined : text(code, '00080104'));
}

function readBodyPart(object: DicomObject): string | undefined {
  const code = items(object, '00082218')[0];
  return text(object, '00180015') ?? (code === undefined ? undefined : text(code, '00080104'));
}

function readLossy(object: DicomObject): LossyHistory | null {
  if (text(object, '00282110') !== '01') return null;
  return { ratio: number(object, '00282112'), method: strings(object, '00282114').at(-1) };
}

/** Read one instance of the metadata; null when it is no image (a report, a presentation state, a document). */
export async function readImage(object: DicomObject, load: BulkLoader): Promise<RadiographImage | null> {
  const palette = text(object, '00280004') === 'PALETTE COLOR' ? await readPalette(object, load) : null;
  const pixels = readPixelDescription(object, palette);
  const studyUid = text(object, '0020000D');
  const seriesUid = text(object, '0020000E');
  const sopInstanceUid = text(object, '00080018');
  if (pixels === null || studyUid === undefined || seriesUid === undefined || sopInstanceUid === undefined) return null;
  return {
    studyUid,
    seriesUid,
    sopInstanceUid,
    seriesNumber: number(object, '00200011') ?? 0,
    instanceNumber: number(object, '00200013') ?? 0,
    frames: Math.max(number(object, '00280008') ?? 1, 1),
    modality: text(object, '00080060') ?? '',
    patient: readPatient(object),
    studyDate: text(object, '00080020'),
    studyTime: text(object, '00080030'),
    studyDescription: text(object, '00081030'),
    seriesDescription: text(object, '0008103E'),
    bodyPart: readBodyPart(object),
    view: readView(object),
    laterality: text(object, '00200062') ?? text(object, '00200060'),
    pixels,
    modalityTransform: await readModality(object, pixels.signed, load),
    voiChoices: await readVoiChoices(object, pixels.signed, load),
    inverse: readInverse(object),
    padding: readPadding(object, pixels.bitsStored, pixels.signed),
    directions: readDirections(object),
    calibration: readCalibration(object),
    lossy: readLossy(object),
  };
}

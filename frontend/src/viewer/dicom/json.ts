/** Typed reading of the DICOM JSON model (PS3.18 annex F). Tolerant: what is absent or odd is undefined. */

export interface DicomElement {
  readonly vr?: string;
  readonly Value?: readonly unknown[];
  readonly InlineBinary?: string;
  readonly BulkDataURI?: string;
}

export type DicomObject = Readonly<Record<string, DicomElement | undefined>>;

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Check the outer shape of a metadata answer: an array of objects. */
export function parseDicomObjects(json: unknown): DicomObject[] {
  if (!Array.isArray(json)) throw new TypeError('metadata is not an array');
  return json.filter(isRecord) as DicomObject[];
}

function values(object: DicomObject, tag: string): readonly unknown[] {
  const found = object[tag]?.Value;
  return Array.isArray(found) ? found : [];
}

export function strings(object: DicomObject, tag: string): string[] {
  return values(object, tag).map((value) => (typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''));
}

export function text(object: DicomObject, tag: string): string | undefined {
  const first = strings(object, tag)[0];
  return first === undefined || first === '' ? undefined : first;
}

export function numbers(object: DicomObject, tag: string): number[] {
  return values(object, tag)
    .map((value) => (typeof value === 'string' && value.trim() !== '' ? Number(value) : value))
    .filter((value): value is number => typeof value === 'number' && Number.isFinite(value));
}

export function number(object: DicomObject, tag: string): number | undefined {
  return numbers(object, tag)[0];
}

export function items(object: DicomObject, tag: string): DicomObject[] {
  return values(object, tag).filter(isRecord) as DicomObject[];
}

/** Read a person name as it is shown: family name, then given names. */
export function personName(object: DicomObject, tag: string): string | undefined {
  const first = values(object, tag)[0];
  const written = isRecord(first) ? first['Alphabetic'] : first;
  if (typeof written !== 'string') return undefined;
  const shown = written.split('^').slice(0, 3).map((part) => part.trim()).filter((part) => part !== '').join(' ');
  return shown === '' ? undefined : shown;
}

/** Decode base64 to bytes. */
export function inlineBytes(base64: string): Uint8Array {
  const binary = atob(base64);
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

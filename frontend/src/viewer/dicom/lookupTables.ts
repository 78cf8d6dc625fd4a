/** Modality, VOI and palette lookup tables out of DICOM JSON. */
import type { LookupTable } from '../greyscale/table.ts';
import { inlineBytes, number, numbers, type DicomObject } from './json.ts';

/** LUT Descriptor: number of entries (0 means 65 536), first mapped value, bits an entry. */
interface Descriptor {
  readonly length: number;
  readonly firstMapped: number;
  readonly bits: number;
}

function readDescriptor(object: DicomObject, tag: string, signed: boolean): Descriptor | null {
  const [length, first, bits] = numbers(object, tag);
  if (length === undefined || first === undefined || bits === undefined) return null;
  // Some writers give US where the value is signed: 65 000 then means -536.
  const firstMapped = signed && first > 32767 ? first - 65536 : first;
  return { length: length === 0 ? 65536 : length, firstMapped, bits: bits === 0 ? 16 : bits };
}

function entriesOf(bytes: Uint8Array, length: number): Uint16Array {
  if (bytes.length < length * 2) return Uint16Array.from(bytes.subarray(0, length));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Uint16Array.from({ length }, (_, index) => view.getUint16(index * 2, true));
}

async function readEntries(object: DicomObject, tag: string, length: number, load: BulkLoader): Promise<Uint16Array | null> {
  const element = object[tag];
  if (element?.InlineBinary !== undefined) return entriesOf(inlineBytes(element.InlineBinary), length);
  if (element?.BulkDataURI !== undefined) return entriesOf(await load(element.BulkDataURI), length);
  const listed = numbers(object, tag);
  return listed.length === 0 ? null : Uint16Array.from(listed.slice(0, length));
}

/** Fetches what the metadata left behind an address. */
export type BulkLoader = (uri: string) => Promise<Uint8Array>;

async function readTable(
  object: DicomObject,
  tags: { descriptor: string; data: string },
  signed: boolean,
  load: BulkLoader,
): Promise<LookupTable | null> {
  const descriptor = readDescriptor(object, tags.descriptor, signed);
  if (descriptor === null) return null;
  const data = await readEntries(object, tags.data, descriptor.length, load);
  if (data === null || data.length === 0) return null;
  return { firstMapped: descriptor.firstMapped, bits: descriptor.bits, data };
}

/** Read an item of Modality LUT Sequence or VOI LUT Sequence. */
export function readLutItem(item: DicomObject, signed: boolean, load: BulkLoader): Promise<LookupTable | null> {
  return readTable(item, { descriptor: '00283002', data: '00283006' }, signed, load);
}

export interface Palette {
  readonly red: LookupTable;
  readonly green: LookupTable;
  readonly blue: LookupTable;
}

/** Read the three tables of a PALETTE COLOR image. */
export async function readPalette(object: DicomObject, load: BulkLoader): Promise<Palette | null> {
  const signed = number(object, '00280103') === 1;
  const [red, green, blue] = await Promise.all(
    ['01', '02', '03'].map((last) =>
      readTable(object, { descriptor: `002811${last}`, data: `002812${last}` }, signed, load),
    ),
  );
  return red && green && blue ? { red, green, blue } : null;
}

/** The DICOMweb client: metadata, bulk values, frames. */
import { parseDicomObjects, text, type DicomObject } from './json.ts';
import { readImage, type RadiographImage } from './image.ts';
import { mediaParameter, readSinglePart } from './multipart.ts';

export const EXPLICIT_LITTLE_ENDIAN = '1.2.840.10008.1.2.1';

export interface EncodedFrame {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly transferSyntaxUid: string;
}

/** Called as bytes arrive; `total` is undefined when the server does not tell. */
export type Progress = (received: number, total: number | undefined) => void;

/** An answer of the server that is no success, by its status only. */
export class DicomWebError extends Error {
  constructor(readonly status: number) {
    super(`the image server answered ${status}`);
  }
}

const SYNTAX_OF_MEDIA_TYPE: Readonly<Record<string, string>> = {
  'image/jpeg': '1.2.840.10008.1.2.4.50',
  'image/jls': '1.2.840.10008.1.2.4.80',
  'image/x-jls': '1.2.840.10008.1.2.4.80',
  'image/jp2': '1.2.840.10008.1.2.4.90',
  'image/jphc': '1.2.840.10008.1.2.4.201',
  'image/dicom-rle': '1.2.840.10008.1.2.5',
  'image/x-dicom-rle': '1.2.840.10008.1.2.5',
};

async function readBody(response: Response, progress: Progress | undefined): Promise<Uint8Array<ArrayBuffer>> {
  if (response.body === null) return new Uint8Array(await response.arrayBuffer());
  const length = Number(response.headers.get('content-length') ?? '');
  // With a content encoding the length counts other bytes than those that arrive here.
  const total = length > 0 && response.headers.get('content-encoding') === null ? length : undefined;
  const reader = response.body.getReader();
  const chunks: Uint8Array[] = [];
  let received = 0;
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    chunks.push(read.value);
    received += read.value.length;
    progress?.(received, total);
  }
  const whole = new Uint8Array(received);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

export class DicomWeb {
  constructor(private readonly root: string) {}

  /** List the images of a study in reading order: by series number, then instance number. */
  async images(studyUid: string, signal: AbortSignal): Promise<RadiographImage[]> {
    const address = `${this.root}/studies/${studyUid}/metadata`;
    const response = await this.get(address, 'application/dicom+json', signal);
    const objects = parseDicomObjects(await response.json());
    const read = await Promise.all(objects.map((object) => readImage(object, (uri) => this.bulk(uri, object, signal))));
    return read
      .filter((image): image is RadiographImage => image !== null)
      .sort(
        (a, b) =>
          a.seriesNumber - b.seriesNumber ||
          a.instanceNumber - b.instanceNumber ||
          (a.sopInstanceUid < b.sopInstanceUid ? -1 : 1),
      );
  }

  /** Fetch one frame (from 1) as stored, or uncompressed when `transferSyntaxUid` says so. */
  async frame(
    image: RadiographImage,
    frame: number,
    options: { transferSyntaxUid?: string; progress?: Progress; signal: AbortSignal },
  ): Promise<EncodedFrame> {
    const syntax = options.transferSyntaxUid ?? '*';
    const accept = `multipart/related; type="application/octet-stream"; transfer-syntax=${syntax}`;
    const response = await this.get(`${this.instance(image)}/frames/${frame}`, accept, options.signal);
    const contentType = response.headers.get('content-type') ?? '';
    const part = readSinglePart(await readBody(response, options.progress), contentType);
    const partType = part.headers.get('content-type') ?? contentType;
    const media = (partType.split(';')[0] ?? '').trim().toLowerCase();
    const named = mediaParameter(partType, 'transfer-syntax') ?? mediaParameter(contentType, 'transfer-syntax');
    const known = named !== undefined && named !== '*' ? named : SYNTAX_OF_MEDIA_TYPE[media];
    return { bytes: part.body, transferSyntaxUid: known ?? EXPLICIT_LITTLE_ENDIAN };
  }

  thumbnailAddress(image: RadiographImage): string {
    return `${this.instance(image)}/thumbnail?viewport=128,128`;
  }

  private instance(image: RadiographImage): string {
    return `${this.root}/studies/${image.studyUid}/series/${image.seriesUid}/instances/${image.sopInstanceUid}`;
  }

  private async bulk(uri: string, object: DicomObject, signal: AbortSignal): Promise<Uint8Array> {
    const study = text(object, '0020000D') ?? '';
    const from = new URL(`${this.root}/studies/${study}/metadata`, document.baseURI);
    const address = new URL(uri, from);
    // Metadata must not be able to send the reader's session to another server.
    if (address.origin !== from.origin) throw new TypeError('bulk data lies on another server');
    const response = await this.get(address.href, 'multipart/related; type="application/octet-stream"', signal);
    return readSinglePart(await readBody(response, undefined), response.headers.get('content-type') ?? '').body;
  }

  private async get(address: string, accept: string, signal: AbortSignal): Promise<Response> {
    const response = await fetch(address, { headers: { Accept: accept }, credentials: 'same-origin', signal });
    if (!response.ok) throw new DicomWebError(response.status);
    return response;
  }
}

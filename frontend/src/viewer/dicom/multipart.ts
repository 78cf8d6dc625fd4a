/** Reading of `multipart/related` answers (RFC 2387) as DICOMweb sends them. */

export interface Part {
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Read one parameter of a media type, quoted or not. */
export function mediaParameter(mediaType: string, name: string): string | undefined {
  const match = new RegExp(`;\\s*${name}\\s*=\\s*(?:"([^"]*)"|([^;\\s]+))`, 'i').exec(mediaType);
  return match?.[1] ?? match?.[2];
}

function findBytes(bytes: Uint8Array, wanted: Uint8Array, from: number): number {
  const first = wanted[0] ?? 0;
  for (let at = bytes.indexOf(first, from); at !== -1; at = bytes.indexOf(first, at + 1)) {
    if (wanted.every((value, index) => bytes[at + index] === value)) return at;
  }
  return -1;
}

/** A part's end is the last delimiter, found from behind: pixel bytes may hold anything. */
function findBytesFromEnd(bytes: Uint8Array, wanted: Uint8Array): number {
  for (let at = bytes.length - wanted.length; at >= 0; at--) {
    if (bytes[at] === wanted[0] && wanted.every((value, index) => bytes[at + index] === value)) return at;
  }
  return -1;
}

function parseHeaders(block: string): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of block.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return headers;
}

/** Take the one part of an answer that was asked for one frame or one bulk value. */
export function readSinglePart(bytes: Uint8Array<ArrayBuffer>, contentType: string): Part {
  const boundary = mediaParameter(contentType, 'boundary');
  if (!/^multipart\//i.test(contentType) || boundary === undefined) {
    return { headers: new Map([['content-type', contentType]]), body: bytes };
  }
  const encoder = new TextEncoder();
  const start = findBytes(bytes, encoder.encode(`--${boundary}`), 0);
  const headersEnd = start === -1 ? -1 : findBytes(bytes, encoder.encode('\r\n\r\n'), start);
  const tail = bytes.subarray(Math.max(headersEnd + 2, bytes.length - boundary.length - 1024));
  const end = findBytesFromEnd(tail, encoder.encode(`\r\n--${boundary}`));
  if (headersEnd === -1 || end === -1) throw new TypeError('the multipart answer is incomplete');
  const block = new TextDecoder('latin1').decode(bytes.subarray(start, headersEnd));
  const bodyEnd = tail.byteOffset - bytes.byteOffset + end;
  return { headers: parseHeaders(block), body: bytes.slice(headersEnd + 4, Math.max(bodyEnd, headersEnd + 4)) };
}

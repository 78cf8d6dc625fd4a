/** One frame, whatever its transfer syntax, to pixels. */
import type { Frame, PixelDescription } from '../viewer/dicom/pixels.ts';
import { toFrame } from './colour.ts';
import { decodeNative } from './native.ts';
import { decodeRle } from './rle.ts';
import { UndecodableFrame, type Samples } from './samples.ts';
import { canDecode, type DecodableSyntax } from './transferSyntaxes.ts';
import { decodeHtj2k, decodeJpeg2000, decodeJpegBaseline, decodeJpegLs } from './wasm.ts';

export interface DecodeRequest {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly transferSyntaxUid: string;
  readonly pixels: PixelDescription;
}

type Decoder = (request: DecodeRequest) => Promise<Samples> | Samples;

/** JPEG lossless (process 14): decoded by script, in a chunk of its own. */
async function decodeJpegLossless({ bytes, pixels }: DecodeRequest): Promise<Samples> {
  const { Decoder } = await import('jpeg-lossless-decoder-js');
  const bytesPerSample = pixels.bitsAllocated > 8 ? 2 : 1;
  const decoded: ArrayBufferView = new Decoder().decode(bytes.buffer, bytes.byteOffset, bytes.byteLength, bytesPerSample);
  const copy = new Uint8Array(decoded.byteLength);
  copy.set(new Uint8Array(decoded.buffer, decoded.byteOffset, decoded.byteLength));
  return {
    columns: pixels.columns,
    rows: pixels.rows,
    samplesPerPixel: pixels.samplesPerPixel,
    bytesPerSample,
    bytes: copy,
    planar: false,
    convertedToRgb: false,
  };
}

const native: Decoder = ({ bytes, pixels }) => decodeNative(bytes, pixels, false);
const jpeg2000: Decoder = ({ bytes }) => decodeJpeg2000(bytes);
const htj2k: Decoder = ({ bytes }) => decodeHtj2k(bytes);
const jpegLs: Decoder = ({ bytes }) => decodeJpegLs(bytes);

const DECODERS: Readonly<Record<DecodableSyntax, Decoder>> = {
  '1.2.840.10008.1.2': native,
  '1.2.840.10008.1.2.1': native,
  '1.2.840.10008.1.2.1.99': native,
  '1.2.840.10008.1.2.2': ({ bytes, pixels }) => decodeNative(bytes, pixels, true),
  '1.2.840.10008.1.2.5': ({ bytes, pixels }) => decodeRle(bytes, pixels),
  '1.2.840.10008.1.2.4.50': ({ bytes }) => decodeJpegBaseline(bytes),
  '1.2.840.10008.1.2.4.57': decodeJpegLossless,
  '1.2.840.10008.1.2.4.70': decodeJpegLossless,
  '1.2.840.10008.1.2.4.80': jpegLs,
  '1.2.840.10008.1.2.4.81': jpegLs,
  '1.2.840.10008.1.2.4.90': jpeg2000,
  '1.2.840.10008.1.2.4.91': jpeg2000,
  '1.2.840.10008.1.2.4.201': htj2k,
  '1.2.840.10008.1.2.4.202': htj2k,
  '1.2.840.10008.1.2.4.203': htj2k,
};

export async function decodeFrame(request: DecodeRequest): Promise<Frame> {
  if (!canDecode(request.transferSyntaxUid)) throw new UndecodableFrame('the transfer syntax is unknown');
  return toFrame(await DECODERS[request.transferSyntaxUid](request), request.pixels);
}

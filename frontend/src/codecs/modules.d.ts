/** The parts of the WebAssembly codecs that are used; the packages ship no types of their own. */
interface EmscriptenOptions {
  locateFile?: (path: string) => string;
  print?: (text: string) => void;
  printErr?: (text: string) => void;
}

interface CodecFrameInfo {
  readonly width: number;
  readonly height: number;
  readonly bitsPerSample: number;
  readonly componentCount: number;
  readonly isSigned: boolean;
}

interface WasmDecoder {
  getEncodedBuffer(length: number): Uint8Array;
  decode(): void;
  getDecodedBuffer(): Uint8Array;
  getFrameInfo(): CodecFrameInfo;
  delete(): void;
}

interface JpegLsWasmDecoder extends WasmDecoder {
  getInterleaveMode(): number | { readonly value: number };
}

declare module '@cornerstonejs/codec-openjph/wasmjs' {
  const factory: (options: EmscriptenOptions) => Promise<{ HTJ2KDecoder: new () => WasmDecoder }>;
  export default factory;
}

declare module '@cornerstonejs/codec-openjpeg/decodewasmjs' {
  const factory: (options: EmscriptenOptions) => Promise<{ J2KDecoder: new () => WasmDecoder }>;
  export default factory;
}

declare module '@cornerstonejs/codec-charls/decodewasmjs' {
  const factory: (options: EmscriptenOptions) => Promise<{ JpegLSDecoder: new () => JpegLsWasmDecoder }>;
  export default factory;
}

declare module '@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs' {
  const factory: (options: EmscriptenOptions) => Promise<{ JPEGDecoder: new () => WasmDecoder }>;
  export default factory;
}

declare module 'jpeg-lossless-decoder-js' {
  export class Decoder {
    decode(
      buffer: ArrayBuffer,
      offset: number,
      length: number,
      bytesPerSample: number,
    ): Uint8Array | Uint16Array | Int16Array;
  }
}

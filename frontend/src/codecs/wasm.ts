/** The WebAssembly codecs, each loaded when the first frame needs it. */
import charlsWasm from '@cornerstonejs/codec-charls/decodewasm?url';
import jpegWasm from '@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasm?url';
import openjpegWasm from '@cornerstonejs/codec-openjpeg/decodewasm?url';
import openjphWasm from '@cornerstonejs/codec-openjph/wasm?url';
import { UndecodableFrame, type Samples } from './samples.ts';

const silence = (): void => undefined;

function options(address: string): EmscriptenOptions {
  return { locateFile: () => address, print: silence, printErr: silence };
}

/** Keep one running copy of a codec; forget it when loading failed, so that the next frame may try again. */
function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined;
  return () => {
    loaded ??= load().catch((error: unknown) => {
      loaded = undefined;
      throw error;
    });
    return loaded;
  };
}

const loadOpenJph = once(async () => (await import('@cornerstonejs/codec-openjph/wasmjs')).default(options(openjphWasm)));
const loadOpenJpeg = once(async () =>
  (await import('@cornerstonejs/codec-openjpeg/decodewasmjs')).default(options(openjpegWasm)),
);
const loadCharls = once(async () => (await import('@cornerstonejs/codec-charls/decodewasmjs')).default(options(charlsWasm)));
const loadJpeg = once(async () =>
  (await import('@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs')).default(options(jpegWasm)),
);

function run(decoder: WasmDecoder, encoded: Uint8Array, facts: { planar: boolean; convertedToRgb: boolean }): Samples {
  const info = decoder.getFrameInfo();
  const bytes = decoder.getDecodedBuffer().slice();
  const bytesPerSample = info.bitsPerSample > 8 ? 2 : 1;
  if (encoded.length === 0 || bytes.length < info.width * info.height * info.componentCount * bytesPerSample) {
    throw new UndecodableFrame('the compressed frame is incomplete');
  }
  return { columns: info.width, rows: info.height, samplesPerPixel: info.componentCount, bytesPerSample, bytes, ...facts };
}

function decodeWith<D extends WasmDecoder>(
  decoder: D,
  encoded: Uint8Array,
  facts: (decoder: D) => { planar: boolean; convertedToRgb: boolean },
): Samples {
  try {
    decoder.getEncodedBuffer(encoded.length).set(encoded);
    decoder.decode();
    return run(decoder, encoded, facts(decoder));
  } catch (error) {
    if (error instanceof UndecodableFrame) throw error;
    // Emscripten throws a bare pointer; its number tells nobody anything.
    throw new UndecodableFrame('the compressed frame cannot be decoded');
  } finally {
    decoder.delete();
  }
}

/** HTJ2K: 1.2.840.10008.1.2.4.201 to .203. */
export async function decodeHtj2k(encoded: Uint8Array): Promise<Samples> {
  const codec = await loadOpenJph();
  return decodeWith(new codec.HTJ2KDecoder(), encoded, () => ({ planar: false, convertedToRgb: true }));
}

/** JPEG 2000: 1.2.840.10008.1.2.4.90 and .91. */
export async function decodeJpeg2000(encoded: Uint8Array): Promise<Samples> {
  const codec = await loadOpenJpeg();
  return decodeWith(new codec.J2KDecoder(), encoded, () => ({ planar: false, convertedToRgb: true }));
}

/** JPEG-LS: 1.2.840.10008.1.2.4.80 and .81. */
export async function decodeJpegLs(encoded: Uint8Array): Promise<Samples> {
  const codec = await loadCharls();
  return decodeWith(new codec.JpegLSDecoder(), encoded, (decoder) => {
    const mode = decoder.getInterleaveMode();
    return { planar: (typeof mode === 'number' ? mode : mode.value) === 0, convertedToRgb: false };
  });
}

/** JPEG baseline, 8 bits: 1.2.840.10008.1.2.4.50. */
export async function decodeJpegBaseline(encoded: Uint8Array): Promise<Samples> {
  const codec = await loadJpeg();
  return decodeWith(new codec.JPEGDecoder(), encoded, () => ({ planar: false, convertedToRgb: true }));
}

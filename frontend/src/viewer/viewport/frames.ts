/** Frames, fetched and decoded once, kept while memory allows. */
import type { FrameDecoder } from '../../codecs/client.ts';
import { canDecode } from '../../codecs/transferSyntaxes.ts';
import type { RadiographImage } from '../dicom/image.ts';
import type { Frame } from '../dicom/pixels.ts';
import { EXPLICIT_LITTLE_ENDIAN, type DicomWeb, type Progress } from '../dicom/web.ts';

const MOST_BYTES_KEPT = 512 * 1024 * 1024;
/** A radiographic study is fetched whole; of a longer one only what comes next. */
const MOST_PREFETCHED = 8;

interface Underway {
  readonly result: Promise<Frame>;
  readonly listeners: Set<Progress>;
}

function sizeOf(frame: Frame): number {
  return frame.kind === 'grey' ? frame.values.byteLength : frame.rgba.byteLength;
}

function keyOf(image: RadiographImage, frame: number): string {
  return `${image.sopInstanceUid}/${frame}`;
}

export class FrameSource {
  /** In the order of last use: a Map keeps insertion order. */
  private readonly kept = new Map<string, Frame>();
  private readonly underway = new Map<string, Underway>();
  private readonly closed = new AbortController();
  private bytesKept = 0;

  constructor(
    private readonly web: DicomWeb,
    private readonly decoder: FrameDecoder,
  ) {}

  /** Fetch and decode one frame (from 1), or hand out the one kept. */
  load(image: RadiographImage, frame: number, progress?: Progress): Promise<Frame> {
    const key = keyOf(image, frame);
    const kept = this.kept.get(key);
    if (kept !== undefined) {
      this.kept.delete(key);
      this.kept.set(key, kept);
      return Promise.resolve(kept);
    }
    const running = this.underway.get(key);
    if (running !== undefined) {
      if (progress !== undefined) running.listeners.add(progress);
      return running.result;
    }
    return this.start(key, image, frame, progress);
  }

  /** Fetch what the reader is likely to want next; failures wait until it is really asked for. */
  prefetchAround(images: readonly RadiographImage[], index: number): void {
    const wanted = [images[index + 1], images[index - 1], ...(images.length <= MOST_PREFETCHED ? images : [])];
    for (const image of wanted) if (image !== undefined) this.load(image, 1).catch(() => undefined);
  }

  private start(key: string, image: RadiographImage, frame: number, progress: Progress | undefined): Promise<Frame> {
    const listeners = new Set<Progress>(progress === undefined ? [] : [progress]);
    const tell: Progress = (received, total) => listeners.forEach((listener) => listener(received, total));
    const result = this.fetchAndDecode(image, frame, tell)
      .then((decoded) => this.keep(key, decoded))
      .finally(() => this.underway.delete(key));
    this.underway.set(key, { result, listeners });
    return result;
  }

  private async fetchAndDecode(image: RadiographImage, frame: number, progress: Progress): Promise<Frame> {
    const { signal } = this.closed;
    let encoded = await this.web.frame(image, frame, { progress, signal });
    if (!canDecode(encoded.transferSyntaxUid)) {
      encoded = await this.web.frame(image, frame, { transferSyntaxUid: EXPLICIT_LITTLE_ENDIAN, progress, signal });
    }
    return this.decoder.decode({ ...encoded, pixels: image.pixels });
  }

  private keep(key: string, frame: Frame): Frame {
    this.kept.set(key, frame);
    this.bytesKept += sizeOf(frame);
    for (const [oldKey, old] of this.kept) {
      if (this.bytesKept <= MOST_BYTES_KEPT || oldKey === key) break;
      this.kept.delete(oldKey);
      this.bytesKept -= sizeOf(old);
    }
    return frame;
  }
}

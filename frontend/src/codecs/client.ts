/** The page's side of the decoding worker. */
import type { Frame } from '../viewer/dicom/pixels.ts';
import type { DecodeRequest } from './decode.ts';
import { UndecodableFrame } from './samples.ts';
import type { WorkerAnswer, WorkerRequest } from './worker.ts';

interface Waiting {
  readonly resolve: (frame: Frame) => void;
  readonly reject: (error: Error) => void;
}

export class FrameDecoder {
  private readonly waiting = new Map<number, Waiting>();
  private worker: Worker | null = null;
  private ticket = 0;

  /** Decode one frame; the buffer of `request.bytes` is moved and cannot be used afterwards. */
  decode(request: DecodeRequest): Promise<Frame> {
    const ticket = ++this.ticket;
    const worker = this.running();
    return new Promise((resolve, reject) => {
      this.waiting.set(ticket, { resolve, reject });
      worker.postMessage({ ticket, request } satisfies WorkerRequest, [request.bytes.buffer]);
    });
  }

  /** Start the worker ahead of the first frame. */
  warm(): void {
    this.running();
  }

  private running(): Worker {
    if (this.worker !== null) return this.worker;
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
    worker.addEventListener('message', (event: MessageEvent<WorkerAnswer>) => this.settle(event.data));
    // A worker that died (out of memory, blocked script) takes its frames along; the next frame starts another.
    worker.addEventListener('error', () => this.abandon());
    this.worker = worker;
    return worker;
  }

  private settle(answer: WorkerAnswer): void {
    const waiting = this.waiting.get(answer.ticket);
    this.waiting.delete(answer.ticket);
    if ('frame' in answer) waiting?.resolve(answer.frame);
    else waiting?.reject(new UndecodableFrame(answer.failure));
  }

  private abandon(): void {
    this.worker?.terminate();
    this.worker = null;
    for (const waiting of this.waiting.values()) waiting.reject(new UndecodableFrame('the decoder stopped'));
    this.waiting.clear();
  }
}

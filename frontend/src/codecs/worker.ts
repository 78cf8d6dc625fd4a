/** The decoding worker: one frame in, its pixels out, buffers moved rather than copied. */
import { decodeFrame, type DecodeRequest } from './decode.ts';
import type { Frame } from '../viewer/dicom/pixels.ts';

export interface WorkerRequest {
  readonly ticket: number;
  readonly request: DecodeRequest;
}

export type WorkerAnswer =
  | { readonly ticket: number; readonly frame: Frame }
  | { readonly ticket: number; readonly failure: string };

declare const self: DedicatedWorkerGlobalScope;

async function answer(message: WorkerRequest): Promise<void> {
  try {
    const frame = await decodeFrame(message.request);
    const buffer = frame.kind === 'grey' ? frame.values.buffer : frame.rgba.buffer;
    self.postMessage({ ticket: message.ticket, frame } satisfies WorkerAnswer, [buffer]);
  } catch (error) {
    const failure = error instanceof Error ? error.message : 'the frame cannot be decoded';
    self.postMessage({ ticket: message.ticket, failure } satisfies WorkerAnswer);
  }
}

self.addEventListener('message', (event: MessageEvent<WorkerRequest>) => {
  void answer(event.data);
});

/** Why an image is not shown, as far as the reader can act on it. */
import { UndecodableFrame } from '../../codecs/samples.ts';
import { DicomWebError } from '../dicom/web.ts';

export type Failure = { readonly reason: 'network' | 'decode' } | { readonly reason: 'refused'; readonly status: number };

export function failureOf(error: unknown): Failure {
  if (error instanceof DicomWebError) return { reason: 'refused', status: error.status };
  return { reason: error instanceof UndecodableFrame ? 'decode' : 'network' };
}

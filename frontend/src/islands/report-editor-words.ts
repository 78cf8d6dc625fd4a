/** Sentences of the editor, from the page, and small questions to our own server. */

import { fill } from './messages.ts';

let words: Record<string, string> | undefined;

/** Return a sentence of the editor, `{name}` replaced by values. */
export function say(key: string, values: Readonly<Record<string, string>> = {}): string {
  if (!words) {
    const source = document.getElementById('report-words')?.textContent;
    words = source ? (JSON.parse(source) as Record<string, string>) : {}; // our own template writes strings only
  }
  return fill(words[key] ?? words['failed'] ?? key, values);
}

/** Tell whether the editor has a sentence for a reason. */
export function knows(key: string): boolean {
  say('failed');
  return words !== undefined && key in words;
}

/** Ask the server in JSON; the answer's status is the caller's affair. A lost connection rejects. */
export function ask(address: string, content?: unknown): Promise<Response> {
  return fetch(address, {
    method: content === undefined ? 'GET' : 'POST',
    credentials: 'same-origin',
    headers: { Accept: 'application/json', ...(content === undefined ? {} : { 'Content-Type': 'application/json' }) },
    ...(content === undefined ? {} : { body: JSON.stringify(content) }),
  });
}

/** Return the reason of a problem answer. */
export async function reasonOf(response: Response): Promise<string> {
  try {
    const problem = (await response.json()) as { reason?: unknown }; // RFC 9457, written by our own door
    return typeof problem.reason === 'string' ? problem.reason : 'failed';
  } catch {
    return 'failed';
  }
}

/** Live events: one connection for all tabs of this browser, passed on to each as DOM events. */

import { sentence } from './messages.ts';
import { announce } from './status.ts';

/** What an event tells: its kind and identifiers, never content. */
export interface LiveEvent {
  readonly kind: string;
  readonly subject: string;
  readonly study_uid?: string;
}

type Word = { readonly type: 'event'; readonly data: LiveEvent } | { readonly type: 'connected'; readonly on: boolean } | { readonly type: 'signed-out' } | { readonly type: 'reload' };

const CHANNEL = 'negatoscope-events';
const RETRY_MS = 5000;
let lost = false;

/** Let whatever shows a state ask for it again. */
function askAnew(): void {
  document.dispatchEvent(new CustomEvent('negatoscope:reconnected'));
  document.dispatchEvent(new CustomEvent('negatoscope:findings-changed'));
}

function showConnection(on: boolean): void {
  const sign = document.getElementById('connection');
  if (sign) sign.hidden = on;
  if (on && lost) {
    announce(sentence('connection_back'));
    askAnew();
  }
  lost = !on;
}

function receive(word: Word): void {
  if (word.type === 'event') {
    document.dispatchEvent(new CustomEvent<LiveEvent>('negatoscope:event', { detail: word.data }));
    if (word.data.kind.startsWith('ai_')) document.dispatchEvent(new CustomEvent('negatoscope:findings-changed'));
  }
  else if (word.type === 'reload') askAnew();
  else if (word.type === 'connected') showConnection(word.on);
  else announce(sentence('signed_out'), true);
}

/** Hold the one connection and pass on what comes; resolves when the session has ended. */
function connect(pass: (word: Word) => void): Promise<void> {
  return new Promise((resolve) => {
    const source = new EventSource('/events');
    source.addEventListener('open', () => pass({ type: 'connected', on: true }));
    source.addEventListener('error', () => {
      pass({ type: 'connected', on: false });
      if (source.readyState === EventSource.CLOSED) setTimeout(resolve, RETRY_MS);
    });
    source.addEventListener('message', (message: MessageEvent<string>) => {
      const data: unknown = JSON.parse(message.data);
      pass({ type: 'event', data: data as LiveEvent }); // our own server writes this shape
    });
    // More was missed than is kept for us: every list asks anew.
    source.addEventListener('reload', () => pass({ type: 'reload' }));
    source.addEventListener('signed-out', () => {
      source.close();
      pass({ type: 'signed-out' });
    });
    window.addEventListener('pagehide', () => source.close());
  });
}

async function keepConnected(pass: (word: Word) => void): Promise<never> {
  for (;;) await connect(pass);
}

/** Start on pages of signed-in people. Tabs elect one that holds the connection, since browsers allow six at most. */
export function setUpLiveEvents(): void {
  if (!('live' in document.body.dataset)) return;
  const channel = new BroadcastChannel(CHANNEL);
  channel.addEventListener('message', (message: MessageEvent<Word>) => receive(message.data));
  const pass = (word: Word): void => {
    receive(word);
    channel.postMessage(word);
  };
  if ('locks' in navigator) void navigator.locks.request(CHANNEL, () => keepConnected(pass));
  else void keepConnected(receive);
}

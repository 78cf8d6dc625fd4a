/** Fetch a page of our own and take parts out of it. */

import { sentence } from './messages.ts';
import { announce } from './status.ts';

/** The page could not be had; what is shown already stays. */
export class PageUnavailable extends Error {}

/** How a page is asked for. Not by hand: the session is not kept awake by it. */
export interface Asking {
  readonly signal?: AbortSignal;
  readonly byHand?: boolean;
}

/** Return the document at an address, or throw PageUnavailable. Says so when the session has ended. */
export async function fetchPage(address: string, { signal, byHand = true }: Asking = {}): Promise<Document> {
  const response = await fetch(address, {
    headers: { Accept: 'text/html', ...(byHand ? {} : { 'Negatoscope-Background': 'yes' }) },
    credentials: 'same-origin',
    ...(signal ? { signal } : {}),
  });
  if (response.redirected && new URL(response.url).pathname === '/login') {
    announce(sentence('signed_out'), true);
    throw new PageUnavailable('signed out');
  }
  if (!response.ok) throw new PageUnavailable(`status ${response.status}`);
  return new DOMParser().parseFromString(await response.text(), 'text/html');
}

/** Put the element of this identifier from a fetched page in the place of ours, and tell the page so. */
export function swap(identifier: string, page: Document): boolean {
  const present = document.getElementById(identifier);
  const fresh = page.getElementById(identifier);
  if (!present || !fresh) return false;
  const adopted = document.adoptNode(fresh);
  present.replaceWith(adopted);
  adopted.dispatchEvent(new CustomEvent('negatoscope:swapped', { bubbles: true }));
  return true;
}

/** Bring the title and the parts that go along with a list up to date. */
export function refreshCompanions(page: Document): void {
  if (page.title) document.title = page.title;
  for (const companion of document.querySelectorAll<HTMLElement>('[data-refresh-along][id]')) {
    if (!companion.contains(document.activeElement)) swap(companion.id, page);
  }
}

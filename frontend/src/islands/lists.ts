/** Live lists: what changed shows at once, and no line moves under the pointer. */

import type { LiveEvent } from './live.ts';
import { sentence } from './messages.ts';
import { fetchPage, refreshCompanions, swap } from './pages.ts';

const GATHER_MS = 120;

/** Lines to change in place, and whether lines came, went or moved. */
export interface Difference {
  readonly changed: readonly string[];
  readonly added: readonly string[];
  readonly reordered: boolean;
}

/** Compare two lists of lines by key; content is compared as text. */
export function compare(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): Difference {
  const changed = [...after].filter(([key, text]) => before.has(key) && before.get(key) !== text).map(([key]) => key);
  const added = [...after.keys()].filter((key) => !before.has(key));
  const reordered = [...before.keys()].join('\n') !== [...after.keys()].join('\n');
  return { changed, added, reordered };
}

function rowsOf(region: ParentNode): Map<string, HTMLElement> {
  const rows = new Map<string, HTMLElement>();
  for (const row of region.querySelectorAll<HTMLElement>('[data-key]')) rows.set(row.dataset['key'] ?? '', row);
  return rows;
}

function texts(rows: ReadonlyMap<string, HTMLElement>): Map<string, string> {
  return new Map([...rows].map(([key, row]) => [key, row.innerHTML.replace(/\s+/g, ' ')]));
}

class LiveList {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private waiting: Document | undefined;

  constructor(private readonly identifier: string) {}

  private get region(): HTMLElement | null {
    return document.getElementById(this.identifier);
  }

  /** A list hears kinds; with `data-refresh-about` it hears of one study only, and of what names no study. */
  listensTo(event: LiveEvent): boolean {
    const { refreshOn, refreshAbout } = this.region?.dataset ?? {};
    if (!refreshOn?.split(' ').includes(event.kind)) return false;
    return !refreshAbout || !event.study_uid || event.study_uid === refreshAbout;
  }

  later(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.refresh().catch(() => undefined); // the sign of a lost connection says it already
    }, GATHER_MS);
  }

  private async refresh(): Promise<void> {
    if (this.postpones()) return;
    const page = await fetchPage(location.pathname + location.search, { byHand: false });
    if (this.postpones()) return; // opened while the page came
    const region = this.region;
    const fresh = page.getElementById(this.identifier);
    if (!region || !fresh) return;
    refreshCompanions(page);
    const present = rowsOf(region);
    const coming = rowsOf(fresh);
    const difference = compare(texts(present), texts(coming));
    if (!isWatched(region) || present.size === 0) {
      this.apply(page, difference.added);
      return;
    }
    for (const key of difference.changed) {
      const row = present.get(key);
      if (row && !row.contains(document.activeElement)) row.innerHTML = coming.get(key)?.innerHTML ?? row.innerHTML;
    }
    if (difference.reordered) this.offer(page, difference.added.length);
  }

  /** News must not close what somebody has open: it comes later. */
  private postpones(): boolean {
    const isOpen = Boolean(this.region?.querySelector('dialog[open], details.menu[open]'));
    if (isOpen) this.later();
    return isOpen;
  }

  private apply(page: Document, added: readonly string[]): void {
    swap(this.identifier, page);
    const rows = this.region ? rowsOf(this.region) : new Map<string, HTMLElement>();
    for (const key of added) rows.get(key)?.classList.add('fresh');
  }

  private offer(page: Document, added: number): void {
    this.waiting = page;
    const region = this.region;
    if (!region) return;
    let bar = region.querySelector<HTMLElement>(':scope > .new-lines');
    if (!bar) {
      bar = document.createElement('div');
      bar.className = 'new-lines';
      bar.setAttribute('role', 'status');
      region.prepend(bar);
    }
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'button button-small';
    const words = added === 1 ? sentence('new_lines_one') : sentence('new_lines_many', { count: added });
    button.textContent = added ? `${words} – ${sentence('show_new_lines')}` : sentence('list_changed');
    button.addEventListener('click', () => this.showWaiting());
    bar.replaceChildren(button);
  }

  showWaiting(): void {
    if (!this.waiting || !this.region) return;
    const before = new Set(rowsOf(this.region).keys());
    const page = this.waiting;
    this.waiting = undefined;
    const added = [...rowsOf(page.getElementById(this.identifier) ?? page).keys()].filter((key) => !before.has(key));
    this.apply(page, added);
    this.region?.querySelector<HTMLElement>('tr[data-href] a[href]')?.focus();
  }
}

/** Tell whether someone is at work in the list: the pointer over it or the focus in it. */
function isWatched(region: HTMLElement): boolean {
  return region.matches(':hover') || region.contains(document.activeElement);
}

let lists: LiveList[] = [];

/** Show the lines that wait behind the bar. */
export function showPending(): void {
  for (const list of lists) list.showWaiting();
}

/** Wire every element with an identifier and `data-refresh-on="kind kind"`. */
export function setUpLists(): void {
  const regions = document.querySelectorAll<HTMLElement>('[data-refresh-on][id]');
  lists = [...regions].map((region) => new LiveList(region.id));
  document.addEventListener('negatoscope:event', (event) => {
    const { detail } = event as CustomEvent<LiveEvent>;
    for (const list of lists) if (list.listensTo(detail)) list.later();
  });
  document.addEventListener('negatoscope:reconnected', () => {
    for (const list of lists) list.later();
  });
}

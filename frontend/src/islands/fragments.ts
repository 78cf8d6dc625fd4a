/** Filters that answer as one types: the page of the new address is fetched and one part of it shown. */

import { sentence } from './messages.ts';
import { fetchPage, PageUnavailable, refreshCompanions, swap } from './pages.ts';
import { announce } from './status.ts';

const PAUSE_MS = 200;

/** Return the address a GET form stands for; empty fields are left out. */
export function addressOf(action: string, entries: Iterable<readonly [string, string]>): string {
  const filled = [...entries].filter(([, value]) => value !== '');
  const query = new URLSearchParams(filled.map(([name, value]) => [name, value])).toString();
  return query ? `${action}?${query}` : action;
}

function textEntries(form: HTMLFormElement): [string, string][] {
  return [...new FormData(form)].filter((entry): entry is [string, string] => typeof entry[1] === 'string');
}

class Fragment {
  private pending: AbortController | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly form: HTMLFormElement) {}

  later(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.show(false), PAUSE_MS);
  }

  async show(remember: boolean): Promise<void> {
    clearTimeout(this.timer);
    const target = this.form.dataset['fragment'] ?? '';
    const address = addressOf(new URL(this.form.action).pathname, textEntries(this.form));
    this.pending?.abort();
    this.pending = new AbortController();
    const region = document.getElementById(target);
    region?.setAttribute('aria-busy', 'true');
    try {
      const page = await fetchPage(address, { signal: this.pending.signal });
      if (!swap(target, page)) {
        location.assign(address);
        return;
      }
      refreshCompanions(page);
      if (remember) history.pushState(null, '', address);
      else history.replaceState(null, '', address);
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') return;
      if (!(error instanceof PageUnavailable && error.message === 'signed out')) announce(sentence('failed'), true);
      region?.removeAttribute('aria-busy');
    }
  }
}

const fragments = new WeakMap<HTMLFormElement, Fragment>();

function fragmentOf(target: EventTarget | null): Fragment | undefined {
  const form = target instanceof Element ? target.closest<HTMLFormElement>('form[data-fragment]') : null;
  if (!form) return undefined;
  const known = fragments.get(form) ?? new Fragment(form);
  fragments.set(form, known);
  return known;
}

/** Wire all filter bars of the page. Without this island the forms work by their button. */
export function setUpFragments(): void {
  document.documentElement.classList.add('has-fragments');
  document.addEventListener('input', (event) => fragmentOf(event.target)?.later());
  document.addEventListener('submit', (event) => {
    const fragment = fragmentOf(event.target);
    if (!fragment) return;
    event.preventDefault();
    void fragment.show(true);
  });
  window.addEventListener('popstate', () => {
    if (document.querySelector('form[data-fragment]')) location.reload();
  });
}

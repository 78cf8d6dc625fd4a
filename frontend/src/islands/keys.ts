/** The keys of the pages, as the registry in the help dialog lists them. The viewer has its own. */

import { step } from './rows.ts';
import { showPending } from './lists.ts';

const SEQUENCE_MS = 1200;
const STORE = 'letter-keys';
const THEMES = ['light', 'dark', 'reading-room'];

function goTo(path: string): void {
  if (document.querySelector(`.main-menu a[href="${path}"]`)) location.assign(path);
}

function nextTheme(): void {
  const form = document.getElementById('preferences');
  const present = THEMES.indexOf(document.documentElement.dataset['theme'] ?? '');
  const next = THEMES[(present + 1) % THEMES.length];
  form?.querySelector<HTMLButtonElement>(`button[name="theme"][value="${next}"]`)?.click();
}

function openHelp(): void {
  const dialog = document.getElementById('keys');
  if (dialog instanceof HTMLDialogElement && !dialog.open) dialog.showModal();
}

const ACTIONS: Readonly<Record<string, () => void>> = {
  help: openHelp,
  search: () => {
    const search = document.querySelector<HTMLElement>('main input[type="search"]');
    (search ?? document.querySelector<HTMLElement>('.filter-bar :is(input:not([type="hidden"]), select)'))?.focus();
  },
  'go-home': () => goTo('/'),
  'go-reading': () => goTo('/reading'),
  'go-orders': () => goTo('/orders'),
  'go-patients': () => goTo('/patients'),
  theme: nextTheme,
  'next-row': () => step(1),
  'previous-row': () => step(-1),
  refresh: showPending,
};

/** Match keys pressed so far against what is bound: an action, the start of one, or nothing. */
export function match(pressed: string, bound: ReadonlyMap<string, string>): { action?: string; more: boolean } {
  const action = bound.get(pressed);
  if (action !== undefined) return { action, more: false };
  const more = [...bound.keys()].some((keys) => keys.startsWith(`${pressed} `));
  return { more };
}

function boundKeys(): Map<string, string> {
  const bound = new Map<string, string>();
  for (const line of document.querySelectorAll<HTMLElement>('#keys [data-shortcut]')) {
    const { shortcut, keys } = line.dataset;
    if (shortcut && keys && shortcut in ACTIONS) bound.set(keys, shortcut);
  }
  return bound;
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches('input, textarea, select'));
}

function wireSwitch(): void {
  const box = document.getElementById('letter-keys');
  if (!(box instanceof HTMLInputElement)) return;
  box.checked = localStorage.getItem(STORE) !== 'off';
  box.addEventListener('change', () => localStorage.setItem(STORE, box.checked ? 'on' : 'off'));
}

/** Wire the keys. Single letters can be switched off (WCAG 2.1.4). */
export function setUpKeys(): void {
  const bound = boundKeys();
  let pressed = '';
  let timer: ReturnType<typeof setTimeout> | undefined;
  wireSwitch();
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event.target)) return;
    if (document.querySelector('dialog[open]') || localStorage.getItem(STORE) === 'off') return;
    clearTimeout(timer);
    const found = match(pressed ? `${pressed} ${event.key}` : event.key, bound);
    pressed = found.more ? (pressed ? `${pressed} ${event.key}` : event.key) : '';
    timer = setTimeout(() => (pressed = ''), SEQUENCE_MS);
    if (found.action) {
      event.preventDefault();
      ACTIONS[found.action]?.();
    }
  });
}

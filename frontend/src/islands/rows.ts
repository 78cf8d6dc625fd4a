/** Lines of lists: a click anywhere opens them, the keys j and k walk them. The link in the line does the opening. */

const INTERACTIVE = 'a, button, input, select, textarea, label, summary';

function linkOf(row: HTMLElement): HTMLAnchorElement | null {
  return row.querySelector<HTMLAnchorElement>('a[href]');
}

function onClick(event: MouseEvent): void {
  if (!(event.target instanceof Element) || event.target.closest(INTERACTIVE)) return;
  const row = event.target.closest<HTMLElement>('tr[data-href]');
  const address = row?.dataset['href'];
  if (!address || String(getSelection())) return;
  if (event.ctrlKey || event.metaKey || event.button === 1) window.open(address, '_blank', 'noopener');
  else location.assign(address);
}

/** Move the focus to the link of the next or previous line; the first when none has it. */
export function step(by: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>('main tr[data-href]')].filter((row) => linkOf(row));
  const present = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[present === -1 ? 0 : Math.min(Math.max(present + by, 0), rows.length - 1)];
  if (next) linkOf(next)?.focus();
}

/** Wire the lines of all lists. */
export function setUpRows(): void {
  document.addEventListener('click', onClick);
  document.addEventListener('auxclick', (event) => {
    if (event.button === 1) onClick(event);
  });
}

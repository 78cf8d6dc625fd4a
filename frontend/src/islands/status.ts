/** Say something once, to eyes and screen readers alike. */

const SHOWN_MS = 6000;

/** Show a sentence in the status region for a while; failures stay until the next one. */
export function announce(text: string, failed = false): void {
  const region = document.getElementById('status');
  if (!region) return;
  const toast = document.createElement('p');
  toast.className = failed ? 'toast toast-failed' : 'toast';
  toast.textContent = text;
  region.replaceChildren(toast);
  if (!failed) setTimeout(() => toast.remove(), SHOWN_MS);
}

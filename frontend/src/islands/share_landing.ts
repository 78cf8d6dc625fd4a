/** The door of a shared study: the secret of the link stands in the fragment, which browsers never send. Put it into the form. */

export function setUpShareLanding(): void {
  const form = document.querySelector<HTMLFormElement>('form[data-share-landing]');
  const field = form?.querySelector<HTMLInputElement>('input[name="token"]');
  const secret = window.location.hash.slice(1);
  if (!form || !field || secret === '') return;
  field.value = secret;
  field.closest<HTMLElement>('.field')?.setAttribute('hidden', '');
  // Whoever looks at the address bar or goes back in history does not find the link there.
  window.history.replaceState(null, '', window.location.pathname);
  form.querySelector<HTMLInputElement>('input[name="code"]')?.focus();
}

/** Forms: ask before what cannot be undone, send once, show the first fault. */

import { ask } from './dialogs.ts';

const confirmed = new WeakSet<HTMLFormElement>();

async function askFirst(form: HTMLFormElement, submitter: HTMLElement | null, question: string): Promise<void> {
  if (!(await ask(question))) {
    submitter?.focus();
    return;
  }
  confirmed.add(form);
  form.requestSubmit(submitter instanceof HTMLButtonElement ? submitter : null);
}

function onSubmit(event: SubmitEvent): void {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || form.method === 'dialog') return;
  const question = event.submitter?.dataset['confirm'] ?? form.dataset['confirm'];
  if (question && !confirmed.has(form)) {
    event.preventDefault();
    void askFirst(form, event.submitter, question);
    return;
  }
  confirmed.delete(form);
  comeBackHere(form);
  if (form.method !== 'post' || event.defaultPrevented) return;
  if (form.dataset['sending']) {
    event.preventDefault();
    return;
  }
  form.dataset['sending'] = 'yes';
  event.submitter?.classList.add('busy');
}

/** A form that leads back to its page leads to the page as it stands now: filters change the address without a reload. */
function comeBackHere(form: HTMLFormElement): void {
  const back = form.elements.namedItem('back');
  if (form.id === 'preferences' && back instanceof HTMLInputElement) back.value = location.pathname + location.search;
}

function release(): void {
  for (const form of document.querySelectorAll<HTMLFormElement>('form[data-sending]')) delete form.dataset['sending'];
  for (const button of document.querySelectorAll('.busy')) button.classList.remove('busy');
}

/** Wire all forms of the page, present and to come. */
export function setUpForms(): void {
  document.addEventListener('submit', onSubmit);
  window.addEventListener('pageshow', release);
  document.querySelector<HTMLElement>('[data-focus]')?.focus();
}

/** Buttons that open dialogs, and questions before what cannot be undone. */

import { sentence } from './messages.ts';

function open(identifier: string): void {
  const dialog = document.getElementById(identifier);
  if (dialog instanceof HTMLDialogElement && !dialog.open) dialog.showModal();
}

/** Ask a question; resolve true when it was confirmed. */
export function ask(question: string): Promise<boolean> {
  const dialog = document.createElement('dialog');
  dialog.className = 'dialog dialog-question';
  dialog.setAttribute('aria-label', question);
  const words = document.createElement('p');
  words.textContent = question;
  const form = document.createElement('form');
  form.method = 'dialog';
  form.className = 'dialog-body';
  const buttons = document.createElement('div');
  buttons.className = 'actions';
  buttons.append(answerButton('confirm', 'yes', 'button-primary'), answerButton('cancel', 'no', 'button-plain'));
  form.append(words, buttons);
  dialog.append(form);
  document.body.append(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
    dialog.showModal();
  });
}

function answerButton(key: string, value: string, kind: string): HTMLButtonElement {
  const button = document.createElement('button');
  button.value = value;
  button.className = `button ${kind}`;
  button.textContent = sentence(key);
  return button;
}

/** Wire every button with `data-opens`, and close dialogs by a click beside them. */
export function setUpDialogs(): void {
  document.addEventListener('click', (event) => {
    if (!(event.target instanceof Element)) return;
    const opener = event.target.closest<HTMLElement>('[data-opens]');
    if (opener?.dataset['opens']) {
      open(opener.dataset['opens']);
    } else if (event.target instanceof HTMLDialogElement && event.target.open) {
      event.target.close();
    }
  });
}

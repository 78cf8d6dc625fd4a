/** The dialog of the signature: what is missing, what is to be confirmed, the password, and what follows. */

import { ask, knows, reasonOf, say } from './report-editor-words.ts';
import type { Saver } from './report-editor-saving.ts';

interface Fault {
  readonly name: string;
  readonly level: string;
  readonly sentence: string;
}

function element<T extends HTMLElement>(identifier: string, kind: new () => T): T | undefined {
  const found = document.getElementById(identifier);
  return found instanceof kind ? found : undefined;
}

function list(title: string, items: readonly HTMLElement[]): HTMLElement {
  const section = document.createElement('section');
  const heading = document.createElement('h3');
  heading.textContent = title;
  section.append(heading, ...items);
  return section;
}

function sentenceOf(fault: Fault): HTMLElement {
  const line = document.createElement('p');
  line.className = 'fault';
  line.textContent = fault.sentence;
  return line;
}

function confirmationOf(fault: Fault): HTMLElement {
  const label = document.createElement('label');
  label.className = 'check';
  const box = document.createElement('input');
  box.type = 'checkbox';
  box.name = 'confirmed';
  box.value = fault.name;
  box.required = true;
  const words = document.createElement('span');
  words.textContent = fault.sentence;
  label.append(box, ' ', words);
  return label;
}

/** One signature in the making. */
export class Signing {
  private readonly dialog = element('sign-dialog', HTMLDialogElement);
  private readonly form = element('sign-form', HTMLFormElement);

  constructor(
    private readonly report: string,
    private readonly saver: Saver,
    private readonly signed: (next: boolean) => void,
  ) {
    this.form?.addEventListener('submit', (event) => {
      event.preventDefault();
      const next = event.submitter instanceof HTMLButtonElement && event.submitter.value === 'next';
      void this.sign(next);
    });
  }

  /** Show the dialog over a text that is saved, with what is missing. */
  async open(): Promise<void> {
    if (!this.dialog) return;
    this.refuse('');
    if (!this.dialog.open) this.dialog.showModal();
    this.form?.querySelector<HTMLInputElement>('input[name="password"]')?.focus();
    if (!(await this.saver.flush())) {
      this.dialog.close();
      return;
    }
    try {
      const response = await ask(`/reports/${this.report}/faults`);
      if (response.ok) this.showFaults(((await response.json()) as { faults: Fault[] }).faults);
      else this.refuse(await reasonOf(response));
    } catch {
      this.refuse('database_down');
    }
  }

  private showFaults(faults: readonly Fault[]): void {
    const place = element('sign-faults', HTMLDivElement);
    const blocking = faults.filter((fault) => fault.level === 'block');
    const confirming = faults.filter((fault) => fault.level !== 'block');
    const parts: HTMLElement[] = [];
    if (blocking.length) parts.push(list(say('must_mend'), blocking.map(sentenceOf)));
    if (confirming.length) parts.push(list(say('must_confirm'), confirming.map(confirmationOf)));
    place?.replaceChildren(...parts);
    for (const button of this.form?.querySelectorAll<HTMLButtonElement>('.actions button') ?? []) {
      button.disabled = blocking.length > 0;
    }
  }

  private async sign(next: boolean): Promise<void> {
    if (!this.form) return;
    const entries = new FormData(this.form);
    const discrepancy = entries.get('discrepancy');
    this.refuse('');
    this.form.classList.add('busy');
    try {
      const response = await ask(`/reports/${this.report}/sign`, {
        version: this.saver.currentVersion,
        password: entries.get('password'),
        confirmed: entries.getAll('confirmed'),
        preliminary: entries.get('preliminary') !== null,
        discrepancy: typeof discrepancy === 'string' && discrepancy ? discrepancy : null,
      });
      if (response.ok) this.signed(next);
      else this.refuse(await reasonOf(response));
    } catch {
      this.refuse('database_down');
    } finally {
      this.form.classList.remove('busy');
    }
  }

  private refuse(reason: string): void {
    const line = element('sign-refusal', HTMLParagraphElement);
    if (!line) return;
    line.hidden = reason === '';
    line.textContent = reason === '' ? '' : say(knows(reason) ? reason : 'failed');
    if (reason === 'wrong_password') this.form?.querySelector<HTMLInputElement>('input[name="password"]')?.select();
  }
}

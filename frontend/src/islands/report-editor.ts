/** The report panel beside the images: the text is kept as it is typed, begun from templates, and signed. */

import { ask as question } from './dialogs.ts';
import { fetchPage, swap } from './pages.ts';
import { nextBlank } from './report-editor-blanks.ts';
import { Saver, type Body, type Outcome, type Shown, type Told } from './report-editor-saving.ts';
import { Signing } from './report-editor-signing.ts';
import { ask, reasonOf, say } from './report-editor-words.ts';
import { announce } from './status.ts';

const RENEW_MS = 5 * 60 * 1000;

class ReportEditor {
  private readonly report: string;
  private readonly saver: Saver;
  private readonly signing: Signing;
  private other: Told | undefined;

  constructor(private readonly form: HTMLFormElement) {
    this.report = form.dataset['report'] ?? '';
    const version = Number(form.dataset['version']);
    this.saver = new Saver(version, () => this.read(), (from, body) => this.send(from, body), (shown, outcome) => this.show(shown, outcome));
    this.signing = new Signing(this.report, this.saver, (next) => this.leave(next));
  }

  wire(): void {
    const { form } = this;
    form.addEventListener('submit', (event) => event.preventDefault());
    form.addEventListener('input', (event) => {
      if (event.target instanceof HTMLSelectElement) void this.begin(event.target);
      else this.saver.touch();
    });
    form.addEventListener('keydown', (event) => this.onKey(event));
    document.getElementById('open-sign')?.addEventListener('click', () => void this.signing.open());
    document.getElementById('withdraw-addendum')?.addEventListener('click', () => void this.withdraw());
    document.getElementById('keep-theirs')?.addEventListener('click', () => this.decide(false));
    document.getElementById('keep-yours')?.addEventListener('click', () => this.decide(true));
    document.getElementById('other-text')?.addEventListener('cancel', (event) => event.preventDefault());
    window.addEventListener('beforeunload', (event) => {
      if (this.saver.isDirty) event.preventDefault();
    });
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'hidden' && this.saver.isDirty) void this.saver.flush();
    });
    this.keepClaim();
  }

  private get areas(): HTMLTextAreaElement[] {
    return [...this.form.querySelectorAll('textarea')];
  }

  private read(): Body {
    const body: Record<string, string> = {};
    for (const area of this.areas) body[area.name] = area.value;
    const verdict = this.form.querySelector<HTMLInputElement>('input[name="assessment"]:checked');
    const template = this.form.querySelector<HTMLSelectElement>('select[name="template"]');
    if (template) body['template'] = template.value;
    if (verdict) body['assessment'] = verdict.value;
    return body;
  }

  private write(body: Body): void {
    for (const area of this.areas) area.value = body[area.name] ?? '';
    for (const radio of this.form.querySelectorAll<HTMLInputElement>('input[name="assessment"]')) {
      radio.checked = radio.value === body['assessment'];
    }
    const template = this.form.querySelector<HTMLSelectElement>('select[name="template"]');
    if (template) template.value = body['template'] ?? '';
  }

  private async send(version: number, body: Body): Promise<Outcome> {
    try {
      const response = await ask(`/reports/${this.report}/draft`, { version, body });
      if (response.ok) return { kind: 'saved', told: (await response.json()) as Told };
      if (response.status === 412) return { kind: 'other', told: (await response.json()) as Told };
      return { kind: 'refused', reason: await reasonOf(response) };
    } catch {
      return { kind: 'refused', reason: 'database_down' };
    }
  }

  private show(shown: Shown, outcome?: Outcome): void {
    const place = document.getElementById('save-state');
    if (!place) return;
    place.dataset['shown'] = shown;
    if (shown === 'other' && outcome?.kind === 'other') {
      this.other = outcome.told;
      this.compare(outcome.told);
    }
    if (outcome?.kind === 'saved' && shown === 'saved') place.textContent = say('saved', { time: outcome.told.saved_at });
    else if (outcome?.kind === 'refused') place.textContent = `${say('not_saved')} ${say(outcome.reason)}`;
    else place.textContent = say(shown === 'saving' ? 'saving' : 'unsaved');
  }

  private compare(told: Told): void {
    const dialog = document.getElementById('other-text');
    const who = document.getElementById('other-text-who');
    if (!(dialog instanceof HTMLDialogElement) || !who) return;
    who.textContent = say('other_text', { name: told.saved_by, time: told.saved_at });
    const mine = this.read();
    const lines = (body: Body): string => this.areas.map((area) => body[area.name] ?? '').filter((text) => text.trim()).join('\n\n');
    for (const [identifier, text] of [['other-text-theirs', lines(told.body)], ['other-text-yours', lines(mine)]] as const) {
      const place = document.getElementById(identifier);
      if (place) place.textContent = text;
    }
    if (!dialog.open) dialog.showModal();
  }

  private decide(keepMine: boolean): void {
    const dialog = document.getElementById('other-text');
    if (dialog instanceof HTMLDialogElement) dialog.close();
    if (!this.other) return;
    if (!keepMine) this.write(this.other.body);
    this.saver.resume(this.other.version, keepMine);
    if (!keepMine) this.show('saved', { kind: 'saved', told: this.other });
    this.other = undefined;
  }

  private async begin(choice: HTMLSelectElement): Promise<void> {
    if (choice.name !== 'template' || !choice.value) return;
    const present = this.read();
    const written = ['technique', 'findings', 'conclusion'].some((name) => present[name]?.trim());
    if (written && !(await question(say('replace_text')))) return;
    try {
      const response = await ask(`/reports/${this.report}/template`, { template: choice.value, body: present });
      if (!response.ok) throw new Error(await reasonOf(response));
      this.write(((await response.json()) as { body: Body }).body);
      this.saver.touch();
      this.goToBlank(true);
    } catch {
      announce(say('failed'), true);
    }
  }

  private onKey(event: KeyboardEvent): void {
    if (event.key === 'F8') {
      event.preventDefault();
      this.goToBlank(false);
    } else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      void this.signing.open();
    }
  }

  private goToBlank(fromTop: boolean): void {
    const { areas } = this;
    const text = areas.findIndex((area) => area === document.activeElement);
    const from = fromTop || text < 0 ? undefined : { text, offset: areas[text]?.selectionEnd ?? 0 };
    const place = nextBlank(areas.map((area) => area.value), from);
    const area = place ? areas[place.text] : areas.find((one) => one.name === 'findings');
    if (!place && !fromTop) announce(say('no_blank'));
    else area?.focus();
    if (place) area?.setSelectionRange(place.blank.start, place.blank.end);
  }

  private async withdraw(): Promise<void> {
    if (!(await this.saver.flush())) return;
    const response = await ask(`/reports/${this.report}/withdraw-addendum`, { version: this.saver.currentVersion }).catch(() => undefined);
    if (response?.ok) location.reload();
    else announce(say('failed'), true);
  }

  /** Take the study on opening it, and renew the lease while somebody is at the page. */
  private keepClaim(): void {
    const address = this.form.dataset['claim'];
    if (!address) return;
    let active = true;
    const claim = (): void => {
      if (!active || document.visibilityState === 'hidden') return;
      active = false;
      void fetch(address, { method: 'POST', credentials: 'same-origin', redirect: 'manual' }).catch(() => undefined);
    };
    for (const kind of ['pointermove', 'keydown', 'wheel']) document.addEventListener(kind, () => (active = true), { passive: true });
    claim();
    setInterval(claim, RENEW_MS);
    // Who leaves without a word gives the study back at once; a study with a draft refuses, and stays with its author.
    window.addEventListener('pagehide', () => {
      if (!this.saver.isDirty) navigator.sendBeacon(address.replace(/claim$/, 'release'));
    });
  }

  private leave(next: boolean): void {
    const form = document.querySelector<HTMLFormElement>('form[action="/reading/next"]');
    if (next && form) form.submit();
    else location.reload();
  }
}

/** Send forms marked `data-stay="identifier …"` without leaving the page, then show those parts anew. */
async function stay(form: HTMLFormElement, submitter: HTMLElement | null): Promise<void> {
  const content = new URLSearchParams();
  for (const [name, value] of new FormData(form, submitter)) if (typeof value === 'string') content.append(name, value);
  try {
    const response = await fetch(form.action, { method: 'POST', credentials: 'same-origin', redirect: 'manual', body: content });
    if (response.type !== 'opaqueredirect' && !response.ok) throw new Error(String(response.status));
    const page = await fetchPage(location.pathname + location.search);
    for (const identifier of (form.dataset['stay'] ?? '').split(' ')) swap(identifier, page);
    document.dispatchEvent(new CustomEvent('negatoscope:findings-changed'));
  } catch {
    announce(say('failed'), true);
  }
}

/** Wire the report panel; does nothing on pages without one. */
export function setUpReportEditor(): void {
  document.addEventListener('submit', (event) => {
    if (!(event.target instanceof HTMLFormElement) || event.target.dataset['stay'] === undefined) return;
    event.preventDefault();
    void stay(event.target, event.submitter);
  }, { capture: true });
  const form = document.getElementById('report-editor');
  if (form instanceof HTMLFormElement) new ReportEditor(form).wire();
}

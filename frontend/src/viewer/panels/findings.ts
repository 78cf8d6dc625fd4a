/** The list of automatic findings, or the plain words for why there is none. */
import type { Finding, Findings, FindingsStatus } from '../findings/model.ts';
import type { RadiographImage } from '../dicom/image.ts';
import type { StringKey, Translator } from '../strings.ts';
import { h } from '../ui/dom.ts';

const MESSAGES: Readonly<Record<Exclude<FindingsStatus, 'done'>, StringKey>> = {
  no_model: 'findings_no_model',
  unsupported: 'findings_unsupported',
  waiting: 'findings_waiting',
  running: 'findings_running',
  failed: 'findings_failed',
  unavailable: 'findings_unavailable',
};

export class FindingsPanel {
  readonly element: HTMLElement;
  private readonly message = h('p', { class: 'nv-panel-message', role: 'status' });
  private readonly list = h('ul', { class: 'nv-finding-list' });
  private shown: { findings: Findings; images: readonly RadiographImage[]; chosen: string | null } | null = null;
  private readonly source = h('p', { class: 'nv-panel-note' });

  constructor(
    private readonly words: Translator,
    private readonly choose: (finding: Finding) => void,
  ) {
    const title = h('h2', {}, words.text('findings'));
    this.element = h('section', { class: 'nv-panel-section' }, title, this.message, this.list, this.source);
  }

  show(findings: Findings, images: readonly RadiographImage[], chosen: string | null): void {
    const { words, shown } = this;
    if (shown?.findings === findings && shown.images === images && shown.chosen === chosen) return;
    this.shown = { findings, images, chosen };
    this.message.textContent = this.statusText(findings);
    this.message.dataset['status'] = findings.status;
    this.list.hidden = findings.findings.length === 0;
    this.list.replaceChildren(...findings.findings.map((finding) => this.row(finding, images, chosen)));
    this.source.textContent = findings.models.length > 0 ? words.text('findings_model', { model: findings.models.join(', ') }) : '';
  }

  private statusText(findings: Findings): string {
    if (findings.status !== 'done') return this.words.text(MESSAGES[findings.status]);
    return this.words.text(findings.findings.length === 0 ? 'findings_clear' : 'findings_advice');
  }

  private row(finding: Finding, images: readonly RadiographImage[], chosen: string | null): HTMLElement {
    const percent = `${Math.round(finding.probability * 100)} %`;
    const at = images.findIndex((image) => image.sopInstanceUid === finding.sopInstanceUid);
    const where =
      finding.region === null
        ? this.words.text('finding_nowhere')
        : images.length > 1 && at !== -1
          ? this.words.text('finding_elsewhere', { number: at + 1 })
          : '';
    const content = [
      h('span', { class: 'nv-finding-label' }, finding.label),
      h('span', { class: 'nv-finding-percent' }, percent),
      h('span', { class: 'nv-finding-where' }, where),
    ];
    if (finding.region === null || at === -1) return h('li', {}, h('div', { class: 'nv-finding-row' }, ...content));
    const button = h(
      'button',
      {
        type: 'button',
        class: 'nv-finding-row',
        'aria-pressed': String(finding.findingId === chosen),
        title: this.words.text('finding_show', { label: finding.label }),
      },
      ...content,
    );
    button.addEventListener('click', () => this.choose(finding));
    return h('li', {}, button);
  }
}

/** The line above a pane when two are shown: which study it is, and which prior to compare with. */
import type { PriorChoice } from '../config.ts';
import type { RadiographImage } from '../dicom/image.ts';
import type { Translator } from '../strings.ts';
import { h, setText } from '../ui/dom.ts';

function summary(image: RadiographImage | null, words: Translator): string {
  if (image === null) return '';
  return [words.date(image.studyDate), image.studyDescription ?? image.bodyPart ?? image.modality].filter((part) => part !== '').join(' · ');
}

export class CurrentHeader {
  readonly element: HTMLElement;
  private readonly text = h('span', { class: 'nv-header-text' });

  constructor(private readonly words: Translator) {
    this.element = h('div', { class: 'nv-header' }, h('span', { class: 'nv-header-kind' }, words.text('current')), this.text);
  }

  show(image: RadiographImage | null): void {
    setText(this.text, summary(image, this.words));
  }
}

export class PriorHeader {
  readonly element: HTMLElement;
  private readonly select: HTMLSelectElement;
  private readonly explanation = h('span', { class: 'nv-header-text' });
  private readonly warning = h('span', { class: 'nv-header-warning', role: 'alert' });

  /** `studyUid` is the open study, offered last: two of its images side by side. */
  constructor(
    private readonly words: Translator,
    private readonly priors: readonly PriorChoice[],
    studyUid: string,
    choose: (studyUid: string) => void,
  ) {
    const offered = priors.map((prior) => h('option', { value: prior.studyUid }, prior.label));
    const own = h('option', { value: studyUid }, words.text('same_study'));
    this.select = h('select', { 'aria-label': words.text('choose_prior') }, ...offered, own);
    this.select.addEventListener('change', () => choose(this.select.value));
    this.element = h('div', { class: 'nv-header' }, h('span', { class: 'nv-header-kind' }, words.text('prior')), this.select, this.explanation, this.warning);
  }

  /** `matches` is false when the two panes do not name the same patient. */
  show(studyUid: string, matches: boolean): void {
    this.select.value = studyUid;
    setText(this.explanation, this.priors.find((prior) => prior.studyUid === studyUid)?.explanation ?? '');
    setText(this.warning, matches ? '' : this.words.text('other_patient'));
  }
}

/** The same person, as far as the images say. */
export function samePatient(a: RadiographImage | null, b: RadiographImage | null): boolean {
  if (a === null || b === null) return true;
  return a.patient.name === b.patient.name && a.patient.identifier === b.patient.identifier;
}

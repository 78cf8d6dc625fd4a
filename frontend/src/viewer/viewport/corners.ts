/** The text in the corners and the letters at the edges: who, which side, which view, how large, how true. */
import type { RadiographImage } from '../dicom/image.ts';
import { edgeLetters } from '../geometry/placement.ts';
import type { Translator } from '../strings.ts';
import { h, setText } from '../ui/dom.ts';
import type { Display } from './display.ts';

export interface CornerFacts {
  readonly image: RadiographImage;
  readonly display: Display | null;
  readonly frame: number;
  readonly number: number;
  readonly total: number;
  readonly hideIdentity: boolean;
  readonly showText: boolean;
  readonly windowName: string;
}

type Place = 'top-left' | 'top-right' | 'bottom-left' | 'bottom-right';
type Line = { readonly text: string; readonly kind?: 'strong' | 'warning' | 'side' };

function identity(image: RadiographImage, hidden: boolean, words: Translator): Line[] {
  if (hidden) return [{ text: words.text('identity_hidden'), kind: 'strong' }];
  const { name, identifier, birthDate, sex } = image.patient;
  const born = birthDate === undefined || !/^\d{8}$/.test(birthDate) ? '' : `${words.text('born')} ${words.date(birthDate)}`;
  const sexText = sex === 'M' || sex === 'F' || sex === 'O' ? words.text(`sex_${sex}`) : '';
  return [
    { text: name ?? '—', kind: 'strong' },
    { text: [born, sexText].filter((part) => part !== '').join(' · ') },
    { text: identifier === undefined ? '' : `${words.text('patient_identifier')} ${identifier}` },
  ];
}

function clock(written: string | undefined): string {
  const match = /^(\d{2})(\d{2})/.exec(written ?? '');
  return match === null ? '' : `${match[1]}:${match[2]}`;
}

function study(image: RadiographImage, words: Translator): Line[] {
  const when = [words.date(image.studyDate), clock(image.studyTime)].filter((part) => part !== '').join(' ');
  const what = [image.modality, image.studyDescription ?? image.seriesDescription ?? ''].filter((part) => part !== '');
  return [{ text: when, kind: 'strong' }, { text: what.join(' · ') }];
}

function sideText(image: RadiographImage, words: Translator): Line {
  const { laterality } = image;
  if (laterality === 'R' || laterality === 'L' || laterality === 'B' || laterality === 'U') {
    return { text: words.text(`side_${laterality}`), kind: 'side' };
  }
  return { text: words.text('side_unknown') };
}

function projection(facts: CornerFacts, words: Translator): Line[] {
  const { image } = facts;
  const view = image.view === undefined ? words.text('view_unknown') : `${words.text('view')} ${image.view}`;
  const counted = facts.total > 1 ? words.text('image_of', { number: facts.number, total: facts.total }) : '';
  const frame = image.frames > 1 ? words.text('frame_of', { number: facts.frame, total: image.frames }) : '';
  return [
    sideText(image, words),
    { text: [image.bodyPart ?? '', view].filter((part) => part !== '').join(' · ') },
    { text: image.directions === null ? words.text('orientation_unknown') : '' },
    { text: [counted, frame].filter((part) => part !== '').join(' · ') },
  ];
}

function lossyText(image: RadiographImage, words: Translator): string {
  if (image.lossy === null) return '';
  const { ratio, method } = image.lossy;
  const detail = [ratio === undefined ? '' : `${words.number(ratio, ratio < 10 ? 1 : 0)}:1`, method ?? ''];
  return [words.text('lossy'), ...detail].filter((part) => part !== '').join(' ');
}

/** Zoom as radiologists say it: percent of 1:1. */
function scaleText(image: RadiographImage, display: Display, words: Translator): string {
  const percent = `${words.text('scale')} ${words.number(display.placement.zoom * 100, 0)} %`;
  return `${percent} · ${words.text(image.calibration.state)}`;
}

function windowText(facts: CornerFacts, words: Translator): string {
  const { voi } = facts.display ?? { voi: null };
  if (voi === null) return '';
  const digits = voi.width < 20 ? 1 : 0;
  return `${facts.windowName} · C ${words.number(voi.center, digits)} L ${words.number(voi.width, digits)}`;
}

function shown(facts: CornerFacts, words: Translator): Line[] {
  if (facts.display === null) return [];
  const text = windowText(facts, words);
  return [
    { text: lossyText(facts.image, words), kind: 'warning' },
    { text: words.language === 'fr' ? text : text.replace(' L ', ' W ') },
    { text: scaleText(facts.image, facts.display, words) },
  ];
}

export class Corners {
  readonly element = h('div', { class: 'nv-corners' });
  private readonly places = new Map<Place, HTMLElement>();
  private readonly letters = new Map<string, HTMLElement>();

  constructor(private readonly words: Translator) {
    for (const place of ['top-left', 'top-right', 'bottom-left', 'bottom-right'] as const) {
      const box = h('div', { class: `nv-corner nv-${place}` });
      this.places.set(place, box);
      this.element.append(box);
    }
    for (const edge of ['left', 'right', 'top', 'bottom']) {
      const letter = h('div', { class: `nv-letter nv-letter-${edge}`, 'data-edge': edge });
      this.letters.set(edge, letter);
      this.element.append(letter);
    }
  }

  /** Write all texts; patient, side, view, scale and loss stay when the rest is hidden. */
  show(facts: CornerFacts | null): void {
    const { words } = this;
    this.write('top-left', facts === null ? [] : identity(facts.image, facts.hideIdentity, words));
    this.write('top-right', facts === null || !facts.showText ? [] : study(facts.image, words));
    const lines = facts === null ? [] : projection(facts, words);
    this.write('bottom-left', facts?.showText === false ? lines.slice(0, 2) : lines);
    const right = facts === null ? [] : shown(facts, words);
    this.write('bottom-right', facts?.showText === false ? right.filter((_, index) => index !== 1) : right);
    this.writeLetters(facts);
  }

  private writeLetters(facts: CornerFacts | null): void {
    const directions = facts?.image.directions ?? null;
    const display = facts?.display ?? null;
    const edges = directions === null || display === null ? null : edgeLetters(display.placement, directions);
    for (const [edge, element] of this.letters) setText(element, edges === null ? '' : edges[edge as keyof typeof edges]);
  }

  private write(place: Place, lines: readonly Line[]): void {
    const box = this.places.get(place);
    const rows = lines
      .filter((line) => line.text !== '')
      .map((line) => h('div', { class: line.kind === undefined ? null : `nv-${line.kind}` }, line.text));
    if (box !== undefined && box.textContent !== rows.map((row) => row.textContent).join('')) box.replaceChildren(...rows);
  }
}

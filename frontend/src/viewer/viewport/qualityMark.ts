/** Says how far an image is loaded, and what went wrong when it is not shown. */
import type { Translator } from '../strings.ts';
import { h, setText } from '../ui/dom.ts';
import type { Failure } from './failure.ts';
import type { Viewport } from './viewport.ts';

function loadingText(viewport: Viewport, words: Translator): string {
  const { received, total } = viewport.progress;
  if (received === 0) return words.text('loading');
  if (total !== undefined) return words.text('loading_percent', { percent: Math.min(Math.round((received / total) * 100), 100) });
  return words.text('loading_megabytes', { megabytes: words.number(received / 1e6, 1) });
}

function failureText(failure: Failure, words: Translator): string {
  if (failure.reason === 'refused') return words.text('failure_refused', { status: failure.status });
  return words.text(failure.reason === 'decode' ? 'failure_decode' : 'failure_network');
}

export class QualityMark {
  readonly element: HTMLElement;
  readonly failure: HTMLElement;
  private readonly label = h('span', { class: 'nv-quality-text' });
  private readonly message = h('p');

  constructor(
    private readonly words: Translator,
    retry: () => void,
  ) {
    this.element = h('div', { class: 'nv-quality' }, h('span', { class: 'nv-quality-dot', 'aria-hidden': 'true' }), this.label);
    const button = h('button', { type: 'button', class: 'nv-text-button' }, words.text('retry'));
    button.addEventListener('click', retry);
    this.failure = h('div', { class: 'nv-failure', role: 'alert', hidden: true }, this.message, button);
  }

  show(viewport: Viewport): void {
    const { quality, failure } = viewport;
    this.element.dataset['quality'] = quality;
    this.element.hidden = quality === 'empty';
    if (quality === 'loading') setText(this.label, loadingText(viewport, this.words));
    if (quality === 'full') setText(this.label, this.words.text('full'));
    if (quality === 'failed') setText(this.label, this.words.text('failed'));
    this.failure.hidden = failure === null;
    if (failure !== null) setText(this.message, failureText(failure, this.words));
  }
}

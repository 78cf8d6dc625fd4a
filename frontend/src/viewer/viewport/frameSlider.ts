/** The slider of a multi-frame image. */
import type { Translator } from '../strings.ts';
import { h, setAttribute } from '../ui/dom.ts';

export class FrameSlider {
  readonly element: HTMLElement;
  private readonly input: HTMLInputElement;

  constructor(
    private readonly words: Translator,
    chosen: (frame: number) => void,
  ) {
    this.input = h('input', { type: 'range', min: 1, step: 1, 'aria-label': words.text('frame') });
    this.input.addEventListener('input', () => chosen(this.input.valueAsNumber));
    this.element = h('div', { class: 'nv-frames', hidden: true }, this.input);
  }

  show(frame: number, total: number): void {
    this.element.hidden = total < 2;
    this.input.max = String(total);
    this.input.value = String(frame);
    setAttribute(this.input, 'aria-valuetext', this.words.text('frame_of', { number: frame, total }));
  }
}

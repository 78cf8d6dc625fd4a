/** The list of marks on the shown image, with what they measure. */
import { measure, numberOf, worth, type Mark } from '../marks/model.ts';
import type { Translator } from '../strings.ts';
import { h } from '../ui/dom.ts';
import { icon } from '../ui/icons.ts';
import type { Viewport } from '../viewport/viewport.ts';

export class MarksPanel {
  readonly element: HTMLElement;
  private readonly list = h('ul', { class: 'nv-mark-list' });
  private readonly note = h('p', { class: 'nv-panel-note' });
  private shown = '';

  constructor(
    private readonly words: Translator,
    private readonly remove: (mark: Mark) => void,
  ) {
    this.element = h('section', { class: 'nv-panel-section' }, h('h2', {}, words.text('marks')), this.list, this.note);
  }

  show(viewport: Viewport): void {
    const { image, frame, display, frameNumber } = viewport;
    const marks = display?.marks.filter((mark) => mark.frame === frameNumber) ?? [];
    const lines =
      image === null || frame === null
        ? []
        : marks.map((mark) => ({
            mark,
            text: this.words.text(`mark_${mark.kind}`, { number: numberOf(mark, marks), value: measure(mark, image, frame, this.words) }),
            note: worth(mark, image, this.words),
          }));
    const state = lines.map((line) => `${line.mark.serial} ${line.text}`).join('\n');
    this.note.textContent = this.words.text(lines.length === 0 ? 'marks_none' : 'marks_unsaved');
    if (state === this.shown) return;
    this.shown = state;
    this.list.replaceChildren(...lines.map((line) => this.row(line.mark, line.text, line.note)));
  }

  private row(mark: Mark, text: string, note: string): HTMLElement {
    const name = this.words.labelled(this.words.text('remove'), text);
    const button = h('button', { type: 'button', class: 'nv-button nv-small', 'aria-label': name, title: name }, icon('close'));
    button.addEventListener('click', () => this.remove(mark));
    return h('li', {}, h('span', {}, text, note === '' ? null : h('small', {}, note)), button);
  }
}

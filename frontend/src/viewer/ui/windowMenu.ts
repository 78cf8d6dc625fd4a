/** The window menu: the device's windows by name, computed ones, and the numbers. */
import type { RadiographImage } from '../dicom/image.ts';
import type { Translator } from '../strings.ts';
import type { Display } from '../viewport/display.ts';
import { h, setText } from './dom.ts';
import { icon } from './icons.ts';
import { Popover } from './popover.ts';
import { choiceName, windowName } from './windowNames.ts';

export interface WindowMenuListener {
  readonly choose: (voiKey: string) => void;
  readonly type: (center: number, width: number) => void;
}

export class WindowMenu {
  private readonly name = h('span', { class: 'nv-menu-name' });
  private readonly popover = new Popover('nv-window-menu', 'nv-menu-button', this.name, icon('down'));
  private readonly choices = h('div', { class: 'nv-menu-choices' });
  private readonly center: HTMLInputElement;
  private readonly width: HTMLInputElement;
  private shown: { image: RadiographImage; voiKey: string } | null = null;

  constructor(
    private readonly words: Translator,
    private readonly listener: WindowMenuListener,
  ) {
    this.popover.name(words.text('windows'));
    setText(this.name, words.text('window'));
    this.center = this.numberField();
    this.width = this.numberField();
    this.popover.menu.append(
      this.choices,
      h(
        'div',
        { class: 'nv-menu-numbers' },
        h('label', {}, words.text('window_center'), this.center),
        h('label', {}, words.text('window_width'), this.width),
      ),
    );
  }

  get element(): HTMLElement {
    return this.popover.element;
  }

  show(image: RadiographImage | null, display: Display | null): void {
    const { words } = this;
    this.popover.button.disabled = image === null || (display?.voi ?? null) === null;
    const name = image === null || display === null ? words.text('window') : windowName(display.voiKey, image, words);
    setText(this.name, name);
    this.popover.name(words.labelled(words.text('windows'), name));
    if (image === null || display === null || display.voi === null) return;
    const { center, width } = display.voi;
    if (document.activeElement !== this.center) this.center.value = String(Math.round(center * 100) / 100);
    if (document.activeElement !== this.width) this.width.value = String(Math.round(width * 100) / 100);
    if (this.shown?.image === image && this.shown.voiKey === display.voiKey) return;
    this.shown = { image, voiKey: display.voiKey };
    this.choices.replaceChildren(...this.groups(image, display.voiKey));
  }

  private groups(image: RadiographImage, chosen: string): Node[] {
    const { words } = this;
    const own = image.voiChoices.map((choice) => {
      const name = choiceName(choice, words);
      const label = choice.voi.kind === 'lut' && choice.explanation !== '' ? `${name} (${words.text('lut')})` : name;
      return this.choice(choice.key, label, chosen);
    });
    const computed = [
      this.choice('auto', words.text('window_auto'), chosen),
      this.choice('full', words.text('window_full'), chosen),
    ];
    const group = (name: string, buttons: readonly HTMLElement[]): HTMLElement =>
      h('div', { role: 'group', 'aria-label': name }, h('div', { class: 'nv-menu-title', 'aria-hidden': 'true' }, name), ...buttons);
    return [
      ...(own.length === 0 ? [] : [group(words.text('window_from_image'), own)]),
      group(words.text('window_computed'), computed),
    ];
  }

  private choice(voiKey: string, label: string, chosen: string): HTMLButtonElement {
    const pressed = String(voiKey === chosen);
    const button = h('button', { type: 'button', class: 'nv-menu-item', 'aria-pressed': pressed, 'data-voi': voiKey }, label);
    button.addEventListener('click', () => {
      this.listener.choose(voiKey);
      this.popover.close();
    });
    return button;
  }

  private numberField(): HTMLInputElement {
    const field = h('input', { type: 'number', step: 'any', inputmode: 'decimal' });
    field.addEventListener('change', () => {
      const center = this.center.valueAsNumber;
      const width = this.width.valueAsNumber;
      if (Number.isFinite(center) && Number.isFinite(width) && width > 0) this.listener.type(center, width);
    });
    return field;
  }
}

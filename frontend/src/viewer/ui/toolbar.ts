/** The toolbar: one row of named buttons, in the order of a reading. */
import { keyOf, shownKey, type CommandId } from '../hotkeys.ts';
import type { Translator } from '../strings.ts';
import { h, setAttribute } from './dom.ts';
import { icon } from './icons.ts';
import { Popover } from './popover.ts';
import { LEFT_GROUPS, RIGHT_GROUPS, type ButtonPlan } from './toolbarPlan.ts';

export class Toolbar {
  readonly element: HTMLElement;
  /** A rare command has two: in the row, and in the menu that takes its place where there is little room. */
  private readonly buttons = new Map<CommandId, HTMLButtonElement[]>();
  private readonly more = new Popover('nv-more-menu', '', icon('more'));

  /** `windowMenu` stands between what shows and what measures. */
  constructor(
    private readonly words: Translator,
    private readonly run: (command: CommandId) => void,
    windowMenu: HTMLElement,
  ) {
    const left = LEFT_GROUPS.map((group) => this.group(group));
    const right = RIGHT_GROUPS.map((group) => this.group(group));
    this.fillMore([...LEFT_GROUPS, ...RIGHT_GROUPS].flat().filter((plan) => plan.rare === true));
    this.element = h(
      'div',
      { class: 'nv-toolbar', role: 'toolbar', 'aria-label': words.text('tools') },
      ...left,
      windowMenu,
      this.more.element,
      h('div', { class: 'nv-spacer' }),
      ...right,
    );
    this.element.addEventListener('keydown', (event) => this.walk(event));
    this.element.addEventListener('focusin', (event) => {
      const item = this.items().find((each) => each === event.target);
      if (item !== undefined) this.rove(item);
    });
    this.rove(this.element.querySelector<HTMLElement>('.nv-button') ?? undefined);
  }

  setPressed(command: CommandId, pressed: boolean): void {
    for (const button of this.buttonsOf(command)) setAttribute(button, 'aria-pressed', String(pressed));
  }

  /** What cannot be done now keeps its place and its focus, and says so. */
  setEnabled(command: CommandId, enabled: boolean): void {
    for (const button of this.buttonsOf(command)) setAttribute(button, 'aria-disabled', enabled ? null : 'true');
  }

  private buttonsOf(command: CommandId): HTMLButtonElement[] {
    const buttons = this.buttons.get(command);
    if (buttons === undefined) throw new Error(`no button for ${command}`);
    return buttons;
  }

  private group(plans: readonly ButtonPlan[]): HTMLElement {
    return h('div', { class: 'nv-group' }, ...plans.map((plan) => this.button(plan)));
  }

  private button(plan: ButtonPlan): HTMLButtonElement {
    const name = this.words.text(plan.label);
    const button = h(
      'button',
      {
        type: 'button',
        class: plan.rare === true ? 'nv-button nv-rare' : 'nv-button',
        'aria-label': name,
        'aria-pressed': plan.toggle === true ? 'false' : null,
        title: `${name} (${shownKey(keyOf(plan.command), this.words)})`,
        'data-command': plan.command,
      },
      icon(plan.icon),
    );
    this.bind(plan.command, button);
    return button;
  }

  private bind(command: CommandId, button: HTMLButtonElement): void {
    button.addEventListener('click', () => {
      if (button.getAttribute('aria-disabled') !== 'true') this.run(command);
    });
    this.buttons.set(command, [...(this.buttons.get(command) ?? []), button]);
  }

  private fillMore(plans: readonly ButtonPlan[]): void {
    this.more.name(this.words.text('more'));
    this.more.element.classList.add('nv-more');
    for (const plan of plans) {
      const pressed = plan.toggle === true ? 'false' : null;
      const key = h('kbd', { 'aria-hidden': 'true' }, shownKey(keyOf(plan.command), this.words));
      const item = h('button', { type: 'button', class: 'nv-menu-item', 'aria-pressed': pressed }, this.words.text(plan.label), key);
      this.bind(plan.command, item);
      item.addEventListener('click', () => this.more.close());
      this.more.menu.append(item);
    }
  }

  private items(): HTMLElement[] {
    return [...this.element.querySelectorAll<HTMLElement>('.nv-button')].filter(
      (item) => item.closest('[popover]') === null && item.offsetParent !== null,
    );
  }

  /** One stop of Tab for the whole toolbar, at the button used last, as in any toolbar. */
  private rove(chosen: HTMLElement | undefined): void {
    for (const item of this.element.querySelectorAll<HTMLElement>('.nv-button')) item.tabIndex = item === chosen ? 0 : -1;
  }

  /** Left and right walk the buttons, Home and End go to the ends. */
  private walk(event: KeyboardEvent): void {
    const items = this.items();
    const here = items.findIndex((item) => item === event.target);
    const targets: Readonly<Record<string, number>> = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: -1 };
    const target = targets[event.key];
    if (here === -1 || target === undefined) return;
    event.preventDefault();
    items.at(target % items.length)?.focus();
  }
}

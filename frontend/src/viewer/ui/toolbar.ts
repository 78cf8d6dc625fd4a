/** The toolbar: one row of named buttons, in the order of a reading. */
import { keyOf, shownKey, type CommandId } from '../hotkeys.ts';
import type { StringKey, Translator } from '../strings.ts';
import { h, setAttribute } from './dom.ts';
import { icon, type IconName } from './icons.ts';

interface ButtonPlan {
  readonly command: CommandId;
  readonly icon: IconName;
  readonly label: StringKey;
  /** Shows a state that is on or off, rather than doing something once. */
  readonly toggle?: true;
}

const GROUPS: readonly (readonly ButtonPlan[])[] = [
  [
    { command: 'tool.window', icon: 'window', label: 'window', toggle: true },
    { command: 'tool.region', icon: 'region', label: 'region', toggle: true },
    { command: 'tool.pan', icon: 'pan', label: 'pan', toggle: true },
    { command: 'tool.zoom', icon: 'zoom', label: 'zoom', toggle: true },
    { command: 'tool.ruler', icon: 'ruler', label: 'ruler', toggle: true },
    { command: 'tool.angle', icon: 'angle', label: 'angle', toggle: true },
    { command: 'tool.probe', icon: 'probe', label: 'probe', toggle: true },
  ],
  [
    { command: 'view.fit', icon: 'fit', label: 'fit' },
    { command: 'view.oneToOne', icon: 'oneToOne', label: 'one_to_one' },
    { command: 'view.invert', icon: 'invert', label: 'invert', toggle: true },
    { command: 'view.rotateLeft', icon: 'rotateLeft', label: 'rotate_left' },
    { command: 'view.rotateRight', icon: 'rotateRight', label: 'rotate_right' },
    { command: 'view.flipHorizontal', icon: 'flipHorizontal', label: 'flip_horizontal' },
    { command: 'view.flipVertical', icon: 'flipVertical', label: 'flip_vertical' },
  ],
  [
    { command: 'view.undo', icon: 'undo', label: 'undo' },
    { command: 'view.reset', icon: 'reset', label: 'reset' },
  ],
];

const RIGHT_GROUPS: readonly (readonly ButtonPlan[])[] = [
  [
    { command: 'study.double', icon: 'double', label: 'layout_double', toggle: true },
    { command: 'study.link', icon: 'link', label: 'link', toggle: true },
  ],
  [
    { command: 'study.findings', icon: 'findings', label: 'findings_toggle', toggle: true },
    { command: 'study.panel', icon: 'panel', label: 'findings_panel', toggle: true },
    { command: 'study.identity', icon: 'identity', label: 'hide_identity', toggle: true },
    { command: 'study.corners', icon: 'corners', label: 'corner_text', toggle: true },
    { command: 'study.fullScreen', icon: 'fullScreen', label: 'full_screen' },
    { command: 'study.help', icon: 'help', label: 'help' },
  ],
];

export class Toolbar {
  readonly element: HTMLElement;
  private readonly buttons = new Map<CommandId, HTMLButtonElement>();

  /** `windowMenu` stands between what shows and what measures. */
  constructor(
    private readonly words: Translator,
    private readonly run: (command: CommandId) => void,
    windowMenu: HTMLElement,
  ) {
    const left = GROUPS.map((group) => this.group(group));
    const right = RIGHT_GROUPS.map((group) => this.group(group));
    this.element = h(
      'div',
      { class: 'nv-toolbar', role: 'toolbar', 'aria-label': words.text('tools') },
      ...left,
      windowMenu,
      h('div', { class: 'nv-spacer' }),
      ...right,
    );
    this.element.addEventListener('keydown', (event) => this.walk(event));
    this.element.addEventListener('focusin', (event) => {
      const item = this.items().find((each) => each === event.target);
      if (item !== undefined) this.rove(item);
    });
    this.rove(this.items()[0]);
  }

  setPressed(command: CommandId, pressed: boolean): void {
    setAttribute(this.buttonOf(command), 'aria-pressed', String(pressed));
  }

  /** What cannot be done now keeps its place and its focus, and says so. */
  setEnabled(command: CommandId, enabled: boolean): void {
    setAttribute(this.buttonOf(command), 'aria-disabled', enabled ? null : 'true');
  }

  private buttonOf(command: CommandId): HTMLButtonElement {
    const button = this.buttons.get(command);
    if (button === undefined) throw new Error(`no button for ${command}`);
    return button;
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
        class: 'nv-button',
        'aria-label': name,
        'aria-pressed': plan.toggle === true ? 'false' : null,
        title: `${name} (${shownKey(keyOf(plan.command), this.words)})`,
        'data-command': plan.command,
      },
      icon(plan.icon),
    );
    button.addEventListener('click', () => {
      if (button.getAttribute('aria-disabled') !== 'true') this.run(plan.command);
    });
    this.buttons.set(plan.command, button);
    return button;
  }

  private items(): HTMLElement[] {
    return [...this.element.querySelectorAll<HTMLElement>('.nv-button')].filter((item) => item.closest('[popover]') === null);
  }

  /** One stop of Tab for the whole toolbar, at the button used last, as in any toolbar. */
  private rove(chosen: HTMLElement | undefined): void {
    for (const item of this.items()) item.tabIndex = item === chosen ? 0 : -1;
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

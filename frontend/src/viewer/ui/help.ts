/** The help dialog: every key of the registry, the mouse, and the few settings. */
import type { Preferences } from '../config.ts';
import { HOT_KEYS, shownKey, type KeyScope } from '../hotkeys.ts';
import type { StringKey, Translator } from '../strings.ts';
import { h } from './dom.ts';
import { icon } from './icons.ts';

const SCOPES: readonly KeyScope[] = ['tools', 'view', 'study', 'marks'];
const MOUSE: readonly StringKey[] = [
  'mouse_left',
  'mouse_right',
  'mouse_middle',
  'mouse_wheel',
  'mouse_double',
  'mouse_pinch',
];
const SWITCHES = [
  { preference: 'singleLetterKeys', label: 'single_keys', hint: 'single_keys_hint' },
  { preference: 'drawOnProcessor', label: 'renderer', hint: 'renderer_hint' },
] as const satisfies readonly { preference: keyof Preferences; label: StringKey; hint: StringKey }[];

function keyTable(scope: KeyScope, words: Translator): HTMLElement {
  const rows = HOT_KEYS.filter((hotKey) => hotKey.scope === scope).map((hotKey) =>
    h('div', { class: 'nv-key-row' }, h('dt', {}, h('kbd', {}, shownKey(hotKey.key, words))), h('dd', {}, words.text(hotKey.label))),
  );
  return h('section', {}, h('h3', {}, words.text(`scope_${scope}`)), h('dl', {}, ...rows));
}

export class Help {
  readonly element: HTMLDialogElement;
  private readonly boxes = new Map<keyof Preferences, HTMLInputElement>();

  constructor(
    private readonly words: Translator,
    private readonly change: (preference: keyof Preferences, value: boolean) => void,
  ) {
    const close = h(
      'button',
      { type: 'button', class: 'nv-button', 'aria-label': words.text('close'), title: words.text('close') },
      icon('close'),
    );
    close.addEventListener('click', () => this.element.close());
    const mouse = MOUSE.map((line) => h('li', {}, words.text(line)));
    this.element = h(
      'dialog',
      { class: 'nv-dialog', 'aria-labelledby': 'nv-help-title' },
      h('header', {}, h('h2', { id: 'nv-help-title' }, words.text('help')), close),
      h('div', { class: 'nv-settings' }, ...SWITCHES.map((plan) => this.switchFor(plan))),
      h('div', { class: 'nv-keys' }, ...SCOPES.map((scope) => keyTable(scope, words))),
      h('section', {}, h('h3', {}, words.text('mouse')), h('ul', {}, ...mouse)),
    );
  }

  open(preferences: Preferences): void {
    for (const [preference, box] of this.boxes) box.checked = preferences[preference];
    if (!this.element.open) this.element.showModal();
  }

  private switchFor(plan: (typeof SWITCHES)[number]): HTMLElement {
    const hintId = `nv-hint-${plan.preference}`;
    const box = h('input', { type: 'checkbox', 'aria-describedby': hintId });
    box.addEventListener('change', () => this.change(plan.preference, box.checked));
    this.boxes.set(plan.preference, box);
    const label = h('label', {}, box, this.words.text(plan.label));
    return h('div', {}, label, h('p', { id: hintId }, this.words.text(plan.hint)));
  }
}

/** A button with a menu under it, in the browser's own top layer: it closes by Escape or a click beside it. */
import { h, setAttribute } from './dom.ts';

export class Popover {
  readonly element: HTMLElement;
  readonly button: HTMLButtonElement;
  readonly menu: HTMLElement;

  constructor(identifier: string, className: string, ...content: Node[]) {
    this.menu = h('div', { class: 'nv-menu', id: identifier, popover: 'auto' });
    this.button = h('button', { type: 'button', class: `nv-button ${className}`, popovertarget: identifier }, ...content);
    this.element = h('div', { class: 'nv-group' }, this.button, this.menu);
    this.menu.addEventListener('beforetoggle', () => this.place());
    this.menu.addEventListener('toggle', () => this.focusFirst());
    this.menu.addEventListener('keydown', (event) => this.walk(event));
  }

  name(name: string): void {
    setAttribute(this.button, 'aria-label', name);
    this.button.title = name;
  }

  close(): void {
    this.menu.hidePopover();
    this.button.focus();
  }

  private items(): HTMLElement[] {
    return [...this.menu.querySelectorAll<HTMLElement>('.nv-menu-item')];
  }

  private focusFirst(): void {
    if (!this.menu.matches(':popover-open')) return;
    const items = this.items();
    (items.find((item) => item.getAttribute('aria-pressed') === 'true') ?? items[0])?.focus();
  }

  /** Up and down walk the items. */
  private walk(event: KeyboardEvent): void {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    const items = this.items();
    const here = items.findIndex((item) => item === event.target);
    if (step === 0 || here === -1) return;
    event.preventDefault();
    items.at((here + step) % items.length)?.focus();
  }

  /** Under the button, drawn back from the right edge of the window. */
  private place(): void {
    const box = this.button.getBoundingClientRect();
    this.menu.style.top = `${box.bottom + 4}px`;
    this.menu.style.left = `${Math.max(Math.min(box.left, window.innerWidth - MENU_PIXELS - 8), 8)}px`;
  }
}

/** As in the style sheet. */
const MENU_PIXELS = 272;

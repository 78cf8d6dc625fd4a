/** The rectangle that a drag draws. */
import type { Point } from '../geometry/placement.ts';
import { s, setAttribute } from '../ui/dom.ts';

export class RubberBand {
  readonly element = s('rect', { class: 'nv-band', visibility: 'hidden' });

  /** Draw from one corner to another; null takes it away. */
  show(from: Point, to: Point | null): void {
    setAttribute(this.element, 'visibility', to === null ? 'hidden' : 'visible');
    if (to === null) return;
    setAttribute(this.element, 'x', Math.min(from.x, to.x));
    setAttribute(this.element, 'y', Math.min(from.y, to.y));
    setAttribute(this.element, 'width', Math.abs(to.x - from.x));
    setAttribute(this.element, 'height', Math.abs(to.y - from.y));
  }
}

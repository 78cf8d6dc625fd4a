/** Mouse, pen and fingers on the stage: turns what they do into gestures of the chosen tool. */
import type { Point } from '../geometry/placement.ts';

export type Tool = 'window' | 'region' | 'pan' | 'zoom' | 'ruler' | 'angle' | 'probe';

/** One press, its movement and its end. Points are CSS pixels of the stage. */
export interface Gesture {
  readonly move: (at: Point, by: Point) => void;
  readonly end: (at: Point) => void;
  readonly cancel: () => void;
}

export interface PointerHost {
  /** Begin what this press means; null when it means nothing now. */
  readonly begin: (tool: Tool, at: Point) => Gesture | null;
  /** The pointer moved with nothing pressed. */
  readonly hover: (at: Point) => void;
  readonly wheel: (at: Point, steps: number, zoom: boolean) => void;
  readonly pinch: (at: Point, factor: number, by: Point, first: boolean) => void;
  readonly doubleClick: (at: Point) => void;
  readonly tool: () => Tool;
}

const WHEEL_STEP = 100;

export class PointerInput {
  private readonly touches = new Map<number, Point>();
  private gesture: { readonly pointer: number; readonly actions: Gesture; last: Point } | null = null;
  private spaceHeld = false;
  private pinched = false;

  constructor(
    private readonly stage: HTMLElement,
    private readonly host: PointerHost,
  ) {
    stage.addEventListener('pointerdown', (event) => this.down(event));
    stage.addEventListener('pointermove', (event) => this.move(event));
    stage.addEventListener('pointerup', (event) => this.up(event));
    stage.addEventListener('pointercancel', (event) => this.cancelled(event));
    stage.addEventListener('contextmenu', (event) => event.preventDefault());
    stage.addEventListener('dblclick', (event) => this.host.doubleClick(this.at(event)));
    stage.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
    window.addEventListener('keyup', (event) => {
      if (event.key === ' ') this.spaceHeld = false;
    });
    window.addEventListener('blur', () => {
      this.spaceHeld = false;
    });
  }

  /** Space is down: the left button pans until it is let go. */
  holdSpace(): void {
    this.spaceHeld = true;
  }

  /** Follow a press that began on something above the stage, such as a mark. */
  adopt(event: PointerEvent, actions: Gesture): void {
    this.start(event, this.at(event), actions);
  }

  /** Where on the stage an event happened. */
  at(event: MouseEvent): Point {
    const box = this.stage.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  private toolOf(event: PointerEvent): Tool | null {
    if (event.button === 2) return 'window';
    if (event.button === 1 || (event.button === 0 && this.spaceHeld)) return 'pan';
    return event.button === 0 ? this.host.tool() : null;
  }

  private down(event: PointerEvent): void {
    const at = this.at(event);
    if (event.pointerType === 'touch') {
      this.touches.set(event.pointerId, at);
      if (this.touches.size === 2) {
        this.gesture?.actions.cancel();
        this.gesture = null;
        this.pinched = false;
        return;
      }
    }
    const tool = this.toolOf(event);
    if (tool === null || this.gesture !== null) return;
    if (event.button === 1) event.preventDefault();
    const actions = this.host.begin(tool, at);
    if (actions !== null) this.start(event, at, actions);
  }

  private start(event: PointerEvent, at: Point, actions: Gesture): void {
    this.gesture = { pointer: event.pointerId, actions, last: at };
    this.stage.setPointerCapture(event.pointerId);
  }

  private move(event: PointerEvent): void {
    const at = this.at(event);
    if (event.pointerType === 'touch' && this.touches.size === 2) {
      this.pinchTo(event.pointerId, at);
      return;
    }
    const { gesture } = this;
    if (gesture === null) {
      this.host.hover(at);
      return;
    }
    if (gesture.pointer !== event.pointerId) return;
    gesture.actions.move(at, { x: at.x - gesture.last.x, y: at.y - gesture.last.y });
    gesture.last = at;
  }

  private pinchTo(pointer: number, at: Point): void {
    const before = this.touches.get(pointer);
    const other = [...this.touches].find(([id]) => id !== pointer)?.[1];
    if (before === undefined || other === undefined) return;
    this.touches.set(pointer, at);
    const spread = Math.hypot(before.x - other.x, before.y - other.y);
    const factor = spread > 0 ? Math.hypot(at.x - other.x, at.y - other.y) / spread : 1;
    const middle = { x: (at.x + other.x) / 2, y: (at.y + other.y) / 2 };
    this.host.pinch(middle, factor, { x: (at.x - before.x) / 2, y: (at.y - before.y) / 2 }, !this.pinched);
    this.pinched = true;
  }

  private up(event: PointerEvent): void {
    this.touches.delete(event.pointerId);
    const { gesture } = this;
    if (gesture === null || gesture.pointer !== event.pointerId) return;
    this.gesture = null;
    gesture.actions.end(this.at(event));
  }

  private cancelled(event: PointerEvent): void {
    this.touches.delete(event.pointerId);
    const { gesture } = this;
    if (gesture === null || gesture.pointer !== event.pointerId) return;
    this.gesture = null;
    gesture.actions.cancel();
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * 33 : event.deltaY;
    if (lines !== 0) this.host.wheel(this.at(event), lines / WHEEL_STEP, event.ctrlKey);
  }
}

/** The layer of marks over an image: each mark and each of its points can be focused, named, moved and removed. */
import type { RadiographImage } from '../dicom/image.ts';
import type { Frame } from '../dicom/pixels.ts';
import type { Point } from '../geometry/placement.ts';
import type { Translator } from '../strings.ts';
import { s, setAttribute, setText } from '../ui/dom.ts';
import { measure, numberOf, worth, type Mark } from './model.ts';

export interface MarkScene {
  readonly marks: readonly Mark[];
  readonly image: RadiographImage;
  readonly frame: Frame;
  /** Image points to CSS pixels of the layer. */
  readonly toLayer: (point: Point) => Point;
}

/** What the reader does to a mark; distances in image pixels. */
export interface MarkActions {
  readonly beginDrag: (mark: Mark, pointIndex: number | null, event: PointerEvent) => void;
  readonly nudge: (mark: Mark, pointIndex: number | null, by: Point) => void;
  readonly remove: (mark: Mark) => void;
}

const HANDLE_RADIUS = 12;
const LETTERS = 'ABC';
const STEPS: Readonly<Record<string, Point>> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

interface Drawn {
  readonly group: SVGGElement;
  readonly hit: SVGPolylineElement;
  readonly line: SVGPolylineElement;
  readonly handles: readonly SVGGElement[];
  readonly label: SVGTextElement;
  readonly note: SVGTextElement;
}

export class MarksLayer {
  readonly element = s('g', { class: 'nv-marks' });
  private readonly drawn = new Map<number, Drawn>();
  private readonly current = new Map<number, Mark>();

  constructor(
    private readonly words: Translator,
    private readonly actions: MarkActions,
  ) {}

  show(scene: MarkScene | null): void {
    const marks = scene?.marks ?? [];
    for (const [serial, drawn] of this.drawn) {
      if (marks.some((mark) => mark.serial === serial)) continue;
      drawn.group.remove();
      this.drawn.delete(serial);
    }
    if (scene === null) return;
    for (const mark of marks) {
      this.current.set(mark.serial, mark);
      this.place(this.drawn.get(mark.serial) ?? this.create(mark), mark, numberOf(mark, marks), scene);
    }
  }

  focus(serial: number): void {
    this.drawn.get(serial)?.group.focus();
  }

  private create(mark: Mark): Drawn {
    const drawn: Drawn = {
      group: s('g', { class: `nv-mark nv-mark-${mark.kind}`, tabindex: 0, role: 'group' }),
      hit: s('polyline', { class: 'nv-mark-hit' }),
      line: s('polyline', { class: 'nv-mark-line' }),
      handles: mark.points.map(() => this.makeHandle()),
      label: s('text', { class: 'nv-mark-label', 'aria-hidden': 'true' }),
      note: s('text', { class: 'nv-mark-note', 'aria-hidden': 'true' }),
    };
    drawn.group.append(drawn.hit, drawn.line, ...drawn.handles, drawn.label, drawn.note);
    this.listen(drawn.group, drawn.hit, mark.serial, null);
    drawn.handles.forEach((handle, index) => this.listen(handle, handle, mark.serial, index));
    this.drawn.set(mark.serial, drawn);
    this.element.append(drawn.group);
    return drawn;
  }

  private makeHandle(): SVGGElement {
    return s(
      'g',
      { class: 'nv-handle', tabindex: 0, role: 'button' },
      s('circle', { class: 'nv-handle-hit', r: HANDLE_RADIUS }),
      s('path', { class: 'nv-handle-cross', d: 'M-5 0H-1.5M1.5 0H5M0-5V-1.5M0 1.5V5' }),
    );
  }

  private listen(focusable: SVGElement, grip: SVGElement, serial: number, pointIndex: number | null): void {
    grip.addEventListener('pointerdown', (event) => {
      const mark = this.current.get(serial);
      if (mark === undefined || event.button !== 0) return;
      event.stopPropagation();
      this.actions.beginDrag(mark, pointIndex, event);
    });
    focusable.addEventListener('keydown', (event) => this.pressed(event, serial, pointIndex));
  }

  private pressed(event: KeyboardEvent, serial: number, pointIndex: number | null): void {
    const mark = this.current.get(serial);
    const step = STEPS[event.key];
    if (mark === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === 'Delete' || event.key === 'Backspace') this.actions.remove(mark);
    else if (step !== undefined) {
      const far = event.shiftKey ? 10 : 1;
      this.actions.nudge(mark, pointIndex, { x: step.x * far, y: step.y * far });
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  private place(drawn: Drawn, mark: Mark, number: number, scene: MarkScene): void {
    const points = mark.points.map(scene.toLayer);
    const path = points.map((point) => `${point.x.toFixed(1)},${point.y.toFixed(1)}`).join(' ');
    setAttribute(drawn.line, 'points', path);
    setAttribute(drawn.hit, 'points', path);
    const value = measure(mark, scene.image, scene.frame, this.words);
    const note = worth(mark, scene.image, this.words);
    const name = this.words.text(`mark_${mark.kind}`, { number, value: note === '' ? value : `${value}, ${note}` });
    setAttribute(drawn.group, 'aria-label', name);
    drawn.handles.forEach((handle, index) => {
      const point = points[index];
      if (point === undefined) return;
      setAttribute(handle, 'transform', `translate(${point.x.toFixed(1)} ${point.y.toFixed(1)})`);
      setAttribute(handle, 'aria-label', this.words.text('mark_end', { letter: LETTERS[index] ?? '', mark: name }));
    });
    this.write(drawn, points, value, note);
  }

  /** Beside the rightmost point, where it hides least of what is measured. */
  private write(drawn: Drawn, points: readonly Point[], value: string, note: string): void {
    const beside = points.reduce((best, point) => (point.x > best.x ? point : best));
    for (const [text, content, below] of [
      [drawn.label, value, -6],
      [drawn.note, note, 8],
    ] as const) {
      setText(text, content);
      setAttribute(text, 'x', (beside.x + 12).toFixed(1));
      setAttribute(text, 'y', (beside.y + below).toFixed(1));
    }
  }
}

/** A pane: one viewport with all that lies over it, and the reader's hands on it. */
import { FindingsLayer } from '../findings/layer.ts';
import type { Finding } from '../findings/model.ts';
import type { Point } from '../geometry/placement.ts';
import { MarksLayer } from '../marks/layer.ts';
import { withPoint, type Mark } from '../marks/model.ts';
import type { Translator } from '../strings.ts';
import { h, s, setAttribute } from '../ui/dom.ts';
import { windowName } from '../ui/windowNames.ts';
import { Corners } from './corners.ts';
import { FrameSlider } from './frameSlider.ts';
import type { FrameSource } from './frames.ts';
import { beginGesture, isMeasuring, markGesture, type GestureHost } from './gestures.ts';
import * as movements from './movements.ts';
import { PointerInput, type Tool } from './pointer.ts';
import { QualityMark } from './qualityMark.ts';
import { RubberBand } from './rubberBand.ts';
import { Viewport, type ViewportSettings } from './viewport.ts';

export interface PaneState {
  readonly hideIdentity: boolean;
  readonly cornerText: boolean;
  readonly findings: readonly Finding[];
  readonly showFindings: boolean;
  readonly chosenFinding: string | null;
}

export interface PaneListener {
  readonly activated: (pane: Pane) => void;
  readonly placed: (pane: Pane) => void;
  readonly windowed: (pane: Pane, contrast: number, brightness: number, keep: boolean) => void;
  readonly drawn: (pane: Pane) => void;
  readonly qualityChanged: (pane: Pane) => void;
  readonly say: (text: string) => void;
  readonly tool: () => Tool;
}

export class Pane {
  readonly viewport: Viewport;
  readonly header = h('div', { class: 'nv-pane-header', hidden: true });
  readonly element: HTMLElement;
  private readonly notice = h('p', { class: 'nv-notice', role: 'status', hidden: true });
  private readonly corners: Corners;
  private readonly marks: MarksLayer;
  private readonly outlines: FindingsLayer;
  private readonly band = new RubberBand();
  private readonly qualityMark: QualityMark;
  private readonly slider: FrameSlider;
  private readonly pointer: PointerInput;
  private readonly host: GestureHost;
  private awaiting: Mark | null = null;
  private state: PaneState;

  constructor(
    private readonly words: Translator,
    frames: FrameSource,
    settings: ViewportSettings,
    state: PaneState,
    private readonly listener: PaneListener,
  ) {
    this.state = state;
    this.viewport = new Viewport(frames, settings, {
      drawn: () => this.refresh(),
      qualityChanged: () => listener.qualityChanged(this),
    });
    this.corners = new Corners(words);
    this.outlines = new FindingsLayer(words);
    this.marks = new MarksLayer(words, {
      beginDrag: (mark, index, event) => this.grip(mark, index, event),
      nudge: (mark, index, by) => movements.moveMark(this.viewport, mark, index, by, true),
      remove: (mark) => this.remove(mark),
    });
    this.qualityMark = new QualityMark(words, () => void this.viewport.load());
    this.slider = new FrameSlider(words, (frame) => this.viewport.show(this.viewport.index, frame));
    const overlay = s('svg', { class: 'nv-overlay' }, this.outlines.element, this.marks.element, this.band.element);
    this.viewport.stage.append(overlay, this.corners.element);
    this.viewport.stage.tabIndex = 0;
    this.viewport.stage.setAttribute('role', 'group');
    const below = [this.qualityMark.element, this.qualityMark.failure, this.notice, this.slider.element];
    this.element = h('section', { class: 'nv-pane' }, this.header, this.viewport.stage, ...below);
    this.host = this.makeGestureHost();
    this.pointer = this.makePointer();
    this.element.addEventListener('focusin', () => listener.activated(this));
  }

  setState(state: PaneState): void {
    this.state = state;
    this.viewport.invalidate();
  }

  /** Say why there is no image at all; null takes it away. */
  setNotice(text: string | null): void {
    this.notice.hidden = text === null;
    this.notice.textContent = text ?? '';
  }

  /** Leave an angle as it stands. */
  release(): void {
    this.awaiting = null;
  }

  holdSpace(): void {
    this.pointer.holdSpace();
  }

  /** Go on, or back, by frames; stops at both ends. */
  stepFrame(by: number): void {
    const { image, index, frameNumber } = this.viewport;
    if (image === null) return;
    const next = Math.min(Math.max(frameNumber + by, 1), image.frames);
    if (next !== frameNumber) this.viewport.show(index, next);
  }

  /** Place a mark of the chosen tool in the middle and give it the focus. */
  placeMark(tool: Tool): void {
    if (!isMeasuring(tool) || !this.mayMeasure()) return;
    const mark = movements.placeMark(this.viewport, tool);
    this.refresh();
    this.marks.focus(mark.serial);
  }

  remove(mark: Mark): void {
    movements.removeMark(this.viewport, mark);
    this.viewport.stage.focus();
    this.listener.say(this.words.text('mark_removed'));
  }

  private mayMeasure(): boolean {
    if (this.viewport.quality === 'full') return true;
    this.listener.say(this.words.text('measure_wait'));
    return false;
  }

  private makeGestureHost(): GestureHost {
    return {
      viewport: this.viewport,
      placed: () => this.listener.placed(this),
      windowed: (contrast, brightness, keep) => this.listener.windowed(this, contrast, brightness, keep),
      rubberBand: (from, to) => this.band.show(from, to),
      regionChosen: () => this.listener.drawn(this),
      awaiting: (mark) => {
        this.awaiting = mark;
      },
    };
  }

  private makePointer(): PointerInput {
    const { viewport } = this;
    return new PointerInput(viewport.stage, {
      tool: this.listener.tool,
      begin: (tool, at) => {
        this.listener.activated(this);
        if (this.awaiting !== null) return this.finishAngle(at);
        if (viewport.display === null || (isMeasuring(tool) && !this.mayMeasure())) return null;
        return beginGesture(this.host, tool, at);
      },
      hover: (at) => this.followAngle(at),
      wheel: (at, steps, zoom) => {
        this.listener.activated(this);
        if ((viewport.image?.frames ?? 1) > 1 && !zoom) this.stepFrame(Math.sign(steps));
        else {
          movements.zoomBy(viewport, Math.exp(-steps * 0.25), at, false);
          this.listener.placed(this);
        }
      },
      pinch: (at, factor, by, first) => {
        movements.panBy(viewport, by, first);
        movements.zoomBy(viewport, factor, at, false);
        this.listener.placed(this);
      },
      doubleClick: (at) => {
        if (isMeasuring(this.listener.tool())) return;
        if (viewport.display?.fit === true) movements.oneToOne(viewport, at);
        else movements.fit(viewport);
        this.listener.placed(this);
      },
    });
  }

  /** A press on a mark drags it; the one press an angle waits for may fall on the angle's own handle. */
  private grip(mark: Mark, index: number | null, event: PointerEvent): void {
    this.listener.activated(this);
    if (this.awaiting === null) this.pointer.adopt(event, markGesture(this.viewport, mark, index));
    else this.finishAngle(this.pointer.at(event));
  }

  private followAngle(at: Point): void {
    const { awaiting } = this;
    if (awaiting === null) return;
    if (this.viewport.display?.marks.some((mark) => mark.serial === awaiting.serial) !== true) {
      // Undone or on another image meanwhile.
      this.awaiting = null;
      return;
    }
    this.awaiting = withPoint(awaiting, 2, this.viewport.fromLayer(at));
    movements.replaceMark(this.viewport, this.awaiting);
  }

  private finishAngle(at: Point): null {
    this.followAngle(at);
    this.awaiting = null;
    return null;
  }

  private refresh(): void {
    const { viewport } = this;
    const { image, frame, display } = viewport;
    const toLayer = (point: Point): Point => viewport.toLayer(point);
    const marks = display?.marks.filter((mark) => mark.frame === viewport.frameNumber) ?? [];
    this.marks.show(image === null || frame === null || display === null ? null : { marks, image, frame, toLayer });
    const size = { width: viewport.stage.clientWidth, height: viewport.stage.clientHeight };
    this.outlines.show(display === null ? [] : this.shownFindings(), toLayer, size, this.state.chosenFinding);
    this.corners.show(
      image === null
        ? null
        : {
            image,
            display,
            frame: viewport.frameNumber,
            number: viewport.index + 1,
            total: viewport.images.length,
            hideIdentity: this.state.hideIdentity,
            showText: this.state.cornerText,
            windowName: display === null ? '' : windowName(display.voiKey, image, this.words),
          },
    );
    this.qualityMark.show(viewport);
    this.slider.show(viewport.frameNumber, image?.frames ?? 1);
    this.name();
    this.listener.drawn(this);
  }

  private shownFindings(): readonly Finding[] {
    const { image, frameNumber } = this.viewport;
    if (!this.state.showFindings || image === null) return [];
    return this.state.findings.filter(
      (finding) => finding.sopInstanceUid === image.sopInstanceUid && finding.frame === frameNumber,
    );
  }

  private name(): void {
    const { image, index, images } = this.viewport;
    const counted = this.words.text('image_of', { number: index + 1, total: images.length });
    const what = image === null ? '' : [image.bodyPart, image.view, this.words.date(image.studyDate)].filter(Boolean).join(', ');
    setAttribute(this.viewport.stage, 'aria-label', image === null ? this.words.text('images') : this.words.labelled(counted, what));
  }
}

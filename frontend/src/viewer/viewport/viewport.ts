/** One image on the screen: which, how far loaded, and how shown. */
import type { RadiographImage } from '../dicom/image.ts';
import type { Frame } from '../dicom/pixels.ts';
import { apply, fitted, imageToScreen, inverseOf, snapped, type Affine, type Point, type Size } from '../geometry/placement.ts';
import type { RendererPreference } from '../render/choose.ts';
import { COARSE_SAMPLES, MOST_SAMPLES, type DrawRequest, type Renderer } from '../render/renderer.ts';
import { h } from '../ui/dom.ts';
import { firstDisplay, firstPlacement, History, shapeOf, type Display } from './display.ts';
import { failureOf, type Failure } from './failure.ts';
import type { FrameSource } from './frames.ts';
import { Surface } from './surface.ts';

export type Quality = 'empty' | 'loading' | 'full' | 'failed';

export interface ViewportListener {
  /** Anything that is to be seen changed; called at most once a frame of the screen. */
  readonly drawn: (viewport: Viewport) => void;
  readonly qualityChanged: (viewport: Viewport) => void;
}

export interface ViewportSettings {
  readonly renderer: RendererPreference;
  readonly smooth: boolean;
}

const REST_MS = 150;

export class Viewport {
  /** The stage: the canvas, and what others lay over it. */
  readonly stage = h('div', { class: 'nv-stage' });
  images: readonly RadiographImage[] = [];
  index = 0;
  frameNumber = 1;
  frame: Frame | null = null;
  quality: Quality = 'empty';
  failure: Failure | null = null;
  progress: { received: number; total: number | undefined } = { received: 0, total: undefined };
  size: Size = { width: 0, height: 0 };
  private readonly histories = new Map<string, History>();
  private readonly surface: Surface;
  private loading = 0;
  private scheduled = false;
  /** The timer of the full drawing that follows a coarse one. */
  private refining: number | null = null;

  constructor(
    private readonly frames: FrameSource,
    private settings: ViewportSettings,
    private readonly listener: ViewportListener,
  ) {
    this.surface = new Surface(this.stage, settings.renderer, () => this.invalidate());
    new ResizeObserver((entries) => this.resized(entries[0])).observe(this.stage);
  }

  get image(): RadiographImage | null {
    return this.images[this.index] ?? null;
  }

  get history(): History | null {
    return this.image === null ? null : (this.histories.get(this.image.sopInstanceUid) ?? null);
  }

  /** Null until the image is there and has a place on the screen. */
  get display(): Display | null {
    return this.quality === 'full' && this.size.width > 0 ? (this.history?.now ?? null) : null;
  }

  get rendererKind(): Renderer['kind'] | null {
    return this.surface.kind;
  }

  /** Device pixels a CSS pixel. */
  get ratio(): number {
    const { clientWidth } = this.stage;
    return clientWidth > 0 && this.size.width > 0 ? this.size.width / clientWidth : window.devicePixelRatio;
  }

  /** Make the drawing context while the study is still on its way. */
  warm(): void {
    this.surface.prepare(0);
  }

  /** Open a study's images, or none. */
  open(images: readonly RadiographImage[], index: number): void {
    this.images = images;
    this.show(Math.min(Math.max(index, 0), Math.max(images.length - 1, 0)), 1);
  }

  /** Show another image; what was on the screen goes at once, so that no text ever stands beside a wrong image. */
  show(index: number, frameNumber: number): void {
    this.index = index;
    this.frameNumber = frameNumber;
    this.frame = null;
    this.surface.setFrame(null);
    void this.load();
  }

  async load(): Promise<void> {
    const ticket = ++this.loading;
    const { image, frameNumber } = this;
    this.failure = null;
    this.progress = { received: 0, total: undefined };
    this.setQuality(image === null ? 'empty' : 'loading');
    if (image === null) return;
    const coming = this.frames.load(image, frameNumber, (received, total) => {
      if (ticket !== this.loading) return;
      this.progress = { received, total };
      this.invalidate();
    });
    if (this.size.width > 0) this.surface.prepareFor(image, this.drawRequest(MOST_SAMPLES));
    try {
      const frame = await coming;
      if (ticket === this.loading) this.accept(image, frame);
    } catch (error) {
      if (ticket !== this.loading) return;
      this.failure = failureOf(error);
      this.setQuality('failed');
    }
  }

  /** Replace the display; `keep` remembers the old one for undo. */
  change(update: (display: Display) => Display, keep: boolean): void {
    const { history } = this;
    if (history === null || this.display === null) return;
    if (keep) history.keep();
    history.now = update(history.now);
    this.moved();
    this.invalidate();
  }

  undo(): boolean {
    const undone = this.history?.undo() ?? false;
    if (undone) this.invalidate();
    return undone;
  }

  apply(settings: ViewportSettings): void {
    this.settings = settings;
    this.surface.use(settings.renderer);
    this.invalidate();
  }

  /** Image points to CSS pixels of the stage. */
  toLayer(point: Point): Point {
    const at = apply(this.toScreen(), point);
    return { x: at.x / this.ratio, y: at.y / this.ratio };
  }

  /** CSS pixels of the stage to image points. */
  fromLayer(point: Point): Point {
    return apply(this.toImage(), { x: point.x * this.ratio, y: point.y * this.ratio });
  }

  /** Draw once more and read the canvas back. */
  capture(): Uint8ClampedArray | null {
    return this.surface.capture(this.drawRequest(MOST_SAMPLES));
  }

  invalidate(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    requestAnimationFrame(() => {
      this.scheduled = false;
      this.draw();
    });
  }

  private accept(image: RadiographImage, frame: Frame): void {
    this.frame = frame;
    if (!this.histories.has(image.sopInstanceUid)) {
      this.histories.set(image.sopInstanceUid, new History(firstDisplay(image, frame)));
    }
    this.surface.setFrame(frame);
    this.quality = 'full';
    this.draw();
    this.listener.qualityChanged(this);
  }

  private draw(): void {
    this.followSize();
    const { frame, image, display } = this;
    if (frame !== null && image !== null && display !== null) this.surface.setDisplay(image, frame, display);
    this.surface.draw(this.drawRequest(this.refining === null ? MOST_SAMPLES : COARSE_SAMPLES));
    this.listener.drawn(this);
  }

  /** Keep a fitted image fitted when the screen or its orientation changed. */
  private followSize(): void {
    const { history, image } = this;
    if (history === null || image === null || !history.now.fit || this.size.width === 0) return;
    const placement = fitted(history.now.placement, shapeOf(image), this.size);
    if (placement.zoom !== history.now.placement.zoom) history.now = { ...history.now, placement };
  }

  /** On a slow machine a moving image is drawn coarsely, and in full as soon as it rests. */
  private moved(): void {
    if (!this.surface.isSlow) return;
    if (this.refining !== null) window.clearTimeout(this.refining);
    this.refining = window.setTimeout(() => {
      this.refining = null;
      this.invalidate();
    }, REST_MS);
  }

  private drawRequest(mostSamples: number): DrawRequest {
    return { size: this.size, toImage: this.toImage(), smooth: this.settings.smooth, mostSamples };
  }

  private toScreen(): Affine {
    const { image, history, size } = this;
    if (image === null) return { xx: 1, xy: 0, yx: 0, yy: 1, tx: 0, ty: 0 };
    const shape = shapeOf(image);
    // An image on its way is going to be fitted: what draws it can be made ready for that.
    const placement = history?.now.placement ?? fitted(firstPlacement(image), shape, size);
    return imageToScreen(snapped(placement, shape, size), shape, size);
  }

  private toImage(): Affine {
    return inverseOf(this.toScreen());
  }

  private setQuality(quality: Quality): void {
    this.quality = quality;
    this.listener.qualityChanged(this);
    this.invalidate();
  }

  private resized(entry: ResizeObserverEntry | undefined): void {
    const box = entry?.devicePixelContentBoxSize[0];
    const size = {
      width: box?.inlineSize ?? Math.round(this.stage.clientWidth * window.devicePixelRatio),
      height: box?.blockSize ?? Math.round(this.stage.clientHeight * window.devicePixelRatio),
    };
    if (size.width === this.size.width && size.height === this.size.height) return;
    this.size = size;
    // Drawn at once: a canvas stretched until the next frame would show a blurred image.
    this.draw();
  }
}

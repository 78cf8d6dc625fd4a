/** What a viewport draws on: the renderer that fits the image, made before the image has come. */
import type { RadiographImage } from '../dicom/image.ts';
import type { Frame } from '../dicom/pixels.ts';
import { chooseRenderer, type RendererPreference } from '../render/choose.ts';
import type { DrawRequest, Renderer } from '../render/renderer.ts';
import { tableOf, type Display } from './display.ts';

export class Surface {
  private renderer: Renderer | null = null;
  private frame: Frame | null = null;
  /** The renderer's table, and for which frame and display it was made. */
  private table: { readonly frame: Frame; readonly display: Display; readonly greys: Uint8Array<ArrayBuffer> } | null = null;

  constructor(
    private readonly stage: HTMLElement,
    private preference: RendererPreference,
    private readonly onRestored: () => void,
  ) {}

  get kind(): Renderer['kind'] | null {
    return this.renderer?.kind ?? null;
  }

  get isSlow(): boolean {
    return this.renderer?.isSlow === true;
  }

  /** Make ready for an image of this size: a graphics context costs a third of a second where there is no card. */
  prepare(largestSide: number): Renderer {
    const present = this.renderer;
    if (present !== null && present.largestSide >= largestSide) return present;
    present?.dispose();
    const renderer = chooseRenderer(this.preference, largestSide, this.onRestored);
    this.renderer = renderer;
    this.table = null;
    this.stage.prepend(renderer.canvas);
    return renderer;
  }

  /** Compile what drawing this image will need, while it is on its way. */
  prepareFor(image: RadiographImage, request: DrawRequest): void {
    const { columns, rows, samplesPerPixel, palette } = image.pixels;
    const kind = samplesPerPixel === 1 && palette === null ? 'grey' : 'colour';
    this.prepare(Math.max(columns, rows)).prepare(kind, request);
  }

  setFrame(frame: Frame | null): void {
    this.frame = frame;
    this.table = null;
    if (frame === null) this.renderer?.setFrame(null);
    else this.prepare(Math.max(frame.columns, frame.rows)).setFrame(frame);
  }

  /** Draw with another renderer from now on. */
  use(preference: RendererPreference): void {
    if (preference === this.preference) return;
    this.preference = preference;
    this.renderer?.dispose();
    this.renderer = null;
    if (this.frame !== null) this.setFrame(this.frame);
  }

  setDisplay(image: RadiographImage, frame: Frame, display: Display): void {
    const old = this.table;
    if (old?.frame === frame && old.display.voi === display.voi && old.display.invert === display.invert) return;
    this.table = { frame, display, greys: tableOf(image, frame, display) };
    this.renderer?.setTable(this.table.greys);
  }

  draw(request: DrawRequest): void {
    if (request.size.width > 0 && request.size.height > 0) this.withFallback((renderer) => renderer.draw(request));
  }

  /** Draw and read back; null without an image. */
  capture(request: DrawRequest): Uint8ClampedArray | null {
    return this.frame === null ? null : this.withFallback((renderer) => renderer.capture(request));
  }

  /** A driver that refuses our shader shows nothing: the twin takes over, with the same greys. */
  private withFallback<T>(act: (renderer: Renderer) => T): T | null {
    if (this.renderer === null) return null;
    try {
      return act(this.renderer);
    } catch (error) {
      if (this.renderer.kind === 'canvas') throw error;
      const greys = this.table?.greys;
      this.use('canvas');
      const twin = this.prepare(0);
      if (greys !== undefined) twin.setTable(greys);
      return act(twin);
    }
  }
}

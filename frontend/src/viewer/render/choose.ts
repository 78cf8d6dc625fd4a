/** Choose the renderer: WebGL 2 where it is there and wide enough, the processor otherwise or when asked for. */
import { CanvasRenderer } from './canvas.ts';
import type { Renderer } from './renderer.ts';
import { WebGlRenderer } from './webgl.ts';

export type RendererPreference = 'auto' | 'canvas';

export function chooseRenderer(preference: RendererPreference, largestSide: number, onRestored: () => void): Renderer {
  if (preference === 'canvas') return new CanvasRenderer();
  try {
    const renderer = new WebGlRenderer(onRestored);
    if (renderer.largestSide >= largestSide) return renderer;
    renderer.dispose();
  } catch {
    // A browser without WebGL 2, or one that refused it: the twin shows the same greys.
  }
  return new CanvasRenderer();
}

/** What tests and benchmarks may read of a running viewer: facts, and the pixels as drawn. */
import type { Viewer } from './application.ts';
import type { VoiTransform } from './greyscale/table.ts';
import type { Pane } from './viewport/pane.ts';

export interface PaneReport {
  readonly study_uid: string | null;
  readonly sop_instance_uid: string | null;
  readonly frame: number;
  readonly quality: string;
  readonly renderer: string | null;
  readonly zoom: number | null;
  readonly fit: boolean | null;
  readonly quarter_turns: number | null;
  readonly mirrored: boolean | null;
  readonly invert: boolean | null;
  readonly window: { readonly key: string; readonly kind: string; readonly center: number; readonly width: number } | null;
  readonly marks: number;
  readonly width: number;
  readonly height: number;
}

export interface ViewerReport {
  readonly ready: boolean;
  readonly layout: 1 | 2;
  readonly tool: string;
  readonly linked: boolean;
  readonly hide_identity: boolean;
  readonly show_findings: boolean;
  readonly findings: string;
  readonly panes: readonly PaneReport[];
}

export interface ViewerHooks {
  state(): ViewerReport;
  /** Draw pane `index` anew and give its canvas, four bytes a pixel, as base64. */
  capture(index: number): { readonly width: number; readonly height: number; readonly rgba: string } | null;
  /** Where image point (x, y) of pane `index` lies in the page, in CSS pixels. */
  locate(index: number, x: number, y: number): { readonly x: number; readonly y: number } | null;
}

declare global {
  interface Window {
    negatoscopeViewer?: ViewerHooks;
  }
}

function reportWindow(key: string, voi: VoiTransform | null): PaneReport['window'] {
  if (voi === null) return null;
  return { key, kind: voi.kind === 'window' ? voi.function : 'LUT', center: voi.center, width: voi.width };
}

function reportPane({ viewport }: Pane): PaneReport {
  const { image, display } = viewport;
  return {
    study_uid: image?.studyUid ?? null,
    sop_instance_uid: image?.sopInstanceUid ?? null,
    frame: viewport.frameNumber,
    quality: viewport.quality,
    renderer: viewport.rendererKind,
    zoom: display?.placement.zoom ?? null,
    fit: display?.fit ?? null,
    quarter_turns: display?.placement.quarterTurns ?? null,
    mirrored: display?.placement.mirrored ?? null,
    invert: display?.invert ?? null,
    window: display === null ? null : reportWindow(display.voiKey, display.voi),
    marks: display?.marks.length ?? 0,
    width: viewport.size.width,
    height: viewport.size.height,
  };
}

function toBase64(bytes: Uint8ClampedArray): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return btoa(text);
}

export function makeHooks(viewer: Viewer): ViewerHooks {
  const { workspace } = viewer;
  return {
    state: () => ({
      ready: workspace.panes.every((pane) => pane.viewport.display !== null),
      layout: workspace.besideStudy === null ? 1 : 2,
      tool: workspace.tool,
      linked: workspace.linked,
      hide_identity: workspace.hideIdentity,
      show_findings: workspace.showFindings,
      findings: workspace.findings.status,
      panes: workspace.panes.map(reportPane),
    }),
    capture: (index) => {
      const viewport = workspace.panes[index]?.viewport;
      const pixels = viewport?.capture() ?? null;
      return viewport === undefined || pixels === null ? null : { ...viewport.size, rgba: toBase64(pixels) };
    },
    locate: (index, x, y) => {
      const viewport = workspace.panes[index]?.viewport;
      if (viewport === undefined) return null;
      const box = viewport.stage.getBoundingClientRect();
      const at = viewport.toLayer({ x, y });
      return { x: box.left + at.x, y: box.top + at.y };
    },
  };
}

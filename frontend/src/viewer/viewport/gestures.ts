/** What the chosen tool does with a press: one gesture a tool, all of them on one pane. */
import type { Point } from '../geometry/placement.ts';
import { newMark, withPoint, type Mark, type MarkKind } from '../marks/model.ts';
import * as movements from './movements.ts';
import type { Gesture, Tool } from './pointer.ts';
import type { Viewport } from './viewport.ts';

/** What a gesture changes goes through here, so that linked panes follow. */
export interface GestureHost {
  readonly viewport: Viewport;
  /** A placement changed. */
  readonly placed: () => void;
  /** The window was dragged by this much. */
  readonly windowed: (contrast: number, brightness: number, keep: boolean) => void;
  /** Draw the rectangle of the region tool, or take it away. */
  readonly rubberBand: (from: Point, to: Point | null) => void;
  readonly regionChosen: () => void;
  /** An angle waits for its third point. */
  readonly awaiting: (mark: Mark | null) => void;
}

/** CSS pixels for an e-fold of the width, and for a shift by one width. */
const PIXELS_A_CONTRAST = 300;
const PIXELS_A_BRIGHTNESS = 500;
const PIXELS_A_ZOOM = 180;
/** A press that moved less than this is a click. */
const CLICK_PIXELS = 4;

const nothing = (): void => undefined;

function windowGesture(host: GestureHost): Gesture {
  let first = true;
  return {
    move: (_, by) => {
      host.windowed(by.x / PIXELS_A_CONTRAST, -by.y / PIXELS_A_BRIGHTNESS, first);
      first = false;
    },
    end: nothing,
    cancel: nothing,
  };
}

function panGesture(host: GestureHost): Gesture {
  let first = true;
  return {
    move: (_, by) => {
      movements.panBy(host.viewport, by, first);
      first = false;
      host.placed();
    },
    end: nothing,
    cancel: nothing,
  };
}

function zoomGesture(host: GestureHost, anchor: Point): Gesture {
  let first = true;
  return {
    move: (_, by) => {
      movements.zoomBy(host.viewport, Math.exp(-by.y / PIXELS_A_ZOOM), anchor, first);
      first = false;
      host.placed();
    },
    end: nothing,
    cancel: nothing,
  };
}

function regionGesture(host: GestureHost, from: Point): Gesture {
  const { viewport } = host;
  const done = (): void => host.rubberBand(from, null);
  return {
    move: (at) => host.rubberBand(from, at),
    end: (at) => {
      done();
      if (Math.hypot(at.x - from.x, at.y - from.y) < CLICK_PIXELS) return;
      const corners = [viewport.fromLayer(from), viewport.fromLayer(at)];
      const across = corners.map((corner) => corner.x);
      const down = corners.map((corner) => corner.y);
      movements.windowRegion(viewport, {
        left: Math.min(...across),
        right: Math.max(...across),
        top: Math.min(...down),
        bottom: Math.max(...down),
      });
      host.regionChosen();
    },
    cancel: done,
  };
}

/** Draws a line from where the press began; an angle then waits for its second arm. */
function lineGesture(host: GestureHost, kind: 'ruler' | 'angle', from: Point): Gesture {
  const { viewport } = host;
  const start = viewport.fromLayer(from);
  const points = kind === 'ruler' ? [start, start] : [start, start, start];
  const mark = newMark(kind, viewport.frameNumber, points);
  const to = (at: Point): Mark => {
    const end = viewport.fromLayer(at);
    return kind === 'ruler' ? withPoint(mark, 1, end) : withPoint(withPoint(mark, 1, end), 2, end);
  };
  let added = false;
  return {
    move: (at) => {
      if (added) movements.replaceMark(viewport, to(at));
      else if (Math.hypot(at.x - from.x, at.y - from.y) >= CLICK_PIXELS) {
        movements.addMark(viewport, to(at));
        added = true;
      }
    },
    end: (at) => {
      if (added && kind === 'angle') host.awaiting(to(at));
    },
    cancel: () => {
      if (added) viewport.undo();
    },
  };
}

function probeGesture(host: GestureHost, at: Point): Gesture {
  const { viewport } = host;
  const mark = newMark('probe', viewport.frameNumber, [viewport.fromLayer(at)]);
  movements.addMark(viewport, mark);
  return {
    move: (to) => movements.replaceMark(viewport, withPoint(mark, 0, viewport.fromLayer(to))),
    end: nothing,
    cancel: () => viewport.undo(),
  };
}

/** Drag a mark, or one point of it. */
export function markGesture(viewport: Viewport, mark: Mark, pointIndex: number | null): Gesture {
  let last = mark;
  let first = true;
  return {
    move: (at, by) => {
      const to = viewport.fromLayer(at);
      const from = viewport.fromLayer({ x: at.x - by.x, y: at.y - by.y });
      movements.moveMark(viewport, last, pointIndex, { x: to.x - from.x, y: to.y - from.y }, first);
      first = false;
      last = viewport.display?.marks.find((kept) => kept.serial === mark.serial) ?? last;
    },
    end: nothing,
    cancel: nothing,
  };
}

export function isMeasuring(tool: Tool): tool is MarkKind {
  return tool === 'ruler' || tool === 'angle' || tool === 'probe';
}

export function beginGesture(host: GestureHost, tool: Tool, at: Point): Gesture {
  switch (tool) {
    case 'window':
      return windowGesture(host);
    case 'pan':
      return panGesture(host);
    case 'zoom':
      return zoomGesture(host, at);
    case 'region':
      return regionGesture(host, at);
    case 'probe':
      return probeGesture(host, at);
    case 'ruler':
    case 'angle':
      return lineGesture(host, tool, at);
  }
}

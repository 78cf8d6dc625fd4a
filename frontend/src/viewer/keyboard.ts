/** Keys to commands; and those that act on the focused image: arrows, Enter, Space. */
import { commandOf, type CommandId } from './hotkeys.ts';
import * as movements from './viewport/movements.ts';
import type { Workspace } from './workspace.ts';

export interface KeyboardHost {
  readonly workspace: Workspace;
  readonly run: (command: CommandId) => void;
}

const ARROWS: Readonly<Record<string, { x: number; y: number }>> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};
const PAN_PIXELS = 40;
const WINDOW_STEP = 0.05;

/** Letters typed into a field, the report above all, are never commands. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !['range', 'checkbox', 'radio', 'button'].includes(target.type);
  return target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

function onStage(event: KeyboardEvent, { workspace, run }: KeyboardHost): boolean {
  const pane = workspace.active;
  const arrow = ARROWS[event.key];
  if (event.ctrlKey || event.altKey || event.metaKey) return false;
  if (event.key === 'Enter') pane.placeMark(workspace.tool);
  else if (event.key === 'Escape') {
    pane.release();
    run('tool.window');
  }
  else if (event.key === ' ') pane.holdSpace();
  else if (arrow !== undefined && event.shiftKey) {
    workspace.adjustWindow(pane, arrow.x * WINDOW_STEP, -arrow.y * WINDOW_STEP, !event.repeat);
  } else if (arrow !== undefined) {
    movements.panBy(pane.viewport, { x: -arrow.x * PAN_PIXELS, y: -arrow.y * PAN_PIXELS }, !event.repeat);
    workspace.follow(pane);
  } else return false;
  return true;
}

/** Listen on the whole page: the focus may be in the report beside, on a button, or nowhere. */
export function listenForKeys(host: KeyboardHost): void {
  const pressed = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || isTyping(event.target) || document.querySelector('dialog[open]') !== null) return;
    const { workspace } = host;
    const command = commandOf(event, workspace.preferences.singleLetterKeys);
    if (command !== null) host.run(command);
    else if (event.target !== workspace.active.viewport.stage || !onStage(event, host)) return;
    event.preventDefault();
    event.stopPropagation();
  };
  // Before the page's own keys, which may begin sequences with the same letters.
  document.addEventListener('keydown', pressed, { capture: true });
}

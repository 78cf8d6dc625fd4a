/** The one registry of keys. Help is written from it; nothing else listens for keys outside marks. */
import type { StringKey, Translator } from './strings.ts';

export type KeyScope = 'tools' | 'view' | 'study' | 'marks';

export interface HotKey {
  readonly id: string;
  /** As KeyboardEvent.key, letters in lower case; modifiers first, as in `Control+z`. */
  readonly key: string;
  readonly label: StringKey;
  readonly scope: KeyScope;
}

const KEYS = [
  { id: 'tool.window', key: 'w', label: 'window', scope: 'tools' },
  { id: 'tool.region', key: 'g', label: 'region', scope: 'tools' },
  { id: 'tool.pan', key: 'p', label: 'pan', scope: 'tools' },
  { id: 'tool.zoom', key: 'z', label: 'zoom', scope: 'tools' },
  { id: 'tool.ruler', key: 'd', label: 'ruler', scope: 'tools' },
  { id: 'tool.angle', key: 'n', label: 'angle', scope: 'tools' },
  { id: 'tool.probe', key: 'b', label: 'probe', scope: 'tools' },
  { id: 'view.fit', key: 'f', label: 'fit', scope: 'view' },
  { id: 'view.oneToOne', key: '1', label: 'one_to_one', scope: 'view' },
  { id: 'view.zoomIn', key: '+', label: 'zoom_in', scope: 'view' },
  { id: 'view.zoomOut', key: '-', label: 'zoom_out', scope: 'view' },
  { id: 'view.invert', key: 'i', label: 'invert', scope: 'view' },
  { id: 'view.rotateRight', key: 'r', label: 'rotate_right', scope: 'view' },
  { id: 'view.rotateLeft', key: 'Shift+r', label: 'rotate_left', scope: 'view' },
  { id: 'view.flipHorizontal', key: 'h', label: 'flip_horizontal', scope: 'view' },
  { id: 'view.flipVertical', key: 'v', label: 'flip_vertical', scope: 'view' },
  { id: 'view.smooth', key: 'm', label: 'smooth', scope: 'view' },
  { id: 'view.reset', key: '0', label: 'reset', scope: 'view' },
  { id: 'view.undo', key: 'Control+z', label: 'undo', scope: 'view' },
  { id: 'stage.pan', key: 'Arrow', label: 'pan_image', scope: 'view' },
  { id: 'stage.window', key: 'Shift+Arrow', label: 'window_keys', scope: 'view' },
  { id: 'stage.release', key: 'Escape', label: 'release_tool', scope: 'view' },
  { id: 'study.nextImage', key: 'PageDown', label: 'next_image', scope: 'study' },
  { id: 'study.previousImage', key: 'PageUp', label: 'previous_image', scope: 'study' },
  { id: 'study.nextFrame', key: '.', label: 'next_frame', scope: 'study' },
  { id: 'study.previousFrame', key: ',', label: 'previous_frame', scope: 'study' },
  { id: 'study.double', key: '2', label: 'layout_double', scope: 'study' },
  { id: 'study.link', key: 'l', label: 'link', scope: 'study' },
  { id: 'study.findings', key: 'a', label: 'findings_toggle', scope: 'study' },
  { id: 'study.panel', key: 's', label: 'findings_panel', scope: 'study' },
  { id: 'study.corners', key: 'c', label: 'corner_text', scope: 'study' },
  { id: 'study.identity', key: 'x', label: 'hide_identity', scope: 'study' },
  { id: 'study.fullScreen', key: 'e', label: 'full_screen', scope: 'study' },
  { id: 'study.help', key: '?', label: 'help', scope: 'study' },
  { id: 'marks.place', key: 'Enter', label: 'place_mark', scope: 'marks' },
  { id: 'marks.move', key: 'Arrow', label: 'move_mark', scope: 'marks' },
  { id: 'marks.remove', key: 'Delete', label: 'remove_mark', scope: 'marks' },
] as const satisfies readonly HotKey[];

export type HotKeyId = (typeof KEYS)[number]['id'];

/** Keys that act wherever the focus is. Those of marks and of the stage act only on what has the focus. */
export type CommandId = Exclude<HotKeyId, `marks.${string}` | `stage.${string}`>;

export const HOT_KEYS: readonly (HotKey & { readonly id: HotKeyId })[] = KEYS;

/** Single characters without a modifier: these must be possible to switch off (WCAG 2.1.4). */
export function isSingleCharacter(key: string): boolean {
  return key.length === 1 || /^Shift\+.$/.test(key);
}

export function isCommand(id: HotKeyId): id is CommandId {
  return !id.startsWith('marks.') && !id.startsWith('stage.');
}

interface Pressed {
  readonly key: string;
  /** The place on the keyboard. */
  readonly code?: string;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

/** Name what was pressed as the registry does; Command counts as Control. */
export function nameOfPressed(event: Pressed): string | null {
  if (event.altKey) return null;
  const letter = /^\p{L}$/u.test(event.key);
  const key = letter ? event.key.toLowerCase() : event.key === '=' ? '+' : event.key;
  if (event.ctrlKey || event.metaKey) return `Control+${key}`;
  return letter && event.shiftKey ? `Shift+${key}` : key;
}

/** Find the command for a pressed key. */
export function commandOf(event: Pressed, singleLetters: boolean): CommandId | null {
  const pressed = nameOfPressed(event);
  if (pressed === null || (isSingleCharacter(pressed) && !singleLetters)) return null;
  // French keyboards give digits with Shift only: without it the key of 1 writes & and is meant as 1 here.
  const digit = /^Digit(\d)$/.exec(event.code ?? '')?.[1];
  const bound = (key: string | undefined) => HOT_KEYS.find((hotKey) => hotKey.key === key);
  const found = (bound(pressed) ?? (event.ctrlKey || event.metaKey ? undefined : bound(digit)))?.id;
  return found !== undefined && isCommand(found) ? found : null;
}

/** Find the key of a command, for tooltips. */
export function keyOf(id: HotKeyId): string {
  return HOT_KEYS.find((hotKey) => hotKey.id === id)?.key ?? '';
}

const NAMED = ['PageDown', 'PageUp', 'Arrow', 'Enter', 'Escape', 'Delete', 'Shift', 'Control'] as const;

/** Write a key as it stands on the reader's keyboard. */
export function shownKey(key: string, words: Translator): string {
  const parts = key === '+' ? [key] : key.split('+');
  return parts
    .map((part) => {
      const named = NAMED.find((name) => name === part);
      return named === undefined ? part.toUpperCase() : words.text(`key_${named}`);
    })
    .join(' + ');
}

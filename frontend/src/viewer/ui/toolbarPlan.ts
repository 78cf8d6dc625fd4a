/** Which buttons the toolbar has, in the order of a reading. */
import type { CommandId } from '../hotkeys.ts';
import type { StringKey } from '../strings.ts';
import type { IconName } from './icons.ts';

export interface ButtonPlan {
  readonly command: CommandId;
  readonly icon: IconName;
  readonly label: StringKey;
  /** Shows a state that is on or off, rather than doing something once. */
  readonly toggle?: true;
  /** Moves into a menu where the viewer is narrow. */
  readonly rare?: true;
}

export const LEFT_GROUPS: readonly (readonly ButtonPlan[])[] = [
  [
    { command: 'tool.window', icon: 'window', label: 'window', toggle: true },
    { command: 'tool.region', icon: 'region', label: 'region', toggle: true, rare: true },
    { command: 'tool.pan', icon: 'pan', label: 'pan', toggle: true },
    { command: 'tool.zoom', icon: 'zoom', label: 'zoom', toggle: true },
    { command: 'tool.ruler', icon: 'ruler', label: 'ruler', toggle: true },
    { command: 'tool.angle', icon: 'angle', label: 'angle', toggle: true },
    { command: 'tool.probe', icon: 'probe', label: 'probe', toggle: true, rare: true },
  ],
  [
    { command: 'view.fit', icon: 'fit', label: 'fit' },
    { command: 'view.oneToOne', icon: 'oneToOne', label: 'one_to_one' },
    { command: 'view.invert', icon: 'invert', label: 'invert', toggle: true },
    { command: 'view.rotateLeft', icon: 'rotateLeft', label: 'rotate_left', rare: true },
    { command: 'view.rotateRight', icon: 'rotateRight', label: 'rotate_right' },
    { command: 'view.flipHorizontal', icon: 'flipHorizontal', label: 'flip_horizontal', rare: true },
    { command: 'view.flipVertical', icon: 'flipVertical', label: 'flip_vertical', rare: true },
  ],
  [
    { command: 'view.undo', icon: 'undo', label: 'undo' },
    { command: 'view.reset', icon: 'reset', label: 'reset' },
  ],
];

export const RIGHT_GROUPS: readonly (readonly ButtonPlan[])[] = [
  [
    { command: 'study.double', icon: 'double', label: 'layout_double', toggle: true },
    { command: 'study.link', icon: 'link', label: 'link', toggle: true },
  ],
  [
    { command: 'study.findings', icon: 'findings', label: 'findings_toggle', toggle: true },
    { command: 'study.panel', icon: 'panel', label: 'findings_panel', toggle: true },
    { command: 'study.identity', icon: 'identity', label: 'hide_identity', toggle: true, rare: true },
    { command: 'study.corners', icon: 'corners', label: 'corner_text', toggle: true, rare: true },
    { command: 'study.fullScreen', icon: 'fullScreen', label: 'full_screen', rare: true },
    { command: 'study.help', icon: 'help', label: 'help' },
  ],
];

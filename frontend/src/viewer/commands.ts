/** What each command of the registry does. A command without an entry here does not compile. */
import type { Preferences } from './config.ts';
import type { CommandId } from './hotkeys.ts';
import * as movements from './viewport/movements.ts';
import type { Tool } from './viewport/pointer.ts';
import type { Viewport } from './viewport/viewport.ts';
import type { Workspace } from './workspace.ts';

export interface CommandHost {
  readonly workspace: Workspace;
  readonly changePreference: (preference: keyof Preferences, value: boolean) => void;
  readonly toggleBeside: () => void;
  readonly toggleFullScreen: () => void;
  readonly togglePanel: () => void;
  readonly openHelp: () => void;
}

const ZOOM_STEP = 1.25;

export function makeCommands(host: CommandHost): Readonly<Record<CommandId, () => void>> {
  const { workspace } = host;
  const choose = (tool: Tool) => (): void => {
    workspace.tool = tool;
    workspace.refresh();
  };
  const here = (act: (viewport: Viewport) => void) => (): void => act(workspace.active.viewport);
  /** Changes of place are followed by a linked pane. */
  const placed = (act: (viewport: Viewport) => void) => (): void => {
    act(workspace.active.viewport);
    workspace.follow(workspace.active);
  };
  const everywhere = (act: (viewport: Viewport) => void) => (): void => {
    for (const pane of workspace.linkedWith(workspace.active)) act(pane.viewport);
  };
  const flag = (name: 'linked' | 'hideIdentity' | 'showFindings') => (): void => {
    workspace[name] = !workspace[name];
    if (name === 'linked') workspace.follow(workspace.active);
    workspace.refresh();
  };
  const preference = (name: keyof Preferences) => (): void => host.changePreference(name, !workspace.preferences[name]);
  return {
    'tool.window': choose('window'),
    'tool.region': choose('region'),
    'tool.pan': choose('pan'),
    'tool.zoom': choose('zoom'),
    'tool.ruler': choose('ruler'),
    'tool.angle': choose('angle'),
    'tool.probe': choose('probe'),
    'view.fit': placed(movements.fit),
    'view.oneToOne': placed((viewport) => movements.oneToOne(viewport, null)),
    'view.zoomIn': placed((viewport) => movements.zoomBy(viewport, ZOOM_STEP, null, true)),
    'view.zoomOut': placed((viewport) => movements.zoomBy(viewport, 1 / ZOOM_STEP, null, true)),
    'view.invert': everywhere(movements.invert),
    'view.rotateRight': here((viewport) => movements.rotate(viewport, 1)),
    'view.rotateLeft': here((viewport) => movements.rotate(viewport, -1)),
    'view.flipHorizontal': here((viewport) => movements.flip(viewport, 'horizontal')),
    'view.flipVertical': here((viewport) => movements.flip(viewport, 'vertical')),
    'view.smooth': preference('smooth'),
    'view.reset': placed(movements.reset),
    'view.undo': here((viewport) => void viewport.undo()),
    'study.nextImage': () => workspace.stepImage(1),
    'study.previousImage': () => workspace.stepImage(-1),
    'study.nextFrame': () => workspace.active.stepFrame(1),
    'study.previousFrame': () => workspace.active.stepFrame(-1),
    'study.double': host.toggleBeside,
    'study.link': flag('linked'),
    'study.findings': flag('showFindings'),
    'study.panel': host.togglePanel,
    'study.corners': preference('cornerText'),
    'study.identity': flag('hideIdentity'),
    'study.fullScreen': host.toggleFullScreen,
    'study.help': host.openHelp,
  };
}

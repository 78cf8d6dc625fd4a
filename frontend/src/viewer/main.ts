/** Mounts the viewer on the page's `#viewer`, told by `#viewer-config`. */
import './styles/viewer.css';
import { Viewer } from './application.ts';
import { parseConfig } from './config.ts';
import { makeHooks } from './hooks.ts';

export function mount(): void {
  const root = document.getElementById('viewer');
  const config = document.getElementById('viewer-config');
  if (root === null || config === null) return;
  const viewer = new Viewer(root, parseConfig(JSON.parse(config.textContent ?? '')));
  window.negatoscopeViewer = makeHooks(viewer);
  void viewer.open();
}

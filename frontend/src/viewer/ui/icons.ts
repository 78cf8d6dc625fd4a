/** The icons: strokes on a 20 by 20 grid, drawn for this program. */
import { s } from './dom.ts';

const PATHS = {
  window: 'M10 3a7 7 0 1 0 0 14a7 7 0 1 0 0-14zM10 3v14M10 6h4.9M10 10h7M10 14h4.9',
  region: 'M3 6V3h3M14 3h3v3M17 14v3h-3M6 17H3v-3M10 7a3 3 0 1 0 0 6a3 3 0 1 0 0-6zM10 7v6',
  pan: 'M10 2v16M2 10h16M7.5 4.5L10 2l2.5 2.5M7.5 15.5L10 18l2.5-2.5M4.5 7.5L2 10l2.5 2.5M15.5 7.5L18 10l-2.5 2.5',
  zoom: 'M8.5 3a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11zM12.6 12.6L17.5 17.5M8.5 6v5M6 8.5h5',
  ruler: 'M2 13.5L13.5 2L18 6.5L6.5 18zM5.5 10l2 2M8.2 7.3l2.8 2.8M11 4.5l2 2',
  angle: 'M3 16.5L14 3.5M3 16.5h14M10.5 16.5a7.5 7.5 0 0 0-2.6-5.7',
  probe: 'M10 2v5M10 13v5M2 10h5M13 10h5M10 9.2a.8.8 0 1 0 0 1.6a.8.8 0 1 0 0-1.6z',
  fit: 'M3 7V3h4M13 3h4v4M17 13v4h-4M7 17H3v-4M7 7h6v6H7z',
  oneToOne: 'M4 6.5L6 5v10M14 6.5L16 5v10M10 7.5v.6M10 12v.6',
  invert: 'M10 3a7 7 0 1 0 0 14a7 7 0 1 0 0-14zM10 5v10a5 5 0 0 0 0-10zM11.5 6v8M13 7v6',
  rotateRight: 'M16 5v4h-4M15.6 9A6.2 6.2 0 1 0 16 12',
  rotateLeft: 'M4 5v4h4M4.4 9A6.2 6.2 0 1 1 4 12',
  flipHorizontal: 'M10 2v16M8 5.5L2.5 15H8zM12 5.5L17.5 15H12z',
  flipVertical: 'M2 10h16M5.5 8L15 2.5V8zM5.5 12L15 17.5V12z',
  reset: 'M3.5 4v4.5H8M3.8 8.3A6.7 6.7 0 1 1 3.5 12M10 7.5V11l2.5 1.5',
  undo: 'M3 8l4-4M3 8l4 4M3 8h8.5a4.5 4.5 0 0 1 0 9H8',
  single: 'M3 4h14v12H3z',
  double: 'M3 4h14v12H3zM10 4v12',
  link: 'M8.5 11.5a3 3 0 0 0 4.3 0l3-3a3 3 0 0 0-4.3-4.3l-1 1M11.5 8.5a3 3 0 0 0-4.3 0l-3 3a3 3 0 0 0 4.3 4.3l1-1',
  identity: 'M10 4.5C5.5 4.5 3 8 2 10c1 2 3.500 5.500 8 5.500s7-3.500 8-5.500c-1-2-3.500-5.500-8-5.500zM4 16L16 4',
  corners: 'M3 4h5M3 7h3M12 4h5M14 7h3M3 16h5M3 13h3M12 16h5M14 13h3',
  findings: 'M4 8V4h4M12 4h4v4M16 12v4h-4M8 16H4v-4M10 7.500v3M10 12.800v.4',
  panel: 'M3 4h14v12H3zM12.500 4v12M14.300 7h1M14.300 9.500h1',
  fullScreen: 'M3 8V3h5M12 3h5v5M17 12v5h-5M8 17H3v-5M3 3l5 5M17 3l-5 5M17 17l-5-5M3 17l5-5',
  help: 'M10 2.500a7.500 7.500 0 1 0 0 15a7.500 7.500 0 1 0 0-15zM7.800 8a2.200 2.200 0 1 1 3.200 2c-.7.4-1 .8-1 1.600M10 14v.4',
  close: 'M5 5l10 10M15 5L5 15',
  previous: 'M12.500 4L6.500 10l6 6',
  next: 'M7.500 4l6 6l-6 6',
  more: 'M5 10h.01M10 10h.01M15 10h.01',
  down: 'M5 8l5 5l5-5',
} as const;

export type IconName = keyof typeof PATHS;

export function icon(name: IconName): SVGSVGElement {
  return s('svg', { viewBox: '0 0 20 20', class: 'nv-icon', 'aria-hidden': 'true', focusable: 'false' }, s('path', { d: PATHS[name] }));
}

/** The outlines of findings over an image. Outlines only: the anatomy under them stays to be judged. */
import type { Point, Size } from '../geometry/placement.ts';
import type { Translator } from '../strings.ts';
import { s } from '../ui/dom.ts';
import type { Finding } from './model.ts';

const LINE_HEIGHT = 15;

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

function boxOf(points: readonly Point[]): Box {
  const across = points.map((point) => point.x);
  const down = points.map((point) => point.y);
  return { left: Math.min(...across), right: Math.max(...across), top: Math.min(...down), bottom: Math.max(...down) };
}

/** Above the outline where there is room, below it otherwise: never inside. */
function labelPlace(box: Box, size: Size): Point {
  const above = box.top - 6;
  const y = above > LINE_HEIGHT ? above : Math.min(box.bottom + LINE_HEIGHT, size.height - 4);
  return { x: Math.min(Math.max(box.left, 4), Math.max(size.width - 160, 4)), y };
}

export class FindingsLayer {
  readonly element = s('g', { class: 'nv-findings-layer' });

  constructor(private readonly words: Translator) {}

  /** Draw the findings of the shown frame; `chosen` is drawn stronger. */
  show(findings: readonly Finding[], toLayer: (point: Point) => Point, size: Size, chosen: string | null): void {
    const drawn = findings.flatMap((finding) => {
      if (finding.region === null) return [];
      const corners = finding.region.map(toLayer);
      const place = labelPlace(boxOf(corners), size);
      const text = this.words.text('finding_here', { label: finding.label, percent: Math.round(finding.probability * 100) });
      const path = corners.map((corner) => `${corner.x.toFixed(1)},${corner.y.toFixed(1)}`).join(' ');
      return [
        s(
          'g',
          { class: finding.findingId === chosen ? 'nv-finding nv-chosen' : 'nv-finding', role: 'img', 'aria-label': this.words.labelled(this.words.text('look_here'), text) },
          s('polygon', { points: path }),
          s('text', { x: place.x.toFixed(1), y: place.y.toFixed(1), 'aria-hidden': 'true' }, text),
        ),
      ];
    });
    this.element.replaceChildren(...drawn);
  }
}

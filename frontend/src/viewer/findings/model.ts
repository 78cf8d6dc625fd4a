/** What a model found, as the page's server tells it. */
import type { Point } from '../geometry/placement.ts';

export type FindingsStatus =
  | 'no_model'
  | 'unsupported'
  | 'waiting'
  | 'running'
  | 'failed'
  | 'done'
  /** The server could not be asked: nothing is known, and nothing may be concluded. */
  | 'unavailable';

export interface Finding {
  readonly findingId: string;
  readonly label: string;
  readonly probability: number;
  readonly sopInstanceUid: string | null;
  readonly frame: number;
  /** Corners of the outline in image pixels; null when the model does not point. */
  readonly region: readonly Point[] | null;
  readonly model: string;
}

export interface Findings {
  readonly status: FindingsStatus;
  readonly models: readonly string[];
  readonly findings: readonly Finding[];
}

type Json = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function readRegion(value: unknown): readonly Point[] | null {
  if (!Array.isArray(value)) return null;
  const points = value.flatMap((corner): Point[] => {
    if (!Array.isArray(corner)) return [];
    const [column, row] = corner as readonly unknown[];
    return typeof column === 'number' && typeof row === 'number' ? [{ x: column, y: row }] : [];
  });
  return points.length >= 3 ? points : null;
}

function modelName(value: unknown): string {
  if (!isObject(value)) return textOf(value);
  return [textOf(value['name']), textOf(value['version'])].filter((part) => part !== '').join(' ');
}

function readFinding(value: unknown, index: number): Finding[] {
  if (!isObject(value)) return [];
  const probability = value['probability'];
  const label = textOf(value['label']);
  if (label === '' || typeof probability !== 'number' || !(probability >= 0 && probability <= 1)) return [];
  const frame = value['frame'];
  return [
    {
      findingId: textOf(value['finding_id']) || `finding-${index}`,
      label,
      probability,
      sopInstanceUid: textOf(value['sop_instance_uid']) || null,
      frame: typeof frame === 'number' && frame >= 1 ? frame : 1,
      region: readRegion(value['region']),
      model: modelName(value['model']),
    },
  ];
}

const STATUSES: readonly FindingsStatus[] = ['no_model', 'unsupported', 'waiting', 'running', 'failed', 'done'];

/** Read an answer; one that cannot be understood is "unavailable", never "no finding". */
export function readFindings(json: unknown): Findings {
  const status = isObject(json) ? STATUSES.find((known) => known === json['status']) : undefined;
  const listed = isObject(json) ? json['findings'] : undefined;
  if (!isObject(json) || status === undefined) return { status: 'unavailable', models: [], findings: [] };
  const findings = Array.isArray(listed) ? listed.flatMap(readFinding) : [];
  if (status === 'done' && Array.isArray(listed) && findings.length !== listed.length) {
    return { status: 'unavailable', models: [], findings };
  }
  const models = json['models'];
  return {
    status,
    models: Array.isArray(models) ? models.map(modelName).filter((name) => name !== '') : [],
    findings: [...findings].sort((a, b) => b.probability - a.probability),
  };
}

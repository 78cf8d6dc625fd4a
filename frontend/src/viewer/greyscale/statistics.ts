/** Statistics of stored values, for windows that follow the pixels. */
import { modalityValue, storedValue, type ModalityTransform, type WindowTransform } from './table.ts';

export interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface PixelGrid {
  readonly columns: number;
  readonly rows: number;
  readonly values: Uint16Array;
}

export interface ValueMeaning {
  readonly bitsStored: number;
  readonly signed: boolean;
  readonly modality: ModalityTransform;
  readonly padding: { readonly low: number; readonly high: number } | null;
}

function countPatterns(grid: PixelGrid, area: Rectangle): Uint32Array {
  const counts = new Uint32Array(65536);
  const left = Math.max(0, Math.floor(area.left));
  const right = Math.min(grid.columns, Math.ceil(area.right));
  const bottom = Math.min(grid.rows, Math.ceil(area.bottom));
  for (let row = Math.max(0, Math.floor(area.top)); row < bottom; row++) {
    const start = row * grid.columns;
    for (let index = start + left; index < start + right; index++) {
      const pattern = grid.values[index] ?? 0;
      counts[pattern] = (counts[pattern] ?? 0) + 1;
    }
  }
  return counts;
}

/** Count the stored values of `area`, in ascending order, padding left out. */
function countValues(grid: PixelGrid, meaning: ValueMeaning, area: Rectangle): { value: number; count: number }[] {
  const byValue = new Map<number, number>();
  countPatterns(grid, area).forEach((count, pattern) => {
    if (count === 0) return;
    const value = storedValue(pattern, meaning.bitsStored, meaning.signed);
    if (meaning.padding !== null && value >= meaning.padding.low && value <= meaning.padding.high) return;
    byValue.set(value, (byValue.get(value) ?? 0) + count);
  });
  return [...byValue].map(([value, count]) => ({ value, count })).sort((a, b) => a.value - b.value);
}

function percentile(counts: readonly { value: number; count: number }[], fraction: number): number {
  const total = counts.reduce((sum, entry) => sum + entry.count, 0);
  let seen = 0;
  for (const entry of counts) {
    seen += entry.count;
    if (seen >= total * fraction) return entry.value;
  }
  return counts.at(-1)?.value ?? 0;
}

/** Find the LINEAR window that spreads the values of `area` between two percentiles over all greys. */
export function windowFromPixels(
  grid: PixelGrid,
  meaning: ValueMeaning,
  area: Rectangle,
  tail: number,
): WindowTransform {
  const counts = countValues(grid, meaning, area);
  const ends = [percentile(counts, tail), percentile(counts, 1 - tail)].map((stored) =>
    modalityValue(meaning.modality, stored),
  );
  const low = Math.min(...ends);
  const high = Math.max(...ends);
  return { kind: 'window', function: 'LINEAR', center: (low + high + 1) / 2, width: Math.max(high - low + 1, 1) };
}

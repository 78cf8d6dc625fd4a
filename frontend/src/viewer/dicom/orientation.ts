/** Which way the image lies on the patient, as letters (PS3.3 C.7.6.1.1.1). */
import { numbers, strings, type DicomObject } from './json.ts';

/** Towards increasing columns, and towards increasing rows, e.g. `L` and `F`. */
export interface ImageDirections {
  readonly row: string;
  readonly column: string;
}

const OPPOSITES: Readonly<Record<string, string>> = { L: 'R', R: 'L', A: 'P', P: 'A', H: 'F', F: 'H' };

/** Name the opposite of `direction`: each letter turned. */
export function opposite(direction: string): string {
  return [...direction].map((letter) => OPPOSITES[letter] ?? letter).join('');
}

function lettersOf(cosines: readonly number[]): string {
  const named: [number, string][] = [
    [cosines[0] ?? 0, (cosines[0] ?? 0) > 0 ? 'L' : 'R'],
    [cosines[1] ?? 0, (cosines[1] ?? 0) > 0 ? 'P' : 'A'],
    [cosines[2] ?? 0, (cosines[2] ?? 0) > 0 ? 'H' : 'F'],
  ];
  return named
    .filter(([cosine]) => Math.abs(cosine) > 0.2)
    .sort((a, b) => Math.abs(b[0]) - Math.abs(a[0]))
    .map(([, letter]) => letter)
    .join('');
}

/** Read Patient Orientation, or work it out of Image Orientation (Patient); null when neither says. */
export function readDirections(image: DicomObject): ImageDirections | null {
  const [row, column] = strings(image, '00200020').map((value) => value.trim().toUpperCase());
  const valid = /^[LRAPHF]{1,3}$/;
  if (row !== undefined && column !== undefined && valid.test(row) && valid.test(column)) return { row, column };
  const cosines = numbers(image, '00200037');
  if (cosines.length !== 6) return null;
  return { row: lettersOf(cosines.slice(0, 3)), column: lettersOf(cosines.slice(3)) };
}

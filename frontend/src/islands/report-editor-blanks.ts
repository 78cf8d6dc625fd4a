/** Blanks of a template: what stands in square brackets is to be filled in or chosen. Pure. */

/** Where a blank stands in a text. */
export interface Blank {
  readonly start: number;
  readonly end: number;
}

const BLANK = /\[[^[\]\n]{0,80}\]|_{3,}/g;

/** Return every blank of a text, from first to last. */
export function blanksOf(text: string): Blank[] {
  return [...text.matchAll(BLANK)].map((found) => ({ start: found.index, end: found.index + found[0].length }));
}

/** Which blank of which text. */
export interface Place {
  readonly text: number;
  readonly blank: Blank;
}

/** Return the first blank at or after an offset of a text, going on through the later texts and round to the first. */
export function nextBlank(texts: readonly string[], from?: { readonly text: number; readonly offset: number }): Place | undefined {
  const places = texts.flatMap((text, index) => blanksOf(text).map((blank) => ({ text: index, blank })));
  if (!from) return places[0];
  const later = (place: Place): boolean => place.text > from.text || (place.text === from.text && place.blank.start >= from.offset);
  return places.find(later) ?? places[0];
}

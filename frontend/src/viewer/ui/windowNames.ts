/** The names of windows, as menus and corners show them. */
import type { RadiographImage } from '../dicom/image.ts';
import type { VoiChoice } from '../greyscale/voi.ts';
import type { Translator } from '../strings.ts';

export function choiceName(choice: VoiChoice, words: Translator): string {
  if (choice.explanation !== '') return choice.explanation;
  const number = Number(choice.key.split('-')[1] ?? 0) + 1;
  return words.text(choice.voi.kind === 'lut' ? 'lut_unnamed' : 'window_unnamed', { number });
}

/** Name the window that `voiKey` stands for. */
export function windowName(voiKey: string, image: RadiographImage, words: Translator): string {
  const choice = image.voiChoices.find((offered) => offered.key === voiKey);
  if (choice !== undefined) return choiceName(choice, words);
  return words.text(voiKey === 'auto' ? 'window_auto' : voiKey === 'full' ? 'window_full' : 'window_custom');
}

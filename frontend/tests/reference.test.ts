import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DECODABLE } from '../src/codecs/transferSyntaxes.ts';
import { HOT_KEYS, shownKey } from '../src/viewer/hotkeys.ts';
import { LANGUAGES, Translator } from '../src/viewer/strings.ts';

const page = readFileSync(resolve(import.meta.dirname, '../../docs/reference/viewer.md'), 'utf-8');
const ENGLISH = new Translator('en');
const FRENCH = new Translator('fr');

function keyTable(): string {
  const rows = HOT_KEYS.map(
    ({ key, label }) =>
      `| \`${shownKey(key, ENGLISH)}\` | ${ENGLISH.text(label)} | \`${shownKey(key, FRENCH)}\` | ${FRENCH.text(label)} |`,
  );
  return ['| key | what it does | touche | ce qu’elle fait |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

describe('docs/reference/viewer.md', () => {
  it('lists every key in both languages', () => {
    expect(page).toContain(keyTable());
  });

  it('lists every transfer syntax that is decoded here', () => {
    expect(page).toContain(['| transfer syntax |', '| --- |', ...DECODABLE.map((uid) => `| ${uid} |`)].join('\n'));
  });

  it('says each state of calibration as the viewer does', () => {
    for (const state of ['calibrated', 'magnification', 'detector', 'unspecified', 'none'] as const) {
      expect(page).toMatch(new RegExp(`\\| ${state} \\|.*\\| ${LANGUAGES.en[state]} \\|`));
    }
  });
});

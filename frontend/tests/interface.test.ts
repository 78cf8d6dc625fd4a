import { describe, expect, it } from 'vitest';
import { readAddress, writeAddress } from '../src/viewer/address.ts';
import { parseConfig } from '../src/viewer/config.ts';
import { readFindings } from '../src/viewer/findings/model.ts';
import { commandOf, HOT_KEYS, isSingleCharacter, shownKey } from '../src/viewer/hotkeys.ts';
import { LANGUAGES, Translator, type StringKey } from '../src/viewer/strings.ts';

function press(key: string, modifiers: Partial<Record<'shiftKey' | 'ctrlKey' | 'metaKey' | 'altKey', boolean>> = {}) {
  return { key, shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, ...modifiers };
}

describe('strings', () => {
  const keys = Object.keys(LANGUAGES.en) as StringKey[];
  const placeholders = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map((match) => match[0]).sort();

  it('are never empty, and hold the same values in both languages', () => {
    for (const key of keys) {
      expect(LANGUAGES.fr[key].trim(), key).not.toBe('');
      expect(placeholders(LANGUAGES.fr[key]), key).toEqual(placeholders(LANGUAGES.en[key]));
    }
  });

  it('are replaced by the catalogue of the page, unknown keys apart', () => {
    const words = new Translator('en', { fit: 'Whole image', nonsense: 'x' });
    expect(words.text('fit')).toBe('Whole image');
    expect(words.text('image_of', { number: 2, total: 5 })).toBe('Image 2 of 5');
  });

  it('write dates as each language does, and what is no date as it stands', () => {
    expect(new Translator('fr').date('20260102')).toBe('02/01/2026');
    expect(new Translator('en').date('2026')).toBe('2026');
  });
});

describe('hot keys', () => {
  it('name no key twice in what acts everywhere', () => {
    const everywhere = HOT_KEYS.filter((hotKey) => !/^(marks|stage)\./.test(hotKey.id)).map((hotKey) => hotKey.key);
    expect(new Set(everywhere).size).toBe(everywhere.length);
  });

  it('tell shifted letters, Control and Command apart', () => {
    expect(commandOf(press('r'), true)).toBe('view.rotateRight');
    expect(commandOf(press('R', { shiftKey: true }), true)).toBe('view.rotateLeft');
    expect(commandOf(press('z', { metaKey: true }), true)).toBe('view.undo');
    expect(commandOf(press('z'), true)).toBe('tool.zoom');
    expect(commandOf(press('z', { altKey: true }), true)).toBeNull();
    expect(commandOf(press('?', { shiftKey: true }), true)).toBe('study.help');
  });

  it('take the digits of a French keyboard without Shift', () => {
    expect(commandOf({ ...press('&'), code: 'Digit1' }, true)).toBe('view.oneToOne');
    expect(commandOf({ ...press('é'), code: 'Digit2' }, true)).toBe('study.double');
    expect(commandOf({ ...press('-'), code: 'Digit6' }, true)).toBe('view.zoomOut');
    expect(commandOf({ ...press('&'), code: 'Digit1' }, false)).toBeNull();
    expect(commandOf({ ...press('1', { ctrlKey: true }), code: 'Digit1' }, true)).toBeNull();
  });

  it('leave out every single character when the reader switched them off', () => {
    for (const hotKey of HOT_KEYS.filter((each) => isSingleCharacter(each.key))) {
      const key = hotKey.key.replace('Shift+', '');
      expect(commandOf(press(key, { shiftKey: hotKey.key.startsWith('Shift') }), false), hotKey.id).toBeNull();
    }
    expect(commandOf(press('PageDown'), false)).toBe('study.nextImage');
  });

  it('leave marks and the focused image their own keys', () => {
    expect(commandOf(press('Delete'), true)).toBeNull();
    expect(commandOf(press('Enter'), true)).toBeNull();
  });

  it('stand in help as on the keyboard', () => {
    expect(shownKey('Shift+r', new Translator('fr'))).toBe('Maj + R');
    expect(shownKey('+', new Translator('en'))).toBe('+');
  });
});

describe('readFindings', () => {
  const finding = { label: 'Nodule', probability: 0.7, sop_instance_uid: '1.2', frame: 1, region: [[1, 2], [3, 4], [5, 6]], model: 'Thorax 1' };

  it('sorts by probability and keeps regions in image pixels', () => {
    const read = readFindings({ status: 'done', models: [{ name: 'Thorax', version: '1' }], findings: [finding, { ...finding, probability: 0.9 }] });
    expect(read.findings.map((each) => each.probability)).toEqual([0.9, 0.7]);
    expect(read.findings[0]?.region).toEqual([{ x: 1, y: 2 }, { x: 3, y: 4 }, { x: 5, y: 6 }]);
    expect(read.models).toEqual(['Thorax 1']);
  });

  it('never turns an answer it cannot read into "no finding"', () => {
    for (const broken of [null, [], {}, { status: 'splendid' }, { status: 'done', findings: [{ ...finding, probability: 7 }] }]) {
      expect(readFindings(broken).status).toBe('unavailable');
    }
  });

  it('keeps a finding that points nowhere', () => {
    expect(readFindings({ status: 'done', findings: [{ ...finding, region: null }] }).findings[0]?.region).toBeNull();
  });
});

describe('configuration', () => {
  it('needs a study, and takes French when no language is known', () => {
    expect(() => parseConfig({})).toThrow(TypeError);
    expect(parseConfig({ study_uid: '1.2', dicomweb_root: '/dicom-web/' })).toMatchObject({ language: 'fr', dicomwebRoot: '/dicom-web', priors: [] });
  });

  it('reads priors and passes over what is none', () => {
    const config = parseConfig({ study_uid: '1.2', priors: [{ study_uid: '1.3', label: 'A', explanation: 'B' }, 7, {}] });
    expect(config.priors).toEqual([{ studyUid: '1.3', label: 'A', explanation: 'B' }]);
  });
});

describe('address', () => {
  it('comes back as it was written, and is empty for the usual state', () => {
    const state = { image: 3, beside: '1.2.840.1' };
    expect(readAddress(writeAddress(state))).toEqual(state);
    expect(writeAddress({ image: 1, beside: null })).toBe('');
  });

  it('ignores what is no image and no UID', () => {
    expect(readAddress('#image=0&beside=../../x')).toEqual({ image: 1, beside: null });
  });
});

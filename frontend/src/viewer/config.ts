/** What the page tells the viewer, checked, and the reader's own preferences. */
import type { Language } from './strings.ts';

export interface PriorChoice {
  readonly studyUid: string;
  readonly label: string;
  readonly explanation: string;
}

export interface ViewerConfig {
  readonly studyUid: string;
  readonly language: Language;
  readonly strings: Readonly<Record<string, string>>;
  readonly dicomwebRoot: string;
  readonly priors: readonly PriorChoice[];
  readonly initialPrior: string | null;
  readonly findingsUrl: string | null;
  readonly preferences: Preferences;
}

export interface Preferences {
  /** Draw on the processor even where WebGL 2 is there. */
  readonly drawOnProcessor: boolean;
  readonly singleLetterKeys: boolean;
  readonly smooth: boolean;
  readonly cornerText: boolean;
  readonly panel: boolean;
}

export const DEFAULT_PREFERENCES: Preferences = {
  drawOnProcessor: false,
  singleLetterKeys: true,
  smooth: true,
  cornerText: true,
  panel: true,
};

const STORAGE_KEY = 'negatoscope.viewer.preferences';
/** The switch of the whole site for single-letter keys; the viewer obeys and turns the same one. */
const LETTER_KEYS = 'letter-keys';

type Json = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(object: Json, name: string): string | null {
  const value = object[name];
  return typeof value === 'string' && value !== '' ? value : null;
}

function readPrior(value: unknown): PriorChoice[] {
  if (!isObject(value)) return [];
  const studyUid = textOf(value, 'study_uid');
  if (studyUid === null) return [];
  return [{ studyUid, label: textOf(value, 'label') ?? studyUid, explanation: textOf(value, 'explanation') ?? '' }];
}

function readStrings(value: unknown): Record<string, string> {
  if (!isObject(value)) return {};
  return Object.fromEntries(Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

function readPreferences(defaults: Preferences, value: unknown): Preferences {
  if (!isObject(value)) return defaults;
  const flag = (name: keyof Preferences): boolean => {
    const given = value[name];
    return typeof given === 'boolean' ? given : defaults[name];
  };
  return {
    drawOnProcessor: flag('drawOnProcessor'),
    singleLetterKeys: flag('singleLetterKeys'),
    smooth: flag('smooth'),
    cornerText: flag('cornerText'),
    panel: flag('panel'),
  };
}

/** Check the page's configuration. */
export function parseConfig(json: unknown): ViewerConfig {
  const studyUid = isObject(json) ? textOf(json, 'study_uid') : null;
  if (!isObject(json) || studyUid === null) throw new TypeError('the viewer configuration names no study');
  const priors = json['priors'];
  return {
    studyUid,
    language: json['language'] === 'en' ? 'en' : 'fr',
    strings: readStrings(json['strings']),
    dicomwebRoot: (textOf(json, 'dicomweb_root') ?? '/dicom-web').replace(/\/$/, ''),
    priors: Array.isArray(priors) ? priors.flatMap(readPrior) : [],
    initialPrior: textOf(json, 'initial_prior'),
    findingsUrl: textOf(json, 'findings_url'),
    preferences: readPreferences(DEFAULT_PREFERENCES, json['preferences']),
  };
}

/** What this reader chose on this machine wins over the page's defaults. Nothing clinical is kept. */
export function recallPreferences(defaults: Preferences): Preferences {
  try {
    const recalled = readPreferences(defaults, JSON.parse(localStorage.getItem(STORAGE_KEY) ?? 'null'));
    const letters = localStorage.getItem(LETTER_KEYS);
    return letters === null ? recalled : { ...recalled, singleLetterKeys: letters !== 'off' };
  } catch {
    // No storage (private window) or not ours: the defaults serve.
    return defaults;
  }
}

export function rememberPreferences(preferences: Preferences): void {
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify(preferences));
    localStorage.setItem(LETTER_KEYS, preferences.singleLetterKeys ? 'on' : 'off');
  } catch {
    // Storage is full or forbidden; the choice holds for this page.
  }
}

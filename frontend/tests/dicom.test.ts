import { describe, expect, it } from 'vitest';
import { readCalibration } from '../src/viewer/dicom/calibration.ts';
import { readImage } from '../src/viewer/dicom/image.ts';
import { parseDicomObjects, personName, type DicomObject } from '../src/viewer/dicom/json.ts';
import { mediaParameter, readSinglePart } from '../src/viewer/dicom/multipart.ts';
import { readDirections } from '../src/viewer/dicom/orientation.ts';
import { readInverse, readPadding, readVoiChoices } from '../src/viewer/greyscale/voi.ts';

const noBulk = (): Promise<Uint8Array> => Promise.reject(new Error('nothing was left behind an address'));

function object(values: Readonly<Record<string, readonly unknown[]>>): DicomObject {
  return Object.fromEntries(Object.entries(values).map(([tag, Value]) => [tag, { Value }]));
}

describe('readCalibration', () => {
  const imager = { '00181164': [0.15, 0.1] };

  it('says detector for Imager Pixel Spacing alone, or repeated as Pixel Spacing', () => {
    expect(readCalibration(object(imager))).toEqual({ state: 'detector', rowSpacing: 0.15, columnSpacing: 0.1, unit: 'mm' });
    expect(readCalibration(object({ ...imager, '00280030': [0.15, 0.1] })).state).toBe('detector');
  });

  it('takes Pixel Spacing as calibrated when it differs, or says how', () => {
    expect(readCalibration(object({ ...imager, '00280030': [0.12, 0.08] }))).toMatchObject({ state: 'calibrated', rowSpacing: 0.12 });
    expect(readCalibration(object({ '00280030': [0.12, 0.12], '00280A02': ['FIDUCIAL'] })).state).toBe('calibrated');
  });

  it('divides by the magnification factor', () => {
    const calibration = readCalibration(object({ ...imager, '00181114': [1.25] }));
    expect(calibration.state).toBe('magnification');
    expect(calibration.rowSpacing).toBeCloseTo(0.12, 9);
  });

  it('does not trust a spacing without a plane, and counts pixels without any', () => {
    expect(readCalibration(object({ '00280030': [0.2, 0.2] })).state).toBe('unspecified');
    expect(readCalibration(object({ '00280034': [3, 2] }))).toEqual({ state: 'none', rowSpacing: 1.5, columnSpacing: 1, unit: 'px' });
    expect(readCalibration(object({ '00181164': [0, 0] })).state).toBe('none');
  });
});

describe('readDirections', () => {
  it('reads Patient Orientation', () => {
    expect(readDirections(object({ '00200020': ['L', 'F'] }))).toEqual({ row: 'L', column: 'F' });
  });

  it('works it out of Image Orientation (Patient), strongest direction first', () => {
    expect(readDirections(object({ '00200037': [1, 0, 0, 0, 0, -1] }))).toEqual({ row: 'L', column: 'F' });
    expect(readDirections(object({ '00200037': [0.5, 0.866, 0, 0, 0, -1] }))).toEqual({ row: 'PL', column: 'F' });
  });

  it('invents nothing', () => {
    expect(readDirections(object({}))).toBeNull();
    expect(readDirections(object({ '00200020': ['L', 'X'] }))).toBeNull();
  });
});

describe('grey-scale attributes', () => {
  it('lets a Presentation LUT Shape decide over MONOCHROME1', () => {
    expect(readInverse(object({ '00280004': ['MONOCHROME1'] }))).toBe(true);
    expect(readInverse(object({ '00280004': ['MONOCHROME1'], '20500020': ['IDENTITY'] }))).toBe(false);
    expect(readInverse(object({ '00280004': ['MONOCHROME2'], '20500020': ['INVERSE'] }))).toBe(true);
  });

  it('reads padding written without its sign', () => {
    expect(readPadding(object({ '00280120': [63536] }), 12, true)).toEqual({ low: -2000, high: -2000 });
    expect(readPadding(object({ '00280120': [10], '00280121': [0] }), 12, false)).toEqual({ low: 0, high: 10 });
    expect(readPadding(object({}), 12, false)).toBeNull();
  });

  it('offers curves before windows, each by its explanation', async () => {
    const image: DicomObject = {
      ...object({ '00281050': [2048, 1000], '00281051': [4096, 500], '00281055': ['NORMAL', 'HARD'], '00281056': ['SIGMOID'] }),
      '00283010': {
        Value: [{ ...object({ '00283002': [2, 100, 12], '00283003': ['BONE'] }), '00283006': { InlineBinary: btoa('\x00\x00\xff\x0f') } }],
      },
    };
    const choices = await readVoiChoices(image, false, noBulk);
    expect(choices.map((choice) => [choice.key, choice.explanation])).toEqual([
      ['lut-0', 'BONE'],
      ['window-0', 'NORMAL'],
      ['window-1', 'HARD'],
    ]);
    expect(choices[0]?.voi).toMatchObject({ kind: 'lut', lut: { firstMapped: 100, bits: 12, data: Uint16Array.of(0, 4095) } });
    expect(choices[2]?.voi).toEqual({ kind: 'window', function: 'SIGMOID', center: 1000, width: 500 });
  });

  it('reads a 65 536 entry table from behind an address', async () => {
    const table = { ...object({ '00283002': [0, 0, 16] }), '00283006': { BulkDataURI: 'bulk/1' } };
    const load = (uri: string): Promise<Uint8Array> => Promise.resolve(new Uint8Array(uri === 'bulk/1' ? 131072 : 0));
    const [choice] = await readVoiChoices({ '00283010': { Value: [table] } }, false, load);
    expect(choice?.voi).toMatchObject({ center: 32767.5, width: 65536 });
  });
});

describe('readImage', () => {
  it('passes over objects without pixels', async () => {
    expect(await readImage(object({ '00080018': ['1.2'], '0020000D': ['1'], '0020000E': ['1.1'] }), noBulk)).toBeNull();
  });

  it('keeps what a reader must see: side, view, loss', async () => {
    const image = await readImage(
      object({
        '00080018': ['1.2'],
        '0020000D': ['1'],
        '0020000E': ['1.1'],
        '00280010': [10],
        '00280011': [20],
        '00200062': ['L'],
        '00185101': ['AP'],
        '00282110': ['01'],
        '00282112': [12.5],
        '00282114': ['ISO_15444_1'],
      }),
      noBulk,
    );
    expect(image).toMatchObject({ laterality: 'L', view: 'AP', frames: 1, lossy: { ratio: 12.5, method: 'ISO_15444_1' } });
  });

  it('shows a name as family name and given names', () => {
    expect(personName({ '00100010': { Value: [{ Alphabetic: 'ÉLUARD^Zoé^Marie' }] } }, '00100010')).toBe('ÉLUARD Zoé Marie');
    expect(() => parseDicomObjects({})).toThrow(TypeError);
  });
});

describe('readSinglePart', () => {
  const wrap = (body: string, end = '\r\n--b 1--\r\n'): Uint8Array<ArrayBuffer> =>
    new TextEncoder().encode(`\r\n--b 1\r\nContent-Type: image/jls; transfer-syntax=1.2.3\r\nX: y\r\n\r\n${body}${end}`);
  const type = 'multipart/related; type="image/jls"; boundary="b 1"';

  it('cuts out the body even when it holds delimiters of its own', () => {
    const part = readSinglePart(wrap('ab\r\n--b 2\r\n\r\ncd\r\n--b'), type);
    expect(new TextDecoder().decode(part.body)).toBe('ab\r\n--b 2\r\n\r\ncd\r\n--b');
    expect(part.headers.get('content-type')).toBe('image/jls; transfer-syntax=1.2.3');
  });

  it('refuses an answer that was cut short', () => {
    expect(() => readSinglePart(wrap('abcdef', ''), type)).toThrow(TypeError);
  });

  it('takes an answer that is no multipart as the body', () => {
    expect(readSinglePart(Uint8Array.of(1, 2), 'application/octet-stream').body).toEqual(Uint8Array.of(1, 2));
  });

  it('reads parameters quoted and bare', () => {
    expect(mediaParameter(type, 'type')).toBe('image/jls');
    expect(mediaParameter('a/b; transfer-syntax=1.2.3; q=1', 'transfer-syntax')).toBe('1.2.3');
    expect(mediaParameter('a/b', 'boundary')).toBeUndefined();
  });
});

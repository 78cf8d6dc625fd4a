import { describe, expect, it } from 'vitest';
import { blanksOf, nextBlank } from '../../src/islands/report-editor-blanks.ts';
import { Saver, type Body, type Outcome, type Shown, type Told } from '../../src/islands/report-editor-saving.ts';

const told = (version: number, body: Body): Told => ({ version, state: 'draft', body, saved_by: 'Dr Valjean', saved_at: '10:00' });

describe('blanks of a template', () => {
  it('are square brackets on one line, and underscores', () => {
    expect(blanksOf('Taille [normale | augmentée], ___ mm [a\nb] []')).toEqual([
      { start: 7, end: 28 },
      { start: 30, end: 33 },
      { start: 43, end: 45 },
    ]);
  });

  it('are walked through all texts and round', () => {
    const texts = ['a [1] b [2]', 'none', '[3]'];
    const first = nextBlank(texts);
    expect(first).toEqual({ text: 0, blank: { start: 2, end: 5 } });
    expect(nextBlank(texts, { text: 0, offset: 5 })).toEqual({ text: 0, blank: { start: 8, end: 11 } });
    expect(nextBlank(texts, { text: 0, offset: 11 })).toEqual({ text: 2, blank: { start: 0, end: 3 } });
    expect(nextBlank(texts, { text: 2, offset: 3 })).toEqual(first);
    expect(nextBlank(['plain'])).toBeUndefined();
  });
});

/** A server that keeps one text, answers when it is told to, and knows versions. */
class Server {
  version = 1;
  body: Body = {};
  readonly versionsSeen: number[] = [];
  private waiting: (() => void)[] = [];

  readonly send = (version: number, body: Body): Promise<Outcome> => new Promise((resolve) => {
    this.versionsSeen.push(version);
    this.waiting.push(() => {
      if (version !== this.version) return resolve({ kind: 'other', told: told(this.version, this.body) });
      this.version += 1;
      this.body = body;
      resolve({ kind: 'saved', told: told(this.version, body) });
    });
  });

  answer(): void {
    for (const one of this.waiting.splice(0)) one();
  }
}

describe('saving as one types', () => {
  it('sends one text at a time and the latest last', async () => {
    const server = new Server();
    let text = 'a';
    const shown: Shown[] = [];
    const saver = new Saver(1, () => ({ findings: text }), server.send, (what) => shown.push(what), 0);
    saver.touch();
    const done = saver.flush();
    text = 'ab';
    saver.touch();
    server.answer();
    await Promise.resolve();
    expect(server.versionsSeen).toEqual([1]);
    while (saver.isDirty) {
      server.answer();
      await new Promise((next) => setTimeout(next, 0));
    }
    expect(await done).toBe(true);
    expect(server.body).toEqual({ findings: 'ab' });
    expect(server.versionsSeen).toEqual([1, 2]);
    expect(shown.at(-1)).toBe('saved');
  });

  it('stops at the text of somebody else and never writes over it unasked', async () => {
    const server = new Server();
    server.version = 5;
    server.body = { findings: 'theirs' };
    const saver = new Saver(1, () => ({ findings: 'mine' }), server.send, () => undefined, 0);
    saver.touch();
    const done = saver.flush();
    server.answer();
    expect(await done).toBe(false);
    saver.touch();
    expect(await saver.flush()).toBe(false);
    expect(server.body).toEqual({ findings: 'theirs' });
    saver.resume(5, true);
    const again = saver.flush();
    server.answer();
    expect(await again).toBe(true);
    expect(server.body).toEqual({ findings: 'mine' });
  });

  it('keeps the text for another attempt when the server refuses', async () => {
    let refuse = true;
    const saver = new Saver(
      1,
      () => ({ findings: 'x' }),
      (version, body) => Promise.resolve(refuse ? { kind: 'refused', reason: 'database_down' } : { kind: 'saved', told: told(version + 1, body) }),
      () => undefined,
      0,
    );
    saver.touch();
    expect(await saver.flush()).toBe(false);
    expect(saver.isDirty).toBe(true);
    refuse = false;
    expect(await saver.flush()).toBe(true);
    expect(saver.isDirty).toBe(false);
  });
});

import { describe, expect, it } from 'vitest';
import { addressOf } from '../../src/islands/fragments.ts';
import { match } from '../../src/islands/keys.ts';
import { compare } from '../../src/islands/lists.ts';
import { fill } from '../../src/islands/messages.ts';

describe('the address of a filter', () => {
  it('leaves out what is empty and escapes the rest', () => {
    const entries: [string, string][] = [['q', 'Éléonore & co'], ['state', ''], ['page', '2']];
    expect(addressOf('/orders', entries)).toBe('/orders?q=%C3%89l%C3%A9onore+%26+co&page=2');
    expect(addressOf('/orders', [['q', '']])).toBe('/orders');
  });
});

describe('keys', () => {
  const bound = new Map([
    ['?', 'help'],
    ['g h', 'go-home'],
    ['g r', 'go-reading'],
    ['r', 'refresh'],
  ]);
  it('knows an action, the start of one, and nothing', () => {
    expect(match('?', bound)).toEqual({ action: 'help', more: false });
    expect(match('g', bound)).toEqual({ more: true });
    expect(match('g r', bound)).toEqual({ action: 'go-reading', more: false });
    expect(match('x', bound)).toEqual({ more: false });
  });
});

describe('the difference of two lists', () => {
  const before = new Map([['a', '1'], ['b', '1'], ['c', '1']]);
  it('finds what changed, what came, and whether the order moved', () => {
    const after = new Map([['d', '1'], ['a', '2'], ['b', '1'], ['c', '1']]);
    expect(compare(before, after)).toEqual({ changed: ['a'], added: ['d'], reordered: true });
  });
  it('sees a changed order and a gone line although nothing came', () => {
    expect(compare(before, new Map([['b', '1'], ['a', '1'], ['c', '1']])).reordered).toBe(true);
    expect(compare(before, new Map([['a', '1'], ['b', '1']])).reordered).toBe(true);
  });
  it('is empty for equal lists', () => {
    expect(compare(before, new Map(before))).toEqual({ changed: [], added: [], reordered: false });
  });
});

describe('sentences', () => {
  it('take values by name and leave unknown names', () => {
    expect(fill('{count} lines of {all}', { count: 3 })).toBe('3 lines of {all}');
  });
});

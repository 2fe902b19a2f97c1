import { describe, expect, it } from 'vitest';
import { expiryProblem, isPlaceholder, isRfc3339, NAMED_PATTERN, REASONED_PATTERN } from './words.ts';

const named = new RegExp(NAMED_PATTERN, 'u');
const reasoned = new RegExp(REASONED_PATTERN, 'u');

describe('words of content', () => {
  // Spaces of every kind, zero-width and direction characters, fillers that Unicode calls letters, the Braille blank.
  const blanks =
    '\u0020 \u0009 \u00a0 \u1680 \u2000 \u2003 \u2007 \u200b \u200d \u202e \u2028 \u202f \u205f \u2060 \u2800 \u3000 \u3164 \u115f \u1160 \uffa0 \ufeff \u{e0020}';
  it.each([...blanks.split(' '), blanks, '-', '…', '???', '\u2014'])('%j has none', (text) => {
    expect([named.test(text), reasoned.test(text)]).toEqual([false, false]);
  });
  it.each(['Ada', '李', 'X', 'OPS-42', '#7', '\u200bB'])('%j is a name', (text) => {
    expect([named.test(text), isPlaceholder(text)]).toEqual([true, false]);
  });
  it.each(['known', 'Replaced on Monday', '已知问题', 'a b c', '42 %, 3'])('%j is a reason', (text) => {
    expect([reasoned.test(text), isPlaceholder(text)]).toEqual([true, false]);
  });
  it.each(['n/a', 'N.A.', 'TODO', '- tbd -', 'xxx', 'none', ' Nobody ', 'test'])('%j stands for nothing', (text) => {
    expect(isPlaceholder(text)).toBe(true);
  });
});

it('an end stands for a year at most', () => {
  const now = new Date('2027-03-01T12:00:00Z');
  expect(expiryProblem('2027-03-01T12:00:00Z', now)).toMatch(/^expired/);
  expect(expiryProblem('tomorrow', now)).toMatch(/^expired/);
  expect(expiryProblem('2027-03-01T12:00:01Z', now)).toBeNull();
  expect(expiryProblem('2028-03-01T12:00:00Z', now)).toBeNull();
  expect(expiryProblem('2028-03-02T12:00:00Z', now)).toMatch(/more than a year/);
  expect(expiryProblem('9999-12-31T23:59:59Z', now)).toMatch(/more than a year/);
});

it.each([
  ['2027-03-31T00:00:00Z', true],
  ['2027-03-31T00:00:00.5+02:00', true],
  ['2028-02-29T00:00:00Z', true],
  ['2027-02-29T00:00:00Z', false],
  ['2027-03-31', false],
  ['2027-03-31T00:00:00', false],
  ['2027-13-01T00:00:00Z', false],
  ['next week', false],
])('%s is an RFC 3339 time: %s', (text, expected) => {
  expect(isRfc3339(text)).toBe(expected);
});

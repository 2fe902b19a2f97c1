import { describe, expect, it } from 'vitest';
import { exactly, GATE_SPEC, gateGrepOf, grepOf, isStated, mayBeSameTest } from './binding.ts';

describe('isStated', () => {
  it.each([
    ['pays', ['pays'], true],
    ['pays', ['Checkout', 'pays'], true],
    ['Checkout › pays', ['Checkout', 'pays'], true],
    ['Checkout › pays', ['Checkout', '', 'pays'], true],
    ['Checkout › pays', ['Shop', 'Checkout', 'pays'], false],
    ['Checkout', ['Checkout', 'pays'], false],
    ['pays', ['pays more'], false],
    ['pay.', ['pays'], false],
    ['a › b', ['a › b'], true],
  ])('%s: %j is %s', (stated, titles, expected) => {
    expect(isStated(stated, titles)).toBe(expected);
  });
});

describe('mayBeSameTest', () => {
  it.each([
    ['pays', 'pays', true],
    ['pays', 'Checkout › pays', true],
    ['Checkout › pays', 'pays', true],
    ['Checkout › pays', 'Refund › pays', false],
    ['pays', 'also pays', false],
  ])('%s and %s: %s', (a, b, expected) => {
    expect(mayBeSameTest(a, b)).toBe(expected);
  });
});

describe('gateGrepOf', () => {
  it.each([
    ['an item of the phase', ' phase1 gate.spec.ts P1-ONE-001 Answers @phase1 @critical', true],
    ['its last tag', 'phase1 gate.spec.ts P1-ONE-001 Answers @critical @phase1', true],
    ['an item of another phase', 'phase1 gate.spec.ts P2-ONE-001 Answers @phase2 @critical', false],
    ['a tag that begins so', 'phase1 gate.spec.ts P2-ONE-001 Answers @phase10', false],
    ["a team's test with the phase for a tag", 'phase1 shop.spec.ts pays @phase1', false],
    ["a team's spec below a folder", 'phase1 a/gate.spec.ts pays @phase1', false],
  ])('%s', (_name, line, picked) => {
    expect(gateGrepOf('phase1', GATE_SPEC).test(line)).toBe(picked);
  });
});

describe('grepOf', () => {
  const picks = (file: string, title: string, line: string) => grepOf('phase1', file, title).test(line);
  it.each([
    ['a title', 'pays', 'phase1 shop.spec.ts pays'],
    ['below describes', 'pays', 'phase1 shop.spec.ts Checkout Card pays'],
    ['with tags', 'pays', 'phase1 shop.spec.ts Checkout @slow pays @money @odd'],
    ['a title path, its describes tagged', 'Checkout › pays', 'phase1 shop.spec.ts Checkout @slow pays @money'],
    ['a title that holds the separator', 'a › b', 'phase1 shop.spec.ts a › b'],
    [
      'characters that mean something',
      'pays $5 (or [more]?) a|b \\d^',
      'phase1 shop.spec.ts pays $5 (or [more]?) a|b \\d^',
    ],
  ])('takes %s', (_name, title, line) => {
    expect(picks('shop.spec.ts', title, line)).toBe(true);
  });
  it.each([
    ['of another phase', 'pays', 'phase2 shop.spec.ts pays'],
    ['of another file', 'pays', 'phase1 shopXspec.ts pays'],
    ['of a file below', 'pays', 'phase1 other/shop.spec.ts pays'],
    ['with a longer title', 'pays', 'phase1 shop.spec.ts pays more'],
    ['ending in the middle of a word', 'pays', 'phase1 shop.spec.ts prepays'],
    ['below another describe', 'Checkout › pays', 'phase1 shop.spec.ts Refund pays'],
  ])('leaves a test %s', (_name, title, line) => {
    expect(picks('shop.spec.ts', title, line)).toBe(false);
  });
  it('takes file names as they are', () => {
    expect(picks('odd [1] (a+b).spec.ts', 'pays', 'phase1 odd [1] (a+b).spec.ts pays')).toBe(true);
    expect(exactly('/p/odd [1] (a+b).spec.ts').test('/p/odd [1] (a+b).spec.ts')).toBe(true);
    expect(exactly('/p/a.spec.ts').test('/p/aXspec.ts')).toBe(false);
  });
});

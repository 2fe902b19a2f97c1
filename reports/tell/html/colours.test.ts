import { describe, expect, it } from 'vitest';
import { contrast, DARK, LIGHT, PAIRS } from './colours.ts';
import { STYLES } from './styles.ts';

it('computes contrast as WCAG does', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5);
  expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.478, 3);
});

describe.each([
  ['light', LIGHT],
  ['dark', DARK],
])('%s', (_, palette) => {
  it.each(PAIRS)('%s on %s has at least %d : 1', (ink, paper, least) => {
    expect(contrast(palette[ink], palette[paper])).toBeGreaterThanOrEqual(least);
  });
});

it('uses no colour beside the tables', () => {
  const rules = STYLES.replace(/--\w+:#[0-9a-f]{6};/g, '');
  expect(rules).not.toMatch(/#[0-9a-f]{3,8}\b|rgba?\(|hsla?\(/i);
});

import { expect, it } from 'vitest';
import { didYouMean, editDistance } from './suggest.ts';

it('counts edits, a swap of neighbours as one', () => {
  expect(editDistance('severity', 'severity')).toBe(0);
  expect(editDistance('sevreity', 'severity')).toBe(1);
  expect(editDistance('severty', 'severity')).toBe(1);
  expect(editDistance('', 'abc')).toBe(3);
});

it('suggests what is near and nothing else', () => {
  expect(didYouMean('Severty', ['severity', 'source'])).toBe('severity');
  expect(didYouMean('nonsense', ['severity', 'source'])).toBeUndefined();
  expect(didYouMean('ab', ['abc', 'abd'])).toBe('abc');
});

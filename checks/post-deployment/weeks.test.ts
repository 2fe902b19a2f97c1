import { describe, expect, it } from 'vitest';
import { CHANGED, falsePages, foundWithin, pagesOf } from './testing/weeks.ts';

const WEEKS = 50;

describe('weeks after an approval, as seeds make them', () => {
  it.each([
    ['the same at all hours', {}],
    ['with the rhythm of a day', { rhythm: 0.3 }],
  ])('nothing has changed, %s: nobody is told', (_, of) => {
    for (const pages of Object.values(falsePages(WEEKS, of))) expect(pages).toBeLessThanOrEqual(1);
  });

  it.each([
    ['a step of a fifth', 24, { step: 0.2 }],
    ['five percent more each day', 72, { slopeADay: 0.05 }],
    ['a doubled variance', 72, { variance: 2 }],
    ['a step of a fifth on day 3', 24, { step: 0.2, from: 48 }],
    ['a doubled variance on day 3', 72, { variance: 2, from: 48 }],
  ])('%s is found within %i hours', (_, hours, change) => {
    expect(foundWithin(hours, WEEKS, { rhythm: 0.3, ...change })).toBeGreaterThanOrEqual(0.9);
  });

  it('what becomes better, or steadier, tells nobody', () => {
    expect(pagesOf({ seed: 1, step: -0.3 })).toEqual([]);
    expect(pagesOf({ seed: 1, variance: 0.3 })).toEqual([]);
  });

  it('names what has changed, and nothing else', () => {
    const pages = pagesOf({ seed: 2, rhythm: 0.3, step: 0.4, from: 72 });
    expect(new Set(pages.map(({ metric }) => metric))).toEqual(new Set([CHANGED]));
    expect(pages[0]).toMatchObject({ id: 'worse', hour: 96 });
  });
});

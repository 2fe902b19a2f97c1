/**
 * What the comparison after an approval finds, and what it makes up: a thousand seeded weeks in which nothing changes, judged by the kind as the
 * schedules do, and weeks with a step, a slope and a doubled variance.
 */
import { falsePages, foundWithin, type Week } from '../../checks/post-deployment/testing/weeks.ts';
import type { Figure } from './measure.ts';

const WEEKS = 1000;
const WEEKS_OF_CHANGE = 500;
/** Of 100 weeks, for a family of metrics. */
const FALSE_PAGES = 1;
/** Percent that may be missed. */
const MISSED = 5;

const RHYTHMS: readonly (readonly [string, Omit<Week, 'seed'>])[] = [
  ['no rhythm', {}],
  ['daily rhythm', { rhythm: 0.3 }],
];
const CHANGES: readonly (readonly [string, number, Omit<Week, 'seed'>])[] = [
  ['step of 20 %', 24, { step: 0.2 }],
  ['slope of 5 % a day', 72, { slopeADay: 0.05 }],
  ['doubled variance', 72, { variance: 2 }],
];

export function weeks(): Promise<readonly Figure[]> {
  return Promise.resolve(
    RHYTHMS.flatMap(([rhythm, of]) => [...falseFigures(rhythm, of), ...missedFigures(rhythm, of)]),
  );
}

function falseFigures(rhythm: string, of: Omit<Week, 'seed'>): readonly Figure[] {
  return Object.entries(falsePages(WEEKS, of)).map(([family, pages]) => ({
    name: `weeks, ${rhythm}: false pages of ${family}`,
    value: (100 * pages) / WEEKS,
    unit: '%',
    target: FALSE_PAGES,
    detail: `${pages} of ${WEEKS} weeks`,
  }));
}

function missedFigures(rhythm: string, of: Omit<Week, 'seed'>): readonly Figure[] {
  return CHANGES.map(([change, hours, more]) => {
    const found = foundWithin(hours, WEEKS_OF_CHANGE, { ...of, ...more });
    return {
      name: `weeks, ${rhythm}: ${change} not found within ${hours} h`,
      value: 100 * (1 - found),
      unit: '%',
      target: MISSED,
      detail: `${WEEKS_OF_CHANGE} weeks`,
    };
  });
}

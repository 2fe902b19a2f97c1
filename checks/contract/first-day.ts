/** The first day after an approval, as its record holds it. */
import type { PastOutcome } from './history.ts';
import type { FirstDayRecord } from './ledger.ts';

const HOUR_MS = 3_600_000;

/** What each item measured, by the hour; oldest first. */
export function measuredByHour(
  outcomes: readonly Pick<PastOutcome, 'item' | 'at' | 'measured'>[],
  from: number,
): FirstDayRecord['items'] {
  return [...new Set(outcomes.map(({ item }) => item))].map((item) => {
    const own = outcomes.filter((one) => one.item === item);
    const units = new Map(own.flatMap(({ measured }) => measured.map(({ title, unit }) => [title, unit] as const)));
    const values = [...units].map(([title, unit]) => ({
      title,
      unit,
      points: own.flatMap(({ at, measured }) =>
        measured
          .filter((one) => one.title === title)
          .map(({ value }) => [(Date.parse(at) - from) / HOUR_MS, value] as const),
      ),
    }));
    return { item, values };
  });
}

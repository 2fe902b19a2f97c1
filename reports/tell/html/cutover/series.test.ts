import { expect, it } from 'vitest';
import { rowsOf } from './marks.ts';
import { at, finishedEvents, rolledBackEvents } from './sample.ts';
import { stateSpans, stretches, thinColumns, tickStep, tickText, weightSteps, type TimedEvent } from './series.ts';

const timed = (events: readonly Parameters<typeof weightSteps>[0][number]['event'][]): readonly TimedEvent[] =>
  events.map((event) => ({ event, time: event.ms }));

it('breaks a line where nothing is known, and where nobody looked', () => {
  const seen = [
    { time: 0, value: 1 },
    { time: 10, value: 2 },
    { time: 20, value: null },
    { time: 30, value: 3 },
    { time: 40, value: 4 },
    { time: 200, value: 5 },
  ];
  expect(stretches(seen)).toEqual([
    [
      [0, 1],
      [10, 2],
    ],
    [
      [30, 3],
      [40, 4],
    ],
    [[200, 5]],
  ]);
  expect(stretches([])).toEqual([]);
  expect(stretches([{ time: 0, value: null }])).toEqual([]);
});

it('thins a line without losing a peak, a fall, or what they stand between', () => {
  const line = Array.from({ length: 20_000 }, (_, time): readonly [number, number] => [
    time,
    time === 7777 ? 99 : time === 12_345 ? -5 : 1,
  ]);
  const kept = thinColumns(line, 0, 20_000, 500);
  expect(kept.length).toBeLessThanOrEqual(4 * 500);
  expect(kept).toContainEqual([7777, 99]);
  expect(kept).toContainEqual([12_345, -5]);
  expect(kept[0]).toEqual([0, 1]);
  expect(kept.at(-1)).toEqual([19_999, 1]);
  expect(kept.map(([time]) => time)).toEqual([...kept.map(([time]) => time)].sort((a, b) => a - b));
  // Nothing in it was not measured.
  expect(kept.every((point) => line.includes(point))).toBe(true);
  expect(thinColumns(line.slice(0, 300), 0, 300, 500)).toHaveLength(300);
});

it('draws the weight as a staircase, down to 0 where traffic was taken back', () => {
  const levels = (events: readonly TimedEvent[]): readonly number[] => [
    ...new Set(weightSteps(events).map(([, weight]) => weight)),
  ];
  expect(levels(timed(finishedEvents()))).toEqual([0, 5, 25, 50, 100]);
  const back = weightSteps(timed(rolledBackEvents()));
  expect(Math.max(...back.map(([, weight]) => weight))).toBe(25);
  expect(back.at(-1)?.[1]).toBe(0);
  expect(weightSteps([])).toEqual([]);
});

it('shows how long a trigger was not at rest, up to the rollback', () => {
  const events = timed(rolledBackEvents());
  const began = events.find(({ event }) => event.event === 'rollback-begun')?.time ?? 0;
  const spans = stateSpans(events, 'P4-TRI-001');
  expect(spans.map(({ state }) => state)).toEqual(['no-data', 'pending', 'firing']);
  expect(spans.map(({ from, to }) => to - from)).toEqual([60_000, 120_000, 1]);
  expect(spans.at(-1)?.to).toBe(began);
  expect(stateSpans(events, 'P4-TRI-002')).toEqual([]);
});

it('shows a trigger that is not at rest until the log ends', () => {
  const trigger = at(10, { event: 'trigger', item: 'T', state: 'pending', value: 1, threshold: 0 });
  expect(stateSpans(timed([trigger, at(90, { event: 'finished', weight: 5 })]), 'T')).toMatchObject([
    { from: 10, to: 90 },
  ]);
});

it.each([
  [43_000, '10 s'],
  [698_000, '5 min'],
  [3_402_000, '15 min'],
  [90_000_000, '6 h'],
  [864_000_000, '2 d'],
  [400, '100 ms'],
])('chooses round marks for %d ms', (span, text) => {
  const step = tickStep(span, 5);
  expect(span / step).toBeLessThanOrEqual(5);
  expect(tickText(step)).toBe(text);
});

it('puts marks that would cover each other into rows', () => {
  expect(rowsOf([0, 20, 40])).toEqual([0, 0, 0]);
  expect(rowsOf([90, 91, 92, 99])).toEqual([0, 1, 2, 0]);
  expect(Math.max(...rowsOf(Array.from({ length: 30 }, () => 99)))).toBeLessThan(7);
});

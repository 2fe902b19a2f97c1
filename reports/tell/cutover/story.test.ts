import { expect, it } from 'vitest';
import type { CutoverEvent } from '../../../checks/contract/cutover.ts';
import { at, finishedEvents, rehearsedEvents, rolledBackEvents, sampleBegun } from '../html/cutover/sample.ts';
import { cutoverNotice } from './notice.ts';
import { cutoverStory, decidedCutover } from '../../decide/cutover-story.ts';
import { clockOf, timeOfDay, timesOf } from './times.ts';

const until = (name: CutoverEvent['event']): readonly CutoverEvent[] => {
  const events = rolledBackEvents();
  return events.slice(
    0,
    events.findIndex(({ event }) => event === name),
  );
};
const noticeOf = (events: readonly CutoverEvent[]): string => {
  const story = cutoverStory(events);
  const notice = story ? cutoverNotice(story) : null;
  return notice ? [notice.heading, ...notice.lines, notice.fix ?? '(nothing)'].join('\n') : '(none)';
};

it('tells nothing where no cutover was asked for', () => {
  expect(cutoverStory([])).toBeUndefined();
  expect(decidedCutover([])).toBeUndefined();
});

it('tells of one that ended well, without a notice', () => {
  expect(decidedCutover(finishedEvents())).toEqual({
    outcome: 'finished',
    reason: null,
    weight: 100,
    verified: null,
    msFromBreachToZero: null,
    msToRecovery: null,
  });
  expect(noticeOf(finishedEvents())).toBe('(none)');
});

it('tells of one that was refused, without a notice: nothing was moved', () => {
  const events = [at(100, { event: 'refused', why: 'P4-TRI-002 did not pass' })];
  expect(decidedCutover(events)).toMatchObject({ outcome: 'refused', reason: 'P4-TRI-002 did not pass', weight: 0 });
  expect(noticeOf(events)).toBe('(none)');
});

it('tells of one that was taken back: why, and how long each part took', () => {
  expect(decidedCutover(rolledBackEvents())).toEqual({
    outcome: 'rolled-back',
    reason:
      'P4-TRI-001 fired at 25 %: error rate 12.1 %, above 5.0 % for 2.0 min (declared 2.0 min) since 2026-11-23T10:51:32.000Z.',
    weight: 0,
    verified: true,
    msFromBreachToZero: 120_061,
    msToRecovery: 7900,
  });
  expect(noticeOf(rolledBackEvents())).toMatch(
    /^Traffic was taken back\nP4-TRI-001 fired .*\nAt 0 %: 2\.0 min after the breach began, 60 ms after the rollback began\.\nRecovered and verified 7\.9 s after the rollback began \(2\.1 min after the breach began\)\.\n\(nothing\)$/,
  );
});

it('never calls verified what was not', () => {
  const events = rolledBackEvents().map((event): CutoverEvent => {
    if (event.event === 'verified' && event.item === 'users') return { ...event, outcome: 'fail' };
    return event.event === 'rolled-back' ? { ...event, verified: false } : event;
  });
  expect(decidedCutover(events)).toMatchObject({ outcome: 'rolled-back', verified: false });
  expect(noticeOf(events)).toMatch(/^Traffic was taken back; what serves now is NOT verified\n/);
  expect(noticeOf(events)).toContain('what serves is NOT verified, 7.9 s after the rollback began');
  expect(noticeOf(events)).toMatch(/Look by hand at what users get now, and at users \(fail\)\.$/);
});

it('says that no traffic had moved where none had', () => {
  expect(noticeOf(rehearsedEvents())).toMatch(/^The cutover was given up before traffic moved\n/);
});

it('is unfinished wherever the log ends before the end', () => {
  const ends: readonly CutoverEvent['event'][] = ['step-begun', 'shifted', 'rollback-begun', 'zero', 'rolled-back'];
  for (const event of ends) {
    expect(decidedCutover(until(event)), event).toMatchObject({ outcome: 'unfinished', msToRecovery: null });
    expect(noticeOf(until(event)), event).toContain('\nRun golive rollback');
  }
  expect(noticeOf(until('rollback-begun'))).toContain('How the cutover ended is not known');
  expect(noticeOf(until('rollback-begun'))).toContain('may still get 25 % of the traffic');
  expect(noticeOf(until('rolled-back'))).toContain('no traffic goes to the new release; whether all is as it was');
});

it('takes the higher weight while the route is being changed', () => {
  expect(decidedCutover(until('shifted'))).toMatchObject({ weight: 5 });
});

it('tells why a rollback stopped, and takes a later attempt’s end', () => {
  const stopped = [
    ...until('zero'),
    at(700_000, { event: 'unfinished', why: 'out of time: the API server did not answer' }),
  ];
  expect(noticeOf(stopped)).toMatch(/^THE ROLLBACK IS NOT FINISHED\n/);
  expect(noticeOf(stopped)).toContain('Not finished: out of time: the API server did not answer.');
  const again = [
    ...stopped,
    at(800_000, { event: 'rollback-begun', reason: { code: 'asked', text: 'The process ended.' } }),
    at(800_100, { event: 'zero', msSinceBegun: 100, msSinceBreach: null }),
    at(801_000, { event: 'rolled-back', verified: true, msToRecovery: 1000 }),
  ];
  const story = cutoverStory(again);
  const [breach, began] = [572_000, 692_001];
  expect(story).toMatchObject({
    outcome: 'rolled-back',
    attempts: 2,
    msFromBreachToZero: 800_100 - breach,
    msToZero: 800_100 - began,
    msToRecovery: 801_000 - began,
  });
  // Why it went back is what the first attempt says.
  expect(story?.reason).toContain('P4-TRI-001 fired');
});

it('takes back what had ended well, when asked later', () => {
  const events = [
    ...finishedEvents(),
    at(4_000_000, { event: 'rollback-begun', reason: { code: 'asked', text: 'Asked.' } }),
  ];
  expect(decidedCutover(events)).toMatchObject({ outcome: 'unfinished', weight: 100, reason: 'Asked.' });
});

it('puts the time in which nobody held the log on the axis', () => {
  const [first, later] = [sampleBegun(), at(5000, { event: 'finished', weight: 100 })];
  expect(timesOf([first, later])).toEqual([120, 5000]);
  const hour = { ...later, at: '2026-11-23T11:42:00.120Z' };
  expect(timesOf([first, hour])).toEqual([120, 3_600_120]);
  // A clock on the wall that was set back, and a log's own that begins anew.
  expect(timesOf([first, { ...later, at: '2026-11-22T00:00:00Z' }])).toEqual([120, 5000]);
  expect(timesOf([first, { ...later, ms: 3 }])[1]).toBeGreaterThanOrEqual(120);
});

it('writes times', () => {
  expect([0, 7810, 723_456, 3_723_456].map(clockOf)).toEqual(['0:00.000', '0:07.810', '12:03.456', '1:02:03.456']);
  expect(timeOfDay('2026-11-23T10:42:07.810Z', '2026-11-23T01:00:00Z')).toBe('10:42:07.810');
  expect(timeOfDay('2026-11-24T00:00:01.000Z', '2026-11-23T23:59:00Z')).toBe('2026-11-24 00:00:01.000');
});

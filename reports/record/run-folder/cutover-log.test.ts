import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { CutoverEvent } from '../../../checks/contract/cutover.ts';
import { at, finishedEvents, rehearsedEvents, rolledBackEvents, sampleBegun } from '../../tell/html/cutover/sample.ts';
import { endOf, readCutover, readCutoverForPeople } from './cutover-log.ts';

let dir = '';
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'golive-cutover-log-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const put = (text: string, name = 'cutover.jsonl'): void => writeFileSync(join(dir, name), text);
const linesOf = (events: readonly unknown[]): string => events.map((event) => `${JSON.stringify(event)}\n`).join('');

it.each([
  ['one that ended well', finishedEvents()],
  ['one that was taken back', rolledBackEvents()],
])('reads every event of %s', (_, events) => {
  put(linesOf(events));
  expect(readCutover(dir)).toEqual(events);
  expect(readCutoverForPeople(dir)).toEqual({ events, problems: [] });
});

it('reads the rehearsal of the rollback apart', () => {
  put(linesOf(rehearsedEvents()), 'rollback-rehearsal.jsonl');
  expect(readCutoverForPeople(dir)).toEqual({ events: [], problems: [] });
  expect(readCutoverForPeople(dir, 'rollback-rehearsal').events).toEqual(rehearsedEvents());
});

it('leaves out a last line that was cut off, and says so', () => {
  const whole = linesOf([sampleBegun()]);
  put(`${whole}{"at":"2026-11-23T10:42:02.000Z","ms":20,"event":"shif`);
  expect(readCutover(dir)).toHaveLength(1);
  expect(readCutoverForPeople(dir)).toEqual({
    events: [sampleBegun()],
    problems: ['cutover.jsonl:2, the last line, was cut off while it was written.'],
  });
  put(whole.trimEnd());
  expect(readCutoverForPeople(dir)).toEqual({ events: [sampleBegun()], problems: [] });
});

it.each([
  ['no JSON', 'nonsense'],
  ['no object', 'null'],
  ['an event of a newer golive', '{"at":"2026-11-23T10:42:02Z","ms":1,"event":"teleported"}'],
  ['an event called as a member of every object', '{"at":"2026-11-23T10:42:02Z","ms":1,"event":"constructor"}'],
  ['no time', '{"at":"yesterday","ms":1,"event":"refused","why":"x"}'],
  ['a number that is a text', '{"at":"2026-11-23T10:42:02Z","ms":1,"event":"finished","weight":"100"}'],
  ['a reason that is none', '{"at":"2026-11-23T10:42:02Z","ms":1,"event":"rollback-begun","reason":"x"}'],
])('names a line that holds %s, and reads the others', (_, line) => {
  const end = at(90, { event: 'finished', weight: 100 });
  put(`${linesOf([sampleBegun()])}${line}\n${linesOf([end])}`);
  expect(readCutoverForPeople(dir)).toEqual({
    events: [sampleBegun(), end],
    problems: ['cutover.jsonl:2 is no event that this golive knows.'],
  });
});

it('counts what is broken where it is much', () => {
  put('x\n'.repeat(12));
  const { problems } = readCutoverForPeople(dir);
  expect(problems).toHaveLength(6);
  expect(problems.at(-1)).toBe('7 more lines of cutover.jsonl are none either.');
});

it('tells people when the log cannot be read; who acts upon it is stopped', () => {
  mkdirSync(join(dir, 'cutover.jsonl'));
  expect(readCutoverForPeople(dir).problems).toEqual([expect.stringContaining('cannot read cutover.jsonl')]);
  expect(() => readCutover(dir)).toThrow('EISDIR');
});

it('has an end only where nothing was begun after it', () => {
  const began: CutoverEvent = at(50, { event: 'rollback-begun', reason: { code: 'asked', text: 'Asked.' } });
  const finished = at(40, { event: 'finished', weight: 100 });
  const back = at(60, { event: 'rolled-back', verified: true, msToRecovery: 10 });
  expect(endOf([])).toBeUndefined();
  expect(endOf([sampleBegun()])).toBeUndefined();
  expect(endOf([sampleBegun(), finished])).toBe(finished);
  expect(endOf([sampleBegun(), finished, began])).toBeUndefined();
  expect(endOf([sampleBegun(), finished, began, back])).toBe(back);
});

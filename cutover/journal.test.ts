import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { askedSteps, askForStep } from '../reports/record/run-folder/cutover-asked.ts';
import { endOf, readCutover } from '../reports/record/run-folder/cutover-log.ts';
import { openJournal } from './journal.ts';

let dir = '';
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'golive-journal-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it('is on the disk when it was told', () => {
  const journal = openJournal(dir);
  journal.tell({ event: 'shifting', from: 0, to: 5 });
  expect(readCutover(dir)).toMatchObject([{ event: 'shifting', from: 0, to: 5 }]);
  journal.close();
});

it('goes on where a dead process left half a line, without losing what it tells', () => {
  const first = openJournal(dir);
  first.tell({ event: 'shifting', from: 0, to: 5 });
  first.close();
  appendFileSync(join(dir, 'cutover.jsonl'), '{"at":"2026-11-23T10:42:02.000Z","ms":20,"event":"shif');
  const second = openJournal(dir);
  second.tell({ event: 'rollback-begun', reason: { code: 'asked', text: 'The process ended.' } });
  second.tell({ event: 'rolled-back', verified: true, msToRecovery: 5 });
  second.close();
  const events = readCutover(dir);
  expect(events.map(({ event }) => event)).toEqual(['shifting', 'rollback-begun', 'rolled-back']);
  expect(endOf(events)?.event).toBe('rolled-back');
  const times = events.map(({ ms }) => ms);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(readFileSync(join(dir, 'cutover.jsonl'), 'utf8').split('\n')).toHaveLength(5);
});

it('remembers what was asked for, once', () => {
  expect(askedSteps(dir)).toEqual([]);
  askForStep(dir, 'P4-MIG-001');
  askForStep(dir, 'P4-MIG-001');
  expect(askedSteps(dir)).toEqual(['P4-MIG-001']);
});

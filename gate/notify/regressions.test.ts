/** Whom a release that has become worse since its approval tells, and how often. */
import { expect, it } from 'vitest';
import type { PastOutcome } from '../../checks/contract/history.ts';
import { eventsOf, type NotifyEvent, type RunSoFar } from './events.ts';

const item = (id: string, phase: string, severity = 'major') => ({
  ...{ id, phase, severity, title: `Title of ${id}`, owner: `${id}-team` },
});
const past = (of: string, outcome: 'pass' | 'fail', at: string): PastOutcome => ({
  ...{ item: of, outcome, at, runId: at, findings: [], measured: [] },
});
const NOW = '2026-01-05T12:00:00Z';
const failed = (of: string) => ({
  ...{ item: of, outcome: 'fail', startedAt: NOW, message: `${of}: is 72 ms, expected 45 ms as promised.` },
});
const APPROVED = [past('SCAN', 'pass', '2025-12-31T00:00:00Z'), past('KNOWN', 'fail', '2025-12-31T00:00:00Z')];

function told(outcomes: readonly object[], since: readonly PastOutcome[], over: object = {}): readonly NotifyEvent[] {
  const run = {
    runId: '20260105T120000000Z-1a2b3c4d',
    plan: {
      release: { name: 'shop', version: 'v1' },
      environment: { name: 'production' },
      items: [item('PD', 'post-deployment'), item('SCAN', 'phase1', 'critical'), item('KNOWN', 'phase1')],
    },
    outcomes,
    cutover: [],
    decision: { decision: 'NO-GO', readiness: 'NO-GO', reasons: [], items: [], decidedAt: NOW },
    history: { approved: { at: '2026-01-01T00:00:00Z', runId: 'go', items: APPROVED }, since },
    ...over,
  };
  return eventsOf(run as unknown as RunSoFar).filter(({ event }) => event === 'regression');
}

it('names the value, what was promised, since when, and the owner', () => {
  const [event, ...more] = told([failed('PD')], [past('PD', 'pass', '2026-01-05T11:00:00Z')]);
  expect(more).toEqual([]);
  expect(event).toMatchObject({ owner: 'PD-team', item: 'PD', severity: 'warning' });
  expect(event?.text).toContain('is 72 ms, expected 45 ms as promised');
  expect(event?.text).toContain('Approved at 2026-01-01T00:00:00Z; so since 2026-01-05T12:00:00Z');
});

it('tells of what was good at the approval, and not of what was accepted with it', () => {
  expect(told([failed('SCAN'), failed('KNOWN')], []).map(({ item: id, severity }) => [id, severity])).toEqual([
    ['SCAN', 'critical'],
  ]);
});

it.each([
  ['an hour later', ['2026-01-05T11:00:00Z'], 0],
  ['when it has lasted for a day', ['2026-01-04T11:50:00Z', '2026-01-05T11:00:00Z'], 1],
  ['an hour into its second day', ['2026-01-04T10:30:00Z', '2026-01-05T11:00:00Z'], 0],
])('%s', (_, times, count) => {
  expect(
    told(
      [failed('PD')],
      times.map((at) => past('PD', 'fail', at)),
    ),
  ).toHaveLength(count);
});

it('says nothing before an approval, or while the run goes on', () => {
  expect(told([failed('PD')], [], { history: null })).toEqual([]);
  expect(told([failed('PD')], [], { decision: null })).toEqual([]);
});

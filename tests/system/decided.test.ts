/** What is decided of what a run recorded, by the main process's own steps: whatever kept an item from being recorded, it is no GO. */
import { describe, expect, it } from 'vitest';
import type { OutcomeName } from '../../checks/contract/outcome.ts';
import { gateProjects, summary, GOOD, outcomesOf } from '../harness/gate-projects.ts';
import { recordRun, type Attempt } from '../harness/recorded-run.ts';

const make = gateProjects();
const ALL = GOOD.flatMap(({ items }) => items.map(({ id }) => id));
const passed = (ids: readonly string[]): Attempt[] => ids.map((id) => [id, 'pass']);

/** Every part of the plan that lacks something. */
const parts = Array.from({ length: 2 ** ALL.length - 1 }, (_, mask) =>
  ALL.filter((_id, at) => (mask & (1 << at)) !== 0),
);

describe('a run that recorded', () => {
  it('a pass of every item is GO', async () => {
    expect(summary(recordRun(await make(), passed(ALL)))).toEqual({ exitCode: 0, decision: 'GO' });
  });

  it.each(parts.map((ids) => [ids.join(', ') || 'nothing', ids] as const))('%s alone is HOLD', async (_, ids) => {
    const result = recordRun(await make(), passed(ids));
    expect(summary(result), result.output).toEqual({ exitCode: 2, decision: 'HOLD' });
    expect(Object.values(outcomesOf(result)).filter((outcome) => outcome === 'not-run')).toHaveLength(
      ALL.length - ids.length,
    );
  });

  it('nothing after a good run does not live on that one', async () => {
    const project = await make();
    expect(summary(recordRun(project, passed(ALL)))).toEqual({ exitCode: 0, decision: 'GO' });
    expect(summary(recordRun(project, []))).toEqual({ exitCode: 2, decision: 'HOLD' });
  });

  it.each<[OutcomeName, number, string]>([
    ['fail', 1, 'NO-GO'],
    ['error', 2, 'HOLD'],
    ['inconclusive', 2, 'HOLD'],
    ['not-run', 2, 'HOLD'],
  ])('a critical %s exits %i, %s, whatever else passed', async (outcome, exitCode, decision) => {
    const result = recordRun(await make(), [...passed(ALL.slice(1)), [ALL[0] ?? '', outcome]]);
    expect(summary(result), result.output).toEqual({ exitCode, decision });
  });

  it('one phase, all of it, is GO for that phase and HOLD for the whole', async () => {
    const result = recordRun(await make(), passed(['P1-ONE-001', 'P1-ONE-002']), ['phase1']);
    expect(summary(result), result.output).toEqual({ exitCode: 0, decision: 'HOLD' });
    expect(result.decision?.selected).toMatchObject({ phases: ['phase1'], decision: 'GO' });
  });

  it('the worst attempt, whichever came last', async () => {
    const others = passed(ALL.slice(1));
    const [first = ''] = ALL;
    for (const [one, two] of [
      ['fail', 'pass'],
      ['pass', 'fail'],
    ] as const) {
      const attempts: Attempt[] = [...others, [first, one, { attempt: 1 }], [first, two, { attempt: 2 }]];
      expect(summary(recordRun(await make(), attempts))).toEqual({ exitCode: 1, decision: 'NO-GO' });
    }
  });
});

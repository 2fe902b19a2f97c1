/** One cluster has one cutover at a time: who holds its Lease, dead or alive; and a release to go back to that is not whole any more. */
import { describe, expect, it } from 'vitest';
import { setTimeout } from 'node:timers/promises';
import { until } from '../../../rehearsal/api-server/testing.ts';
import { tryKill } from '../../harness/processes.ts';
import { crashes } from './cells.ts';
import type { CutoverRun, CutoverRunOptions } from './cutover-run.ts';
import { NAMESPACE } from './project.ts';

const MERGE = { 'content-type': 'application/merge-patch+json' };
const { make, platform } = crashes();

async function withRuns(
  options: readonly CutoverRunOptions[],
  act: (...runs: readonly CutoverRun[]) => Promise<void>,
): Promise<void> {
  const runs = await Promise.all(options.map((one) => make(one)));
  try {
    await act(...runs);
  } finally {
    for (const run of runs) await run.remove();
  }
}
/** Kills the run and its cutover at 50 %. */
async function killAtHalf(run: CutoverRun): Promise<void> {
  const halt = { event: 'shifted' } as const;
  run.start({ halt });
  const pid = await run.halted(halt);
  run.signalRunner('SIGKILL');
  tryKill(pid, 'SIGKILL');
  await run.allGone();
  expect(await run.weights()).toEqual({ stable: 50, canary: 50 });
}
const idOf = (run: CutoverRun): string => run.of('begun')[0]?.id ?? '';
async function giveLeaseTo(holder: string, lease: string, leaseDurationSeconds: number): Promise<void> {
  const now = new Date().toISOString().replace('Z', '000Z');
  await platform().plane.apply({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: lease, namespace: NAMESPACE },
    spec: { holderIdentity: holder, leaseDurationSeconds, acquireTime: now, renewTime: now },
  });
}

describe.concurrent('the Lease', () => {
  it('keeps a second cutover from beginning, and says who holds it', async () => {
    await withRuns([{ lease: 'shared' }, { lease: 'shared' }], async (first, second) => {
      first.start({ args: ['--waits'] });
      await first.reached('step-done');
      second.start();
      await second.runnerEnded();
      expect(second.events, second.story).toMatchObject([
        { event: 'refused', why: expect.stringContaining(`held by ${JSON.stringify(idOf(first))}`) as string },
      ]);
      expect(second.told).toContain('The cutover did not begin');
      expect(second.decided).toMatchObject({ decision: 'NO-GO', reasons: ['fail'] });
      expect(second.cutoverEnded).toEqual([]);
      expect(await second.weights()).toEqual({ stable: 100, canary: 0 });
      // The first one goes on as if nothing had been.
      expect(first.events.at(-1)).toMatchObject({ event: 'sample', weight: 50 });
      first.signalRunner('SIGINT');
      await first.allGone();
      expect(await first.leaseHolder()).toBe('');
    });
  });

  it('of a dead process of this machine is taken over at once', async () => {
    await withRuns([{}], async (run) => {
      await killAtHalf(run);
      expect(await run.leaseHolder()).toBe(idOf(run));
      const halt = { event: 'rollback-begun', back: true } as const;
      const { ended } = run.rollback([], halt);
      const pid = await run.halted(halt);
      // Taken over in its name: nobody waited for it to run out.
      expect(await run.leaseHolder()).toBe(idOf(run));
      tryKill(pid, 'SIGCONT');
      expect(await ended).toMatchObject({ code: 0 });
      expect(await run.leaseHolder()).toBe('');
    });
  });

  it('of a dead process elsewhere is taken over when it has run out', async () => {
    await withRuns([{}, {}], async (back, fresh) => {
      await killAtHalf(back);
      for (const { lease } of [back, fresh]) await giveLeaseTo('elsewhere-7-0a1b2c3d', lease, 2);
      fresh.start();
      expect(await back.rollback().ended).toMatchObject({ code: 0 });
      expect(await back.weights()).toEqual({ stable: 100, canary: 0 });
      await fresh.runnerEnded();
      expect(fresh.end, fresh.story).toBe('finished');
    });
  });

  it('of a living process elsewhere is respected by golive rollback, which says who holds it', async () => {
    await withRuns([{}], async (run) => {
      await killAtHalf(run);
      const { ended } = run.rollback();
      const over = new AbortController();
      const renewing = (async () => {
        for (; !over.signal.aborted; await setTimeout(200)) await giveLeaseTo('elsewhere-7-0a1b2c3d', run.lease, 15);
      })();
      const { code, output } = await ended.finally(() => over.abort());
      await renewing;
      expect({ code, output }).toMatchObject({ code: 70 });
      expect(output).toContain('nothing was moved');
      expect(output).toContain('held by "elsewhere-7-0a1b2c3d"');
      expect(await run.weights()).toEqual({ stable: 50, canary: 50 });
      await giveLeaseTo('', run.lease, 1);
      expect(await run.rollback().ended).toMatchObject({ code: 0 });
      expect(await run.weights()).toEqual({ stable: 100, canary: 0 });
    });
  });
});

describe.concurrent('Deployments to go back to', () => {
  it('are each brought back as far as they can be; what is missing is said', async () => {
    const names = ['gone-first', 'changed', 'gone-too'];
    for (const name of names) await platform().addDeployment(name);
    await withRuns([{ deployments: names, rollbackWithin: '6s' }], async (run) => {
      run.start({ args: ['--waits'] });
      await run.reached('step-done');
      const path = (name: string): string => `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${name}`;
      for (const name of ['gone-first', 'gone-too']) await platform().plane.call('DELETE', path(name));
      const containers = [{ name: 'web', image: 'ghcr.io/golive/web:v2' }];
      const body = { spec: { template: { spec: { containers } } } };
      expect(await platform().plane.call('PATCH', path('changed'), { headers: MERGE, body })).toMatchObject({
        status: 200,
      });
      run.signalRunner('SIGINT');
      await run.runnerEnded();
      expect(await run.weights()).toEqual({ stable: 100, canary: 0 });
      const last = run.events.at(-1);
      const why = last?.event === 'unfinished' ? last.why : '';
      expect(why, run.story).toContain('users are served by the release before, 0 % go to blue');
      expect(why).toContain('gone-first does not exist any more');
      expect(why).toContain('gone-too does not exist any more');
      expect(why).not.toContain('changed');
      expect(run.cutoverEnded).toMatchObject([{ complete: false }]);
      expect(run.decided?.reasons).toContain('rollback-unfinished');
      expect(run.told).toContain('THE ROLLBACK IS NOT FINISHED');
      const isAsBefore = ({ text }: { readonly text: string }): boolean => !text.includes('web:v2');
      await until(() => platform().plane.call('GET', path('changed')), isAsBefore);
    });
  });
});

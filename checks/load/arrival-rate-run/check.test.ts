import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { load as parse } from 'js-yaml';
import type { LoadGenerator, LoadResult } from '../../contract/load.ts';
import { runCases } from '../../testing/run-cases.ts';
import { arrivalRateRun } from './check.ts';
import type { Params } from './check.ts';

runCases(import.meta.url);

const caseOf = (name: string): { readonly params: Params; readonly gathered: LoadResult } =>
  parse(readFileSync(join(import.meta.dirname, 'cases', name), 'utf8')) as { params: Params; gathered: LoadResult };

/** Judges what comes of these runs, one after the other. */
async function outcomeOf(...results: readonly LoadResult[]) {
  let runs = 0;
  const open: LoadGenerator['open'] = () => Promise.resolve(results[runs++] ?? carried);
  const params = { ...defaults, ...caseOf('pass.carried.yaml').params };
  const context = { progress: () => undefined } as unknown as Parameters<typeof arrivalRateRun.gather>[2];
  const capabilities = { load: { open } } as unknown as Parameters<typeof arrivalRateRun.gather>[1];
  const gathered = await arrivalRateRun.gather(params, capabilities, context);
  return { runs, judgement: arrivalRateRun.judge(params, gathered, { now: new Date() }) };
}
const defaults = {
  method: 'GET',
  headers: {},
  duration: '60s',
  warmup: '10s',
  requestTimeout: '10s',
  maxConnections: 256,
  minAnswered: 0.99,
  minSuccess: 0.5,
  minRequests: 1000,
  attempts: 2,
  maxGeneratorCpu: 0.95,
  maxGeneratorLag: '200ms',
  maxLateStarts: 0.01,
} as const;
const carried = caseOf('pass.carried.yaml').gathered;
const late = caseOf('inconclusive.generator-late.yaml').gathered;
const refused = caseOf('fail.refused-whatever-the-generator-did.yaml').gathered;
const stoodStill = caseOf('fail.stood-still.yaml').gathered;

describe('a run in which the generator was too slow', () => {
  it('is made again, and told', async () => {
    const { runs, judgement } = await outcomeOf(late, carried);
    expect([runs, judgement.outcome]).toEqual([2, 'pass']);
    expect(judgement.evidence.at(-1)).toMatchObject({
      title: 'Runs that said nothing and were made again',
      text: expect.stringContaining('more than 10 ms late') as string,
    });
  });
  it('stays inconclusive when it was too slow again', async () => {
    const { runs, judgement } = await outcomeOf(late, late, carried);
    expect([runs, judgement.outcome]).toEqual([2, 'inconclusive']);
  });
  it('hides no failure', async () => {
    expect(await outcomeOf(refused, carried)).toMatchObject({ runs: 1, judgement: { outcome: 'fail' } });
    expect(await outcomeOf(stoodStill, carried)).toMatchObject({ runs: 1, judgement: { outcome: 'fail' } });
    expect(await outcomeOf(late, refused)).toMatchObject({ runs: 2, judgement: { outcome: 'fail' } });
  });
  it('is the only one that is made again', async () => {
    expect(await outcomeOf(carried)).toMatchObject({ runs: 1, judgement: { outcome: 'pass' } });
  });
});

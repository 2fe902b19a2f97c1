import { describe, expect, it } from 'vitest';
import type { LoadGenerator, LoadResult } from '../../contract/load.ts';
import { readCases } from '../../kit/cases-file.ts';
import { arrivalRateRun } from './check.ts';

const cases = readCases(import.meta.dirname);
const caseOf = (name: string) =>
  cases.find((check) => check.name === name) as { readonly params: object; readonly gathered: LoadResult };

/** Judges what comes of these runs, one after the other. */
async function outcomeOf(...results: readonly LoadResult[]) {
  let runs = 0;
  const open: LoadGenerator['open'] = () => Promise.resolve(results[runs++] ?? carried);
  const params = { ...defaults, ...caseOf('pass.carried').params };
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
const carried = caseOf('pass.carried').gathered;
const late = caseOf('inconclusive.generator-late').gathered;
const refused = caseOf('fail.refused-whatever-the-generator-did').gathered;
const stoodStill = caseOf('fail.stood-still').gathered;

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

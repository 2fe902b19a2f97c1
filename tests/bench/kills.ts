/** Forty cutovers struck by signals at random moments: how many left users on both releases. The matrix tests try twelve. */
import { join } from 'node:path';
import { repositoryRoot } from '../harness/repository.ts';
import { timeNode, type Benchmark } from './measure.ts';

const KILLS = 40;

/** What is read of vitest's report. */
interface Report {
  readonly numPassedTests?: number;
  readonly testResults?: readonly {
    readonly assertionResults: readonly { readonly title: string; readonly status: string }[];
  }[];
}

export const kills: Benchmark = async () => {
  const root = repositoryRoot();
  const test = 'tests/system/crash/random-kills.matrix.test.ts';
  const args = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', test, '--project', 'matrix', '--reporter', 'json'];
  const { output } = await timeNode(args, root, { ...process.env, KILLS: String(KILLS) });
  const [report = '{}'] = /\{.*\}/s.exec(output) ?? [];
  const { numPassedTests = NaN, testResults = [] } = JSON.parse(report) as Report;
  const failed = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'failed');
  const which = failed.map(({ title }) => `; not ${title}`).join('');
  const detail = `${numPassedTests} of ${KILLS} went back, finished or were finished by golive rollback${which}`;
  return [
    {
      name: 'kills: cutovers that left users between releases',
      value: KILLS - numPassedTests,
      unit: 'more',
      target: 0,
      detail,
    },
  ];
};

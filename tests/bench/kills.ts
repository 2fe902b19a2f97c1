/** Forty cutovers struck by signals at random moments: how many left users on both releases. The matrix tests try twelve. */
import { join } from 'node:path';
import { repositoryRoot } from '../harness/repository.ts';
import { timeNode, type Benchmark } from './measure.ts';

const KILLS = 40;

export const kills: Benchmark = async () => {
  const root = repositoryRoot();
  const test = 'tests/system/crash/random-kills.matrix.test.ts';
  const args = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', test, '--project', 'matrix', '--reporter', 'json'];
  const { output } = await timeNode(args, root, { ...process.env, KILLS: String(KILLS) });
  const [report = '{}'] = /\{.*\}/s.exec(output) ?? [];
  const { numPassedTests = NaN } = JSON.parse(report) as { readonly numPassedTests?: number };
  const detail = `${numPassedTests} of ${KILLS} went back, finished or were finished by golive rollback`;
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

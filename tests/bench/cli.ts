/** What the command line costs in CPU over a Node that does nothing: with no command to load, and with one that reads every file. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from '../harness/repository.ts';
import { pairedRatio } from './measure.ts';
import type { Benchmark, Figure } from './measure.ts';

/** Starts of one measurement: the shell's clock ticks a hundred times a second. */
const STARTS = 5;
const ROUNDS = 7;

export const cli: Benchmark = async () => {
  const golive = join(repositoryRoot(), 'dist', 'golive.js');
  const manifest = join(repositoryRoot(), 'k8s', 'manifests', 'mcp-deployment.yaml');
  return [
    await over('golive --help', [golive, '--help'], 1.5),
    await over('golive validate', [golive, 'validate'], 6),
    await over('golive scan of one file', [golive, 'scan', manifest, '--kind', 'workloads/non-root'], 6),
    await over(
      'golive can of one file',
      [golive, 'can', manifest, '--as', 'admin', '--as-group', 'system:masters', 'get', 'pods'],
      6,
    ),
  ];
};

async function over(name: string, args: readonly string[], target: number): Promise<Figure> {
  const { ratio, a, b } = await pairedRatio(
    ROUNDS,
    () => cpuSeconds(args),
    () => cpuSeconds(['-e', '0']),
  );
  const detail = `${a.toFixed(3)} s / ${b.toFixed(3)} s`;
  return { name: `CPU of ${name} over node -e 0`, value: ratio, unit: '×', target, detail };
}

/** User and system time of one `node ARGS`, as the shell that waited for it knows them. */
async function cpuSeconds(args: readonly string[]): Promise<number> {
  const script = `for start in ${'x '.repeat(STARTS)}; do "$@" >/dev/null || exit 1; done; times`;
  const options = { cwd: repositoryRoot(), env: { ...process.env, GOLIVE_ENV: undefined, GOLIVE_PROJECT: undefined } };
  const { stdout } = await promisify(execFile)('sh', ['-c', script, 'sh', process.execPath, ...args], options);
  const [, children = ''] = stdout.split('\n');
  const times = [...children.matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, minutes, seconds]) => Number(minutes) * 60 + Number(seconds),
  );
  return times.reduce((sum, seconds) => sum + seconds, 0) / STARTS;
}

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { classify as running } from '../services/learning-system/classifier.ts';
import { compute } from '../services/rust-server/computations.ts';
import { serviceRecipe } from '../registry/image-manifests.ts';
import { RELEASE_COMMIT, RELEASES } from '../topology.ts';
import { historyOf } from './history.ts';

const TREE = join(import.meta.dirname, 'tree');

it('the history leads to the commits that images and checklist name', () => {
  const folder = mkdtempSync(join(tmpdir(), 'golive-history-'));
  try {
    const env = { PATH: process.env['PATH'], GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
    const git = (args: readonly string[], input?: Buffer): string =>
      execFileSync('git', ['-C', folder, ...args], { env, input: input ?? '', encoding: 'utf8' }).trim();
    git(['init', '--quiet', '--object-format=sha1']);
    git(['fast-import', '--quiet'], historyOf(TREE));
    // Where these differ, put the new commits into topology.ts and image-manifests.ts, the first one into checklist.yaml, too.
    expect(git(['rev-parse', `${RELEASES.blue}^{commit}`])).toBe(RELEASE_COMMIT);
    expect(git(['rev-parse', `${RELEASES.green}^{commit}`])).toBe(serviceRecipe('a/b', RELEASES.green).commit);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it('the sources compute what the running services compute', async () => {
  const { classify } = (await import(join(TREE, 'services/learning-system/src/classifier.mjs'))) as {
    readonly classify: typeof running;
  };
  const { primes, statistics } = (await import(join(TREE, 'services/rust-server/src/computations.mjs'))) as Readonly<
    Record<string, (input: unknown) => unknown>
  >;
  for (const features of [
    [5.1, 3.5, 1.4, 0.2],
    [5.9, 3, 4.2, 1.5],
    [6.3, 3.3, 6, 2.5],
  ])
    expect(classify(features)).toEqual(running(features));
  expect(primes?.(100)).toEqual(compute('primes', 100));
  expect(statistics?.([1, 2.5, 9])).toEqual(compute('statistics', [1, 2.5, 9]));
});

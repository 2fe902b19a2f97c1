/** Ten thousand mutated files and as many answers: no crash, no hang, nothing raw on the terminal, every problem with its place. */
import { afterAll, it } from 'vitest';
import { answerTargets } from './fuzzed-answers.ts';
import { fileTargets } from './fuzzed-files.ts';
import { objectTargets } from './fuzzed-objects.ts';
import type { Target } from './mutations.ts';

const files = fileTargets();
afterAll(() => files.remove());
const SEEDS = 10_000;
const LIMIT_MS = 600_000;

async function tried(target: Target, seeds: number): Promise<void> {
  // Other seeds than those of every day.
  for (let seed = 1_000_000; seed < 1_000_000 + seeds; seed += 1) {
    try {
      await target(seed);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
}

const share = (of: Readonly<Record<string, Target>>): number => Math.ceil(SEEDS / Object.keys(of).length);

it.each(Object.entries(files.targets))(
  '%s',
  async (_, target) => {
    await tried(target, share(files.targets));
  },
  LIMIT_MS,
);

it.each(Object.entries(answerTargets))(
  '%s',
  async (_, target) => {
    await tried(target, share(answerTargets));
  },
  LIMIT_MS,
);

it.each(Object.entries(objectTargets))(
  'objects judged by %s',
  async (_, target) => {
    await tried(target, 200);
  },
  LIMIT_MS,
);

/** A taste of the fuzzing: `fuzz.matrix.test.ts` goes through ten thousand seeds. */
import { afterAll, it } from 'vitest';
import { answerTargets } from './fuzzed-answers.ts';
import { fileTargets } from './fuzzed-files.ts';
import { objectTargets } from './fuzzed-objects.ts';

const files = fileTargets();
afterAll(() => files.remove());

it.each(Object.entries(files.targets))('%s', async (_, target) => {
  for (let seed = 0; seed < 40; seed += 1) await target(seed);
});

it.each(Object.entries(objectTargets))('objects judged by %s', async (_, target) => {
  for (let seed = 0; seed < 20; seed += 1) await target(seed);
});

it.each(Object.entries(answerTargets))('%s', async (_, target) => {
  for (let seed = 0; seed < 200; seed += 1) await target(seed);
});

import { duration } from '../../contract/param-schemas.ts';
import { kind } from '../../kit/kind.ts';
import { cutoverParam, maxGapParam } from '../log.ts';
import { judge, messages } from './judge.ts';

export const cutoverStep = kind('cutover/step', {
  title: 'A step of the cutover was taken and stayed good through its window',
  why: 'What breaks under real users is found at 5 % of them or at all of them.',
  sees: [
    "From the cutover's log: the route set to the weight, the split proven by counted answers, samples of error rate and P95 all through the window.",
    'No trigger that fired, is pending or lacks data at its end, and no rollback.',
  ],
  not: ['What probes do not ask for.'],
  needs: ['cutover'],
  changes: 'cutover',
  required: ['cutover', 'weight', 'watch'],
  params: {
    cutover: cutoverParam,
    weight: {
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 100,
      description:
        'Percent of the traffic that the new release serves in this step: above that of the step before, and 100 in the last.',
    },
    watch: {
      ...duration('How long it is watched.', '5m'),
      description:
        'How long this weight is watched, from the first answer of the proof of its split, before the next step.',
    },
    proveWithin: duration('How long answers are counted at most until the split is proven.', '2m'),
    minSamples: {
      type: 'integer',
      minimum: 1,
      default: 10,
      description: 'Samples with an error rate and a P95 that its window must have.',
    },
    maxGap: maxGapParam,
  },
  messages,
  gather: async (_, { cutover }, { item }) => ({ item, events: await cutover.step(item) }),
  judge,
});

import { duration } from '../../contract/param-schemas.ts';
import {
  defineCheck,
  type Capabilities,
  type CheckContext,
  type FromSchema,
  type JSONSchema,
} from '../../kit/define-check.ts';
import { cutoverParam, maxGapParam } from '../log.ts';
import { judge, messages, type Gathered } from './judge.ts';

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['cutover', 'weight', 'watch'],
  properties: {
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
} as const satisfies JSONSchema;
export type Params = FromSchema<typeof params>;

export const cutoverStep = defineCheck({
  meta: {
    kind: 'cutover/step',
    title: 'A step of the cutover was taken and stayed good through its window',
    why: 'What breaks under real users is found at 5 % of them or at all of them.',
    sees: "From the cutover's log: the route set to the weight, the split proven by counted answers, samples of error rate and P95 all through the window, no trigger that fired, is pending or lacks data at its end, and no rollback. Not: what probes do not ask for.",
    needs: ['cutover'],
    effect: 'mutating',
    mutation: 'cutover',
    params,
    messages,
  },
  permissions: () => [],
  gather,
  judge,
});

async function gather(
  _: Params,
  { cutover }: Pick<Capabilities, 'cutover'>,
  { item }: Pick<CheckContext, 'item'>,
): Promise<Gathered> {
  return { item, events: await cutover.step(item) };
}

import type { LoadResult } from '../../contract/load.ts';
import {
  defineCheck,
  type Capabilities,
  type FromSchema,
  type JSONSchema,
  type Judgement,
} from '../../kit/define-check.ts';
import { judged } from '../../kit/judged.ts';
import { errorRate, percent, runEvidence, runName, runParam, successes, wanted } from '../load.ts';

const messages = {
  tooHigh: {
    says: '{subject}: {actual} of {due} requests failed ({lost} never answered, {wrong} answered with another status than 2xx), expected {comparison} {expected}.',
    fix: 'See the status classes in the evidence and the logs of the service for the same minutes, and repair the cause.',
  },
};
type Id = keyof typeof messages;

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['run'],
  properties: {
    run: runParam,
    max: {
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 1,
      default: 0.01,
      description: 'Share of requests that may fail, 0 to 1.',
    },
    comparison: {
      type: 'string',
      enum: ['<', '<='],
      default: '<',
      description: 'Whether the bound itself is allowed.',
    },
  },
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;

export const loadErrorRate = defineCheck({
  meta: {
    kind: 'load/error-rate',
    title: 'Few requests fail under load',
    why: 'Requests that fail under load are the first customers of the day.',
    sees: 'Requests never answered or not sent in time and answers other than 2xx, over all that were due in the window of a load run of this gate run. Not: answers that say 200 and hold an error.',
    needs: ['runs'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: () => [],
  gather: async ({ run }: Params, { runs }: Pick<Capabilities, 'runs'>): Promise<LoadResult> => await runs.load(run),
  judge,
});

function judge({ max, comparison }: Params, result: LoadResult): Judgement<Id> {
  const subject = runName(result);
  const due = wanted(result);
  const rate = errorRate(result);
  const evidence = [
    ...runEvidence(result),
    {
      type: 'value',
      title: 'Failed of all that were due',
      value: rate,
      unit: 'ratio',
      bound: { comparison, value: max },
    },
  ] as const;
  const needed = Math.ceil(10 / max);
  const holds = comparison === '<' ? rate < max : rate <= max;
  // Ten failures would be expected at the bound: with fewer requests a pass may be luck. Too many failures are too many anyway.
  if (due < needed && (holds || due === 0))
    return {
      outcome: 'inconclusive',
      reason: 'too-few-samples',
      why: `${subject}: ${due} requests, a bound of ${percent(max)} needs at least ${needed}.`,
      evidence,
    };
  const data = {
    actual: percent(rate),
    due,
    lost: due - result.answered,
    wrong: result.answered - successes(result),
    comparison,
    expected: percent(max),
  };
  return judged<Id>(holds ? [] : [{ message: 'tooHigh', subject, data }], [subject], evidence, '');
}

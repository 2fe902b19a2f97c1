import type { LoadResult } from '../../contract/load.ts';
import {
  defineCheck,
  type Capabilities,
  type FromSchema,
  type JSONSchema,
  type Judgement,
} from '../../define-check.ts';
import { judged } from '../../support/judged.ts';
import { generatorLimits, runEvidence, runName, runParam, saturation, successes, wanted } from '../../support/load.ts';

const messages = {
  tooLow: {
    says: '{subject}: {actual} successful answers a second, expected {comparison} {expected}.',
    fix: 'Find the bottleneck (CPU of the pods, connection pool, database) or add replicas, then run the load again.',
  },
};
type Id = keyof typeof messages;

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['run'],
  properties: {
    run: runParam,
    min: {
      type: 'number',
      exclusiveMinimum: 0,
      default: 1000,
      description: 'Successful answers (2xx) a second, averaged over the window.',
    },
    comparison: { type: 'string', enum: ['>', '>='], default: '>', description: 'Whether the bound itself is enough.' },
    minSeconds: {
      type: 'integer',
      minimum: 1,
      default: 5,
      description: 'Seconds the window must have had: a burst of one second is no throughput.',
    },
    ...generatorLimits,
  },
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;

export const throughput = defineCheck({
  meta: {
    kind: 'load/throughput',
    title: 'The service answers enough requests a second',
    why: 'Below the expected traffic queues grow until everything times out.',
    sees: 'Answers with a 2xx status over the measured window of a load run of this gate run. Errors and lost requests do not count. Not: that the rate can be held for hours.',
    needs: ['runs'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: () => [],
  gather: async ({ run }: Params, { runs }: Pick<Capabilities, 'runs'>): Promise<LoadResult> => await runs.load(run),
  judge,
});

function judge(params: Params, result: LoadResult): Judgement<Id> {
  const { min, comparison, minSeconds } = params;
  const subject = runName(result);
  const rate = result.durationMs > 0 ? (successes(result) * 1000) / result.durationMs : 0;
  const evidence = [
    ...runEvidence(result),
    {
      type: 'value',
      title: 'Successful answers a second',
      value: rate,
      unit: 'requests/s',
      bound: { comparison, value: min },
    },
  ] as const;
  // Due, not sent: where every connection waits for its answer none can be sent, and that is the service's doing.
  if (wanted(result) === 0 || result.durationMs < minSeconds * 1000)
    return {
      outcome: 'inconclusive',
      reason: 'too-few-samples',
      why: `${subject}: ${wanted(result)} requests in a window of ${(result.durationMs / 1000).toFixed(1)} s, at least ${minSeconds} s are needed.`,
      evidence,
    };
  if (comparison === '>' ? rate > min : rate >= min) return judged<Id>([], [subject], evidence, '');
  if (
    result.declaredRate !== undefined &&
    (comparison === '>' ? result.declaredRate <= min : result.declaredRate < min)
  )
    return {
      outcome: 'inconclusive',
      reason: 'too-few-samples',
      why: `${subject}: ${result.declaredRate} requests a second were asked for, which cannot show ${comparison} ${min}. Raise the rate of that run.`,
      evidence,
    };
  // What was answered was answered, also by a tired generator; too little may be the generator's fault.
  const saturated = saturation(result, params);
  if (saturated !== null)
    return {
      outcome: 'inconclusive',
      reason: 'generator-saturated',
      why: `${subject}: ${rate.toFixed(0)} successful answers a second, but ${saturated}: the service may be able to do more.`,
      evidence,
    };
  return judged<Id>(
    [{ message: 'tooLow', subject, data: { actual: rate.toFixed(0), comparison, expected: min } }],
    [subject],
    evidence,
    '',
  );
}

import type { LoadResult } from '../../contract/load.ts';
import { duration } from '../../contract/param-schemas.ts';
import { durationMs } from '../../contract/units.ts';
import {
  defineCheck,
  type Capabilities,
  type Evidence,
  type FromSchema,
  type JSONSchema,
  type Judgement,
} from '../../kit/define-check.ts';
import { judged } from '../../kit/judged.ts';
import {
  generatorLimits,
  percent,
  percentileOfSent,
  runEvidence,
  runName,
  runParam,
  samplesNeeded,
  saturation,
  successes,
  wanted,
} from '../load.ts';

const messages = {
  tooSlow: {
    says: '{subject}: P{percentile} is {actual} ms, expected {comparison} {expected}.',
    fix: 'Find where the time goes (traces, slow queries, full pools) before more users come, or add replicas.',
  },
  unanswered: {
    says: '{subject}: {lost} of {due} requests were never answered, so P{percentile} has no end, expected {comparison} {expected}.',
    fix: 'Find why requests are dropped: restarts, full accept queues, time-outs in a proxy.',
  },
};
type Id = keyof typeof messages;

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['run', 'percentile', 'max'],
  properties: {
    run: runParam,
    percentile: {
      type: 'number',
      enum: [50, 75, 90, 95, 97.5, 99, 99.9],
      description: 'Which percentile of the latencies is judged.',
    },
    max: { ...duration('The bound.', '2000ms'), description: 'The bound, for example 2000ms.' },
    comparison: {
      type: 'string',
      enum: ['<', '<='],
      default: '<',
      description: 'Whether the bound itself is allowed.',
    },
    minSuccess: {
      type: 'number',
      minimum: 0,
      maximum: 1,
      default: 0.9,
      description: 'Share of answers that must be 2xx: errors answer fast and would flatter the percentile.',
    },
    ...generatorLimits,
  },
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;

export const latencyPercentile = defineCheck({
  meta: {
    kind: 'load/latency-percentile',
    title: 'Latency under load is within its bound',
    why: 'Users feel the slow requests, not the average one.',
    sees: 'The exact percentile of a load run of this gate run over everything that was due (a request never answered counts as infinitely slow), the number of samples and the generator; in an open run each latency counts from when its request was due. Not: of a closed run, the waiting before a request was sent.',
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
  const { percentile, max, comparison } = params;
  const subject = runName(result);
  const actual = percentileOfSent(result, percentile) / 1000;
  const bound = durationMs(max);
  const evidence = evidenceOf(result, params, actual, bound);
  const doubt = doubtOf(params, result);
  if (doubt) return { outcome: 'inconclusive', reason: doubt.reason, why: `${subject}: ${doubt.why}`, evidence };
  const data = { percentile, comparison, expected: max };
  if (!Number.isFinite(actual)) {
    const due = wanted(result);
    const lost = due - result.answered;
    return judged<Id>([{ message: 'unanswered', subject, data: { ...data, lost, due } }], [subject], evidence, '');
  }
  const holds = comparison === '<' ? actual < bound : actual <= bound;
  return judged<Id>(
    holds ? [] : [{ message: 'tooSlow', subject, data: { ...data, actual: actual.toFixed(1) } }],
    [subject],
    evidence,
    '',
  );
}

function doubtOf(params: Params, result: LoadResult) {
  const needed = samplesNeeded(params.percentile);
  if (wanted(result) < needed || result.latencies.count < Math.min(needed, result.answered))
    return {
      reason: 'too-few-samples',
      why: `${result.latencies.count} latencies of ${wanted(result)} requests, P${params.percentile} needs at least ${needed}.`,
    } as const;
  const success = result.answered === 0 ? 1 : successes(result) / result.answered;
  if (success < params.minSuccess)
    return {
      reason: 'too-few-samples',
      why: `only ${percent(success)} of the answers were 2xx (at least ${percent(params.minSuccess)} needed): the latency of errors says nothing.`,
    } as const;
  const saturated = saturation(result, params);
  return saturated === null ? null : ({ reason: 'generator-saturated', why: `${saturated}.` } as const);
}

function evidenceOf(result: LoadResult, { percentile, comparison }: Params, actual: number, bound: number) {
  const value: Evidence[] = Number.isFinite(actual)
    ? [
        {
          type: 'value',
          title: `P${percentile} of all that were due`,
          value: actual,
          unit: 'ms',
          bound: { comparison, value: bound },
        },
      ]
    : [];
  return [...runEvidence(result), ...value] as const;
}

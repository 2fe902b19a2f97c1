import type { LoadResult } from '../../contract/load.ts';
import { duration } from '../../contract/param-schemas.ts';
import { durationMs } from '../../contract/units.ts';
import { kind } from '../../kit/kind.ts';
import {
  answersDoubt,
  generatorLimits,
  holds,
  judgedSuccessParam,
  percentileOfSent,
  runEvidence,
  runName,
  runParam,
  samplesNeeded,
  saturation,
  upTo,
  wanted,
} from '../load.ts';

export const latencyPercentile = kind('load/latency-percentile', {
  title: 'Latency under load is within its bound',
  why: 'Users feel the slow requests, not the average one.',
  sees: [
    'The exact percentile of a load run of this gate run over everything that was due: a request never answered counts as infinitely slow.',
    'The number of samples, and whether the generator kept up.',
    'In an open run each latency counts from when its request was due.',
  ],
  not: ['The waiting before a request was sent, in a closed run.'],
  needs: ['runs'],
  required: ['run', 'percentile', 'max'],
  params: {
    run: runParam,
    percentile: {
      type: 'number',
      enum: [50, 75, 90, 95, 97.5, 99, 99.9],
      description: 'Which percentile of the latencies is judged.',
    },
    max: { ...duration('The bound.', '2000ms'), description: 'The bound, for example 2000ms.' },
    comparison: upTo,
    minSuccess: judgedSuccessParam,
    ...generatorLimits,
  },
  messages: {
    tooSlow: {
      says: '{subject}: P{percentile} is {actual} ms, expected {comparison} {expected}.',
      fix: 'Find where the time goes (traces, slow queries, full pools) before more users come, or add replicas.',
    },
    unanswered: {
      says: '{subject}: {lost} of {due} requests were never answered, so P{percentile} has no end and is {atLeast} ms at least, expected {comparison} {expected}.',
      fix: 'Find why requests are dropped: restarts, full accept queues, time-outs in a proxy.',
    },
  },
  gather: ({ run }, { runs }) => runs.load(run),

  judge(params, result, say) {
    const { percentile, max, comparison } = params;
    const subject = runName(result);
    const actual = percentileOfSent(result, percentile) / 1000;
    const bound = { comparison, value: durationMs(max) };
    const data = { percentile, comparison, expected: max };
    say.judged(subject);
    say.show(...runEvidence(result));
    if (Number.isFinite(actual))
      say.show({ type: 'value', title: `P${percentile} of all that were due`, value: actual, unit: 'ms', bound });
    const doubt = doubtOf(params, result);
    if (doubt) return say.unsure(doubt.reason, `${subject}: ${doubt.why}`, { subject });
    const due = wanted(result);
    if (!Number.isFinite(actual))
      say.fail('unanswered', subject, {
        ...data,
        due,
        lost: due - result.answered,
        atLeast: waited(result, percentile),
      });
    else if (!holds(actual, comparison, bound.value))
      say.fail('tooSlow', subject, { ...data, actual: actual.toFixed(1) });
  },
});

/** What was never answered took at least as long as it was waited for. */
function waited({ latencies }: LoadResult, percentile: number): string {
  const us = latencies.atLeast?.find(([at]) => at === percentile)?.[1] ?? latencies.maxUs;
  return (us / 1000).toFixed(1);
}

/** Why the percentile, low or high, says nothing. */
function doubtOf(
  params: { readonly percentile: number; readonly minSuccess: number } & Parameters<typeof saturation>[1],
  result: LoadResult,
) {
  const needed = samplesNeeded(params.percentile);
  if (wanted(result) < needed || result.latencies.count < Math.min(needed, result.answered))
    return {
      reason: 'too-few-samples',
      why: `${result.latencies.count} latencies of ${wanted(result)} requests, P${params.percentile} needs at least ${needed}.`,
    } as const;
  const why = answersDoubt(result, params.minSuccess);
  if (why !== null) return { reason: result.wrong === undefined ? 'unknown-value' : 'too-few-samples', why } as const;
  const saturated = saturation(result, params);
  return saturated === null ? null : ({ reason: 'generator-saturated', why: `${saturated}.` } as const);
}

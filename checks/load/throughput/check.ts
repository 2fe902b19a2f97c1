import { kind } from '../../kit/kind.ts';
import {
  answersDoubt,
  generatorLimits,
  runEvidence,
  runName,
  runParam,
  saturation,
  successes,
  wanted,
} from '../load.ts';

export const throughput = kind('load/throughput', {
  title: 'The service answers enough requests a second',
  why: 'Below the expected traffic queues grow until everything times out.',
  sees: [
    '2xx answers that are as expected, over the measured window of a load run of this gate run. Errors and lost requests do not count.',
  ],
  not: ['That the rate can be held for hours.'],
  needs: ['runs'],
  required: ['run'],
  params: {
    run: runParam,
    min: {
      type: 'number',
      exclusiveMinimum: 0,
      default: 1000,
      description: 'Successful answers (2xx, as expected) a second, averaged over the window.',
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
  messages: {
    tooLow: {
      says: '{subject}: {actual} successful answers a second, expected {comparison} {expected}.',
      fix: 'Find the bottleneck (CPU of the pods, connection pool, database) or add replicas, then run the load again.',
    },
  },
  gather: ({ run }, { runs }) => runs.load(run),

  judge(params, result, say) {
    const { min, comparison, minSeconds } = params;
    const subject = runName(result);
    const rate = result.durationMs > 0 ? (successes(result) * 1000) / result.durationMs : 0;
    const enough = (value: number): boolean => (comparison === '>' ? value > min : value >= min);
    const asked = result.declaredRate;
    say.judged(subject);
    say.show(...runEvidence(result), {
      type: 'value',
      title: 'Successful answers a second',
      value: rate,
      unit: 'requests/s',
      bound: { comparison, value: min },
    });
    // Due, not sent: where every connection waits for its answer none can be sent, and that is the service's doing.
    if (wanted(result) === 0 || result.durationMs < minSeconds * 1000)
      return say.unsure(
        'too-few-samples',
        `${subject}: ${wanted(result)} requests in a window of ${(result.durationMs / 1000).toFixed(1)} s, at least ${minSeconds} s are needed.`,
      );
    const unseen = answersDoubt(result);
    if (unseen !== null) say.unsure('unknown-value', `${subject}: ${unseen}`, { subject });
    if (enough(rate)) return;
    if (asked !== undefined && !enough(asked))
      return say.unsure(
        'too-few-samples',
        `${subject}: ${asked} requests a second were asked for, which cannot show ${comparison} ${min}. Raise the rate of that run.`,
      );
    // What was answered was answered, also by a tired generator; too little may be the generator's fault.
    const saturated = saturation(result, params);
    if (saturated !== null)
      return say.unsure(
        'generator-saturated',
        `${subject}: ${rate.toFixed(0)} successful answers a second, but ${saturated}: the service may be able to do more.`,
      );
    say.fail('tooLow', subject, { actual: rate.toFixed(0), comparison, expected: min });
  },
});

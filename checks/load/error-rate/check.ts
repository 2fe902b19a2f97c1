import { kind } from '../../kit/kind.ts';
import {
  answersDoubt,
  errorRate,
  holds,
  percent,
  runEvidence,
  runName,
  runParam,
  successes,
  upTo,
  wanted,
} from '../load.ts';

export const loadErrorRate = kind('load/error-rate', {
  title: 'Few requests fail under load',
  why: 'Requests that fail under load are the first customers of the day.',
  sees: [
    'Requests never answered or not sent in time and answers other than 2xx or other than expected, over all that were due in the window of a load run of this gate run.',
  ],
  not: ['Answers that say 200 and hold an error that the run’s expect does not know.'],
  needs: ['runs'],
  required: ['run'],
  params: {
    run: runParam,
    max: {
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 1,
      default: 0.01,
      description: 'Share of requests that may fail, 0 to 1.',
    },
    comparison: upTo,
  },
  messages: {
    tooHigh: {
      says: '{subject}: {actual} of {due} requests failed ({lost} never answered, {wrong} answered otherwise than expected), expected {comparison} {expected}.',
      fix: 'See the status classes in the evidence and the logs of the service for the same minutes, and repair the cause.',
    },
  },
  gather: ({ run }, { runs }) => runs.load(run),

  judge({ max, comparison }, result, say) {
    const subject = runName(result);
    const due = wanted(result);
    const rate = errorRate(result);
    const needed = Math.ceil(10 / max);
    const good = holds(rate, comparison, max);
    say.judged(subject);
    say.show(...runEvidence(result), {
      type: 'value',
      title: 'Failed of all that were due',
      value: rate,
      unit: 'ratio',
      bound: { comparison, value: max },
    });
    const unseen = answersDoubt(result);
    if (unseen !== null) say.unsure('unknown-value', `${subject}: ${unseen}`, { subject });
    // Ten failures would be expected at the bound: with fewer requests a pass may be luck. Too many failures are too many anyway.
    if (due < needed && (good || due === 0))
      say.unsure(
        'too-few-samples',
        `${subject}: ${due} requests, a bound of ${percent(max)} needs at least ${needed}.`,
        { subject },
      );
    else if (!good)
      say.fail('tooHigh', subject, {
        actual: percent(rate),
        due,
        lost: due - result.answered,
        wrong: result.answered - successes(result),
        comparison,
        expected: percent(max),
      });
  },
});

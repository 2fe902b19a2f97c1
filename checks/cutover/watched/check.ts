import type { CutoverEventOf } from '../../contract/cutover.ts';
import { formatMs } from '../../contract/units.ts';
import { kind } from '../../kit/kind.ts';
import { table } from '../../kit/evidence.ts';
import {
  cutoverParam,
  is,
  isMeasured,
  lastCutover,
  longestGap,
  maxGapParam,
  stepLog,
  stepNames,
  timeline,
  timeReversal,
} from '../log.ts';

export const cutoverWatched = kind('cutover/watched', {
  title: 'A metric was watched through every step of the cutover',
  why: 'A step during which nobody looked proves nothing, however quiet it was.',
  sees: [
    "From the cutover's log: samples with a value from the shift of each step to its end, at its weight, without a long gap.",
  ],
  not: ['Whether the values were good, which the triggers and the steps judge.'],
  needs: ['cutover'],
  required: ['cutover', 'metric'],
  params: {
    cutover: cutoverParam,
    metric: { type: 'string', enum: ['error-rate', 'p95', 'business'], description: 'What must have been watched.' },
    maxGap: maxGapParam,
  },
  messages: {
    neverSampled: {
      says: '{subject}: {metric} was never measured ({samples} samples, none with a value), expected values all through its window.',
      fix: 'See why the probes of the cutover got no answers to measure, and begin a new run.',
    },
    gap: {
      says: '{subject}: {metric} was not measured for {actual} of {window}, expected gaps of at most {expected}.',
      fix: 'See what kept the cutover from measuring (its machine, the network), and begin a new run.',
    },
  },
  gather: (_, { cutover }) => cutover.events(),

  judge(params, events, say) {
    const metric = { p95: 'P95', 'error-rate': 'the error rate', business: 'the business' }[params.metric];
    const own = lastCutover(events);
    const declared = own.find(is('begun'))?.steps ?? [];
    const steps = declared.map((step) => {
      const log = stepLog(own, step.item);
      if (!log?.done) return { ...step, watched: undefined };
      // From its shift to its end.
      const from = log.events.find(is('shifted'))?.ms ?? log.begun.ms;
      const to = log.done.ms;
      const samples = log.events.filter(is('sample')).filter(({ weight, ms }) => weight === step.weight && ms >= from);
      const times = samples.filter(hasValue(params.metric)).map(({ ms }) => ms);
      return { ...step, watched: { from, to, samples: samples.length, times, gap: longestGap(times, from, to) } };
    });
    const subjectOf = ({ item, weight }: { readonly item: string; readonly weight: number }): string =>
      `Step ${item} at ${weight} %`;
    for (const step of steps) {
      if (!step.watched) continue;
      const { from, to, samples, times, gap } = step.watched;
      const subject = subjectOf(step);
      const most = params.maxGap * step.watchMs;
      say.judged(subject);
      if (times.length === 0) say.fail('neverSampled', subject, { metric, samples });
      else if (gap.ms > most)
        say.fail('gap', subject, {
          metric,
          actual: formatMs(gap.ms),
          window: formatMs(to - from),
          expected: formatMs(most),
        });
    }
    const reversal = timeReversal(own);
    if (reversal !== null)
      say.unsure('too-few-samples', `The gaps are unknown, the log is not of one clock: ${reversal}.`);
    const missing = steps.filter(({ watched }) => !watched);
    if (declared.length === 0) say.unsure('no-subjects', 'No cutover has begun.', { detail: 'not-begun' });
    else if (missing.length > 0)
      say.unsure(
        missing.length === steps.length ? 'no-subjects' : 'too-few-subjects',
        `Steps that were not done cannot be watched: ${stepNames(missing)}.`,
        { detail: 'not-done' },
      );
    say.show(
      table(
        'Watched',
        ['step', 'from (ms)', 'to (ms)', 'samples', 'with a value', 'longest gap (ms)'],
        steps.flatMap((step) => {
          if (!step.watched) return [];
          const { from, to, samples, times, gap } = step.watched;
          return [[subjectOf(step), from, to, samples, times.length, gap.ms]];
        }),
      ),
      ...timeline(own),
    );
  },
});

/** A P95 counts requests that are still under way, too: it may be known where nobody has been answered. */
function hasValue(metric: 'error-rate' | 'p95' | 'business') {
  return (sample: CutoverEventOf<'sample'>): boolean => {
    if (metric === 'business') return Array.isArray(sample.worse);
    return metric === 'p95' ? sample.p95Ms !== null : sample.errorRate !== null && isMeasured(sample);
  };
}

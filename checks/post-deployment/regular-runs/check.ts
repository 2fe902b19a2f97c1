import type { PastOutcome } from '../../contract/history.ts';
import { duration } from '../../contract/param-schemas.ts';
import { DURATION_PATTERN, durationMs } from '../../contract/units.ts';
import { table } from '../../kit/evidence.ts';
import { kind, type ParamsOf } from '../../kit/kind.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { prometheusOf, prometheusParams } from '../../protocols/telemetry.ts';
import { judgeNow, messages as nowMessages } from '../key-metrics/check.ts';
import { keyMetrics, measure, whenceOf } from '../metrics.ts';
import { sayWhence, windowAfter, type Window } from '../since.ts';

const params = {
  ...prometheusParams,
  metrics: keyMetrics,
  watchedBy: {
    type: 'string',
    minLength: 1,
    description: 'The item whose runs are counted: the one that measures the metrics on schedule.',
  },
  window: {
    type: 'string',
    pattern: DURATION_PATTERN,
    description: 'The time that one run looks back over, so that no two see the same; absent: that of each metric.',
  },
  every: duration('How often it must have been judged.', '1h'),
  for: duration('For how long after the approval.', '24h'),
} as const;

export const regularRuns = kind('post-deployment/regular-runs', {
  title: 'The key metrics were checked in every interval since the approval',
  why: 'A CronJob that fails to start, or a ledger on a full disk, is silence, and silence after a release reads like good news.',
  sees: [
    'A judged run of the item in each whole interval since the approval, by instants: a day has 23 or 25 hours when the clocks change.',
    'The key metrics now, so that this run counts for its own interval.',
  ],
  not: ['Whether the values are as good as promised: post-deployment/metric-stability does that.'],
  needs: ['history', 'http'],
  params,
  required: ['prometheus', 'metrics', 'watchedBy'],
  messages: {
    ...nowMessages,
    gap: {
      says: '{subject}: nobody looked ({runs}), expected a judged run of {item}.',
      fix: 'Look at the CronJob of the schedule and its Jobs (kubectl get jobs -n golive) for why it did not run.',
    },
  },
  rights: ({ prometheusToken }) => mayReadSecrets([prometheusToken]),

  async gather(given, { history, http }) {
    const seen = await history.sinceApproval();
    return {
      ...whenceOf(seen),
      since: seen.since,
      measured: await measure(http, prometheusOf(given), given.metrics, given.window),
    };
  },

  judge(given, { measured, since, ...whence }, say, now) {
    sayWhence(say, whence);
    judgeNow(given, { measured }, say);
    const window = windowAfter(whence, durationMs(given.for), now);
    const intervals = intervalsOf(given, since, window);
    for (const { name, judged, runs } of intervals) {
      say.judged(name);
      if (!judged)
        say.fail('gap', name, {
          runs: runs === 0 ? 'no run' : `${runs} runs that judged nothing`,
          item: given.watchedBy,
        });
    }
    say.show(
      table(
        `Runs of ${given.watchedBy} every ${given.every} since ${new Date(window.fromMs).toISOString()}`,
        ['interval', 'judged', 'runs'],
        intervals.map(({ name, judged, runs }) => [name, judged, runs]),
      ),
    );
  },
});

interface Interval {
  readonly name: string;
  readonly judged: boolean;
  readonly runs: number;
}
type Params = ParamsOf<typeof params, 'prometheus' | 'metrics' | 'watchedBy'>;

/** Whole intervals only: the one that has just begun may still be looked at. */
function intervalsOf(
  { every, watchedBy }: Params,
  since: readonly PastOutcome[],
  { fromMs, toMs }: Window,
): readonly Interval[] {
  const length = durationMs(every);
  const count = length > 0 ? Math.floor((toMs - fromMs) / length) : 0;
  const of = since.filter(({ item }) => item === watchedBy);
  return Array.from({ length: count }, (_, index) => {
    const from = fromMs + index * length;
    const within = of.filter(({ at }) => Date.parse(at) >= from && Date.parse(at) < from + length);
    const name = `${every} from ${new Date(from).toISOString()}`;
    return { name, judged: within.some(hasJudged), runs: within.length };
  });
}

/** A run that measured: red or green, somebody would have been told. */
const hasJudged = ({ outcome, measured }: PastOutcome): boolean =>
  (outcome === 'pass' || outcome === 'fail') && measured.length > 0;

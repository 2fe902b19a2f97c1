import { durationMs, formatMs } from '../../contract/units.ts';
import { table } from '../../kit/evidence.ts';
import { attempt, kind, ObservationError, type Say } from '../../kit/kind.ts';
import { compareCounts, compareLevels, compareShares, momentsOf, rankTest } from '../../kit/statistics/compare.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { promDuration, queryRange, serverTime, valueText } from '../../protocols/prometheus.ts';
import { prometheusOf } from '../../protocols/telemetry.ts';
import { changeText, judgeChange, messages, type ChangeAt, type Judged } from '../held.ts';
import { judgeStretches, stretchesOf, type Stretch } from '../stretches.ts';
import { params, type Metric, type Params } from './params.ts';

/** Values block by block; null where a block has none. */
type Blocks = readonly (number | null)[];
interface Seen {
  readonly now: Blocks;
  readonly before: Blocks;
  /** Of `of`, for a share. */
  readonly allNow?: Blocks;
  readonly allBefore?: Blocks;
}

export const businessMetrics = kind('business/metrics', {
  title: 'Business metrics held against the time before the release',
  why: 'A release that answers every request in time may still lose orders: no error rate shows a price that is wrong or a button that is gone.',
  sees: [
    'Each metric since all users are on the new release, against a time before it: how much it changed, between which bounds.',
    'Counts by the exact test of two Poisson rates, shares by Newcombe’s interval, levels by Welch’s interval and Mann and Whitney’s ranks.',
    'That a change of the declared size is ruled out: too few samples are a doubt, not a pass.',
    'From the cutover’s log of this run: that traffic did not go back, and that the time before really lies before it.',
  ],
  not: ['Whether something else than the release changed the metric.', 'Metrics that nobody declared.'],
  needs: ['http', 'cutover'],
  params,
  required: ['prometheus', 'metrics'],
  messages,
  rights: ({ prometheusToken }) => mayReadSecrets([prometheusToken]),

  async gather(given, { http, cutover }) {
    const source = prometheusOf(given);
    const step = durationMs(given.block) / 1000;
    if (!(step > 0)) throw new ObservationError('misconfigured', 'The block is 0, expected a length of time.');
    const stretches = stretchesOf(given, await serverTime(http, source), await cutover.events());
    const blocks = async (promql: string, { start, end }: Stretch): Promise<Blocks> => {
      const times = blockEnds({ start, end }, step);
      const [first, last] = [times[0], times.at(-1)];
      if (first === undefined || last === undefined) return [];
      const text = promql.replaceAll('$block', promDuration(step * 1000));
      const series = await queryRange(http, source, text, { start: first, end: last, step });
      if (series.length > 1)
        throw new ObservationError('misconfigured', `The query gives ${series.length} series, expected one: ${text}`, {
          fix: 'Aggregate in the query, for example by sum().',
        });
      const byTime = new Map(series[0]?.points.map(([at, value]) => [Math.round((at - first) / step), value]));
      return times.map((_, index) => byTime.get(index) ?? null).map((one) => (Number.isFinite(one) ? one : null));
    };
    const measured = given.metrics.map(({ query, of }) =>
      attempt(async (): Promise<Seen> => {
        const { now, before } = stretches;
        const [a, b] = [await blocks(query, now), await blocks(query, before)];
        return of === undefined
          ? { now: a, before: b }
          : { now: a, before: b, allNow: await blocks(of, now), allBefore: await blocks(of, before) };
      }),
    );
    return { stretches, metrics: await Promise.all(measured) };
  },

  judge(given, { stretches, metrics }, say) {
    judgeStretches(stretches, say);
    const rows = given.metrics.map((metric, index) => {
      const { seen, refusal } = metrics[index] ?? {};
      if (refusal) say.refused(refusal, metric.name);
      if (!seen) return [metric.name, null, null, null, null, null];
      const judged = judgeMetric(metric, seen, given, say);
      return rowOf(metric, seen, judged);
    });
    const { now, before } = stretches;
    const lasted = ({ start, end }: Stretch): string => formatMs((end - start) * 1000);
    say.show(
      table(
        `${lasted(now)} since the release against ${lasted(before)} before it`,
        ['metric', 'mean of a block before', 'now', 'change', 'from', 'to'],
        rows,
      ),
    );
  },
});

/** Ends of whole blocks that lie within; the last one ends where the stretch does. */
function blockEnds({ start, end }: Stretch, step: number): readonly number[] {
  const count = Math.floor((end - start) / step + 1e-9);
  return Array.from({ length: Math.max(0, count) }, (_, index) => end - (count - 1 - index) * step);
}

function judgeMetric(metric: Metric, seen: Seen, given: Params, say: Say<typeof messages>): Judged | null {
  const { name } = metric;
  const unsure = (why: string): null => {
    say.judged(name);
    say.unsure('too-few-samples', `${name}: ${why}`, { subject: name });
    return null;
  };
  for (const [when, blocks] of [
    ['since the release', seen.now],
    ['before the release', seen.before],
  ] as const) {
    const known = valuesOf(blocks).length;
    if (known < 2 || known < given.minCoverage * blocks.length)
      return unsure(
        `${known} of ${blocks.length} blocks ${when} have a value, expected ${Math.max(2, Math.ceil(given.minCoverage * blocks.length))}. Wait, or correct the query.`,
      );
  }
  if (sum(seen.before) <= 0) return unsure('there was none of it before the release to compare with.');
  const family = { chance: given.chance, family: given.metrics.length };
  const tolerance = { good: metric.good, effect: metric.effect };
  const [now, before] = [valuesOf(seen.now), valuesOf(seen.before)];
  const alsoSure = (): boolean =>
    metric.is !== 'level' || rankTest(now, before).p < given.chance / given.metrics.length;
  const changeAt = changeOf(metric, seen);
  if (!changeAt) return unsure('a share of what is not counted; name `of`.');
  return judgeChange(name, changeAt, { ...family, ...tolerance, alsoSure }, say);
}

function changeOf({ is, dispersion }: Metric, seen: Seen): ChangeAt | null {
  const [now, before] = [valuesOf(seen.now), valuesOf(seen.before)];
  if (is === 'level') return (confidence) => compareLevels(now, before, confidence);
  if (is === 'count') {
    const { mean, variance } = momentsOf(before);
    const clustered = Math.max(dispersion, variance / mean || 1);
    const counted = (values: readonly number[]) => ({ events: sum(values), exposure: values.length });
    return (confidence) => compareCounts(counted(now), counted(before), confidence, clustered);
  }
  const { allNow, allBefore } = seen;
  if (!allNow || !allBefore) return null;
  const among = (events: Blocks, all: Blocks) => {
    const exposure = sum(all) / dispersion;
    // Two queries a moment apart may count one more of the one than of the other.
    return { events: Math.min(exposure, sum(events) / dispersion), exposure };
  };
  return (confidence) => compareShares(among(seen.now, allNow), among(seen.before, allBefore), confidence);
}

const valuesOf = (blocks: Blocks): readonly number[] => blocks.filter((one) => one !== null);
const sum = (blocks: Blocks): number => valuesOf(blocks).reduce((total, value) => total + value, 0);

function rowOf({ name, is }: Metric, seen: Seen, judged: Judged | null) {
  const share = (events: Blocks, all: Blocks = []): number => sum(events) / sum(all);
  const mean = (blocks: Blocks): number => sum(blocks) / valuesOf(blocks).length;
  const [now, before] =
    is === 'share'
      ? [share(seen.now, seen.allNow), share(seen.before, seen.allBefore)]
      : [mean(seen.now), mean(seen.before)];
  const change = judged?.change;
  const text = (value: number): string => (change ? changeText(change.kind, value) : '');
  return [
    name,
    valueText(before),
    valueText(now),
    ...(change ? [change.effect, change.low, change.high].map(text) : [null, null, null]),
  ];
}

import type { CutoverEventOf } from '../../contract/cutover.ts';
import { formatMs } from '../../contract/units.ts';
import {
  defineCheck,
  type Capabilities,
  type Finding,
  type FromSchema,
  type JSONSchema,
  type Judgement,
} from '../../kit/define-check.ts';
import { table } from '../../kit/evidence.ts';
import { judged } from '../../kit/judged.ts';
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
  type Events,
} from '../log.ts';

const messages = {
  neverSampled: {
    says: '{subject}: {metric} was never measured ({samples} samples, none with a value), expected values all through its window.',
    fix: 'See why the probes of the cutover got no answers to measure, and begin a new run.',
  },
  gap: {
    says: '{subject}: {metric} was not measured for {actual} of {window}, expected gaps of at most {expected}.',
    fix: 'See what kept the cutover from measuring (its machine, the network), and begin a new run.',
  },
};
type Id = keyof typeof messages;

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['cutover', 'metric'],
  properties: {
    cutover: cutoverParam,
    metric: { type: 'string', enum: ['error-rate', 'p95'], description: 'What must have been watched.' },
    maxGap: maxGapParam,
  },
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;

export const cutoverWatched = defineCheck({
  meta: {
    kind: 'cutover/watched',
    title: 'A metric was watched through every step of the cutover',
    why: 'A step during which nobody looked proves nothing, however quiet it was.',
    sees: "From the cutover's log: samples with a value from the shift of each step to its end, at its weight, without a long gap. Not: whether the values were good, which the triggers and the steps judge.",
    needs: ['cutover'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: () => [],
  gather: async (_: Params, { cutover }: Pick<Capabilities, 'cutover'>): Promise<Events> => await cutover.events(),
  judge,
});

interface Watched {
  readonly item: string;
  readonly subject: string;
  readonly watchMs: number;
  readonly samples: number;
  /** Times of the samples with a value. */
  readonly times: readonly number[];
  readonly from: number;
  readonly to: number;
}

function judge(params: Params, events: Events): Judgement<Id> {
  const { maxGap } = params;
  const metric = params.metric === 'p95' ? 'P95' : 'the error rate';
  const own = lastCutover(events);
  const declared = own.find(is('begun'))?.steps ?? [];
  const steps = declared.flatMap((step) => watchedOf(params, own, step) ?? []);
  const evidence = [watchedTable(steps), ...timeline(own)] as const;
  const findings = steps.flatMap(({ subject, samples, times, from, to, watchMs }): Finding<Id>[] => {
    if (times.length === 0) return [{ message: 'neverSampled', subject, data: { metric, samples } }];
    const gap = longestGap(times, from, to);
    const most = maxGap * watchMs;
    if (gap.ms <= most) return [];
    const figures = { actual: formatMs(gap.ms), window: formatMs(to - from), expected: formatMs(most) };
    return [{ message: 'gap', subject, data: { metric, ...figures } }];
  });
  const reversal = timeReversal(own);
  if (findings.length === 0 && reversal !== null) {
    const why = `How long nobody looked cannot be told, the log is not of one clock: ${reversal}.`;
    return { outcome: 'inconclusive', reason: 'too-few-samples', why, evidence };
  }
  const missing = declared.filter(({ item }) => !steps.some((step) => step.item === item));
  if (findings.length === 0 && missing.length > 0) {
    const reason = steps.length === 0 ? 'no-subjects' : 'too-few-subjects';
    const why = `Steps that were not done cannot be watched: ${stepNames(missing)}.`;
    return { outcome: 'inconclusive', reason, why, evidence };
  }
  return judged(
    findings,
    steps.map(({ subject }) => subject),
    evidence,
    'No cutover has begun.',
  );
}

/** From its shift to its end; undefined for a step that was not done. */
function watchedOf(
  { metric }: Params,
  own: Events,
  { item, weight, watchMs }: CutoverEventOf<'begun'>['steps'][number],
): Watched | undefined {
  const log = stepLog(own, item);
  if (!log?.done) return undefined;
  const from = log.events.find(is('shifted'))?.ms ?? log.begun.ms;
  const samples = log.events.filter(is('sample')).filter((sample) => sample.weight === weight && sample.ms >= from);
  // A P95 counts requests that are still under way, too: it may be known where nobody has been answered.
  const valued = samples.filter((sample) =>
    metric === 'p95' ? sample.p95Ms !== null : sample.errorRate !== null && isMeasured(sample),
  );
  return {
    item,
    subject: `Step ${item} at ${weight} %`,
    watchMs,
    samples: samples.length,
    times: valued.map(({ ms }) => ms),
    from,
    to: log.done.ms,
  };
}

function watchedTable(steps: readonly Watched[]) {
  return table(
    'Watched',
    ['step', 'from (ms)', 'to (ms)', 'samples', 'with a value', 'longest gap (ms)'],
    steps.map(({ subject, from, to, samples, times }) => [
      subject,
      from,
      to,
      samples,
      times.length,
      longestGap(times, from, to).ms,
    ]),
  );
}

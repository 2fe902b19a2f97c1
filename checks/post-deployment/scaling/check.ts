import { duration } from '../../contract/param-schemas.ts';
import { durationMs } from '../../contract/units.ts';
import { table } from '../../kit/evidence.ts';
import { kind, type ParamsOf, type Say } from '../../kit/kind.ts';
import { recordOf, type Point, type SinceApproval } from '../metrics.ts';
import { sayNotDue, sayWhence, windowAfter } from '../since.ts';

const LEAST_VALUES = 12;
const HOUR_MS = 3_600_000;

const params = {
  watchedBy: { type: 'string', minLength: 1, description: 'The item that measures replicas and load on schedule.' },
  for: duration('How long after the approval; before that it is not due.', '24h'),
  workloads: {
    type: 'array',
    minItems: 1,
    description: 'What scales by itself: its recorded metrics and the bounds of its HorizontalPodAutoscaler.',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['name', 'replicas', 'load', 'target', 'min', 'max'],
      properties: {
        name: { type: 'string', minLength: 1, description: 'The workload, for people.' },
        replicas: { type: 'string', minLength: 1, description: 'Name of the key metric that counts its replicas.' },
        load: { type: 'string', minLength: 1, description: 'Name of the key metric that it scales by.' },
        target: { type: 'number', exclusiveMinimum: 0, description: 'Target of that metric, in its unit.' },
        min: { type: 'integer', minimum: 0, description: 'Least replicas.' },
        max: { type: 'integer', minimum: 1, description: 'Most replicas.' },
      },
    },
  },
  tolerance: {
    type: 'number',
    minimum: 0,
    maximum: 1,
    default: 0.1,
    description: 'Around the target, as a share of it, in which nothing has to happen: the controller has 0.1.',
  },
  maxReversals: {
    type: 'integer',
    minimum: 0,
    default: 4,
    description: 'How often the number of replicas may turn from rising to falling or back: more is flapping.',
  },
  patience: duration('How long the load may lie above the target without a scale-up.', '2h'),
} as const;

const messages = {
  withoutCause: {
    says: '{subject}: went from {from} to {to} replicas at {at} while the load was {load} of a target of {target}, expected a reason in the load.',
    fix: 'Look at the events of the HorizontalPodAutoscaler and at who else sets replicas.',
  },
  notScaled: {
    says: '{subject}: stayed at {replicas} replicas from {at} on while the load was above the target of {target}, expected it to scale up.',
    fix: 'Look at the conditions of the HorizontalPodAutoscaler, at the quota and at pods that cannot be scheduled.',
  },
  atMaximum: {
    says: '{subject}: was at its maximum of {max} replicas from {at} on with the load above the target, expected room to grow.',
    fix: 'Raise maxReplicas, or make the service need less.',
  },
  flapping: {
    says: '{subject}: turned {reversals} times between rising and falling, expected at most {allowed}.',
    fix: 'Lengthen the stabilisation window of the HorizontalPodAutoscaler, or change the metric it scales by.',
  },
} as const;

type Params = ParamsOf<typeof params, 'watchedBy' | 'workloads'>;
type Workload = Params['workloads'][number];

export const scaling = kind('post-deployment/scaling', {
  title: 'Every scale event had a cause and settled',
  why: 'An autoscaler that flaps, or that stands at its maximum, is found out by users on the day that traffic doubles.',
  sees: [
    'Replicas and load as the runs since the approval recorded them: each change has its cause in the load, and load above the target is followed by one.',
  ],
  not: [
    'Changes between two runs that were undone before the second.',
    'Replicas that one run alone missed: a pod was just replaced.',
  ],
  needs: ['history'],
  params,
  required: ['watchedBy', 'workloads'],
  messages,
  gather: async ({ watchedBy }, { history }) => recordOf(await history.sinceApproval(), watchedBy),
  judge(given, seen, say, now) {
    const length = durationMs(given.for);
    const window = windowAfter(seen, length, now);
    sayWhence(say, seen);
    if (!window.isOver) return sayNotDue(say, window, now, window.fromMs + length);
    for (const workload of given.workloads)
      judgeWorkload(workload, given, momentsOf(workload, seen, length / HOUR_MS), say);
  },
});

/** What one run saw of a workload. */
interface Moment {
  /** Hours since the approval. */
  readonly hour: number;
  /** RFC 3339. */
  readonly at: string;
  readonly replicas: number;
  readonly load: number;
}

function momentsOf(
  { replicas, load, min }: Workload,
  { approvedAt, series }: SinceApproval,
  hours: number,
): readonly Moment[] {
  const loads = new Map(series[load] ?? []);
  return withoutDips((series[replicas] ?? []).filter(([hour]) => hour <= hours)).flatMap(([hour, seenCount]) => {
    // No autoscaler goes below its minimum: a pod is missing, and that is no scale event.
    const count = Math.max(seenCount, min);

    const seen = loads.get(hour);
    const at = new Date(Date.parse(approvedAt) + hour * HOUR_MS).toISOString();
    return seen === undefined ? [] : [{ hour, at, replicas: count, load: seen }];
  });
}

/** Fewer in one run alone than in two runs on either side: a pod was just replaced, with its node or without. */
const withoutDips = (points: readonly Point[]): readonly Point[] =>
  points.map(([hour, count], index) => {
    const around = [-2, -1, 1, 2].flatMap((step) => points[index + step]?.[1] ?? []);
    const [usual] = around;
    const isDip = around.length === 4 && usual !== undefined && count < usual && around.every((one) => one === usual);
    return [hour, isDip ? usual : count];
  });

function judgeWorkload(workload: Workload, given: Params, moments: readonly Moment[], say: Say<typeof messages>): void {
  const { name, target } = workload;
  say.judged(name);
  if (moments.length < LEAST_VALUES)
    return say.unsure(
      'too-few-samples',
      `${name}: ${moments.length} runs recorded both its replicas and its load, expected at least ${LEAST_VALUES}.`,
      { subject: name },
    );
  const changes = moments.flatMap((moment, index) => {
    const before = moments[index - 1];
    return before && before.replicas !== moment.replicas ? [{ before, moment }] : [];
  });
  for (const { before, moment } of changes) {
    const rose = moment.replicas > before.replicas;
    // Either of the two runs may have seen what caused it; what falls follows a load that has long been low.
    const cause = rose ? Math.max(before.load, moment.load) > target : Math.min(before.load, moment.load) < target;
    if (!cause)
      say.fail('withoutCause', name, {
        from: before.replicas,
        to: moment.replicas,
        at: moment.at,
        load: moment.load,
        target,
      });
  }
  const reversals = changes.filter(({ before, moment }, index) => {
    const last = changes[index - 1];
    return last && moment.replicas > before.replicas !== last.moment.replicas > last.before.replicas;
  }).length;
  if (reversals > given.maxReversals) say.fail('flapping', name, { reversals, allowed: given.maxReversals });
  judgeOverload(workload, given, moments, say);
  say.show(
    table(
      `Replicas and load of ${name}`,
      ['at', 'replicas', 'load', 'target'],
      moments.map((one) => [one.at, one.replicas, one.load, target]),
    ),
  );
}

/** Load above the target for longer than the patience, without one more replica. */
function judgeOverload(
  { name, target, max }: Workload,
  given: Params,
  moments: readonly Moment[],
  say: Say<typeof messages>,
): void {
  let since: Moment | undefined;
  for (const moment of moments) {
    const isOver = moment.load > target * (1 + given.tolerance);
    if (!isOver || (since !== undefined && moment.replicas > since.replicas)) since = undefined;
    if (isOver) since ??= moment;
    if (since === undefined || (moment.hour - since.hour) * HOUR_MS <= durationMs(given.patience)) continue;
    const { at } = since;
    if (moment.replicas >= max) say.fail('atMaximum', name, { max, at });
    else say.fail('notScaled', name, { replicas: moment.replicas, at, target });
    return;
  }
}

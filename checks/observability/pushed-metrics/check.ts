import { duration } from '../../contract/param-schemas.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import { table } from '../../kit/evidence.ts';
import { kind, type ParamsOf, type Say } from '../../kit/kind.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import {
  hasLabels,
  query,
  selectorOf,
  serverTime,
  valueText,
  type LabelSet,
  type Sample,
} from '../../protocols/prometheus.ts';
import { labelValues, prometheusOf, prometheusParams } from '../../protocols/telemetry.ts';

const params = {
  ...prometheusParams,
  groups: {
    type: 'array',
    minItems: 1,
    description: 'What batch jobs push. Each group that has the labels is judged, and at least one must be there.',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['labels'],
      properties: {
        labels: labelValues('Labels of the group at the Pushgateway, for example {job: db-backup}.'),
        metric: { type: 'string', minLength: 1, description: 'A metric of the group that must have the value.' },
        value: { type: 'number', default: 1, description: 'Value of the metric after a run that went well.' },
      },
    },
  },
  maxAge: duration('Oldest accepted push.', '26h'),
} as const;
type Params = ParamsOf<typeof params, 'prometheus' | 'groups'>;
type Group = Params['groups'][number];

const messages = {
  neverPushed: {
    says: '{subject}: no push was ever accepted, expected one within {expected}.',
    fix: 'See whether the job runs and what the Pushgateway answers it; Prometheus must scrape the gateway with honor_labels.',
  },
  tooOld: {
    says: '{subject}: the last accepted push was {actual} ago, expected at most {expected}.',
    fix: 'See why the job has not pushed since: a Pushgateway serves old values for ever, with a fresh time.',
  },
  refused: {
    says: '{subject}: a push after the last accepted one was refused, {actual} ago.',
    fix: 'See the log of the Pushgateway: it refuses timestamps and metrics that contradict those of another group.',
  },
  otherValue: {
    says: '{subject}: {metric} is {actual}, expected {expected}.',
    fix: 'See what the job says of its last run.',
  },
} as const;

type Saying = Say<typeof messages>;
interface Limits {
  /** Unix seconds. */
  readonly time: number;
  readonly maxAgeMs: number;
}
/** Of clocks that differ. */
const AHEAD_SECONDS = 60;

interface Seen {
  /** Unix seconds. */
  readonly time: number;
  /** By group, as declared. */
  readonly groups: readonly {
    readonly pushed: readonly Sample[];
    readonly failed: readonly Sample[];
    readonly values: readonly Sample[];
  }[];
}

export const pushedMetrics = kind('observability/pushed-metrics', {
  title: 'Metrics that batch jobs push are fresh',
  why: 'A Pushgateway never forgets: a success of nine days ago is scraped as if it were of this second.',
  sees: [
    'For each group when its last push was accepted (push_time_seconds), and that none was refused since (push_failure_time_seconds).',
    'The value of a metric of the group, where one is named.',
  ],
  not: ['Whether the job did what its metric says.'],
  needs: ['http'],
  params,
  required: ['prometheus', 'groups'],
  messages,
  rights: ({ prometheusToken }) => mayReadSecrets([prometheusToken]),

  async gather(given, { http }): Promise<Seen> {
    const source = prometheusOf(given);
    const ask = (metric: string, { labels }: Group): Promise<readonly Sample[]> =>
      query(http, source, `${metric}${selectorOf(labels)}`);
    const [time, ...groups] = await Promise.all([
      serverTime(http, source),
      ...given.groups.map(async (group) => ({
        pushed: await ask('push_time_seconds', group),
        failed: await ask('push_failure_time_seconds', group),
        values: group.metric === undefined ? [] : await ask(group.metric, group),
      })),
    ]);
    return { time, groups };
  },

  judge(given, { time, groups }, say) {
    for (const [index, group] of given.groups.entries()) {
      const seen = groups[index];
      if (seen) judgeGroup(group, seen, { time, maxAgeMs: durationMs(given.maxAge) }, say);
    }
  },
});

/** Those of one group have the same labels, but for what a metric adds. */
const labelsOf = ({ labels }: Sample): LabelSet =>
  Object.fromEntries(Object.entries(labels).filter(([name]) => name !== '__name__'));
const groupOf = (sample: Sample): string => selectorOf(labelsOf(sample));

interface Times {
  /** As subjects name it. */
  readonly name: string;
  readonly labels: LabelSet;
  /** Unix seconds; null: not told. */
  readonly accepted: number | null;
  readonly refused: number | null;
}

/** Every group of which either time is told. */
function timesOf({ pushed, failed }: Seen['groups'][number]): readonly Times[] {
  const valueIn = (among: readonly Sample[], name: string): number | null =>
    among.find((one) => groupOf(one) === name)?.value ?? null;
  const all = new Map([...pushed, ...failed].map((one) => [groupOf(one), labelsOf(one)]));
  return [...all].map(([name, labels]) => ({
    name: `Group ${name}`,
    labels,
    accepted: valueIn(pushed, name),
    refused: valueIn(failed, name),
  }));
}

function judgeGroup(group: Group, seen: Seen['groups'][number], limits: Limits, say: Saying): void {
  const declared = `Group ${selectorOf(group.labels)}`;
  const all = timesOf(seen);
  if (all.length === 0) {
    say.judged(declared);
    return say.fail('neverPushed', declared, { expected: formatMs(limits.maxAgeMs) });
  }
  for (const times of all) {
    say.judged(times.name);
    judgeTimes(times, limits, say);
    if (group.metric !== undefined) judgeValues(times, group, seen.values, say);
  }
  const text = (at: number | null): string | null => (at === null ? null : valueText(at));
  say.show(
    table(
      `Pushes of ${declared}`,
      ['group', 'last accepted', 'last refused'],
      all.map(({ name, accepted, refused }) => [name, text(accepted), text(refused)]),
    ),
  );
}

function judgeTimes({ name, accepted, refused }: Times, { time, maxAgeMs }: Limits, say: Saying): void {
  const expected = formatMs(maxAgeMs);
  const doubt = (why: string): void => say.unsure('unknown-value', `${name}: ${why}.`, { subject: name });
  const isTime = (at: number): boolean => Number.isFinite(at) && at <= time + AHEAD_SECONDS;
  const ageOf = (at: number): number => Math.max(0, time - at) * 1000;
  if (accepted === null || accepted === 0) say.fail('neverPushed', name, { expected });
  else if (!isTime(accepted)) doubt(`its last push is at ${valueText(accepted)}, which is no time before now`);
  else if (ageOf(accepted) > maxAgeMs) say.fail('tooOld', name, { actual: formatMs(ageOf(accepted)), expected });
  if (refused === null) doubt('whether a push was refused is not told');
  else if (!isTime(refused)) doubt(`a push was refused at ${valueText(refused)}, which is no time before now`);
  else if (refused > (accepted ?? 0)) say.fail('refused', name, { actual: formatMs(ageOf(refused)) });
}

function judgeValues(
  { name, labels }: Times,
  { metric = '', value }: Group,
  values: readonly Sample[],
  say: Saying,
): void {
  const own = values.filter((one) => hasLabels(one.labels, labels));
  if (own.length === 0) say.unsure('too-few-samples', `${name}: has no ${metric}.`, { subject: name });
  for (const one of own.filter((sample) => sample.value !== value))
    say.fail('otherValue', name, { metric, actual: valueText(one.value), expected: String(value) });
}

import { duration } from '../../contract/param-schemas.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import { table } from '../../kit/evidence.ts';
import { kind, type ParamsOf, type Say } from '../../kit/kind.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { query, selectorOf, serverTime, valueText, type Sample } from '../../protocols/prometheus.ts';
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

/** Those of one group have the same labels, but for what a scrape adds. */
const groupOf = ({ labels }: Sample): string =>
  selectorOf(Object.fromEntries(Object.entries(labels).filter(([name]) => name !== '__name__')));

function judgeGroup(
  group: Group,
  { pushed, failed, values }: Seen['groups'][number],
  { time, maxAgeMs }: { readonly time: number; readonly maxAgeMs: number },
  say: Say<typeof messages>,
): void {
  const expected = formatMs(maxAgeMs);
  const declared = `Group ${selectorOf(group.labels)}`;
  if (pushed.length === 0) {
    say.judged(declared);
    return say.fail('neverPushed', declared, { expected });
  }
  const ageOf = (at: number): number => (time - at) * 1000;
  for (const sample of pushed) {
    const subject = `Group ${groupOf(sample)}`;
    const refusedAt = failed.find((one) => groupOf(one) === groupOf(sample))?.value;
    say.judged(subject);
    if (sample.value === 0) say.fail('neverPushed', subject, { expected });
    else if (!Number.isFinite(sample.value) || sample.value > time + AHEAD_SECONDS)
      say.unsure(
        'unknown-value',
        `${subject}: its last push is at ${valueText(sample.value)}, which is no time before now.`,
        {
          subject,
        },
      );
    else if (ageOf(sample.value) > maxAgeMs)
      say.fail('tooOld', subject, { actual: formatMs(ageOf(sample.value)), expected });
    if (refusedAt === undefined)
      say.unsure('unknown-value', `${subject}: whether a push was refused is not told.`, { subject });
    else if (refusedAt > sample.value)
      say.fail('refused', subject, { actual: formatMs(Math.max(0, ageOf(refusedAt))) });
  }
  if (group.metric !== undefined) judgeValues(group, declared, values, say);
  say.show(
    table(
      `Pushes of ${declared}`,
      ['group', 'last accepted', 'last refused'],
      pushed.map((one) => {
        const refused = failed.find((other) => groupOf(other) === groupOf(one))?.value ?? null;
        return [groupOf(one), valueText(one.value), refused === null ? null : valueText(refused)];
      }),
    ),
  );
}

function judgeValues(
  { metric = '', value }: Group,
  declared: string,
  values: readonly Sample[],
  say: Say<typeof messages>,
): void {
  if (values.length === 0) say.unsure('too-few-samples', `${declared}: has no ${metric}.`, { subject: declared });
  for (const sample of values) {
    const subject = `Group ${groupOf(sample)}`;
    if (sample.value !== value)
      say.fail('otherValue', subject, { metric, actual: valueText(sample.value), expected: String(value) });
  }
}

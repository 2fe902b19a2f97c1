import { UNITS, type Bound, type Unit } from '../../contract/outcome.ts';
import { duration } from '../../contract/param-schemas.ts';
import type { HttpClient } from '../../contract/http.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import type { ItemOutcome } from '../../contract/run-reader.ts';
import { attempt, kind, ObservationError, type Messages, type Refusal, type Say } from '../../kit/kind.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { promDuration, query, valueText } from '../../protocols/prometheus.ts';
import { selectorsOf, selectorText } from '../../protocols/promql.ts';
import { cannotBeEmpty } from '../../protocols/promql-values.ts';
import { judgeBehind, seriesBehind } from '../../protocols/series-behind.ts';
import { labelText, prometheusOf, prometheusParams, type TelemetrySource } from '../../protocols/telemetry.ts';

const COMPARISONS = ['<', '<=', '>', '>=', '=='] as const;
const SHOWN = 20;

export const sloWindow = kind('observability/slo-window', {
  title: 'Service level objectives were met over a window',
  why: 'A release that answers its probes may still fail or delay the requests of its users.',
  sees: [
    'Each series of the declared query at one moment, looking back over the window.',
    'How many samples it rests on.',
    'That only users are counted: every selector leaves golive’s own requests out by a label, which requests of golive were seen to carry; else that no load run of golive lies in the window, unless the item says that it may.',
  ],
  not: [
    'How the objective went before the window.',
    'What Prometheus did not scrape: requests that never reached a pod are counted by what stands in front of it, if the query asks that.',
  ],
  needs: ['http', 'runs'],
  params: {
    ...prometheusParams,
    objective: { type: 'string', minLength: 1, description: 'What is measured, for people: "Availability".' },
    query: {
      type: 'string',
      pattern: '\\$window',
      description:
        'PromQL of the measured value over the window, written $window: "… [$window] …". Each series is judged.',
    },
    window: duration('The time that is looked back on.', '1h'),
    mayCountOwnLoad: {
      type: 'boolean',
      default: false,
      description: 'Whether requests of golive’s own load runs may be among those of the window.',
    },
    users: {
      type: 'object',
      additionalProperties: false,
      required: ['label', 'value'],
      description:
        'The label by which users’ requests are told from golive’s (header x-golive-traffic), and its value for users. Every selector must have it.',
      properties: {
        label: { type: 'string', minLength: 1, description: 'Name of the label.' },
        value: { type: 'string', minLength: 1, description: 'Its value for users.' },
      },
    },
    comparison: { type: 'string', enum: COMPARISONS, description: 'How the value must compare with the bound.' },
    bound: { type: 'number', description: 'The bound, in the unit.' },
    unit: { type: 'string', enum: UNITS, description: 'Unit of the value and the bound.' },
    samples: {
      type: 'object',
      additionalProperties: false,
      required: ['query', 'min'],
      description: 'How much must have been seen for the value to mean anything.',
      properties: {
        query: {
          type: 'string',
          pattern: '\\$window',
          description: 'PromQL that counts, for example requests: "sum(increase(http_requests_total[$window]))".',
        },
        min: { type: 'number', exclusiveMinimum: 0, description: 'Least sum of it; less is inconclusive.' },
      },
    },
  },
  required: ['prometheus', 'objective', 'query', 'comparison', 'bound', 'unit', 'samples'],
  messages: {
    missed: {
      says: '{subject}: was {actual} over {window}, expected {comparison} {bound}.',
      fix: 'Look at the same query over time in Prometheus for when it went wrong, and at what was deployed then.',
    },
  },
  rights: ({ prometheusToken }) => mayReadSecrets([prometheusToken]),

  async gather(params, { http, runs }, { now }) {
    const windowMs = durationMs(params.window);
    if (windowMs === 0)
      throw new ObservationError('misconfigured', 'The window is 0, expected a time to look back on.', {
        fix: 'Correct params.window of the item.',
      });
    const source = prometheusOf(params);
    const [measured = '', counted = ''] = [params.query, params.samples.query].map((text) =>
      text.replaceAll('$window', promDuration(windowMs)),
    );
    const [values, samples, behind] = await Promise.all([
      query(http, source, measured),
      query(http, source, counted),
      cannotBeEmpty(measured) ? seriesBehind(http, source, measured) : [],
    ]);
    const others = params.mayCountOwnLoad ? { seen: [] } : await attempt(() => runs.outcomes());
    const apart = await toldApart(http, source, [measured, counted], params.users);
    const isWithin = ({ at = '' }: ItemOutcome): boolean => now.getTime() - Date.parse(at) <= windowMs;
    const loads = (others.seen ?? []).filter((one) => !apart && one.kind.startsWith('load/') && isWithin(one));
    return {
      values,
      samples,
      behind,
      loads: loads.map(({ item, at = '' }) => ({ item, at })),
      unknownLoads: others.refusal,
    };
  },

  judge({ objective, comparison, bound: value, unit, samples, ...params }, seen, say) {
    const window = formatMs(durationMs(params.window));
    const bound = { comparison, value };
    const counted = seen.samples.reduce((sum, one) => sum + one.value, 0);
    const unsure = (subject: string, why: string): void =>
      say.unsure('too-few-samples', `${subject}: ${why}. Send traffic, look further back, or correct the query.`, {
        subject,
      });
    judgeLoads(objective, seen, say);
    if (Number.isFinite(counted))
      say.show({
        type: 'value',
        title: 'Samples',
        value: counted,
        unit: 'count',
        bound: { comparison: '>=', value: samples.min },
      });
    if (seen.samples.length === 0) return unsure(objective, `nothing was counted over ${window}: ${samples.query}`);
    // Also when it is NaN.
    if (!(counted >= samples.min))
      return unsure(objective, `${valueText(counted)} samples over ${window}, expected at least ${samples.min}`);
    judgeBehind(seen.behind, {
      missing: (selector) => unsure(objective, `${selector} finds no series, and a constant stands in for it`),
      refused: (refusal) => say.refused(refusal, objective),
    });
    if (seen.values.length === 0) return unsure(objective, `the query gives no data over ${window}`);
    for (const [index, { labels, value: actual }] of seen.values.entries()) {
      const subject = Object.keys(labels).length === 0 ? objective : `${objective} ${labelText(labels)}`;
      say.judged(subject);
      if (Number.isFinite(actual) && index < SHOWN)
        for (const one of [
          { title: subject, value: actual, unit, bound },
          ...budgetOf(subject, actual, { bound, unit }),
        ])
          say.show({ type: 'value', ...one });
      if (saysNothing(actual, bound))
        unsure(subject, `the query gives ${valueText(actual)} over ${window}: it divides by nothing`);
      else if (!meets(actual, bound))
        say.fail('missed', subject, {
          actual: withUnit(actual, unit),
          window,
          comparison,
          bound: withUnit(value, unit),
        });
    }
  },
});

/** How much of what may go wrong has gone wrong, of an objective that is a share: of requests that succeed, or of those that may fail. */
function budgetOf(subject: string, actual: number, { bound, unit }: { readonly bound: Bound; readonly unit: Unit }) {
  const whole = { ratio: 1, percent: 100 }[unit as string];
  if (whole === undefined || bound.comparison === '==') return [];
  const isSuccess = bound.comparison.startsWith('>');
  const [budget, spent] = isSuccess ? [whole - bound.value, whole - actual] : [bound.value, actual];
  // A share of something else that may be high is no budget of errors.
  if (!(budget > 0) || (!isSuccess && !/error|fail/i.test(subject))) return [];
  const value = Math.round((spent / budget) * 10_000) / 100;
  const all = { comparison: '<=', value: 100 } as const;
  return [{ title: `${subject}: error budget used`, value, unit: 'percent' as const, bound: all }];
}

/**
 * Whether golive's own requests are left out: every selector asks for users, and some series of the same metric is somebody else's. Without
 * such a one nobody sets the label, and golive's are among the users'.
 */
async function toldApart(
  http: HttpClient,
  source: TelemetrySource,
  queries: readonly string[],
  users: { readonly label: string; readonly value: string } | undefined,
): Promise<boolean> {
  if (!users) return false;
  const { label, value } = users;
  const selectors = queries.flatMap((text) => selectorsOf(text));
  const open = selectors.find(
    ({ matchers }) => !matchers.some((one) => one.name === label && one.operator === '=' && one.value === value),
  );
  if (open)
    throw new ObservationError(
      'misconfigured',
      `${selectorText(open)} counts others than users, expected ${label}="${value}".`,
      {
        fix: 'Add the matcher to every selector of query and samples.query, or leave params.users out.',
      },
    );
  const metrics = [...new Set(selectors.map(({ metric }) => metric))];
  const others = metrics.map((metric) => query(http, source, `count(${metric}{${label}!="${value}",${label}!=""})`));
  return (await Promise.all(others)).every((found) => found.length > 0);
}

interface Loads {
  readonly loads: readonly { readonly item: string; readonly at: string }[];
  readonly unknownLoads: Refusal | undefined;
}
/** What golive has sent itself says nothing of users. */
function judgeLoads(
  objective: string,
  { loads, unknownLoads }: Loads,
  say: Pick<Say<Messages>, 'refused' | 'unsure'>,
): void {
  if (unknownLoads) say.refused(unknownLoads, objective);
  for (const { item, at } of loads)
    say.unsure(
      'too-few-samples',
      `${objective}: the load run of ${item} (${at}) lies in the window, and says nothing of users. Look again when it is over, or set mayCountOwnLoad.`,
      { subject: objective, detail: 'own-load' },
    );
}

/** A failure may be endless (a histogram's quantile beyond its last bucket); that nothing could be better is a defect of the query. */
const saysNothing = (actual: number, bound: Bound): boolean =>
  Number.isNaN(actual) || (!Number.isFinite(actual) && meets(actual, bound));

const withUnit = (value: number, unit: Unit): string =>
  unit === 'ratio' || unit === 'count' ? valueText(value) : `${valueText(value)} ${unit === 'percent' ? '%' : unit}`;

function meets(actual: number, { comparison, value }: Bound): boolean {
  switch (comparison) {
    case '<':
      return actual < value;
    case '<=':
      return actual <= value;
    case '>':
      return actual > value;
    case '>=':
      return actual >= value;
    case '==':
      return actual === value;
  }
}

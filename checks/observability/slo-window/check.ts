import { UNITS, type Bound, type Unit } from '../../contract/outcome.ts';
import { duration } from '../../contract/param-schemas.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import {
  defineCheck,
  ObservationError,
  type Capabilities,
  type Evidence,
  type Finding,
  type FromSchema,
  type JSONSchema,
  type Judgement,
} from '../../kit/define-check.ts';
import { judged } from '../../kit/judged.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { promDuration, query, valueText, type Sample } from '../../protocols/prometheus.ts';
import { labelText, prometheusParams, promqlEvidence, sourceOf } from '../../protocols/telemetry.ts';

const messages = {
  missed: {
    says: '{subject}: was {actual} over {window}, expected {comparison} {bound}.',
    fix: 'Look at the same query over time in Prometheus for when it went wrong, and at what was deployed then.',
  },
};
type Id = keyof typeof messages;
const COMPARISONS = ['<', '<=', '>', '>=', '=='] as const;

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['prometheus', 'objective', 'query', 'comparison', 'bound', 'unit', 'samples'],
  properties: {
    ...prometheusParams,
    objective: { type: 'string', minLength: 1, description: 'What is measured, for people: "Availability".' },
    query: {
      type: 'string',
      pattern: '\\$window',
      description:
        'PromQL of the measured value over the window, written $window: "… [$window] …". Each series is judged.',
    },
    window: duration('The time that is looked back on.', '1h'),
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
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;

interface Gathered {
  readonly query: string;
  readonly values: readonly Sample[];
  readonly samplesQuery: string;
  readonly samples: readonly Sample[];
}

export const sloWindow = defineCheck({
  meta: {
    kind: 'observability/slo-window',
    title: 'Service level objectives were met over a window',
    why: 'A release that answers its probes may still fail or delay the requests of its users.',
    sees: 'The declared query at one moment, looking back over the window, and how many samples it rests on. Not: how the objective went before the window, or what Prometheus did not scrape.',
    needs: ['http'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: ({ prometheusToken }: Params) => mayReadSecrets([prometheusToken]),
  gather,
  judge,
});

async function gather(params: Params, { http }: Pick<Capabilities, 'http'>): Promise<Gathered> {
  const window = promDuration(durationMs(params.window));
  if (durationMs(params.window) === 0)
    throw new ObservationError('misconfigured', 'The window is 0, expected a time to look back on.', {
      fix: 'Correct params.window of the item.',
    });
  const put = (text: string): string => text.replaceAll('$window', window);
  const source = sourceOf('Prometheus', params.prometheus, params.prometheusToken);
  const [asked, samplesQuery] = [put(params.query), put(params.samples.query)];
  const [values, samples] = await Promise.all([query(http, source, asked), query(http, source, samplesQuery)]);
  return { query: asked, values, samplesQuery, samples };
}

function judge(params: Params, gathered: Gathered): Judgement<Id> {
  const { objective, comparison, bound, unit } = params;
  const window = formatMs(durationMs(params.window));
  const seen = gathered.samples.reduce((sum, { value }) => sum + value, 0);
  const numbers = gathered.values.filter(({ value }) => !Number.isNaN(value));
  const evidence = evidenceOf(params, gathered, seen);
  const inconclusive = (why: string): Judgement<Id> => ({
    outcome: 'inconclusive',
    reason: 'too-few-samples',
    why: `${objective}: ${why}. Send traffic, look further back, or correct the query.`,
    evidence,
  });
  if (gathered.samples.length === 0)
    return inconclusive(`nothing was counted over ${window}: ${gathered.samplesQuery}`);
  // Also when it is NaN.
  if (!(seen >= params.samples.min))
    return inconclusive(`${valueText(seen)} samples over ${window}, expected at least ${params.samples.min}`);
  if (gathered.values.length === 0) return inconclusive(`the query gives no data over ${window}`);
  if (numbers.length < gathered.values.length)
    return inconclusive(`the query gives NaN over ${window}: nothing to divide by`);
  // A failure may be endless (a histogram's quantile beyond its last bucket); that nothing could be better is a defect of the query.
  const endless = numbers.find(({ value }) => !Number.isFinite(value) && meets(value, { comparison, value: bound }));
  if (endless) return inconclusive(`the query gives ${valueText(endless.value)} over ${window}: it divides by nothing`);
  const findings = numbers.flatMap((sample): Finding<Id>[] =>
    meets(sample.value, { comparison, value: bound })
      ? []
      : [
          {
            message: 'missed',
            subject: subjectOf(objective, sample),
            data: { actual: withUnit(sample.value, unit), window, comparison, bound: withUnit(bound, unit) },
          },
        ],
  );
  return judged(
    findings,
    numbers.map((sample) => subjectOf(objective, sample)),
    evidence,
    'nothing was measured',
  );
}

const subjectOf = (objective: string, { labels }: Sample): string =>
  Object.keys(labels).length === 0 ? objective : `${objective} ${labelText(labels)}`;

const withUnit = (value: number, unit: Unit): string =>
  unit === 'ratio' || unit === 'count' ? valueText(value) : `${valueText(value)} ${unit === 'percent' ? '%' : unit}`;

/** Whether a value keeps a bound; NaN keeps none. */
function meets(value: number, { comparison, value: bound }: Bound): boolean {
  switch (comparison) {
    case '<':
      return value < bound;
    case '<=':
      return value <= bound;
    case '>':
      return value > bound;
    case '>=':
      return value >= bound;
    case '==':
      return value === bound;
  }
}

function evidenceOf(params: Params, gathered: Gathered, seen: number): [Evidence, ...Evidence[]] {
  const answerOf = (samples: readonly Sample[]): string =>
    samples.map(({ labels, value }) => `${labelText(labels)} ${valueText(value)}`).join('\n') || 'no data';
  return [
    promqlEvidence(params.objective, gathered.query, answerOf(gathered.values)),
    promqlEvidence('Samples behind it', gathered.samplesQuery, answerOf(gathered.samples)),
    ...gathered.values
      .filter(({ value }) => Number.isFinite(value))
      .slice(0, 20)
      .map((sample): Evidence => ({
        type: 'value',
        title: subjectOf(params.objective, sample),
        value: sample.value,
        unit: params.unit,
        bound: { comparison: params.comparison, value: params.bound },
      })),
    ...(Number.isFinite(seen)
      ? [
          {
            type: 'value' as const,
            title: 'Samples',
            value: seen,
            unit: 'count' as const,
            bound: { comparison: '>=' as const, value: params.samples.min },
          },
        ]
      : []),
  ];
}

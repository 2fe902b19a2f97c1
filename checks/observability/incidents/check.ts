import { duration } from '../../contract/param-schemas.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import {
  defineCheck,
  type Capabilities,
  type Evidence,
  type Finding,
  type FromSchema,
  type JSONSchema,
  type Judgement,
} from '../../kit/define-check.ts';
import { table } from '../../kit/evidence.ts';
import { judged } from '../../kit/judged.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { promDuration, queryRange, rules, serverTime, type Series } from '../../protocols/prometheus.ts';
import {
  labelText,
  prometheusParams,
  promqlEvidence,
  severityLabelParam,
  sourceOf,
} from '../../protocols/telemetry.ts';

const messages = {
  fired: {
    says: '{subject}: fired {times} over {window} (first at {first}, {last}), expected it never to fire.',
    fix: 'Find what happened then and whether this release caused it; do not sign the release before that is known.',
  },
};
type Id = keyof typeof messages;
/** A range query answers at most 11,000 points a series; these are enough to tell two firings apart. */
const STEPS = 240;

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['prometheus', 'control'],
  properties: {
    ...prometheusParams,
    window: duration('The deployment’s window: how far is looked back.', '24h'),
    severityLabel: severityLabelParam,
    severities: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      items: { type: 'string', pattern: '^[A-Za-z0-9_.-]+$' },
      default: ['critical', 'P0', 'P1', 'p0', 'p1'],
      description: 'Values of it that make an alert an incident.',
    },
    control: {
      type: 'string',
      minLength: 1,
      description:
        'Name of the alert that always fires (a watchdog): it shows that alerts were evaluated in the window.',
    },
    minCoverage: {
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 1,
      default: 0.95,
      description: 'Least share of the window in which that alert fired.',
    },
  },
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;

interface Gathered {
  /** Unix seconds. */
  readonly end: number;
  readonly step: number;
  readonly query: string;
  readonly incidents: readonly Series[];
  readonly controlQuery: string;
  /** Steps of the window in which the control fired. */
  readonly covered: number;
  /** Alerting rules of those severities that exist now. */
  readonly watching: readonly string[];
}

export const incidents = defineCheck({
  meta: {
    kind: 'observability/incidents',
    title: 'No incident happened during a window',
    why: 'An alert that fired and went away again is still an incident of the release, and nobody sees it afterwards.',
    sees: 'Every firing of alerts of the declared severities in the window as Prometheus recorded it, and that alerts were evaluated all the time. Not: incidents that no rule watches for.',
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
  const source = sourceOf('Prometheus', params.prometheus, params.prometheusToken);
  const windowS = durationMs(params.window) / 1000;
  const step = Math.max(1, Math.ceil(windowS / STEPS));
  // Whatever fired between two steps is seen at the later one.
  const seen = (matchers: string): string =>
    `max_over_time(ALERTS{alertstate="firing",${matchers}}[${promDuration(step * 1000)}])`;
  const { severities, severityLabel } = params;
  const query = seen(`${severityLabel}=~${JSON.stringify(severities.map(literal).join('|'))}`);
  const controlQuery = `max(${seen(`alertname=${JSON.stringify(params.control)}`)})`;
  const end = Math.floor(await serverTime(http, source));
  const range = { start: end - windowS, end, step };
  const [found, control, all] = await Promise.all([
    queryRange(http, source, query, range),
    queryRange(http, source, controlQuery, range),
    rules(http, source),
  ]);
  return {
    end,
    step,
    query,
    incidents: found,
    controlQuery,
    covered: control[0]?.points.length ?? 0,
    watching: all
      .filter(({ kind, labels }) => kind === 'alerting' && severities.includes(labels[severityLabel] ?? ''))
      .map(({ name }) => name),
  };
}

const literal = (text: string): string => text.replaceAll('.', '\\.');

function judge(params: Params, gathered: Gathered): Judgement<Id> {
  const window = formatMs(durationMs(params.window));
  const steps = Math.max(1, Math.floor(durationMs(params.window) / 1000 / gathered.step));
  const coverage = Math.min(1, gathered.covered / steps);
  const findings = gathered.incidents
    .filter(({ points }) => points.length > 0)
    .map((series) => findingOf(series, gathered, window));
  const evidence = evidenceOf(gathered, coverage, params.minCoverage);
  const cannotSay = (why: string): Judgement<Id> => ({
    outcome: 'inconclusive',
    reason: 'no-positive-control',
    why,
    evidence,
  });
  // What fired is red however little of the rest was watched.
  if (findings.length === 0 && gathered.watching.length === 0)
    return cannotSay(
      `No alerting rule has ${params.severityLabel} ${params.severities.join(', ')}: nothing could have fired. Add rules.`,
    );
  if (findings.length === 0 && coverage < params.minCoverage)
    return cannotSay(
      `Alert ${params.control} fired in ${percent(coverage)} of ${window}, expected ${percent(params.minCoverage)} or more: alerts were not evaluated all the time.`,
    );
  return judged(
    findings,
    [...new Set(gathered.watching)].map((name) => `Alert ${name}`),
    evidence,
    'no rule',
  );
}

const percent = (ratio: number): string => `${Math.round(ratio * 1000) / 10} %`;
const timeOf = (seconds: number): string => new Date(seconds * 1000).toISOString();

function findingOf({ labels, points }: Series, { step, end }: Gathered, window: string): Finding<Id> {
  const times = points.map(([time]) => time);
  const first = times[0] ?? end;
  const last = times.at(-1) ?? end;
  // A gap of more than a step is an end and another beginning.
  const episodes = times.filter((time, index) => index === 0 || time - (times[index - 1] ?? 0) > step * 1.5).length;
  return {
    message: 'fired',
    subject: alertText(labels),
    data: {
      times: episodes === 1 ? 'once' : `${episodes} times (it flaps)`,
      window,
      first: timeOf(first),
      last: end - last < step * 1.5 ? 'still firing' : `last at ${timeOf(last)}`,
    },
  };
}

function alertText(labels: Series['labels']): string {
  const own = Object.entries(labels).filter(([name]) => !['__name__', 'alertname', 'alertstate'].includes(name));
  return `Alert ${labels['alertname'] ?? 'without a name'} ${labelText(Object.fromEntries(own))}`;
}

function evidenceOf(gathered: Gathered, coverage: number, min: number): [Evidence, ...Evidence[]] {
  return [
    promqlEvidence(
      'Incidents in the window',
      gathered.query,
      gathered.incidents.map(({ labels }) => alertText(labels)).join('\n') || 'none fired',
    ),
    promqlEvidence(
      'The control in the window',
      gathered.controlQuery,
      `${gathered.covered} steps of ${gathered.step} s`,
    ),
    {
      type: 'value',
      title: 'Share of the window in which alerts were evaluated',
      value: coverage,
      unit: 'ratio',
      bound: { comparison: '>=', value: min },
    },
    table(
      'Rules that could have fired',
      ['alert'],
      [...new Set(gathered.watching)].map((name) => [name]),
    ),
  ];
}

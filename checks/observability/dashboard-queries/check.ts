import { duration } from '../../contract/param-schemas.ts';
import { durationMs } from '../../contract/units.ts';
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
import { table } from '../../kit/evidence.ts';
import { dashboard, putVariables, stepOf, type Dashboard, type Panel } from '../../protocols/grafana.ts';
import { judged } from '../../kit/judged.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { promDuration, query, valueText, type Sample } from '../../protocols/prometheus.ts';
import { grafanaParams, labelText, prometheusParams, sourceOf } from '../../protocols/telemetry.ts';

const messages = {
  noDashboard: {
    says: '{subject}: does not exist, expected it.',
    fix: 'Provision the dashboard from its file, and let the gate’s account see its folder.',
  },
  noData: {
    says: '{subject}: query {ref} gives no data ({query}), expected some.',
    fix: 'Correct the metric’s name and labels in the panel, or list the panel under mayBeEmpty when nothing is the good state.',
  },
  refused: {
    says: '{subject}: query {ref} is refused ({why}), expected it to run.',
    fix: 'Correct the expression of the panel, or declare its variable in params.variables.',
  },
  red: {
    says: '{subject}: shows {value}{series}, which is {color} by its own thresholds; expected no red panel.',
    fix: 'Look at what the panel measures; if the threshold is wrong, correct it in the dashboard.',
  },
};
type Id = keyof typeof messages;

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['grafana', 'prometheus', 'dashboards'],
  properties: {
    ...grafanaParams,
    ...prometheusParams,
    dashboards: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      items: { type: 'string', minLength: 1 },
      description: 'UIDs of the dashboards whose panels are asked.',
    },
    variables: {
      type: 'object',
      additionalProperties: { type: 'string' },
      default: {},
      description: 'Values of the dashboards’ variables, by name.',
    },
    range: duration('What $__range stands for.', '1h'),
    interval: duration('What $__interval stands for; $__rate_interval is four times that.', '1m'),
    mayBeEmpty: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      default: [],
      description: 'Panels, by title, that show nothing while all is well.',
    },
  },
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;

interface Asked {
  readonly ref: string;
  /** With its variables put in. */
  readonly query: string;
  readonly samples: readonly Sample[];
  /** Why it could not be asked as it is; absent when it was. */
  readonly refused?: string;
}
interface AskedPanel {
  readonly panel: Panel;
  readonly queries: readonly Asked[];
  /** Queries to something else than Prometheus, which are not asked. */
  readonly others: readonly string[];
}
interface Gathered {
  /** In the order of `params.dashboards`; null where there is none. */
  readonly dashboards: readonly ({ readonly title: string; readonly panels: readonly AskedPanel[] } | null)[];
}

export const dashboardQueries = defineCheck({
  meta: {
    kind: 'observability/dashboard-queries',
    title: 'Dashboards have data and show no red',
    why: 'A panel on a metric that was renamed shows “No data”, which is read as “no problem”.',
    sees: 'Every Prometheus query of every panel of the required dashboards, as Grafana holds them, asked of Prometheus now, and the panels’ own thresholds. Not: panels on other data sources, which it lists, or how Grafana draws them.',
    needs: ['http'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: ({ grafanaToken, prometheusToken }: Params) => mayReadSecrets([grafanaToken, prometheusToken]),
  gather,
  judge,
});

async function gather(params: Params, { http }: Pick<Capabilities, 'http'>): Promise<Gathered> {
  const grafana = sourceOf('Grafana', params.grafana, params.grafanaToken);
  const prometheus = sourceOf('Prometheus', params.prometheus, params.prometheusToken);
  const values = variablesOf(params);
  const ask = async (ref: string, expr: string): Promise<Asked> => {
    const { expr: text, unknown } = putVariables(expr, values);
    if (unknown.length > 0)
      return { ref, query: text, samples: [], refused: `variable ${unknown.join(', ')} has no value` };
    try {
      return { ref, query: text, samples: await query(http, prometheus, text) };
    } catch (error) {
      // The dashboard is what is judged: a query that Prometheus refuses is its fault, not the item's.
      if (error instanceof ObservationError && error.code === 'misconfigured')
        return { ref, query: text, samples: [], refused: error.message };
      throw error;
    }
  };
  const askPanels = async ({ title, panels }: Dashboard) => ({
    title,
    panels: await Promise.all(
      panels.map(async (panel): Promise<AskedPanel> => {
        const [own, others] = [panel.queries.filter(isPromql), panel.queries.filter((one) => !isPromql(one))];
        return {
          panel,
          queries: await Promise.all(own.map(({ refId, expr }) => ask(refId, expr))),
          others: others.map(({ sourceType }) => sourceType || 'unknown'),
        };
      }),
    ),
  });
  const found = await Promise.all(params.dashboards.map((uid) => dashboard(http, grafana, uid)));
  return { dashboards: await Promise.all(found.map(async (one) => (one ? await askPanels(one) : null))) };
}

const isPromql = ({ expr, sourceType }: Panel['queries'][number]): boolean =>
  expr !== '' && (sourceType === 'prometheus' || sourceType === '' || sourceType.startsWith('${'));

function variablesOf({ variables, range, interval }: Params): Readonly<Record<string, string>> {
  const [rangeMs, intervalMs] = [durationMs(range), durationMs(interval)];
  return {
    __range: promDuration(rangeMs),
    __range_s: String(Math.round(rangeMs / 1000)),
    __range_ms: String(rangeMs),
    __interval: promDuration(intervalMs),
    __interval_ms: String(intervalMs),
    __rate_interval: promDuration(4 * intervalMs),
    ...variables,
  };
}

function judge(params: Params, gathered: Gathered): Judgement<Id> {
  const findings = params.dashboards.flatMap((uid, index): Finding<Id>[] => {
    const found = gathered.dashboards[index];
    if (!found) return [{ message: 'noDashboard', subject: `Dashboard ${uid}` }];
    return found.panels.flatMap((panel) => panelFindings(panelName(found.title, panel), panel, params));
  });
  const asked = gathered.dashboards.flatMap((one) =>
    one ? one.panels.filter(({ queries }) => queries.length > 0).map((panel) => panelName(one.title, panel)) : [],
  );
  const evidence = evidenceOf(gathered);
  const barren = params.dashboards.filter((_, index) => {
    const found = gathered.dashboards[index];
    return found && !found.panels.some(({ queries }) => queries.length > 0);
  });
  if (findings.length === 0 && barren.length > 0)
    return {
      outcome: 'inconclusive',
      reason: 'no-subjects',
      why: `Dashboard ${barren.join(', ')}: no panel of it asks Prometheus, so nothing was judged.`,
      evidence,
    };
  return judged(findings, asked, evidence, 'No panel was asked.');
}

const panelName = (title: string, { panel }: AskedPanel): string => `Panel ${title} › ${panel.title}`;

function panelFindings(subject: string, { panel, queries }: AskedPanel, { mayBeEmpty }: Params): Finding<Id>[] {
  return queries.flatMap((asked): Finding<Id>[] => {
    const { ref, refused, samples } = asked;
    if (refused !== undefined) return [{ message: 'refused', subject, data: { ref, why: refused } }];
    // NaN is what Grafana draws as nothing.
    const shown = samples.filter(({ value }) => !Number.isNaN(value));
    if (shown.length === 0)
      return mayBeEmpty.includes(panel.title)
        ? []
        : [{ message: 'noData', subject, data: { ref, query: asked.query } }];
    return shown.flatMap((sample): Finding<Id>[] => {
      const color = stepOf(sample.value, panel)?.color ?? '';
      if (!isRed(color)) return [];
      const series = Object.keys(sample.labels).length === 0 ? '' : ` for ${labelText(sample.labels)}`;
      return [{ message: 'red', subject, data: { value: valueText(sample.value), series, color } }];
    });
  });
}

/** Grafana's named reds, and colours whose red far outweighs the rest. */
function isRed(color: string): boolean {
  if (/red/i.test(color)) return true;
  const hex = /^#([\da-f]{2})([\da-f]{2})([\da-f]{2})$/i.exec(color);
  if (!hex) return false;
  const [red = 0, green = 0, blue = 0] = hex.slice(1).map((part) => Number.parseInt(part, 16));
  return red > 150 && green < red / 2 && blue < red / 2;
}

function evidenceOf(gathered: Gathered): [Evidence, ...Evidence[]] {
  const rows = gathered.dashboards.flatMap((one) =>
    one
      ? one.panels.flatMap(({ panel, queries, others }) => [
          ...queries.map(({ ref, query: text, samples, refused }) => [
            one.title,
            panel.title,
            ref,
            text,
            refused ??
              (samples
                .map(({ value }) => valueText(value))
                .slice(0, 5)
                .join(', ') ||
                'no data'),
          ]),
          ...others.map((type) => [one.title, panel.title, '', '', `not asked (${type})`]),
        ])
      : [],
  );
  return [table('Queries of the panels', ['dashboard', 'panel', 'query', 'PromQL', 'values'], rows)];
}

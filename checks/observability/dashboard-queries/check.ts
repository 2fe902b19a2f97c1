import { duration } from '../../contract/param-schemas.ts';
import { durationMs } from '../../contract/units.ts';
import { attempt, kind } from '../../kit/kind.ts';
import { dashboard, dataSources, putVariables, sourceTypeOf, type Dashboard } from '../../protocols/grafana.ts';
import type { Panel } from '../../protocols/grafana-panels.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { promDuration, query } from '../../protocols/prometheus.ts';
import { cannotBeEmpty } from '../../protocols/promql-values.ts';
import { seriesBehind } from '../../protocols/series-behind.ts';
import { grafanaOf, grafanaParams, prometheusOf, prometheusParams } from '../../protocols/telemetry.ts';
import { judge, messages } from './judge.ts';

export const dashboardQueries = kind('observability/dashboard-queries', {
  title: 'Dashboards have data and show no red',
  why: 'A panel on a metric that was renamed shows “No data”, which is read as “no problem”.',
  sees: [
    'Every Prometheus query of every panel of the required dashboards, as Grafana holds them, with the values of their own variables, asked of Prometheus now.',
    'The panels’ own thresholds and mapped values, in whatever notation of red.',
    'Of a query that a constant keeps from being empty (or vector(0)) what stands behind it.',
  ],
  not: ['Panels on other data sources, which it lists.', 'How Grafana draws them.', 'Whether a threshold is right.'],
  needs: ['http'],
  params: {
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
      description: 'Values of the dashboards’ variables, by name, instead of those that they bring along.',
    },
    canTurnRed: {
      type: 'boolean',
      default: false,
      description: 'Whether each of the dashboards must have a panel that could show red.',
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
  required: ['grafana', 'prometheus', 'dashboards'],
  messages,
  rights: ({ grafanaToken, prometheusToken }) => mayReadSecrets([grafanaToken, prometheusToken]),

  async gather(params, { http }) {
    const [grafana, prometheus] = [grafanaOf(params), prometheusOf(params)];
    const [sources, ...found] = await Promise.all([
      attempt(() => dataSources(http, grafana)),
      ...params.dashboards.map((uid) => dashboard(http, grafana, uid)),
    ]);
    const ask = async (ref: string, expr: string, values: Values) => {
      const { expr: text, unknown } = putVariables(expr, values);
      if (unknown.length > 0) return { ref, query: text, samples: [], unset: unknown };
      const { seen = [], refusal } = await attempt(() => query(http, prometheus, text));
      const behind = cannotBeEmpty(text) ? await seriesBehind(http, prometheus, text) : [];
      return { ref, query: text, samples: seen, refusal, behind };
    };
    const askPanel = async (panel: Panel, { variables, choices = {}, sourceTypes }: Dashboard) => {
      const values = { ...builtIn(params), ...variables, ...params.variables };
      const drawn = drawnFor(panel, values, params.variables, choices);
      const typed = panel.queries.map((one) => ({
        ...one,
        type: sourceTypeOf(one.source, sourceTypes, sources.seen ?? []),
      }));
      const own = typed.filter(({ type, expr }) => type === 'prometheus' && expr !== '');
      return {
        panel,
        queries: await Promise.all(drawn.flatMap((each) => own.map(({ refId, expr }) => ask(refId, expr, each)))),
        others: typed.filter((one) => !own.includes(one) && one.type !== '__expr__').map(({ type }) => type),
      };
    };
    const asked = found.map(
      async (one) =>
        one && { title: one.title, panels: await Promise.all(one.panels.map((panel) => askPanel(panel, one))) },
    );
    return { dashboards: await Promise.all(asked), unknownSources: sources.refusal };
  },
  judge,
});

type Values = Readonly<Record<string, string>>;

/** Values of the variables each time that a panel is drawn: once, or once for each value of the variable that repeats it. */
function drawnFor(
  { repeat }: Panel,
  values: Values,
  declared: Values,
  choices: Readonly<Record<string, readonly string[]>>,
): readonly Values[] {
  if (repeat === undefined || declared[repeat] !== undefined) return [values];
  const chosen = choices[repeat];
  if (chosen && chosen[0] !== '.+') return chosen.map((value) => ({ ...values, [repeat]: value }));
  // Which values there are only Grafana's own query would tell.
  return [Object.fromEntries(Object.entries(values).filter(([name]) => name !== repeat))];
}

/** What Grafana puts in by itself. */
function builtIn({ range, interval }: { readonly range: string; readonly interval: string }) {
  const [rangeMs, intervalMs] = [durationMs(range), durationMs(interval)];
  return {
    __range: promDuration(rangeMs),
    __range_s: String(Math.round(rangeMs / 1000)),
    __range_ms: String(rangeMs),
    __interval: promDuration(intervalMs),
    __interval_ms: String(intervalMs),
    __rate_interval: promDuration(4 * intervalMs),
  };
}

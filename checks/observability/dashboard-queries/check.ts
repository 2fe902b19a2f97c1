import { duration } from '../../contract/param-schemas.ts';
import { durationMs } from '../../contract/units.ts';
import { attempt, kind } from '../../kit/kind.ts';
import {
  dashboard,
  dataSources,
  putVariables,
  sourceTypeOf,
  type Dashboard,
  type Panel,
} from '../../protocols/grafana.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { promDuration, query } from '../../protocols/prometheus.ts';
import { grafanaOf, grafanaParams, prometheusOf, prometheusParams } from '../../protocols/telemetry.ts';
import { judge, messages } from './judge.ts';

export const dashboardQueries = kind('observability/dashboard-queries', {
  title: 'Dashboards have data and show no red',
  why: 'A panel on a metric that was renamed shows “No data”, which is read as “no problem”.',
  sees: [
    'Every Prometheus query of every panel of the required dashboards, as Grafana holds them, with the values of their own variables, asked of Prometheus now.',
    'The panels’ own thresholds.',
  ],
  not: ['Panels on other data sources, which it lists.', 'How Grafana draws them.'],
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
    const ask = async (ref: string, expr: string, values: Readonly<Record<string, string>>) => {
      const { expr: text, unknown } = putVariables(expr, values);
      if (unknown.length > 0) return { ref, query: text, samples: [], unset: unknown };
      const { seen = [], refusal } = await attempt(() => query(http, prometheus, text));
      return { ref, query: text, samples: seen, refusal };
    };
    const askPanel = async (panel: Panel, { variables, sourceTypes }: Dashboard) => {
      const values = { ...builtIn(params), ...variables, ...params.variables };
      const typed = panel.queries.map((one) => ({
        ...one,
        type: sourceTypeOf(one.source, sourceTypes, sources.seen ?? []),
      }));
      const own = typed.filter(({ type, expr }) => type === 'prometheus' && expr !== '');
      return {
        panel,
        queries: await Promise.all(own.map(({ refId, expr }) => ask(refId, expr, values))),
        others: typed.filter((one) => !own.includes(one)).map(({ type }) => type),
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

import { kind, type ParamsOf, type Say } from '../../kit/kind.ts';
import { valueText } from '../../protocols/prometheus.ts';
import { judgeBehind, type Behind } from '../../protocols/series-behind.ts';
import { prometheusOf, prometheusParams } from '../../protocols/telemetry.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { evidenceOf, keyMetrics, measure, spreadOf, valueOf, type KeyMetric, type Measured } from '../metrics.ts';

const params = { ...prometheusParams, metrics: keyMetrics };

export const messages = {
  below: {
    says: '{subject}: is {actual}, expected at least {expected}.',
    fix: 'Look at the same query over time in Prometheus for when it fell, and at what was changed then.',
  },
  above: {
    says: '{subject}: is {actual}, expected at most {expected}.',
    fix: 'Look at the same query over time in Prometheus for when it rose, and at what was changed then.',
  },
} as const;

export const keyMetricsKind = kind('post-deployment/key-metrics', {
  title: 'The key metrics are measured and within their bounds',
  why: 'What was not measured at the approval cannot be compared with afterwards, and nobody can say whether the release has kept its promise.',
  sees: [
    'One value of each key metric over its window, held against its bounds where it has some.',
    'How far it moves within an hour, for later comparison.',
  ],
  not: ['How it compares with the release before: post-deployment/metric-stability does that.'],
  needs: ['http'],
  params,
  required: ['prometheus', 'metrics'],
  messages,
  rights: ({ prometheusToken }) => mayReadSecrets([prometheusToken]),
  gather: async (given, { http }) => ({ measured: await measure(http, prometheusOf(given), given.metrics) }),
  judge: (given, seen, say) => judgeNow(given, seen, say),
});

type Params = ParamsOf<typeof params, 'prometheus' | 'metrics'>;

/** Each metric now: a value, within its bounds. */
export function judgeNow(
  { metrics }: Pick<Params, 'metrics'>,
  { measured }: { readonly measured: readonly Measured[] },
  say: Say<typeof messages>,
): void {
  for (const metric of metrics)
    judgeOne(
      metric,
      measured.find((one) => one.metric === metric.name),
      say,
    );
}

function judgeOne(metric: KeyMetric, measured: Measured | undefined, say: Say<typeof messages>): void {
  const { name } = metric;
  say.judged(name);
  if (measured?.refusal) return say.refused(measured.refusal, name);
  const found = valueOf(measured ?? { metric: name });
  if ('why' in found)
    return say.unsure(
      'unknown-value',
      `${name}: its query ${found.why}. Correct the query, or find out what no longer exports it.`,
      {
        subject: name,
      },
    );
  if (!isMeasured(name, measured?.behind ?? [], say)) return;
  say.show(evidenceOf(metric, found.value));
  if (measured?.spread !== undefined)
    say.show({ type: 'value', title: spreadOf(name), value: measured.spread, unit: 'ratio' });
  judgeBounds(metric, found.value, say);
}

function judgeBounds({ name, unit, min, max }: KeyMetric, actual: number, say: Say<typeof messages>): void {
  const text = (value: number): string => `${valueText(value)} ${unit}`;
  if (min !== undefined && actual < min) say.fail('below', name, { actual: text(actual), expected: text(min) });
  if (max !== undefined && actual > max) say.fail('above', name, { actual: text(actual), expected: text(max) });
}

/** A constant in the place of a value that nothing measures is no value, and is not recorded as one. */
function isMeasured(name: string, behind: readonly Behind[], say: Say<typeof messages>): boolean {
  judgeBehind(behind, {
    missing: (selector) =>
      say.unsure('unknown-value', `${name}: ${selector} finds no series, and a constant stands in for it.`, {
        subject: name,
      }),
    refused: (refusal) => say.refused(refusal, name),
  });
  return behind.every(({ series, refusal }) => series > 0 && refusal === undefined);
}

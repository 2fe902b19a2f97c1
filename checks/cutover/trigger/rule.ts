/** A trigger's rule as the item declares it, and how it is compared with the one the cutover runs with. */
import type { BusinessSource, TriggerMetric, TriggerRule, TriggerState } from '../../contract/cutover.ts';
import { canonicalJson } from '../../contract/canonical.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import { metricText, secondSourceOf } from '../second-source.ts';

/** Whose item is known. */
export type Rule = Omit<TriggerRule, 'item'>;
export type State = TriggerState['state'];
/** A state, and for how many points it stayed. */
export type StateRun = readonly [state: State, points: number];

/** What of the params makes the rule. */
export interface RuleParams {
  readonly metric: TriggerMetric;
  readonly threshold: number;
  readonly for: string;
  readonly window: string;
  readonly minSamples: number;
  readonly onNoData: TriggerRule['onNoData'];
  readonly prometheus?:
    { readonly query: string; readonly tolerance: number; readonly scrapeInterval: string } | undefined;
  readonly business?: (Pick<BusinessSource, 'metrics' | 'chance'> & { readonly scrapeInterval: string }) | undefined;
}

/** Windows as declared, without a compression: how far apart evaluations are changes nothing of what a rule means. */
export function ruleOf(
  { metric, threshold, window, minSamples, onNoData, prometheus, business, ...rest }: RuleParams,
  compression = 1,
): Rule {
  const [forMs, windowMs] = [durationMs(rest.for) / compression, durationMs(window) / compression];
  const rule = {
    ...{ metric, threshold, forMs, windowMs, minSamples, onNoData },
    ...(business && metric === 'business' ? { business: businessSourceOf(business) } : {}),
  };
  if (!prometheus) return rule;
  return { ...rule, prometheus: secondSourceOf(prometheus, windowMs, durationMs(prometheus.scrapeInterval)) };
}

/** What is watched, with how often Prometheus scrapes it. */
export function businessSourceOf({
  metrics,
  chance,
  scrapeInterval,
}: NonNullable<RuleParams['business']>): BusinessSource {
  return { metrics, chance, scrapeIntervalMs: durationMs(scrapeInterval) };
}

const EXACT = ['metric', 'threshold', 'minSamples', 'onNoData'] as const;
/** Divided by the compression: whole milliseconds. */
const WITHIN_1_MS = ['forMs', 'windowMs'] as const;
/** Its query holds its window. */
const OF_PROMETHEUS = ['query', 'tolerance', 'scrapeIntervalMs'] as const;

export function isSame(actual: Rule, wanted: Rule): boolean {
  return (
    EXACT.every((name) => actual[name] === wanted[name]) &&
    WITHIN_1_MS.every((name) => Math.abs(actual[name] - wanted[name]) <= 1) &&
    OF_PROMETHEUS.every((name) => actual.prometheus?.[name] === wanted.prometheus?.[name]) &&
    canonicalJson(actual.business ?? null) === canonicalJson(wanted.business ?? null)
  );
}

/** `p95 > 5000 for 5.0 min over 1.0 min, 50 samples, no data: hold; Prometheus within 1.0 s over 1.0 min (…)`. */
export function ruleText({
  metric,
  threshold,
  forMs,
  windowMs,
  minSamples,
  onNoData,
  prometheus,
  business,
}: Rule): string {
  if (business) {
    const names = business.metrics.map(({ name, effect }) => `${name} by ${effect * 100} %`).join(', ');
    return `${metric} > ${threshold} for ${formatMs(forMs)}, chance ${business.chance}, no data: ${onNoData} (${names})`;
  }
  const rule = `${metric} > ${threshold} for ${formatMs(forMs)} over ${formatMs(windowMs)}, ${minSamples} samples, no data: ${onNoData}`;
  if (!prometheus) return rule;
  const { tolerance, query } = prometheus;
  return `${rule}; Prometheus within ${metricText(metric, tolerance)} over ${formatMs(prometheus.windowMs)} (${query.trim()})`;
}

/** Why a trigger fired, in a sentence for people: trigger, threshold, observed values and times. */
import type { SecondOpinion, TriggerRule } from '../checks/contract/cutover.ts';
import type { Data } from '../checks/contract/outcome.ts';
import { formatMs } from '../checks/contract/units.ts';
import type { BadlyServed } from '../checks/cutover/new-release.ts';
import { metricText, opinionText } from '../checks/cutover/second-source.ts';

export interface Fired {
  readonly value: number | null;
  readonly opinion: SecondOpinion | undefined;
  readonly lastedMs: number;
  readonly since: Date;
  readonly weight: number;
  readonly down: readonly string[];
  /** Business metrics that do worse. */
  readonly worse: readonly string[];
}

export function firedText(rule: TriggerRule, { value, opinion, lastedMs, since, weight, down, worse }: Fired): string {
  const { item, metric, threshold } = rule;
  const lasted = formatMs(Math.max(0, lastedMs));
  const begun = since.toISOString();
  const where = `${item} fired at ${weight} %`;
  // Prometheus may look back further than the trigger: the probes' figure for it is another one than that of the breach.
  const backMs = rule.prometheus?.windowMs ?? rule.windowMs;
  const sources = opinion ? ` Over the ${formatMs(backMs)} before, ${opinionText(rule, opinion)}.` : '';
  if (value === null) return `${where}: no data for ${lasted} since ${begun}.${sources}`;
  if (metric === 'critical-service' && down.length > 0)
    return `${where}: critical service${down.length === 1 ? '' : 's'} ${down.join(', ')} did not answer, since ${begun}.${sources}`;
  if (metric === 'business')
    return `${where}: the new release does worse in ${worse.join(', ')} than its share of the traffic accounts for, for ${lasted} since ${begun}.`;
  const name = { 'error-rate': 'error rate', p95: 'P95', 'critical-service': 'critical services down' }[metric];
  const [is, most] = [metricText(metric, value), metricText(metric, threshold)];
  return `${where}: ${name} ${is}, above ${most} for ${lasted} (declared ${formatMs(rule.forMs)}) since ${begun}.${sources}`;
}

/** The same for programs. */
export function firedFacts(rule: TriggerRule, { value, opinion, weight, down, worse }: Fired): Data {
  const { item, metric } = rule;
  const seen = (one: number | null): string => (one === null ? 'nothing' : metricText(metric, one));
  return {
    trigger: item,
    metric,
    atWeight: weight,
    value: seen(value),
    ...(opinion ? { probes: seen(opinion.probes), prometheus: seen(opinion.value) } : {}),
    ...(metric === 'critical-service' ? { down: down.join(', ') } : {}),
    ...(metric === 'business' ? { worse: worse.join(', ') } : {}),
  };
}

/** Of requests that only the new release was given, where they were too few for the trigger's window. */
export function badlyServedText(
  { item, metric, threshold }: TriggerRule,
  { bad, of, lost, low, high }: BadlyServed,
  weight: number,
  overMs: number,
): string {
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
  const what =
    metric === 'p95'
      ? `was slower than ${metricText(metric, threshold)} in`
      : `failed${lost > 0 ? ', or did not answer,' : ''}`;
  const most = metric === 'p95' ? 'P95 allows 5.0 %' : `threshold ${percent(threshold)}`;
  return `${item} fired at ${weight} %: before the step was to end the new release ${what} ${bad} of the ${of} requests it was given in ${formatMs(overMs)} (${percent(low)} to ${percent(high)}, ${most}).`;
}

/** The same for programs. */
export function badlyServedFacts({ item, metric }: TriggerRule, { bad, of }: BadlyServed, weight: number): Data {
  return { trigger: item, metric, atWeight: weight, bad, of };
}

/** The platform's rules (`k8s/monitoring/prometheus-rules.yaml`) as the rehearsal's Prometheus loads them. */
import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { isRecord, listAt, textAt } from '../../checks/contract/json.ts';

export type Rule = Readonly<Record<string, unknown>>;
export interface RuleGroup {
  readonly name: string;
  readonly rules: readonly Rule[];
}

/** A rate needs two samples at the least, and Prometheus scrapes once a second. */
const SHORTEST_RANGE_MS = 5000;
const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};

/** Milliseconds of a Prometheus duration such as `5m` or `1h30m`. */
export function promDurationMs(text: string): number {
  const parts = [...text.matchAll(/(\d+)(ms|[smhdwy])/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text)
    throw new Error(`not a duration of Prometheus: ${text}`);
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNITS[unit ?? ''] ?? 0), 0);
}

const asDuration = (ms: number): string => (ms % 1000 === 0 ? `${ms / 1000}s` : `${Math.round(ms)}ms`);

/** Ranges of an expression, `[5m]` and `[1h:1m]`, divided by the compression; never shorter than five scrapes. */
export function compressExpression(expression: string, compression: number): string {
  const shorter = (text: string, least: number): string =>
    asDuration(Math.max(least, promDurationMs(text) / compression));
  return expression.replace(/\[\s*(\w+)\s*(?::\s*(\w*)\s*)?\]/g, (_, range: string, step: string | undefined) => {
    const least = Math.min(SHORTEST_RANGE_MS, promDurationMs(range));
    if (step === undefined) return `[${shorter(range, least)}]`;
    return `[${shorter(range, least)}:${step === '' ? '' : shorter(step, 1000)}]`;
  });
}

/** `for` and the ranges of expressions divided by the rehearsal's compression: a two minutes' wait is two seconds here. */
export function compressRule(rule: Rule, compression: number): Rule {
  const wait = rule['for'];
  return {
    ...rule,
    expr: compressExpression(String(rule['expr']), compression),
    ...(typeof wait === 'string' ? { for: asDuration(promDurationMs(wait) / compression) } : {}),
  };
}

const WAITS = /^(\s*(?:group_wait|group_interval|repeat_interval): )(\w+)$/gm;

/** Alertmanager's waits divided likewise; never under 100 ms. */
export function compressDurations(config: string, compression: number): string {
  return config.replace(
    WAITS,
    (_, key: string, wait: string) => `${key}${asDuration(Math.max(100, promDurationMs(wait) / compression))}`,
  );
}

/** The groups of a PrometheusRule object. */
export function readRuleGroups(file: string, compression: number): readonly RuleGroup[] {
  const object = load(readFileSync(file, 'utf8'));
  return listAt(object, 'spec', 'groups').map((group) => ({
    name: textAt(group, '', 'name'),
    rules: listAt(group, 'rules')
      .filter(isRecord)
      .map((rule) => compressRule(rule, compression)),
  }));
}

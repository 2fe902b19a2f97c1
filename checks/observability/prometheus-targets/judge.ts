import { durationMs, formatMs } from '../../contract/units.ts';
import { nameList, shortened, table } from '../../kit/evidence.ts';
import type { Say } from '../../kit/kind.ts';
import {
  hasLabels,
  selectorOf,
  staleSince,
  type AlertRule,
  type LabelSet,
  type Target,
} from '../../protocols/prometheus.ts';

export const messages = {
  down: {
    says: '{subject}: {why}, expected it to be ready.',
    fix: 'See the log of Prometheus for why it does not answer.',
  },
  tooFewTargets: {
    says: '{subject}: {up} of {known} targets are up, expected at least {expected} up. {errors}',
    fix: 'Compare Prometheus’ page "Targets" with the pods: the ServiceMonitor’s selector, the port, and a NetworkPolicy that lets Prometheus in.',
  },
  targetDown: {
    says: '{subject}: {names} of {known} targets down although enough are up, expected all of them up. {errors}',
    fix: 'Look at those pods: they serve users and nobody sees how. If they are meant to be gone, remove them from service discovery.',
  },
  staleScrape: {
    says: '{subject}: target {target} was last scraped {age} ago, expected at most {maxAge}.',
    fix: 'See whether Prometheus is overloaded or its clock is wrong.',
  },
  staleMetric: {
    says: '{subject}: {metric} has {seen}, expected samples of the last {maxAge}.',
    fix: 'Check that the service still exports the metric under this name.',
  },
  noRules: {
    says: '{subject}: {count} rules are loaded, expected at least {expected}.',
    fix: 'Apply the PrometheusRule objects and check that Prometheus’ ruleSelector selects them.',
  },
  ruleStale: {
    says: '{subject}: was last evaluated {age} ago, expected it every {interval}.',
    fix: 'See whether Prometheus is overloaded (prometheus_rule_group_iterations_missed_total): its alerts are those of then.',
  },
  ruleError: {
    says: '{subject}: rule is failing{error}, expected it to evaluate.',
    fix: 'Correct the expression of the rule.',
  },
} as const;

interface Service {
  readonly labels: LabelSet;
  readonly targets: number;
  readonly metric?: string;
}
interface Params {
  readonly services: readonly Service[];
  readonly maxAge: string;
  readonly minRules: number;
}
interface Seen {
  /** Why Prometheus is down; everything else is empty then. */
  readonly down?: string;
  /** Prometheus' own time, Unix seconds. */
  readonly time: number;
  readonly targets: readonly Target[];
  /** Age of the newest sample in seconds, per service; null without any. */
  readonly sampleAges: readonly (number | null)[];
  readonly rules: readonly AlertRule[];
}

export function judge({ services, maxAge, minRules }: Params, seen: Seen, say: Say<typeof messages>): void {
  if (seen.down !== undefined) return say.fail('down', 'Prometheus', { why: seen.down });
  const owned = services.map((service) => seen.targets.filter(({ labels }) => hasLabels(labels, service.labels)));
  services.forEach((service, index) => {
    const subject = `Targets ${selectorOf(service.labels)}`;
    const freshness = { maxAge: formatMs(durationMs(maxAge)), oldest: durationMs(maxAge) / 1000 };
    say.judged(subject);
    judgeTargets(subject, service, owned[index] ?? [], seen.time, freshness, say);
    const age = seen.sampleAges[index] ?? null;
    if (service.metric !== undefined && (age === null || !(age <= freshness.oldest)))
      say.fail('staleMetric', subject, {
        metric: service.metric,
        seen: age === null ? 'no samples' : `no sample younger than ${formatMs(age * 1000)}`,
        maxAge: freshness.maxAge,
      });
  });
  if (seen.rules.length < minRules) say.fail('noRules', 'Prometheus', { count: seen.rules.length, expected: minRules });
  for (const rule of seen.rules) judgeRule(rule, seen.time, say);
  say.show(
    table(
      'Targets',
      ['job', 'target', 'health', 'last scrape', 'last error'],
      [...new Set(owned.flat())].map(({ labels, url, health, lastScrape, lastError }) => [
        labels['job'] ?? '',
        url,
        health,
        lastScrape,
        shortened(lastError, 200),
      ]),
    ),
    table(
      'Rules',
      ['group', 'rule', 'health', 'last evaluation'],
      seen.rules.map(({ group, name, health, lastEvaluation }) => [group, name, health, lastEvaluation]),
    ),
  );
}

function judgeTargets(
  subject: string,
  service: Service,
  own: readonly Target[],
  time: number,
  { maxAge, oldest }: { readonly maxAge: string; readonly oldest: number },
  say: Say<typeof messages>,
): void {
  const known = own.length;
  const up = own.filter(({ health }) => health === 'up');
  // One that has not been scraped yet ("unknown") is not down.
  const down = own.filter(({ health }) => health === 'down');
  const causes = [...new Set(own.map(({ lastError }) => lastError))].filter((error) => error !== '');
  const errors = causes.length === 0 ? 'No error was recorded.' : `Last error: ${shortened(causes.join('; '), 300)}.`;
  if (up.length < service.targets)
    say.fail('tooFewTargets', subject, { up: up.length, known, expected: service.targets, errors });
  else if (down.length > 0)
    say.fail('targetDown', subject, { names: nameList(down.map(({ url }) => url)), known, errors });
  for (const { url, lastScrape } of up) {
    const age = time - Date.parse(lastScrape) / 1000;
    if (Number.isNaN(age)) say.unknown(subject, `when target ${url} was last scraped`);
    else if (age > oldest) say.fail('staleScrape', subject, { target: url, age: formatMs(age * 1000), maxAge });
  }
}

function judgeRule(rule: AlertRule, time: number, say: Say<typeof messages>): void {
  const { group, name, health, lastError, intervalSeconds } = rule;
  const subject = `Rule ${group}/${name}`;
  const age = staleSince(rule, time);
  const interval = intervalSeconds === undefined ? 'minute' : formatMs(intervalSeconds * 1000);
  say.judged(subject);
  if (health === 'err')
    say.fail('ruleError', subject, { error: lastError === '' ? '' : ` (${shortened(lastError, 300)})` });
  // It says nothing; the next look will tell.
  else if (health !== 'ok')
    say.unsure('too-few-samples', `${subject}: has not been evaluated yet. Look again after an evaluation interval.`, {
      subject,
    });
  if (Number.isNaN(age)) say.unknown(subject, 'when it was last evaluated');
  else if (age !== null) say.fail('ruleStale', subject, { age: formatMs(age * 1000), interval });
}

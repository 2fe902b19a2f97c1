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
import { nameList, shortened, table } from '../../kit/evidence.ts';
import { judged, present } from '../../kit/judged.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import {
  hasLabels,
  query,
  rules,
  selectorOf,
  serverTime,
  staleSince,
  targets,
  type AlertRule,
  type Target,
} from '../../protocols/prometheus.ts';
import { prometheusParams, sourceOf, whyNotReady } from '../../protocols/telemetry.ts';

const messages = {
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
    says: '{subject}: rule is {health}{error}, expected it to evaluate.',
    fix: 'Correct the expression of the rule.',
  },
};
type Id = keyof typeof messages;

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['prometheus', 'services'],
  properties: {
    ...prometheusParams,
    services: {
      type: 'array',
      minItems: 1,
      description: 'What Prometheus must scrape.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['labels'],
        properties: {
          labels: {
            type: 'object',
            minProperties: 1,
            additionalProperties: { type: 'string' },
            description: 'Labels of its targets, for example {job: api}.',
          },
          targets: { type: 'integer', minimum: 1, default: 1, description: 'Least number of targets that are up.' },
          metric: { type: 'string', minLength: 1, description: 'A metric of it that must have fresh samples.' },
        },
      },
    },
    maxAge: duration('Oldest scrape and oldest sample.', '2m'),
    minRules: { type: 'integer', minimum: 0, default: 1, description: 'Least number of rules that are loaded.' },
  },
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;

interface Gathered {
  /** Why Prometheus is down; everything else is empty then. */
  readonly down?: string;
  /** Prometheus' own time, Unix seconds. */
  readonly time: number;
  readonly targets: readonly Target[];
  /** Age of the newest sample in seconds, per service; null without any. */
  readonly sampleAges: readonly (number | null)[];
  readonly rules: readonly AlertRule[];
}

export const prometheusTargets = defineCheck({
  meta: {
    kind: 'observability/prometheus-targets',
    title: 'Prometheus scrapes every service and evaluates its rules',
    why: 'A service that is not scraped has no alerts and no dashboards: it fails in silence.',
    sees: 'Prometheus ready, every known target of each declared service up and freshly scraped, and enough of them, samples of its metric fresh, rules loaded and evaluated without error. Not: whether the metrics tell the truth.',
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
  const down = await whyNotReady(http, source);
  if (down !== null) return { time: 0, targets: [], sampleAges: [], rules: [], down };
  const [time, active, loaded, ...ages] = await Promise.all([
    serverTime(http, source),
    targets(http, source),
    rules(http, source),
    ...params.services.map(async ({ labels, metric }) => {
      if (metric === undefined) return null;
      const [age] = await query(http, source, `min(time() - timestamp(${metric}${selectorOf(labels)}))`);
      return age?.value ?? null;
    }),
  ]);
  return { time, targets: active, sampleAges: ages, rules: loaded };
}

function judge(params: Params, gathered: Gathered): Judgement<Id> {
  const { services, minRules } = params;
  if (gathered.down !== undefined)
    return judged(
      [{ message: 'down', subject: 'Prometheus', data: { why: gathered.down } }],
      [],
      [{ type: 'text', title: 'Prometheus', text: gathered.down }],
      '',
    );
  const tooFewRules = gathered.rules.length < minRules;
  const findings: Finding<Id>[] = [
    ...services.flatMap((_, index) => serviceFindings(params, gathered, index)),
    ...present([
      tooFewRules && {
        message: 'noRules' as const,
        subject: 'Prometheus',
        data: { count: gathered.rules.length, expected: minRules },
      },
    ]),
    ...gathered.rules.filter(({ health }) => health === 'err').map(ruleFinding),
    ...gathered.rules.flatMap((rule) => staleFinding(rule, gathered.time)),
  ];
  // A rule that has not been evaluated yet says nothing; the next look will tell.
  const waiting = gathered.rules.filter(({ health }) => health !== 'ok' && health !== 'err');
  const evidence = evidenceOf(params, gathered);
  const subjects = [...services.map(({ labels }) => serviceName(labels)), ...gathered.rules.map(ruleName)];
  if (findings.length === 0 && waiting.length > 0)
    return {
      outcome: 'inconclusive',
      reason: 'too-few-samples',
      why: `${waiting.length} rules have not been evaluated yet. Look again after an evaluation interval.`,
      evidence,
    };
  return judged(findings, subjects, evidence, '');
}

const serviceName = (labels: Readonly<Record<string, string>>): string => `Targets ${selectorOf(labels)}`;
const ruleName = ({ group, name }: AlertRule): string => `Rule ${group}/${name}`;

function serviceFindings(params: Params, gathered: Gathered, index: number): Finding<Id>[] {
  const service = params.services[index];
  if (!service) return [];
  const subject = serviceName(service.labels);
  const maxAge = formatMs(durationMs(params.maxAge));
  const oldest = durationMs(params.maxAge) / 1000;
  const known = gathered.targets.filter(({ labels }) => hasLabels(labels, service.labels));
  const up = known.filter(({ health }) => health === 'up');
  const errors = [...new Set(known.flatMap(({ lastError }) => (lastError === '' ? [] : [lastError])))];
  const errorText =
    errors.length === 0 ? 'No error was recorded.' : `Last error: ${shortened(errors.join('; '), 300)}.`;
  // One that has not been scraped yet ("unknown") is not down.
  const down = known.filter(({ health }) => health === 'down');
  const stale = up.flatMap((target): Finding<Id>[] => {
    const age = gathered.time - Date.parse(target.lastScrape) / 1000;
    return age <= oldest
      ? []
      : [{ message: 'staleScrape', subject, data: { target: target.url, age: formatMs(age * 1000), maxAge } }];
  });
  const age = gathered.sampleAges[index] ?? null;
  return present([
    up.length < service.targets && {
      message: 'tooFewTargets' as const,
      subject,
      data: {
        up: up.length,
        known: known.length,
        expected: service.targets,
        errors: errorText,
      },
    },
    up.length >= service.targets &&
      down.length > 0 && {
        message: 'targetDown' as const,
        subject,
        data: { names: nameList(down.map(({ url }) => url)), known: known.length, errors: errorText },
      },
    ...stale,
    service.metric !== undefined &&
      !(age !== null && age <= oldest) && {
        message: 'staleMetric' as const,
        subject,
        data: {
          metric: service.metric,
          seen: age === null ? 'no samples' : `no sample younger than ${formatMs(age * 1000)}`,
          maxAge,
        },
      },
  ]);
}

function ruleFinding(rule: AlertRule): Finding<Id> {
  const error = rule.lastError === '' ? '' : ` (${shortened(rule.lastError, 300)})`;
  return { message: 'ruleError', subject: ruleName(rule), data: { health: 'failing', error } };
}

function staleFinding(rule: AlertRule, time: number): Finding<Id>[] {
  const age = staleSince(rule, time);
  if (age === null) return [];
  const { intervalSeconds } = rule;
  const interval = intervalSeconds === undefined ? 'minute' : formatMs(intervalSeconds * 1000);
  const data = { age: Number.isNaN(age) ? 'nobody knows how long' : formatMs(age * 1000), interval };
  return [{ message: 'ruleStale', subject: ruleName(rule), data }];
}

function evidenceOf({ services }: Params, gathered: Gathered): [Evidence, ...Evidence[]] {
  const relevant = gathered.targets.filter(({ labels }) => services.some((one) => hasLabels(labels, one.labels)));
  return [
    table(
      'Targets',
      ['job', 'target', 'health', 'last scrape', 'last error'],
      relevant.map(({ labels, url, health, lastScrape, lastError }) => [
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
      gathered.rules.map(({ group, name, health, lastEvaluation }) => [group, name, health, lastEvaluation]),
    ),
  ];
}

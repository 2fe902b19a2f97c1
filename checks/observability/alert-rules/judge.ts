import { durationMs, formatMs } from '../../contract/units.ts';
import { shortened, table } from '../../kit/evidence.ts';
import type { Say } from '../../kit/kind.ts';
import { hasLabels, selectorOf, type AlertRule } from '../../protocols/prometheus.ts';
import { holdsFor, impossiblePart, type Records } from '../../protocols/promql-values.ts';
import { selectorsOf } from '../../protocols/promql.ts';
import { judgeBehind, type Behind } from '../../protocols/series-behind.ts';
import type { Params } from './params.ts';

export const messages = {
  missing: {
    says: '{subject}: no such alerting rule is loaded, expected it.',
    fix: 'Apply the rule, and check that Prometheus’ ruleSelector selects its PrometheusRule.',
  },
  failing: {
    says: '{subject}: cannot be evaluated ({error}), expected it to work.',
    fix: 'Correct the expression of the rule.',
  },
  severity: {
    says: '{subject}: has {label} "{actual}", expected one of {expected}.',
    fix: 'Correct the label, or add a rule of that severity: it decides whom Alertmanager notifies.',
  },
  noData: {
    says: '{subject}: its selector {selector} finds no series, expected data.',
    fix: 'Correct the metric’s name and labels in the rule, or have the metric exported: as it is, the alert can never fire rightly. List a metric that exists only when something is wrong under onlyInTrouble.',
  },
  impatient: {
    says: '{subject}: fires at once, expected it to wait (for).',
    fix: 'Give the rule a "for", since one failed scrape must not wake anybody; or set mayFireAtOnce where it cannot flap.',
  },
  sluggish: {
    says: '{subject}: waits {actual} before it fires (for), expected {expected} at most.',
    fix: 'Shorten the "for" of the rule: until it is over nobody is notified.',
  },
  neverFires: {
    says: '{subject}: nothing can fulfil {part} in its expression, expected one that can become true.',
    fix: 'Correct the comparison: a share lies between 0 and 1, and a quantile within the buckets of its histogram.',
  },
  silentAt: {
    says: '{subject}: does not fire at {value}, expected it to: {query}',
    fix: 'Lower the threshold of the rule, and look at its unit: 5 % of a share is 0.05.',
  },
  firesAlready: {
    says: '{subject}: fires at {value} already, expected it not to: {query}',
    fix: 'Raise the threshold of the rule, or turn its comparison around.',
  },
  seldom: {
    says: '{subject}: is evaluated every {actual}, expected every {expected} at the least.',
    fix: 'Shorten the interval of its group.',
  },
  sticky: {
    says: '{subject}: goes on firing for {actual} (keep_firing_for), expected {expected} at most.',
    fix: 'Shorten keep_firing_for: while it still fires, nobody hears of the next time.',
  },
  limited: {
    says: '{subject}: its group drops all alerts of a rule that has more than {limit}, and it watches {series} series; expected no such limit.',
    fix: 'Raise or remove the limit of the group: when many things fail at once, nobody is notified of any.',
  },
  noRunbook: {
    says: '{subject}: has no address in annotation {annotation}, expected that of its runbook.',
    fix: 'Write what to do when it fires, and put the address into the rule.',
  },
} as const;

type Required = Params['required'][number];
type Rule = AlertRule & { readonly selected: readonly Behind[]; readonly largestBucket?: number | undefined };

export const isOne = (rule: AlertRule, { alert, labels }: Required): boolean =>
  rule.kind === 'alerting' && rule.name === alert && hasLabels(rule.labels, labels);

interface Seen {
  readonly rules: readonly Rule[];
  /** Recording rules, whose expressions stand behind the metrics that they name. */
  readonly records?: readonly Pick<AlertRule, 'name' | 'query'>[];
}

export function judge(params: Params, { rules, records = [] }: Seen, say: Say<typeof messages>): void {
  const recorded: Records = (metric) => records.filter(({ name }) => name === metric).map(({ query }) => query);
  for (const required of params.required) {
    const own = rules.filter((rule) => isOne(rule, required));
    const name = nameOf(required.alert, required.labels);
    if (own.length === 0) {
      say.judged(name);
      say.fail('missing', name);
    }
    for (const rule of own) {
      const subject = own.length === 1 ? name : nameOf(rule.name, rule.labels);
      judgeRule(subject, rule, own, required, params, say);
      // How soon a tier of a lesser severity fires is its own affair.
      const bounds = required.severities.includes(rule.labels[params.severityLabel] ?? '') ? required : {};
      judgeExpression(subject, rule, bounds, recorded, say);
    }
  }
  say.show(
    table(
      'Rules',
      ['group', 'alert', 'labels', 'expression', 'for, s', 'health', 'series behind its selectors'],
      rules.map(({ group, name, labels, query, forSeconds, health, selected }) => [
        group,
        name,
        selectorOf(labels),
        query,
        forSeconds,
        health,
        selected.map(({ selector, series }) => `${selector}: ${series}`).join('; '),
      ]),
    ),
  );
}

const nameOf = (alert: string, labels: AlertRule['labels']): string =>
  `Alert ${alert}${Object.keys(labels).length === 0 ? '' : ` ${selectorOf(labels)}`}`;

function judgeRule(
  subject: string,
  rule: Rule,
  own: readonly Rule[],
  required: Required,
  params: Params,
  say: Say<typeof messages>,
): void {
  const { severityLabel, runbookAnnotation } = params;
  const severityOf = ({ labels }: Rule): string => labels[severityLabel] ?? '';
  const isRequired = (one: Rule): boolean => required.severities.includes(severityOf(one));
  const tier = ({ labels }: Rule): string => JSON.stringify(Object.entries({ ...labels, [severityLabel]: '' }).sort());
  say.judged(subject);
  if (!own.some((one) => isRequired(one) && tier(one) === tier(rule)))
    say.fail('severity', subject, {
      label: severityLabel,
      actual: severityOf(rule),
      expected: required.severities.join(', '),
    });
  if (rule.health === 'err') say.fail('failing', subject, { error: shortened(rule.lastError, 300) });
  else if (rule.health !== 'ok')
    say.unsure('too-few-samples', `${subject}: has not been evaluated yet. Look again after an evaluation interval.`, {
      subject,
    });
  judgeTimes(subject, rule, { ...params, isRequired: isRequired(rule), mayFireAtOnce: required.mayFireAtOnce }, say);
  // An address, of whatever kind, has a slash: a word is none.
  if (!(rule.annotations[runbookAnnotation] ?? '').includes('/'))
    say.fail('noRunbook', subject, { annotation: runbookAnnotation });
  const { limit = 0 } = rule;
  const watched = Math.max(0, ...rule.selected.map(({ series }) => series));
  if (limit > 0 && watched > limit) say.fail('limited', subject, { limit, series: watched });
  judgeBehind(rule.selected, {
    missing: (selector) => say.fail('noData', subject, { selector }),
    refused: (refusal) => say.refused(refusal, subject),
  });
}

function judgeTimes(
  subject: string,
  rule: Rule,
  bounds: Params & { readonly isRequired: boolean; readonly mayFireAtOnce: boolean },
  say: Say<typeof messages>,
): void {
  const within = (id: 'sluggish' | 'seldom' | 'sticky', seconds: number, most: string): void => {
    const [actual, expected] = [seconds * 1000, durationMs(most)];
    if (actual > expected) say.fail(id, subject, { actual: formatMs(actual), expected: formatMs(expected) });
  };
  if (bounds.isRequired) within('sluggish', rule.forSeconds, bounds.longestFor);
  if (!watchesExpiry(rule)) within('seldom', rule.intervalSeconds ?? 0, bounds.longestInterval);
  within('sticky', rule.keepFiringSeconds ?? 0, bounds.longestKept);
  if (rule.forSeconds === 0 && !bounds.mayFireAtOnce && !watchesExpiry(rule)) say.fail('impatient', subject);
}

function judgeExpression(
  subject: string,
  { query, largestBucket }: Rule,
  { firesAt, quietAt }: Pick<Required, 'firesAt' | 'quietAt'>,
  records: Records,
  say: Say<typeof messages>,
): void {
  const part = impossiblePart(query, records, largestBucket);
  if (part !== null) return say.fail('neverFires', subject, { part: shortened(part, 200) });
  for (const [value, expected] of [
    [firesAt, true],
    [quietAt, false],
  ] as const) {
    const holds = value === undefined ? expected : holdsFor(query, value, records);
    if (holds === null)
      say.unknown(subject, `whether it fires at ${value}: its expression compares nothing with a number`);
    else if (holds !== expected)
      say.fail(expected ? 'silentAt' : 'firesAlready', subject, { value: value ?? 0, query: shortened(query, 200) });
  }
}

/** A date comes nearer and never flaps: nothing is gained by waiting. */
function watchesExpiry({ query }: AlertRule): boolean {
  const selectors = selectorsOf(query);
  return (
    selectors.length > 0 &&
    selectors.every(({ metric }) => /expir|not_after|cert\w*_ttl_|manager_\w+_ttl_seconds/i.test(metric))
  );
}

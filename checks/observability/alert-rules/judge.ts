import { durationMs, formatMs } from '../../contract/units.ts';
import { shortened, table } from '../../kit/evidence.ts';
import type { Refusal, Say } from '../../kit/kind.ts';
import { hasLabels, selectorOf, type AlertRule } from '../../protocols/prometheus.ts';
import { selectorsOf } from '../../protocols/promql.ts';
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
  noRunbook: {
    says: '{subject}: has no annotation {annotation}, expected the address of its runbook.',
    fix: 'Write what to do when it fires, and put the address into the rule.',
  },
} as const;

type Required = Params['required'][number];
type Rule = AlertRule & {
  readonly selected: readonly {
    /** As asked: what has to exist in good times. */
    readonly selector: string;
    readonly series: number;
    readonly refusal?: Refusal | undefined;
  }[];
};

export const isOne = (rule: AlertRule, { alert, labels }: Required): boolean =>
  rule.kind === 'alerting' && rule.name === alert && hasLabels(rule.labels, labels);

export function judge(params: Params, { rules }: { readonly rules: readonly Rule[] }, say: Say<typeof messages>): void {
  for (const required of params.required) {
    const own = rules.filter((rule) => isOne(rule, required));
    const name = nameOf(required.alert, required.labels);
    if (own.length === 0) {
      say.judged(name);
      say.fail('missing', name);
    }
    for (const rule of own)
      judgeRule(own.length === 1 ? name : nameOf(rule.name, rule.labels), rule, own, required, params, say);
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
  { severityLabel, runbookAnnotation, longestFor }: Params,
  say: Say<typeof messages>,
): void {
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
  if (rule.forSeconds === 0 && !required.mayFireAtOnce && !watchesExpiry(rule)) say.fail('impatient', subject);
  if (isRequired(rule) && rule.forSeconds * 1000 > durationMs(longestFor))
    say.fail('sluggish', subject, {
      actual: formatMs(rule.forSeconds * 1000),
      expected: formatMs(durationMs(longestFor)),
    });
  if ((rule.annotations[runbookAnnotation] ?? '').trim() === '')
    say.fail('noRunbook', subject, { annotation: runbookAnnotation });
  for (const { selector, series, refusal } of rule.selected) {
    if (refusal) say.refused(refusal, subject);
    else if (series === 0) say.fail('noData', subject, { selector });
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

import {
  defineCheck,
  type Capabilities,
  type Evidence,
  type Finding,
  type FromSchema,
  type JSONSchema,
  type Judgement,
} from '../../kit/define-check.ts';
import { shortened, table } from '../../kit/evidence.ts';
import { judged, present } from '../../kit/judged.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { hasLabels, query, rules, selectorOf, type AlertRule } from '../../protocols/prometheus.ts';
import { inGoodTimes, selectorsOf, selectorText } from '../../protocols/promql.ts';
import { prometheusParams, promqlEvidence, severityLabelParam, sourceOf } from '../../protocols/telemetry.ts';

const messages = {
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
    fix: 'Correct the label: it decides whom Alertmanager tells.',
  },
  noData: {
    says: '{subject}: its selector {selector} finds no series, expected data.',
    fix: 'Correct the metric’s name and labels in the rule, or have the metric exported: as it is, the alert can never fire rightly.',
  },
  impatient: {
    says: '{subject}: fires at once, expected it to wait (for).',
    fix: 'Give the rule a "for": one failed scrape must not wake anybody.',
  },
  noRunbook: {
    says: '{subject}: has no annotation {annotation}, expected the address of its runbook.',
    fix: 'Write what to do when it fires, and put the address into the rule.',
  },
};
type Id = keyof typeof messages;

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['prometheus', 'required'],
  properties: {
    ...prometheusParams,
    required: {
      type: 'array',
      minItems: 1,
      description: 'Alerting rules that must be there; several of one name are all judged.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['alert'],
        properties: {
          alert: { type: 'string', minLength: 1, description: 'Name of the alert.' },
          labels: {
            type: 'object',
            additionalProperties: { type: 'string' },
            default: {},
            description: 'Labels that the rule sets, where several have the name.',
          },
          severities: {
            type: 'array',
            minItems: 1,
            items: { type: 'string', minLength: 1 },
            default: ['critical'],
            description: 'Severities that the rule may have.',
          },
        },
      },
    },
    severityLabel: severityLabelParam,
    runbookAnnotation: {
      type: 'string',
      minLength: 1,
      default: 'runbook_url',
      description: 'Annotation that names what to do.',
    },
    onlyInTrouble: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      default: [],
      description: 'Metrics that exist only when something is wrong; they need not have data now.',
    },
  },
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;

interface Selected {
  /** As asked: what has to exist in good times. */
  readonly selector: string;
  readonly series: number;
}
interface Gathered {
  readonly rules: readonly (AlertRule & { readonly selected: readonly Selected[] })[];
}

export const alertRules = defineCheck({
  meta: {
    kind: 'observability/alert-rules',
    title: 'The required alerts are configured and select data',
    why: 'A rule on a metric that was renamed loads, shows no error and never fires.',
    sees: 'Each required rule loaded, evaluated without error, with severity, patience and runbook, and series behind every selector of its expression (a matcher by regular expression only asks for its label: its values may come with the trouble). Not: whether its threshold is right.',
    needs: ['http'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: ({ prometheusToken }: Params) => mayReadSecrets([prometheusToken]),
  gather,
  judge,
});

type Required = Params['required'][number];
const isOne = (rule: AlertRule, { alert, labels }: Required): boolean =>
  rule.kind === 'alerting' && rule.name === alert && hasLabels(rule.labels, labels);

async function gather(params: Params, { http }: Pick<Capabilities, 'http'>): Promise<Gathered> {
  const source = sourceOf('Prometheus', params.prometheus, params.prometheusToken);
  const wanted = (await rules(http, source)).filter((rule) => params.required.some((one) => isOne(rule, one)));
  const seriesOf = async (selector: string): Promise<Selected> => {
    const [sample] = await query(http, source, `count(${selector})`);
    return { selector, series: sample?.value ?? 0 };
  };
  return {
    rules: await Promise.all(
      wanted.map(async (rule) => {
        const all = selectorsOf(rule.query);
        // One that watches nothing is true always (a watchdog) or never.
        if (all.length === 0)
          return {
            ...rule,
            selected: [{ selector: rule.query, series: (await query(http, source, rule.query)).length }],
          };
        const selectors = all
          .filter(({ metric }) => !params.onlyInTrouble.includes(metric))
          .map((selector) => selectorText(inGoodTimes(selector)));
        return { ...rule, selected: await Promise.all([...new Set(selectors)].map(seriesOf)) };
      }),
    ),
  };
}

function judge(params: Params, { rules: found }: Gathered): Judgement<Id> {
  const findings = params.required.flatMap((required): Finding<Id>[] => {
    const own = found.filter((rule) => isOne(rule, required));
    if (own.length === 0) return [{ message: 'missing', subject: requiredName(required) }];
    return own.flatMap((rule) => ruleFindings(rule, required, params));
  });
  const waiting = found.filter(({ health }) => health !== 'ok' && health !== 'err');
  const evidence: [Evidence, ...Evidence[]] = [
    table(
      'Rules',
      ['group', 'alert', 'labels', 'for, s', 'health', 'series behind its selectors'],
      found.map(({ group, name, labels, forSeconds, health, selected }) => [
        group,
        name,
        selectorOf(labels),
        forSeconds,
        health,
        selected.map(({ selector, series }) => `${selector}: ${series}`).join('; '),
      ]),
    ),
    ...found.map((rule) => promqlEvidence(`Expression of ${rule.name}`, rule.query, rule.health)),
  ];
  if (findings.length === 0 && waiting.length > 0)
    return {
      outcome: 'inconclusive',
      reason: 'too-few-samples',
      why: `${waiting.length} of the required rules have not been evaluated yet. Look again after an evaluation interval.`,
      evidence,
    };
  return judged(findings, params.required.map(requiredName), evidence, '');
}

const requiredName = ({ alert, labels }: Required): string =>
  `Alert ${alert}${Object.keys(labels).length === 0 ? '' : ` ${selectorOf(labels)}`}`;

function ruleFindings(
  rule: Gathered['rules'][number],
  required: Required,
  { severityLabel, runbookAnnotation }: Params,
): Finding<Id>[] {
  const subject = requiredName(required);
  const severity = rule.labels[severityLabel] ?? '';
  return [
    ...present([
      rule.health === 'err' && {
        message: 'failing' as const,
        subject,
        data: { error: shortened(rule.lastError, 300) },
      },
      !required.severities.includes(severity) && {
        message: 'severity' as const,
        subject,
        data: { label: severityLabel, actual: severity, expected: required.severities.join(', ') },
      },
      rule.forSeconds === 0 && { message: 'impatient' as const, subject },
      (rule.annotations[runbookAnnotation] ?? '').trim() === '' && {
        message: 'noRunbook' as const,
        subject,
        data: { annotation: runbookAnnotation },
      },
    ]),
    ...rule.selected
      .filter(({ series }) => series === 0)
      .map(({ selector }) => ({ message: 'noData' as const, subject, data: { selector } })),
  ];
}

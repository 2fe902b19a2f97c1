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
import { matches, matcherText, silences, type Silence } from '../../protocols/alertmanager.ts';
import { table } from '../../kit/evidence.ts';
import { judged } from '../../kit/judged.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { alerts, rules, serverTime, staleSince, type ActiveAlert, type AlertRule } from '../../protocols/prometheus.ts';
import {
  alertmanagerParams,
  labelText,
  prometheusParams,
  severityLabelParam,
  sourceOf,
} from '../../protocols/telemetry.ts';

const messages = {
  firing: {
    says: '{subject}: has been firing since {since} ({summary}), expected no such alert.',
    fix: 'Follow its runbook ({runbook}); if it is known and accepted, silence it with an owner, a reason and an end.',
  },
  ownerless: {
    says: '{subject}: silences alerts without {missing}, expected an owner and a reason.',
    fix: 'Expire the silence, or renew it with the name of who answers for it and why.',
  },
  endless: {
    says: '{subject}: silences alerts until {until}, expected {longest} at most.',
    fix: 'Shorten the silence, or repair what it hides.',
  },
};
type Id = keyof typeof messages;

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['prometheus', 'alertmanager'],
  properties: {
    ...prometheusParams,
    ...alertmanagerParams,
    severityLabel: severityLabelParam,
    severities: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      items: { type: 'string', minLength: 1 },
      default: ['critical'],
      description: 'Values of it that must not fire.',
    },
    control: {
      type: 'string',
      minLength: 1,
      description: 'Name of the alert that always fires (a watchdog): it shows that Prometheus evaluates alerts.',
    },
    longestSilence: duration('How far ahead a silence may end.', '7d'),
  },
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;

interface Gathered {
  readonly alerts: readonly ActiveAlert[];
  readonly rules: readonly AlertRule[];
  readonly silences: readonly Silence[];
  /** Prometheus' own time, Unix seconds. */
  readonly time?: number;
}

export const firingAlerts = defineCheck({
  meta: {
    kind: 'observability/firing-alerts',
    title: 'No critical alert is firing, and none is hidden',
    why: 'A release into a platform that is already calling for help cannot be judged, and a silence without an owner hides the next call.',
    sees: 'The alerts that fire in Prometheus now, the rules behind them, and the silences in Alertmanager that could cover one. Not: what no rule watches for.',
    needs: ['http'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: ({ prometheusToken, alertmanagerToken }: Params) => mayReadSecrets([prometheusToken, alertmanagerToken]),
  gather,
  judge,
});

async function gather(params: Params, { http }: Pick<Capabilities, 'http'>): Promise<Gathered> {
  const prometheus = sourceOf('Prometheus', params.prometheus, params.prometheusToken);
  const alertmanager = sourceOf('Alertmanager', params.alertmanager, params.alertmanagerToken);
  const [active, all, silenced, time] = await Promise.all([
    alerts(http, prometheus),
    rules(http, prometheus),
    silences(http, alertmanager),
    serverTime(http, prometheus),
  ]);
  return { alerts: active, rules: all, silences: silenced, time };
}

function judge(params: Params, gathered: Gathered, { now }: { readonly now: Date }): Judgement<Id> {
  const { severities, severityLabel } = params;
  const counts = (labels: ActiveAlert['labels']): boolean => severities.includes(labels[severityLabel] ?? '');
  const watching = gathered.rules.filter(({ kind, labels }) => kind === 'alerting' && counts(labels));
  const evaluated = watching.filter(({ health }) => health === 'ok');
  const relevant = gathered.silences.filter((silence) => silence.state === 'active' && covers(silence, params));
  const faults = relevant.flatMap((silence) => silenceFindings(silence, params, now));
  const sound = relevant.filter((silence) => silenceFindings(silence, params, now).length === 0);
  const firing = gathered.alerts.filter(({ state, labels }) => state === 'firing' && counts(labels));
  // Alertmanager makes none without a matcher; one that would cover everything covers nothing.
  const accepted = firing.filter(({ labels }) =>
    sound.some(({ matchers }) => matchers.length > 0 && matches(matchers, labels)),
  );
  const findings: Finding<Id>[] = [
    ...firing.filter((alert) => !accepted.includes(alert)).map(firingFinding),
    ...faults,
  ];
  const evidence = evidenceOf(gathered, relevant, accepted);
  const cannotSay = (why: string): Judgement<Id> => ({
    outcome: 'inconclusive',
    reason: 'no-positive-control',
    why,
    evidence,
  });
  if (findings.length === 0) {
    if (evaluated.length === 0)
      return cannotSay(
        `No rule with ${severityLabel} ${severities.join(', ')} is evaluated, so none can fire. Load the platform's rules.`,
      );
    const broken = watching.length - evaluated.length;
    if (broken > 0) return cannotSay(`${broken} of ${watching.length} such rules are not evaluated. Correct them.`);
    const { time } = gathered;
    const stale = time === undefined ? [] : watching.filter((rule) => staleSince(rule, time) !== null);
    if (stale.length > 0)
      return cannotSay(
        `${stale.length} of ${watching.length} such rules have not been evaluated for a while (${stale[0]?.name ?? ''}): their alerts are those of then. See whether Prometheus is overloaded.`,
      );
    const control = gathered.alerts.some(
      ({ state, labels }) => state === 'firing' && labels['alertname'] === params.control,
    );
    if (params.control !== undefined && !control)
      return cannotSay(`Alert ${params.control}, which always fires, does not fire: alerts are not evaluated.`);
  }
  return judged(findings, [...new Set(watching.map(({ name }) => `Alert ${name}`))], evidence, '');
}

/** Whether a silence could cover an alert of those severities: its matchers on that label accept one of them. */
function covers({ matchers }: Silence, { severities, severityLabel }: Params): boolean {
  const own = matchers.filter(({ name }) => name === severityLabel);
  return severities.some((severity) => matches(own, { [severityLabel]: severity }));
}

function silenceFindings(silence: Silence, { longestSilence }: Params, now: Date): Finding<Id>[] {
  const subject = `Silence ${matcherText(silence.matchers)}`;
  const missing = [
    ...(silence.createdBy.trim() === '' ? ['an owner'] : []),
    ...(silence.comment.trim() === '' ? ['a reason'] : []),
  ];
  const left = Date.parse(silence.endsAt) - now.getTime();
  return [
    ...(missing.length === 0
      ? []
      : [{ message: 'ownerless' as const, subject, data: { missing: missing.join(' and ') } }]),
    // A time that cannot be read is no end either.
    ...(left <= durationMs(longestSilence)
      ? []
      : [
          {
            message: 'endless' as const,
            subject,
            data: { until: silence.endsAt || 'nobody knows when', longest: formatMs(durationMs(longestSilence)) },
          },
        ]),
  ];
}

function alertName({ labels }: ActiveAlert): string {
  const { alertname = 'without a name', ...others } = labels;
  return `Alert ${alertname} ${labelText(others)}`;
}

function firingFinding(alert: ActiveAlert): Finding<Id> {
  const { annotations } = alert;
  return {
    message: 'firing',
    subject: alertName(alert),
    data: {
      since: alert.activeAt || 'an unknown time',
      summary: annotations['summary'] ?? annotations['description'] ?? 'no summary',
      runbook: annotations['runbook_url'] ?? annotations['runbook'] ?? 'it names none',
    },
  };
}

function evidenceOf(
  gathered: Gathered,
  relevant: readonly Silence[],
  accepted: readonly ActiveAlert[],
): [Evidence, ...Evidence[]] {
  return [
    table(
      'Alerts that are pending or firing',
      ['alert', 'state', 'since', 'silenced'],
      gathered.alerts.map((alert) => [alertName(alert), alert.state, alert.activeAt, accepted.includes(alert)]),
    ),
    table(
      'Alerting rules',
      ['group', 'alert', 'severity', 'health'],
      gathered.rules
        .filter(({ kind }) => kind === 'alerting')
        .map(({ group, name, labels, health }) => [group, name, labels['severity'] ?? '', health]),
    ),
    table(
      'Silences that could cover such an alert',
      ['matchers', 'by', 'reason', 'until'],
      relevant.map(({ matchers, createdBy, comment, endsAt }) => [matcherText(matchers), createdBy, comment, endsAt]),
    ),
  ];
}

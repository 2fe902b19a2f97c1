import { load } from 'js-yaml';
import {
  defineCheck,
  ObservationError,
  type Capabilities,
  type Evidence,
  type Finding,
  type FromSchema,
  type JSONSchema,
  type Judgement,
} from '../../kit/define-check.ts';
import {
  heldAlerts,
  inhibitedBy,
  integrationsOf,
  matcherText,
  matches,
  routesOf,
  silences,
  type Reached,
  type Silence,
} from '../../protocols/alertmanager.ts';
import { shortened, table } from '../../kit/evidence.ts';
import { judged } from '../../kit/judged.ts';
import { textAt } from '../../contract/json.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { alertmanagers, selectorOf, type LabelSet } from '../../protocols/prometheus.ts';
import { alertmanagerParams, askJson, prometheusParams, sourceOf, whyNotReady } from '../../protocols/telemetry.ts';

const messages = {
  down: {
    says: '{subject}: {why}, expected it to be ready.',
    fix: 'See the log of Alertmanager for why it does not answer.',
  },
  nobody: {
    says: '{subject}: is sent to receiver {receiver} (by {path}), which {problem}; expected one that tells somebody.',
    fix: 'Give the receiver an integration, or route the alert to one that has one.',
  },
  otherReceiver: {
    says: '{subject}: is sent to {receivers}, expected {expected} among them.',
    fix: 'Correct the routes: the first one that matches takes the alert, unless it says "continue".',
  },
  muted: {
    says: '{subject}: the route {path} is silent at times ({intervals}), expected it to speak at all times.',
    fix: 'Remove the time intervals from the route of these alerts.',
  },
  silenced: {
    says: '{subject}: is silenced by {matchers} until {until}, expected no silence over all such alerts.',
    fix: 'Expire the silence.',
  },
  inhibited: {
    says: '{subject}: is inhibited now by an active alert {source}, expected it to be sent.',
    fix: 'Resolve that alert, or narrow the inhibition.',
  },
  notConnected: {
    says: '{subject}: sends its alerts to {actual}, expected {expected}.',
    fix: 'Correct "alerting" in Prometheus’ configuration.',
  },
  noWatchdog: {
    says: '{subject}: holds no alert {watchdog}, which always fires; expected it to arrive from Prometheus.',
    fix: 'Look at prometheus_notifications_errors_total and at the network between the two.',
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
    alerts: {
      type: 'array',
      minItems: 1,
      default: [{ labels: { severity: 'critical' } }],
      description: 'Alerts, by the labels they would carry, and who must be told.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['labels'],
        properties: {
          labels: {
            type: 'object',
            minProperties: 1,
            additionalProperties: { type: 'string' },
            description: 'Labels of the alert.',
          },
          receiver: { type: 'string', minLength: 1, description: 'Receiver that must be among those told.' },
        },
      },
    },
    knownAs: {
      type: 'string',
      minLength: 1,
      description: 'Address of this Alertmanager as Prometheus knows it, without its path. Absent: any one will do.',
    },
    watchdog: {
      type: 'string',
      minLength: 1,
      description: 'Name of an alert that always fires: it must have arrived.',
    },
  },
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;

interface Gathered {
  /** Why Alertmanager is down; everything else is empty then. */
  readonly down?: string;
  /** The configuration in force, and its text as Alertmanager shows it: without its secrets. */
  readonly config: unknown;
  readonly text: string;
  readonly silences: readonly Silence[];
  readonly held: readonly LabelSet[];
  /** Where Prometheus sends alerts. */
  readonly senders: readonly string[];
}

export const alertmanagerRouting = defineCheck({
  meta: {
    kind: 'observability/alertmanager-routing',
    title: 'Critical alerts are routed to somebody',
    why: 'An alert that fires and reaches nobody is worse than none: everybody relies on it.',
    sees: 'Alertmanager ready, the configuration it runs with evaluated for the declared alerts down to a receiver with an integration, silences and inhibitions now, and that Prometheus sends to it. Not: whether a message arrives.',
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
  const source = sourceOf('Alertmanager', params.alertmanager, params.alertmanagerToken);
  const down = await whyNotReady(http, source);
  if (down !== null) return { config: null, text: '', silences: [], held: [], senders: [], down };
  const prometheus = sourceOf('Prometheus', params.prometheus, params.prometheusToken);
  const [status, silenced, held, senders] = await Promise.all([
    askJson(http, source, '/api/v2/status'),
    silences(http, source),
    heldAlerts(http, source),
    alertmanagers(http, prometheus),
  ]);
  const text = textAt(status.json, '', 'config', 'original');
  return { config: parseConfig(text), text, silences: silenced, held, senders };
}

/** @throws ObservationError when the configuration cannot be read */
function parseConfig(text: string): unknown {
  try {
    return load(text);
  } catch (cause) {
    throw new ObservationError('protocol', 'The configuration that Alertmanager shows is no YAML.', { cause });
  }
}

function judge(params: Params, gathered: Gathered): Judgement<Id> {
  if (gathered.down !== undefined)
    return judged(
      [{ message: 'down', subject: 'Alertmanager', data: { why: gathered.down } }],
      [],
      [{ type: 'text', title: 'Alertmanager', text: gathered.down }],
      '',
    );
  const { config } = gathered;
  const routed = params.alerts.map((alert) => ({ ...alert, answer: routesOf(config, alert.labels) }));
  const evidence: [Evidence, ...Evidence[]] = [
    table(
      'Routes',
      ['alert', 'receivers', 'integrations'],
      routed.map(({ labels, answer }) => {
        const reached = 'reached' in answer ? answer.reached : [];
        const integrations = reached.map(({ receiver }) => integrationsOf(config, receiver)?.join(', ') ?? 'none');
        return [
          selectorOf(labels),
          reached.map(({ receiver, path }) => `${receiver} (${path})`).join('; '),
          integrations.join('; '),
        ];
      }),
    ),
    { type: 'text', title: 'Alertmanagers that Prometheus sends to', text: gathered.senders.join('\n') || 'none' },
    { type: 'text', title: 'Configuration in force', text: shortened(gathered.text) },
  ];
  const unreadable = routed.flatMap(({ answer }) => ('unreadable' in answer ? [answer.unreadable] : []));
  if (unreadable.length > 0)
    return {
      outcome: 'inconclusive',
      reason: 'no-subjects',
      why: `Alertmanager's routes cannot be evaluated: ${unreadable[0] ?? ''}.`,
      evidence,
    };
  const findings = [
    ...routed.flatMap(({ answer, ...alert }) =>
      'reached' in answer ? alertFindings(alert, answer.reached, config, gathered) : [],
    ),
    ...connectionFindings(params, gathered),
  ];
  return judged(
    findings,
    routed.map(({ labels }) => alertName(labels)),
    evidence,
    '',
  );
}

const alertName = (labels: LabelSet): string => `Alert ${selectorOf(labels)}`;

function alertFindings(
  { labels, receiver: wanted }: Params['alerts'][number],
  reached: readonly Reached[],
  config: unknown,
  gathered: Gathered,
): Finding<Id>[] {
  const subject = alertName(labels);
  const findings: Finding<Id>[] = [];
  const problemOf = (receiver: string): string => {
    const integrations = integrationsOf(config, receiver);
    if (integrations === null) return 'does not exist';
    return integrations.length === 0 ? 'has no integration' : '';
  };
  const telling = reached.filter(({ receiver }) => problemOf(receiver) === '');
  const [first] = reached;
  if (telling.length === 0 && first)
    findings.push({
      message: 'nobody',
      subject,
      data: { receiver: first.receiver, path: first.path, problem: problemOf(first.receiver) },
    });
  else if (wanted !== undefined && !telling.some(({ receiver }) => receiver === wanted))
    findings.push({
      message: 'otherReceiver',
      subject,
      data: { receivers: telling.map(({ receiver }) => receiver).join(', '), expected: wanted },
    });
  // It is enough that one of those who are wanted is told at all times.
  const heard = telling.filter(({ receiver }) => wanted === undefined || receiver === wanted);
  const [muted] = heard;
  if (muted && heard.every(({ mutedBy }) => mutedBy.length > 0))
    findings.push({ message: 'muted', subject, data: { path: muted.path, intervals: muted.mutedBy.join(', ') } });
  const silence = gathered.silences.find((one) => one.state === 'active' && matches(one.matchers, labels));
  if (silence)
    findings.push({
      message: 'silenced',
      subject,
      data: { matchers: matcherText(silence.matchers), until: silence.endsAt },
    });
  const source = inhibitedBy(config, labels, gathered.held);
  if (source !== null) findings.push({ message: 'inhibited', subject, data: { source } });
  return findings;
}

function connectionFindings({ knownAs, watchdog }: Params, { senders, held }: Gathered): Finding<Id>[] {
  const known = knownAs?.replace(/\/$/, '');
  const connected = senders.some((url) => known === undefined || url === known || url.startsWith(`${known}/`));
  const arrived = watchdog === undefined || held.some(({ alertname }) => alertname === watchdog);
  return [
    ...(connected
      ? []
      : [
          {
            message: 'notConnected' as const,
            subject: 'Prometheus',
            data: { actual: senders.join(', ') || 'no Alertmanager', expected: known ?? 'at least one' },
          },
        ]),
    ...(arrived ? [] : [{ message: 'noWatchdog' as const, subject: 'Alertmanager', data: { watchdog } }]),
  ];
}

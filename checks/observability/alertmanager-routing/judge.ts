import { durationMs, formatMs } from '../../contract/units.ts';
import { shortened, table } from '../../kit/evidence.ts';
import type { Refusal, Say } from '../../kit/kind.ts';
import {
  inhibitedBy,
  integrationsOf,
  matcherText,
  matches,
  named,
  routesOf,
  takesAll,
  type Reached,
  type Silence,
} from '../../protocols/alertmanager.ts';
import { selectorOf, type LabelSet } from '../../protocols/prometheus.ts';

export const messages = {
  down: {
    says: '{subject}: {why}, expected it to be ready.',
    fix: 'See the log of Alertmanager for why it does not answer.',
  },
  nobody: {
    says: '{subject}: is sent to receiver {receiver} (by {path}), which {problem}; expected one with an integration.',
    fix: 'Give the receiver an integration, or route the alert to one that has one.',
  },
  otherReceiver: {
    says: '{subject}: is sent to {receivers}, expected {expected} among them.',
    fix: 'Correct the routes: the first one that matches takes the alert, unless it says "continue".',
  },
  muted: {
    says: '{subject}: the route {path} is muted at times ({intervals}), expected it to notify at all times.',
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
  swallowed: {
    says: '{subject}: would be inhibited by any alert {source}, expected inhibitions by alerts that are named.',
    fix: 'Name the alert in source_matchers, or leave this alert out of target_matchers: what matters less must not hide it.',
  },
  late: {
    says: '{subject}: the route {path} waits up to {actual} with a new alert (group_wait, group_interval), expected {expected} at most.',
    fix: 'Shorten both for the route of these alerts.',
  },
  notConnected: {
    says: '{subject}: sends its alerts to {actual}, expected {expected}.',
    fix: 'Correct "alerting" in Prometheus’ configuration.',
  },
  noWatchdog: {
    says: '{subject}: holds no alert {watchdog}, which always fires; expected it to arrive from Prometheus.',
    fix: 'Look at prometheus_notifications_errors_total and at the network between the two.',
  },
} as const;

interface Alert {
  readonly labels: LabelSet;
  readonly receiver?: string;
}
interface Params {
  readonly alerts: readonly Alert[];
  readonly knownAs?: string;
  readonly watchdog?: string;
  readonly longestWait: string;
}
interface Seen {
  /** Why Alertmanager is down; everything else is empty then. */
  readonly down?: string;
  /** The configuration in force, and its text as Alertmanager shows it: without its secrets. */
  readonly config: unknown;
  readonly text: string;
  readonly silences: readonly Silence[];
  readonly held: readonly LabelSet[];
  /** Where Prometheus sends alerts, or why it did not say so. */
  readonly senders: readonly string[];
  readonly unknownSenders?: Refusal | undefined;
}

export function judge(params: Params, seen: Seen, say: Say<typeof messages>): void {
  if (seen.down !== undefined) return say.fail('down', 'Alertmanager', { why: seen.down });
  const rows = params.alerts.map((alert) => {
    const subject = `Alert ${selectorOf(alert.labels)}`;
    const labels = named(alert.labels);
    const answer = routesOf(seen.config, labels);
    const reached = 'reached' in answer ? answer.reached : [];
    say.judged(subject);
    if ('unreadable' in answer)
      say.unsure('no-subjects', `Alertmanager's routes cannot be evaluated: ${answer.unreadable}.`, { subject });
    else judgeReached(subject, alert.receiver, reached, { ...params, config: seen.config }, say);
    judgeNow(subject, alert.labels, seen, say);
    const integrations = reached.map(({ receiver }) => integrationsOf(seen.config, receiver)?.join(', ') ?? 'none');
    const receivers = reached.map(({ receiver, path }) => `${receiver} (${path})`);
    return [selectorOf(alert.labels), receivers.join('; '), integrations.join('; ')];
  });
  judgeConnection(params, seen, say);
  say.show(
    table('Routes', ['alert', 'receivers', 'integrations'], rows),
    { type: 'text', title: 'Alertmanagers that Prometheus sends to', text: seen.senders.join('\n') || 'none' },
    { type: 'text', title: 'Configuration in force', text: shortened(seen.text) },
  );
}

function judgeReached(
  subject: string,
  wanted: string | undefined,
  reached: readonly Reached[],
  { config, longestWait }: Pick<Params, 'longestWait'> & { readonly config: unknown },
  say: Say<typeof messages>,
): void {
  const problemOf = ({ receiver }: Reached): string => {
    const integrations = integrationsOf(config, receiver);
    if (integrations === null) return 'does not exist';
    return integrations.length === 0 ? 'has no integration' : '';
  };
  const notifying = reached.filter((one) => problemOf(one) === '');
  const [first] = reached;
  if (notifying.length === 0 && first)
    say.fail('nobody', subject, { receiver: first.receiver, path: first.path, problem: problemOf(first) });
  // It is enough that one of those who are wanted is notified at all times.
  const heard = notifying.filter(({ receiver }) => wanted === undefined || receiver === wanted);
  const [muted] = heard;
  if (notifying.length > 0 && wanted !== undefined && !muted)
    say.fail('otherReceiver', subject, {
      receivers: notifying.map(({ receiver }) => receiver).join(', '),
      expected: wanted,
    });
  if (muted && heard.every(({ mutedBy }) => mutedBy.length > 0))
    say.fail('muted', subject, { path: muted.path, intervals: muted.mutedBy.join(', ') });
  const longest = durationMs(longestWait);
  if (muted && heard.every(({ waits }) => waits * 1000 > longest))
    say.fail('late', subject, {
      path: muted.path,
      actual: formatMs(muted.waits * 1000),
      expected: formatMs(longest),
    });
}

/** What keeps the alert from being sent at this moment; every silence, so that expiring one does not uncover the next. */
function judgeNow(
  subject: string,
  labels: LabelSet,
  { config, silences, held }: Seen,
  say: Say<typeof messages>,
): void {
  const alert = named(labels);
  for (const { state, matchers, endsAt } of silences)
    if (state === 'active' && (matches(matchers, alert) || takesAll(matchers, labels)))
      say.fail('silenced', subject, { matchers: matcherText(matchers), until: endsAt });
  const inhibited = inhibitedBy(config, alert, held);
  if (!inhibited) return;
  if ('unreadable' in inhibited) say.unknown(subject, 'its inhibitions in a form that can be read');
  else if ('now' in inhibited) say.fail('inhibited', subject, { source: inhibited.now });
  else say.fail('swallowed', subject, { source: inhibited.ever });
}

function judgeConnection(
  { knownAs, watchdog }: Params,
  { senders, unknownSenders, held }: Seen,
  say: Say<typeof messages>,
): void {
  const known = knownAs?.replace(/\/$/, '');
  const connected = senders.some((url) => known === undefined || url === known || url.startsWith(`${known}/`));
  if (unknownSenders) say.refused(unknownSenders, 'Prometheus');
  else if (!connected)
    say.fail('notConnected', 'Prometheus', {
      actual: senders.join(', ') || 'no Alertmanager',
      expected: known ?? 'at least one',
    });
  if (watchdog !== undefined && !held.some(({ alertname }) => alertname === watchdog))
    say.fail('noWatchdog', 'Alertmanager', { watchdog });
}

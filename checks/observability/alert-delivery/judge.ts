import { at, isRecord, numberAt } from '../../contract/json.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import { table } from '../../kit/evidence.ts';
import type { Say } from '../../kit/kind.ts';

export const messages = {
  noRule: {
    says: '{subject}: is not among the rules of Prometheus, expected an alert that fires while a pod golive-alert-drill-… exists.',
    fix: 'Load the rule: alert {alert}, expr kube_pod_info, pod=~"golive-alert-drill-.+", with the severity and route of a critical alert.',
  },
  notFiring: {
    says: '{subject}: did not fire within {within} of its cause, expected it to fire.',
    fix: 'See whether kube-state-metrics is scraped and reports the pods of this namespace.',
  },
  notHeld: {
    says: '{subject}: fires in Prometheus, and Alertmanager did not hold it within {within}; expected it to be sent there.',
    fix: 'Look at prometheus_notifications_errors_total and at the network between the two.',
  },
  notReceived: {
    says: '{subject}: is held by Alertmanager, and had not arrived at the receiver within {within}; expected its message there.',
    fix: 'Look at alertmanager_notifications_failed_total, the route of the alert, silences and inhibitions.',
  },
} as const;

/** Milliseconds from the cause to each station; null where it was not seen. */
export interface Seen {
  readonly rule: { readonly health: string; readonly labels: Readonly<Record<string, string>> } | null;
  /** The pod whose existence is the cause. */
  readonly name: string;
  readonly firing: number | null;
  readonly held: number | null;
  readonly received: number | null;
  /** Alerts that the receiver was not sent along with its last messages (`max_alerts`). */
  readonly truncated: number;
}

export function judge(
  params: { readonly alert: string; readonly within: string },
  { rule, name, firing, held, received, truncated }: Seen,
  say: Say<typeof messages>,
): void {
  const subject = `Alert ${params.alert}`;
  const within = formatMs(durationMs(params.within));
  say.judged(subject);
  if (!rule) return say.fail('noRule', subject, { alert: params.alert });
  if (received === null) {
    if (firing === null) say.fail('notFiring', subject, { within });
    else if (held === null) say.fail('notHeld', subject, { within });
    else if (truncated > 0)
      say.unsure(
        'unknown-value',
        `${subject}: a message arrived without ${truncated} alerts of its group, and it may be one of them. Set max_alerts of the receiver to 0.`,
        { subject },
      );
    else say.fail('notReceived', subject, { within });
  }
  const after = (ms: number | null): string => (ms === null ? 'not seen' : formatMs(ms));
  say.show(
    table(
      `The alert of ${name}`,
      ['station', 'after'],
      [
        ['firing in Prometheus', after(firing)],
        ['held by Alertmanager', after(held)],
        ['at the receiver', after(received)],
      ],
    ),
    table('Its labels', ['label', 'value'], Object.entries(rule.labels)),
  );
}

/** Alerts that webhooks of Alertmanager say they left out, in whatever form they are kept. */
export function truncatedIn(value: unknown): number {
  if (Array.isArray(value)) return value.reduce((sum: number, one) => sum + truncatedIn(one), 0);
  if (!isRecord(value)) return 0;
  if (Array.isArray(value['alerts']))
    return at(value, 'truncatedAlerts') === undefined ? 0 : numberAt(value, 'truncatedAlerts');
  return Object.values(value).reduce((sum: number, one) => sum + truncatedIn(one), 0);
}

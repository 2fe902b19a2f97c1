import { durationMs, formatMs } from '../../contract/units.ts';
import { table } from '../../kit/evidence.ts';
import type { Refusal, Say } from '../../kit/kind.ts';
import { matches, matcherText, takesAll, type Silence } from '../../protocols/alertmanager.ts';
import { staleSince, type ActiveAlert, type AlertRule } from '../../protocols/prometheus.ts';
import { alertText } from '../../protocols/telemetry.ts';

export const messages = {
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
  wide: {
    says: '{subject}: silences every alert with {label} {severity}, expected matchers that name an alert.',
    fix: 'Expire the silence, and silence the alerts that are known by their names.',
  },
} as const;

interface Params {
  readonly severities: readonly string[];
  readonly severityLabel: string;
  readonly control?: string;
  readonly longestSilence: string;
}
interface Seen {
  readonly alerts: readonly ActiveAlert[];
  readonly rules: readonly AlertRule[];
  readonly silences: readonly Silence[];
  /** Why Alertmanager did not list them. */
  readonly unknownSilences?: Refusal | undefined;
  /** Prometheus' own time, Unix seconds. */
  readonly time: number;
}

export function judge(params: Params, seen: Seen, say: Say<typeof messages>, now: Date): void {
  const { severities, severityLabel } = params;
  const counts = (labels: ActiveAlert['labels']): boolean => severities.includes(labels[severityLabel] ?? '');
  const watching = seen.rules.filter(({ kind, labels }) => kind === 'alerting' && counts(labels));
  const relevant = seen.silences.filter((silence) => silence.state === 'active' && concerns(silence, params));
  const sound = relevant.filter((silence) => isSound(silence, params, say, now));
  const accepted = seen.alerts.filter(({ labels }) => sound.some(({ matchers }) => matches(matchers, labels)));
  say.judged(...watching.map(({ name }) => `Alert ${name}`));
  for (const alert of seen.alerts)
    if (alert.state === 'firing' && counts(alert.labels) && !accepted.includes(alert))
      say.fail('firing', alertText(alert.labels), firingData(alert));
  if (seen.unknownSilences) say.refused(seen.unknownSilences, 'Alertmanager');
  judgeControl(params, seen, watching, say);
  say.show(
    table(
      'Alerts that are pending or firing',
      ['alert', 'state', 'since', 'silenced'],
      seen.alerts.map((one) => [alertText(one.labels), one.state, one.activeAt, accepted.includes(one)]),
    ),
    table(
      'Alerting rules',
      ['group', 'alert', 'severity', 'health'],
      seen.rules
        .filter(({ kind }) => kind === 'alerting')
        .map(({ group, name, labels, health }) => [group, name, labels[severityLabel] ?? '', health]),
    ),
    table(
      'Silences that could cover such an alert',
      ['matchers', 'by', 'reason', 'until'],
      relevant.map(({ matchers, createdBy, comment, endsAt }) => [matcherText(matchers), createdBy, comment, endsAt]),
    ),
  );
}

/** No alert says something only where alerts are evaluated. */
function judgeControl(
  { severities, severityLabel, control }: Params,
  { alerts, time }: Seen,
  watching: readonly AlertRule[],
  say: Say<typeof messages>,
): void {
  const unsure = (why: string): void => say.unsure('no-positive-control', why);
  const names = (rules: readonly AlertRule[]): string => rules.map(({ name }) => name).join(', ');
  const broken = watching.filter(({ health }) => health !== 'ok');
  const stale = watching.filter((rule) => staleSince(rule, time) !== null);
  if (watching.length === broken.length)
    return unsure(
      `No rule with ${severityLabel} ${severities.join(', ')} is evaluated, so none can fire. Load the platform's rules.`,
    );
  if (broken.length > 0)
    unsure(`${broken.length} of ${watching.length} such rules are not evaluated (${names(broken)}). Correct them.`);
  if (stale.length > 0)
    unsure(
      `${stale.length} of ${watching.length} such rules have not been evaluated for a while (${names(stale)}): their alerts are those of then. See whether Prometheus is overloaded.`,
    );
  if (
    control !== undefined &&
    !alerts.some(({ state, labels }) => state === 'firing' && labels['alertname'] === control)
  )
    unsure(`Alert ${control}, which always fires, does not fire: alerts are not evaluated.`);
}

/** Whether a silence could cover an alert of those severities: its matchers on that label accept one of them. */
function concerns({ matchers }: Silence, { severities, severityLabel }: Params): boolean {
  const own = matchers.filter(({ name }) => name === severityLabel);
  return severities.some((severity) => matches(own, { [severityLabel]: severity }));
}

/** Whether a silence may cover an alert; says why not. */
function isSound(silence: Silence, params: Params, say: Say<typeof messages>, now: Date): boolean {
  const { severities, severityLabel: label } = params;
  const subject = `Silence ${matcherText(silence.matchers)}`;
  const longest = durationMs(params.longestSilence);
  const left = Date.parse(silence.endsAt) - now.getTime();
  const missing = [
    // A single letter is no name, and no reason either.
    ...(/[\p{L}\p{N}]{2}/u.test(silence.createdBy) ? [] : ['an owner']),
    ...(/[\p{L}\p{N}]{3}/u.test(silence.comment) ? [] : ['a reason']),
  ];
  const all = severities.filter((severity) => takesAll(silence.matchers, { [label]: severity }));
  if (missing.length > 0) say.fail('ownerless', subject, { missing: missing.join(' and ') });
  if (Number.isNaN(left)) say.unknown(subject, 'when it ends');
  else if (left > longest) say.fail('endless', subject, { until: silence.endsAt, longest: formatMs(longest) });
  if (all.length > 0) say.fail('wide', subject, { label, severity: all.join(', ') });
  return missing.length === 0 && left <= longest && all.length === 0;
}

const firingData = ({ activeAt, annotations }: ActiveAlert) => ({
  since: activeAt || 'an unknown time',
  summary: annotations['summary'] ?? annotations['description'] ?? 'no summary',
  runbook: annotations['runbook_url'] ?? annotations['runbook'] ?? 'it names none',
});

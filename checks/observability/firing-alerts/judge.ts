import { durationMs, formatMs } from '../../contract/units.ts';
import { table } from '../../kit/evidence.ts';
import type { Refusal, Say } from '../../kit/kind.ts';
import { isDrill, matches, matcherText, takesAll, type Silence } from '../../protocols/alertmanager.ts';
import { staleSince, type ActiveAlert, type AlertRule } from '../../protocols/prometheus.ts';
import { alertText } from '../../protocols/telemetry.ts';

export const messages = {
  firing: {
    says: '{subject}: has been firing since {since} ({summary}), expected no such alert.',
    fix: 'Follow its runbook ({runbook}); if it is known and accepted, silence it by its name, with an owner, a reason and an end.',
  },
  ownerless: {
    says: '{subject}: silences alerts without {missing}, expected who answers for it and why.',
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
  many: {
    says: '{subject}: silences {count} of the {total} alerts with {label} {severity}, expected matchers that name the known ones.',
    fix: 'Expire the silence, and silence the alerts that are known by their names.',
  },
} as const;

type Speaks = Say<typeof messages>;
interface Params {
  readonly severities: readonly string[];
  readonly severityLabel: string;
  readonly control?: string;
  readonly longestSilence: string;
  readonly scope: Readonly<Record<string, string>>;
  readonly reasonPattern?: string;
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

export function judge(params: Params, seen: Seen, say: Speaks, now: Date): void {
  const { severityLabel } = params;
  const severities = params.severities.map((severity) => severity.toLowerCase());
  const counts = (labels: ActiveAlert['labels']): boolean =>
    severities.includes((labels[severityLabel] ?? '').toLowerCase()) && !isDrill(labels);
  const watching = seen.rules.filter(({ kind, labels }) => kind === 'alerting' && counts(labels));
  const relevant = seen.silences.filter((silence) => silence.state === 'active' && concerns(silence, params));
  const sound = relevant.filter((silence) => {
    const faults = [isOwned(silence, params, say), isShort(silence, params, say, now)];
    return isNarrow(silence, params, { alerts: seen.alerts, watching }, say) && !faults.includes(false);
  });
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
  say: Speaks,
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

/** What people write when they have nothing to say: `x`, `xxx`, `n/a`, `test`. */
const NOTHING_SAID =
  /^(?:(.)\1*|n\/?a|none|nobody|anonymous|unknown|test(ing)?|foo|bar|tbd|todo|asdf|temp|tmp|silence)$/i;

function isOwned({ matchers, createdBy, comment }: Silence, { reasonPattern }: Params, say: Speaks): boolean {
  const subject = `Silence ${matcherText(matchers)}`;
  const says = (text: string, least: RegExp): boolean => least.test(text) && !NOTHING_SAID.test(text.trim());
  const missing = [
    // A single letter is no name, and no reason either.
    ...(says(createdBy, /[\p{L}\p{N}]{2}/u) ? [] : ['an owner']),
    ...(says(comment, /[\p{L}\p{N}]{3}/u) ? [] : ['a reason']),
    ...(reasonPattern === undefined || new RegExp(reasonPattern, 'u').test(comment) ? [] : [`/${reasonPattern}/`]),
  ];
  if (missing.length > 0) say.fail('ownerless', subject, { missing: missing.join(' and ') });
  return missing.length === 0;
}

function isShort({ matchers, endsAt }: Silence, { longestSilence }: Params, say: Speaks, now: Date): boolean {
  const subject = `Silence ${matcherText(matchers)}`;
  const longest = durationMs(longestSilence);
  const left = Date.parse(endsAt) - now.getTime();
  if (Number.isNaN(left)) say.unknown(subject, 'when it ends');
  else if (left > longest) say.fail('endless', subject, { until: endsAt, longest: formatMs(longest) });
  return left <= longest;
}

/** Labels that say where or whose something is, and not what. */
const SCOPES = 'namespace cluster env environment stage region team owner tenant prometheus product'.split(' ');
/** Alerts of a cause may be silenced together. */
const FEW = 2;

function isNarrow(
  { matchers }: Silence,
  { severities, severityLabel: label, scope }: Params,
  { alerts, watching }: { readonly alerts: readonly ActiveAlert[]; readonly watching: readonly AlertRule[] },
  say: Speaks,
): boolean {
  const subject = `Silence ${matcherText(matchers)}`;
  // Where it covers one of ours, what it says of the place takes all of ours.
  const isOurs = alerts.some(({ labels }) => matches(matchers, labels));
  const chosen = isOurs ? matchers.filter(({ name }) => !SCOPES.includes(name)) : matchers;
  const all = severities.filter((severity) => takesAll(chosen, { [label]: severity, ...scope }));
  const covered = watching.filter(({ name, labels }) => takesAll(matchers, { alertname: name, ...labels, ...scope }));
  const [count, total] = [covered, watching].map((rules) => new Set(rules.map(({ name }) => name)).size);
  const many = { count: count ?? 0, total: total ?? 0 };
  if (all.length > 0) say.fail('wide', subject, { label, severity: all.join(', ') });
  else if (many.count > FEW && many.count * 2 > many.total)
    say.fail('many', subject, { ...many, label, severity: severities.join(', ') });
  else return true;
  return false;
}

const firingData = ({ activeAt, annotations }: ActiveAlert) => ({
  since: activeAt || 'an unknown time',
  summary: annotations['summary'] ?? annotations['description'] ?? 'no summary',
  runbook: annotations['runbook_url'] ?? annotations['runbook'] ?? 'it names none',
});

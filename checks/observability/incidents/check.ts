import { duration } from '../../contract/param-schemas.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import { table } from '../../kit/evidence.ts';
import { attempt, kind } from '../../kit/kind.ts';
import { DRILL_LABEL, isDrill } from '../../protocols/alertmanager.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { promDuration, queryRange, rules, serverTime, type Series } from '../../protocols/prometheus.ts';
import { alertText, prometheusOf, prometheusParams, severityLabelParam } from '../../protocols/telemetry.ts';

/** A range query answers at most 11,000 points a series; these are enough to tell two firings apart. */
const STEPS = 240;

export const incidents = kind('observability/incidents', {
  title: 'No incident happened during a window',
  why: 'An alert that fired and went away again is still an incident of the release, and nobody sees it afterwards.',
  sees: [
    'Every firing of alerts of the declared severities in the window as Prometheus recorded it.',
    'That alerts were evaluated all the time.',
  ],
  not: ['Incidents that no rule watches for: what users reported and people dealt with by hand.'],
  needs: ['http'],
  params: {
    ...prometheusParams,
    window: duration('The deployment’s window: how far is looked back.', '24h'),
    severityLabel: severityLabelParam,
    severities: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      items: { type: 'string', pattern: '^[A-Za-z0-9_.-]+$' },
      default: ['critical', 'page', 'emergency', 'P0', 'P1'],
      description: 'Values of it that make an alert an incident, in any case.',
    },
    control: {
      type: 'string',
      minLength: 1,
      description:
        'Name of the alert that always fires (a watchdog): it shows that alerts were evaluated in the window.',
    },
    minCoverage: {
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 1,
      default: 0.95,
      description: 'Least share of the window in which that alert fired.',
    },
  },
  required: ['prometheus', 'control'],
  messages: {
    fired: {
      says: '{subject}: fired {times} over {window} (first at {first}, {last}), expected it never to fire.',
      fix: 'Find what happened then and whether this release caused it; do not sign the release before that is known.',
    },
  },
  rights: ({ prometheusToken }) => mayReadSecrets([prometheusToken]),

  async gather(params, { http }) {
    const { severities, severityLabel, control } = params;
    const source = prometheusOf(params);
    const windowS = durationMs(params.window) / 1000;
    const step = Math.max(1, Math.ceil(windowS / STEPS));
    const end = Math.floor(await serverTime(http, source));
    // Whatever fired between two steps is seen at the later one.
    const fired = (matcher: string): string =>
      `max_over_time(ALERTS{alertstate="firing",${DRILL_LABEL}!="true",${matcher}}[${promDuration(step * 1000)}])`;
    const over = (promql: string) => queryRange(http, source, promql, { start: end - windowS, end, step });
    const anyOf = severities.map((text) => text.replaceAll('.', '\\.')).join('|');
    const [found, controlled, loaded] = await Promise.all([
      over(fired(`${severityLabel}=~${JSON.stringify(`(?i:${anyOf})`)}`)),
      attempt(() => over(`max(${fired(`alertname=${JSON.stringify(control)}`)})`)),
      attempt(() => rules(http, source)),
    ]);
    const watching = (loaded.seen ?? []).filter(
      ({ kind: type, labels }) =>
        type === 'alerting' && !isDrill(labels) && new RegExp(`^(?:${anyOf})$`, 'i').test(labels[severityLabel] ?? ''),
    );
    return {
      end,
      step,
      incidents: found,
      /** Steps of the window in which the control fired. */
      covered: controlled.seen?.[0]?.points.length ?? 0,
      /** Alerting rules of those severities that exist now. */
      watching: watching.map(({ name }) => name),
      refusal: controlled.refusal ?? loaded.refusal,
    };
  },

  judge({ severityLabel, severities, control, minCoverage, ...params }, seen, say) {
    const window = formatMs(durationMs(params.window));
    const steps = Math.max(1, Math.floor(durationMs(params.window) / 1000 / seen.step));
    const coverage = Math.min(1, seen.covered / steps);
    const watching = [...new Set(seen.watching)];
    say.judged(...watching.map((name) => `Alert ${name}`));
    for (const series of seen.incidents)
      if (series.points.length > 0)
        say.fail('fired', alertText(series.labels), { window, ...episodesOf(series, seen.step, seen.end) });
    say.show(
      {
        type: 'value',
        title: 'Share of the window in which alerts were evaluated',
        value: coverage,
        unit: 'ratio',
        bound: { comparison: '>=', value: minCoverage },
      },
      table(
        'Rules that could have fired',
        ['alert'],
        watching.map((name) => [name]),
      ),
    );
    if (seen.refusal) return say.refused(seen.refusal, 'Prometheus');
    if (watching.length === 0)
      say.unsure(
        'no-positive-control',
        `No alerting rule has ${severityLabel} ${severities.join(', ')}: nothing could have fired. Add rules.`,
      );
    if (coverage < minCoverage)
      say.unsure(
        'no-positive-control',
        `Alert ${control} fired in ${percent(coverage)} of ${window}, expected ${percent(minCoverage)} or more: alerts were not evaluated all the time.`,
      );
  },
});

const percent = (ratio: number): string => `${Math.round(ratio * 1000) / 10} %`;
const timeOf = (seconds: number): string => new Date(seconds * 1000).toISOString();

function episodesOf({ points }: Series, step: number, end: number) {
  const times = points.map(([time]) => time);
  const [first = end, last = end] = [times[0], times.at(-1)];
  // A gap of more than a step is an end and another beginning.
  const episodes = times.filter((time, index) => index === 0 || time - (times[index - 1] ?? 0) > step * 1.5).length;
  return {
    times: episodes === 1 ? 'once' : `${episodes} times (it flaps)`,
    first: timeOf(first),
    last: end - last < step * 1.5 ? 'still firing' : `last at ${timeOf(last)}`,
  };
}

/** Judges what a trigger made of its series, how it stood before the cutover, and whether the cutover runs with it. */
import type { CutoverEventOf, SecondOpinion } from '../../contract/cutover.ts';
import { formatMs } from '../../contract/units.ts';
import type { Say } from '../../kit/kind.ts';
import { nameList, table } from '../../kit/evidence.ts';
import { metricText, opinionText } from '../second-source.ts';
import { isSame, ruleOf, ruleText, type Rule, type RuleParams, type StateRun } from './rule.ts';
import { breachOf, deviationOf, seriesOf } from './series.ts';

export const messages = {
  blind: {
    says: '{subject}: {metric} had no value before any traffic moved, expected one from the sources the cutover watches.',
    fix: 'See that the endpoint and the critical services of the cutover answer, and that enough requests are made.',
  },
  breached: {
    says: '{subject}: {metric} was {value} before any traffic moved, above {threshold} ({state}), expected a platform at rest.',
    fix: 'Repair what serves users now, or correct the threshold: this would be blamed on the new release.',
  },
  secondBlind: {
    says: '{subject}: Prometheus gave no {metric} before any traffic moved ({why}), expected a value that the probes agree with.',
    fix: 'See that Prometheus answers and scrapes what serves users, and correct params.prometheus.query: ask it by hand.',
  },
  differ: {
    says: '{subject}: {metric} was {prometheus} by Prometheus and {probes} by the probes before any traffic moved, expected them within {tolerance} of each other.',
    fix: 'See that the query counts what users get and nothing else; raise params.prometheus.tolerance only by what its buckets cannot tell apart.',
  },
  cannotFire: {
    says: '{subject}: no {metric} can be above {threshold}, expected a threshold that can be exceeded.',
    fix: 'Correct params.threshold: a share from 0 to 1 for error-rate, milliseconds for p95, services for critical-service.',
  },
  otherwise: {
    says: '{subject}: replayed against {series} it was {actual} after {after}, expected {expected}.',
    fix: 'Do not cut over with this version of golive: its triggers do not do what they say.',
  },
  notArmed: {
    says: '{subject}: the cutover runs with {actual}, expected {expected}.',
    fix: 'Run `golive rollback`, and begin a new run with the present plan.',
  },
} as const;

export interface Seen {
  readonly item: string;
  /** Of the cutover that runs; null while none has begun. */
  readonly running: Pick<CutoverEventOf<'begun'>, 'triggers' | 'compression'> | null;
  /** How it stood at the rehearsal of the rollback, on the sources it has during the cutover; null where that is unknown. */
  readonly live: Pick<CutoverEventOf<'trigger'>, 'state' | 'value' | 'prometheus'> | null;
  /** What the evaluator made of each series, by its name. */
  readonly states: Readonly<Record<string, readonly StateRun[]>>;
}

export function judge(params: RuleParams, { item, running, live, states }: Seen, say: Say<typeof messages>): void {
  const { metric, threshold } = params;
  const subject = `Trigger ${item}`;
  const rule = ruleOf(params);
  const series = seriesOf(rule).map((one) => ({ ...one, actual: states[one.name] ?? [] }));
  say.judged(subject);
  say.show(
    { type: 'text', title: 'Rule', text: standsText(rule, running, live) },
    table(
      `Replayed, evaluations each; a breach is ${breachOf(rule) ?? 'impossible'}`,
      ['series', 'fed', 'expected', 'actual'],
      series.map(({ name, fed, expected, actual }) => [name, fed, runsText(expected), runsText(actual)]),
    ),
  );
  if (series.length === 0) say.fail('cannotFire', subject, { metric, threshold });
  for (const one of series.filter(({ actual }) => actual.length > 0)) {
    const found = deviationOf(one, one.actual);
    if (!found) continue;
    const { actual, expected, afterMs } = found;
    say.fail('otherwise', subject, { series: one.name, actual, after: formatMs(afterMs), expected });
  }
  if (running) {
    const wanted = ruleOf(params, running.compression);
    const actual = running.triggers.find((one) => one.item === item);
    if (!actual || !isSame(actual, wanted))
      say.fail('notArmed', subject, {
        actual: actual ? ruleText(actual) : 'no such trigger',
        expected: ruleText(wanted),
      });
  }
  judgeLive(subject, params, live, say);
  const unfed = series.filter(({ actual }) => actual.length === 0).map(({ name }) => name);
  if (unfed.length > 0)
    say.unsure('no-positive-control', `${subject}: it was not replayed against ${nameList(unfed)}.`, { subject });
}

/** How it stood before any traffic moved. */
function judgeLive(
  subject: string,
  { metric, threshold, prometheus: declared }: RuleParams,
  live: Seen['live'],
  say: Say<typeof messages>,
): void {
  if (!live)
    return say.unsure(
      'no-positive-control',
      `${subject}: the rehearsal of the rollback reports nothing of it, so nobody knows whether its sources answer. Run the item of kind cutover/rollback-rehearsal before it.`,
      { subject },
    );
  const { state, value } = live;
  if (value !== null && (state === 'pending' || state === 'firing'))
    return say.fail('breached', subject, {
      metric,
      value: metricText(metric, value),
      threshold: metricText(metric, threshold),
      state,
    });
  const agrees = !declared || judgeSecond(subject, metric, declared.tolerance, live.prometheus, say);
  if (agrees && (value === null || state !== 'inactive')) say.fail('blind', subject, { metric });
}

/** Whether Prometheus gave a value, and one that agrees with the probes. */
function judgeSecond(
  subject: string,
  metric: RuleParams['metric'],
  tolerance: number,
  said: SecondOpinion | undefined,
  say: Say<typeof messages>,
): boolean {
  const show = (one: number): string => metricText(metric, one);
  if (!said || said.value === null) {
    say.fail('secondBlind', subject, { metric, why: said ? (said.why ?? 'it does not say why') : 'it was not asked' });
    return false;
  }
  if (said.verdict !== 'differ' || said.probes === null) return true;
  const figures = { prometheus: show(said.value), probes: show(said.probes), tolerance: show(tolerance) };
  say.fail('differ', subject, { metric, ...figures });
  return false;
}

/** `inactive 3, pending 10, firing 3`. */
function runsText(runs: readonly StateRun[]): string {
  return runs.flatMap(([state, count]) => (count === 0 ? [] : [`${state} ${count}`])).join(', ');
}

function standsText(rule: Rule, running: Seen['running'], live: Seen['live']): string {
  const armed = running ? 'A cutover has begun.' : 'No cutover has begun yet.';
  if (!live) return `${ruleText(rule)}. ${armed}`;
  const sources = live.prometheus ? `: ${opinionText(rule, live.prometheus)}` : '';
  return `${ruleText(rule)}. ${armed} Before any traffic moved it was ${live.state}, ${live.value ?? 'without a value'}${sources}.`;
}

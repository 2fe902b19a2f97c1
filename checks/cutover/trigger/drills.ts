/** Series a trigger is fed with, made from its own rule, and what it must make of them. */
import type { SecondSource, TriggerPoint, TriggerState } from '../../contract/cutover.ts';
import { AT_REST, nextStates, opinionOf, standingOf, type BothStates, type Evaluated } from '../second-source.ts';
import type { Rule } from './rule.ts';

type State = TriggerState['state'];

/** What the probes saw, and Prometheus where the rule asks it. */
export interface FedPoint extends TriggerPoint {
  readonly prometheus?: number | null;
}
export interface Drill {
  readonly name: string;
  readonly points: readonly FedPoint[];
  /** A state for each point. */
  readonly expected: readonly State[];
}

/** Evaluations in one `for`; a breach is fed for one more. */
const STEPS = 10;

/** Of the first five Prometheus says the same, or that all is well. */
type Fed =
  | 'good'
  | 'threshold'
  | 'breach'
  | 'no value'
  | 'too few samples'
  | 'within tolerance'
  | 'apart'
  | 'only probes'
  | 'only Prometheus'
  | 'Prometheus away';
type States = readonly (readonly [State, number])[];
type Stretch = readonly [fed: Fed, count: number, ...expected: States];

/** A value above the threshold that the metric can have; null where it can have none. */
export function breachOf({ metric, threshold }: Pick<Rule, 'metric' | 'threshold'>): number | null {
  if (metric === 'critical-service') return Math.floor(threshold) + 1;
  if (metric === 'p95') return threshold * 1.01 + 1;
  return threshold >= 1 ? null : threshold + Math.min(0.01, (1 - threshold) / 2);
}

/** Every series; none for a rule that cannot be breached. */
export function drillsOf(rule: Rule): readonly Drill[] {
  const breach = breachOf(rule);
  if (breach === null) return [];
  const holds = rule.onNoData === 'hold';
  const once = rule.forMs === 0;
  /** A breach from its first evaluation on, for as long as `count` evaluations. */
  const breached = (count: number): States =>
    once || count > STEPS
      ? [
          ['pending', once ? 0 : STEPS],
          ['firing', once ? count : count - STEPS],
        ]
      : [['pending', count]];
  const unknown = (count: number): States => (holds ? [['no-data', count]] : breached(count));
  const stretches: Readonly<Record<string, readonly Stretch[]>> = {
    'a breach that lasts': [
      ['good', 3, ['inactive', 3]],
      ['breach', STEPS + 3, ...breached(STEPS + 3)],
      ['good', 2, ['inactive', 2]],
    ],
    'values at the threshold': [['threshold', 2 * STEPS, ['inactive', 2 * STEPS]]],
    // Each one evaluation too short; at once is at once, so there is none for a rule without `for`.
    ...(once
      ? {}
      : {
          'a breach that comes and goes': [1, 2, 3].flatMap((): readonly Stretch[] => [
            ['breach', STEPS, ['pending', STEPS]],
            ['good', 1, ['inactive', 1]],
          ]),
        }),
    'no data': [['no value', STEPS + 2, ...unknown(STEPS + 2)]],
    'too few samples': [['too few samples', STEPS + 2, ...unknown(STEPS + 2)]],
    'a breach without data in between': holds
      ? [
          ['breach', STEPS / 2, ...breached(STEPS / 2)],
          // What fires goes on firing.
          ['no value', 1, [once ? 'firing' : 'no-data', 1]],
          ['breach', STEPS + 1, ...breached(STEPS + 1)],
        ]
      : [
          ['breach', STEPS / 2, ...(once ? breached(STEPS / 2) : [['pending', STEPS / 2] as const])],
          ['no value', STEPS / 2, [once ? 'firing' : 'pending', STEPS / 2]],
          ['breach', 2, ['firing', 2]],
        ],
    ...(rule.prometheus ? apart(rule, rule.prometheus) : {}),
  };
  return Object.entries(stretches).map(([name, parts]) => drill(rule, breach, name, parts));
}

/** Series of a trigger with two sources that do not say the same. */
function apart(rule: Rule, { windowMs, tolerance }: SecondSource): Readonly<Record<string, readonly Stretch[]>> {
  // Its longer window forgets later, so by both a breach must last longer.
  const lastsMs = rule.forMs === 0 ? 0 : rule.forMs + Math.max(0, windowMs - rule.windowMs);
  const lasts = Math.ceil(lastsMs / stepOf(rule) - 1e-6);
  const fires = (count: number): States => [
    ['pending', count],
    ['firing', 3],
  ];
  const unknown: States = rule.onNoData === 'hold' ? [['no-data', lasts + 3]] : fires(lasts);
  const own = rule.forMs === 0 ? 0 : STEPS;
  const back: Stretch = ['good', 2, ['inactive', 2]];
  return {
    'sources within the tolerance': [['within tolerance', STEPS + 2, ['inactive', STEPS + 2]]],
    'a breach that only the probes see': [['only probes', own + 3, ...fires(own)], back],
    'a breach that only Prometheus sees': [['only Prometheus', lasts + 3, ...fires(lasts)], back],
    'no data of Prometheus': [['Prometheus away', lasts + 3, ...unknown], back],
    // Two good values can only be that far apart below the threshold.
    ...(tolerance < rule.threshold ? { 'sources that differ': [['apart', lasts + 3, ...unknown], back] } : {}),
  };
}

/** So that a breach at one evaluation has lasted for `for` exactly ten later. */
const stepOf = ({ forMs, windowMs }: Rule): number => (forMs || windowMs) / STEPS;

function drill(rule: Rule, breach: number, name: string, stretches: readonly Stretch[]): Drill {
  const fed = stretches.flatMap(([what, count]) => Array.from({ length: count }, () => what));
  return {
    name,
    points: fed.map((what, index) => pointOf(rule, breach, what, index * stepOf(rule))),
    expected: stretches.flatMap(([, , ...states]) =>
      states.flatMap(([state, count]) => Array.from({ length: count }, () => state)),
    ),
  };
}

function pointOf(rule: Rule, breach: number, what: Fed, at: number): FedPoint {
  const { metric, threshold, minSamples, prometheus } = rule;
  const good = metric === 'critical-service' ? 0 : threshold / 2;
  const both: Readonly<Record<Fed, readonly [probes: number | null, prometheus: number | null]>> = {
    good: [good, good],
    threshold: [threshold, threshold],
    breach: [breach, breach],
    'no value': [null, good],
    'too few samples': [breach, good],
    'within tolerance': [good, Math.min(threshold, good + (prometheus?.tolerance ?? 0))],
    apart: [0, threshold],
    'only probes': [breach, good],
    'only Prometheus': [good, breach],
    'Prometheus away': [good, null],
  };
  const samples = what === 'no value' ? 0 : what === 'too few samples' ? minSamples - 1 : minSamples;
  const [value, second] = both[what];
  return { at, value, samples, ...(prometheus ? { prometheus: second } : {}) };
}

/** What the trigger makes of a series: the state after each point. */
export function feed(rule: Rule, points: readonly FedPoint[]): readonly State[] {
  let states: BothStates = AT_REST;
  return points.map((point, index) => {
    const before = points[index - 1];
    // A gap would be a defect of the series.
    const last = before && { at: before.at, maxGapMs: 2 * stepOf(rule) };
    states = nextStates(rule, states, knownOf(rule, point), last);
    return standingOf(states).state;
  });
}

/** What the cutover would know at a point. */
function knownOf(rule: Rule, { at, value, samples, prometheus = null }: FedPoint): Evaluated {
  const own = { value, samples };
  if (!rule.prometheus) return { at, own };
  const compared = { now: at, evaluatedEveryMs: stepOf(rule), probed: () => own };
  return { at, own, opinion: opinionOf(rule.prometheus, rule, { at, value: prometheus, why: null }, compared) };
}

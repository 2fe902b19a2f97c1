/** Synthetic series that a trigger is replayed against, made from its own rule, and what it must make of them. */
import type { SecondSource, TriggerPoint } from '../../contract/cutover.ts';
import { AT_REST, nextStates, opinionOf, standingOf, type Evaluated } from '../second-source.ts';
import { isCountOfWrongs } from '../triggers.ts';
import type { Rule, State, StateRun } from './rule.ts';

/** What the probes saw, and what Prometheus says where the rule asks it. */
interface Point extends TriggerPoint {
  readonly prometheus: number | null;
}
export interface Series {
  readonly name: string;
  /** `good 3, breach 13, good 2`. */
  readonly fed: string;
  readonly points: readonly Point[];
  readonly expected: readonly StateRun[];
}

/** Evaluations in one `for`. */
const STEPS = 10;

type Fed = keyof ReturnType<typeof valuesOf>;
/** What is fed, for as many evaluations as the states that are expected of them last. */
type Stretch = readonly [fed: Fed, ...expected: readonly StateRun[]];
type SeriesTable = Readonly<Record<string, readonly Stretch[]>>;

const good = (count: number): Stretch => ['good', ['inactive', count]];

/** A value above the threshold that the metric can have; null where it can have none. */
export function breachOf({ metric, threshold }: Pick<Rule, 'metric' | 'threshold'>): number | null {
  if (isCountOfWrongs(metric)) return Math.floor(threshold) + 1;
  if (metric === 'p95') return threshold * 1.01 + 1;
  return threshold >= 1 ? null : threshold + Math.min(0.01, (1 - threshold) / 2);
}

/** Every series; none for a rule that cannot be breached. */
export function seriesOf(rule: Rule): readonly Series[] {
  const breach = breachOf(rule);
  if (breach === null) return [];
  const values = valuesOf(rule, breach);
  const table = { ...ofOneSource(rule), ...(rule.prometheus ? ofTwoSources(rule, rule.prometheus) : {}) };
  return Object.entries(table).map(([name, stretches]): Series => {
    const runs = stretches.map(([fed, ...expected]) => [fed, expected.reduce((sum, [, n]) => sum + n, 0)] as const);
    return {
      name,
      fed: runs.map(([fed, count]) => `${fed} ${count}`).join(', '),
      points: expanded(runs).map((fed, index): Point => {
        const [value, prometheus, samples] = values[fed];
        return { at: index * stepOf(rule), value, prometheus, samples };
      }),
      expected: stretches.flatMap(([, ...expected]) => expected),
    };
  });
}

/** How many evaluations a breach lasts before it fires. */
const patienceOf = ({ forMs }: Rule): number => (forMs === 0 ? 0 : STEPS);

/** What a rule makes of a breach for as long as `count` evaluations, firing after `patience`. */
function breached(count: number, patience: number): readonly StateRun[] {
  return count > patience
    ? [
        ['pending', patience],
        ['firing', count - patience],
      ]
    : [['pending', count]];
}

function ofOneSource(rule: Rule): SeriesTable {
  const holds = rule.onNoData === 'hold';
  const own = patienceOf(rule);
  const once = own === 0;
  const unknown: readonly StateRun[] = holds ? [['no-data', STEPS + 2]] : breached(STEPS + 2, own);
  return {
    'a breach that lasts': [good(3), ['breach', ...breached(STEPS + 3, own)], good(2)],
    'values at the threshold': [['threshold', ['inactive', 2 * STEPS]]],
    // Each one evaluation too short; at once is at once, so there is none for a rule without `for`.
    ...(once
      ? {}
      : {
          'a breach that comes and goes': [1, 2, 3].flatMap(() => [['breach', ['pending', STEPS]] as const, good(1)]),
        }),
    'no data': [['no value', ...unknown]],
    'too few samples': [['too few samples', ...unknown]],
    'a breach without data in between': [
      ['breach', ...breached(STEPS / 2, own)],
      // What fires goes on firing.
      ['no value', [once ? 'firing' : holds ? 'no-data' : 'pending', holds ? 1 : STEPS / 2]],
      ['breach', ...(holds ? breached(STEPS + 1, own) : [['firing', 2] as const])],
    ],
  };
}

/** Series of a trigger with two sources that do not say the same. */
function ofTwoSources(rule: Rule, { windowMs, tolerance }: SecondSource): SeriesTable {
  const own = patienceOf(rule);
  // Its longer window forgets later, so by both a breach must last longer.
  const lastsMs = own === 0 ? 0 : rule.forMs + Math.max(0, windowMs - rule.windowMs);
  const lasts = Math.ceil(lastsMs / stepOf(rule) - 1e-6);
  const fires = breached(lasts + 3, lasts);
  const unknown: readonly StateRun[] = rule.onNoData === 'hold' ? [['no-data', lasts + 3]] : fires;
  return {
    'sources within the tolerance': [['within tolerance', ['inactive', STEPS + 2]]],
    'a breach that only the probes see': [['only probes', ...breached(own + 3, own)], good(2)],
    'a breach that only Prometheus sees': [['only Prometheus', ...fires], good(2)],
    'no data of Prometheus': [['Prometheus away', ...unknown], good(2)],
    // Two good values can only be that far apart below the threshold.
    ...(tolerance < rule.threshold ? { 'sources that differ': [['apart', ...unknown] as const, good(2)] } : {}),
  };
}

/** So that a breach at one evaluation has lasted for `for` exactly ten later. */
const stepOf = ({ forMs, windowMs }: Rule): number => (forMs || windowMs) / STEPS;

/** What the probes see, what Prometheus says, and samples. Prometheus agrees, or says that all is well, where it is not named. */
function valuesOf({ metric, threshold, minSamples, prometheus }: Rule, breach: number) {
  const well = isCountOfWrongs(metric) ? 0 : threshold / 2;
  return {
    good: [well, well, minSamples],
    threshold: [threshold, threshold, minSamples],
    breach: [breach, breach, minSamples],
    'no value': [null, well, 0],
    'too few samples': [breach, well, minSamples - 1],
    'within tolerance': [well, Math.min(threshold, well + (prometheus?.tolerance ?? 0)), minSamples],
    apart: [0, threshold, minSamples],
    'only probes': [breach, well, minSamples],
    'only Prometheus': [well, breach, minSamples],
    'Prometheus away': [well, null, minSamples],
  } satisfies Readonly<Record<string, readonly [probes: number | null, prometheus: number | null, samples: number]>>;
}

/** What the trigger makes of a series: its states one after the other, and for how many points each. */
export function replay(rule: Rule, { points }: Series): readonly StateRun[] {
  let states = AT_REST;
  const runs: [State, number][] = [];
  for (const [index, point] of points.entries()) {
    const before = points[index - 1];
    // A gap would be a defect of the series.
    const last = before && { at: before.at, maxGapMs: 2 * stepOf(rule) };
    states = nextStates(rule, states, evaluatedAt(rule, point), last);
    const { state } = standingOf(states);
    const run = runs.at(-1);
    if (run?.[0] === state) run[1] += 1;
    else runs.push([state, 1]);
  }
  return runs;
}

/** What the cutover would know at a point. */
function evaluatedAt(rule: Rule, { at, value, samples, prometheus }: Point): Evaluated {
  const own = { value, samples };
  if (!rule.prometheus) return { at, own };
  const compared = { now: at, evaluatedEveryMs: stepOf(rule), probed: () => own };
  return { at, own, opinion: opinionOf(rule.prometheus, rule, { at, value: prometheus, why: null }, compared) };
}

/** Where a replay first is not as expected; undefined where it is nowhere. */
export function deviationOf({ points, expected }: Series, actual: readonly StateRun[]) {
  const states = expanded(actual);
  const wanted = expanded(expected);
  const at = wanted.findIndex((state, index) => states[index] !== state);
  const state = wanted[at];
  return state && { actual: states[at] ?? 'not evaluated', expected: state, afterMs: points[at]?.at ?? 0 };
}

function expanded<T>(runs: readonly (readonly [T, number])[]): T[] {
  return runs.flatMap(([value, count]) => Array.from({ length: count }, () => value));
}

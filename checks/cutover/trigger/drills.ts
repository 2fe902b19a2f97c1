/** Series a trigger is fed with, made from its own rule, and what it must make of them. */
import type { TriggerPoint, TriggerRule, TriggerState } from '../../contract/cutover.ts';
import { evaluate } from '../../support/triggers.ts';

export type Rule = Omit<TriggerRule, 'item'>;
type State = TriggerState['state'];

export interface Drill {
  readonly name: string;
  readonly points: readonly TriggerPoint[];
  /** A state for each point. */
  readonly expected: readonly State[];
}

/** Evaluations in one `for`; a breach is fed for one more. */
const STEPS = 10;

type Fed = 'good' | 'threshold' | 'breach' | 'no value' | 'too few samples';
type Stretch = readonly [fed: Fed, count: number, ...expected: readonly (readonly [State, number])[]];

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
  const breached = (count: number): readonly (readonly [State, number])[] =>
    once || count > STEPS
      ? [
          ['pending', once ? 0 : STEPS],
          ['firing', once ? count : count - STEPS],
        ]
      : [['pending', count]];
  const unknown = (count: number): readonly (readonly [State, number])[] =>
    holds ? [['no-data', count]] : breached(count);
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
  };
  return Object.entries(stretches).map(([name, parts]) => drill(rule, breach, name, parts));
}

function drill(rule: Rule, breach: number, name: string, stretches: readonly Stretch[]): Drill {
  const good = rule.metric === 'critical-service' ? 0 : rule.threshold / 2;
  const fed = stretches.flatMap(([what, count]) => Array.from({ length: count }, () => what));
  const valueOf = (what: Fed): number | null =>
    what === 'good' ? good : what === 'threshold' ? rule.threshold : what === 'no value' ? null : breach;
  return {
    name,
    points: fed.map((what, index) => ({
      // So that a breach at one evaluation has lasted for `for` exactly ten later.
      at: (index * (rule.forMs || rule.windowMs)) / STEPS,
      value: valueOf(what),
      samples: what === 'no value' ? 0 : what === 'too few samples' ? rule.minSamples - 1 : rule.minSamples,
    })),
    expected: stretches.flatMap(([, , ...states]) =>
      states.flatMap(([state, count]) => Array.from({ length: count }, () => state)),
    ),
  };
}

/** What the trigger makes of a series: the state after each point. */
export function feed(rule: Rule, points: readonly TriggerPoint[]): readonly State[] {
  let state: TriggerState = { state: 'inactive' };
  return points.map((point, index) => {
    const before = points[index - 1];
    // Evaluations come a tenth of `for` apart: a gap would be a defect of the series.
    const last = before && { at: before.at, maxGapMs: (2 * (rule.forMs || rule.windowMs)) / STEPS };
    state = evaluate(rule, state, point, last);
    return state.state;
  });
}

import type { CutoverEventOf, TriggerRule, TriggerState } from '../../contract/cutover.ts';
import { duration } from '../../contract/param-schemas.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import {
  defineCheck,
  type Capabilities,
  type CheckContext,
  type Evidence,
  type Finding,
  type FromSchema,
  type JSONSchema,
  type Judgement,
} from '../../define-check.ts';
import { nameList, table } from '../../support/evidence.ts';
import { judged } from '../../support/judged.ts';
import { cutoverParam, is, lastCutover } from '../log.ts';
import { drillsOf, feed, type Drill, type Rule } from './drills.ts';

const messages = {
  blind: {
    says: '{subject}: {metric} had no value before any traffic moved, expected one from the sources the cutover watches.',
    fix: 'See that the endpoint and the critical services of the cutover answer, and that enough requests are made.',
  },
  breached: {
    says: '{subject}: {metric} was {value} before any traffic moved, above {threshold} ({state}), expected a platform at rest.',
    fix: 'Repair what serves users now, or correct the threshold: this would be blamed on the new release.',
  },
  cannotFire: {
    says: '{subject}: no {metric} can be above {threshold}, expected a threshold that can be exceeded.',
    fix: 'Correct params.threshold: a share from 0 to 1 for error-rate, milliseconds for p95, services for critical-service.',
  },
  otherwise: {
    says: '{subject}: fed with {series} it was {actual} after {after}, expected {expected}.',
    fix: 'Do not cut over with this version of golive: its triggers do not do what they say.',
  },
  notArmed: {
    says: '{subject}: the cutover runs with {actual}, expected {expected}.',
    fix: 'Run `golive rollback`, and begin a new run with the present plan.',
  },
};
type Id = keyof typeof messages;

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['cutover', 'metric', 'threshold', 'for'],
  properties: {
    cutover: cutoverParam,
    metric: {
      type: 'string',
      enum: ['error-rate', 'p95', 'critical-service'],
      description:
        'What is watched: the share of failed requests, P95 of their times, or how many critical services do not answer.',
    },
    threshold: {
      type: 'number',
      minimum: 0,
      description: 'Above this is a breach: a share from 0 to 1 (error-rate), milliseconds (p95), services.',
    },
    for: {
      ...duration('How long a breach lasts before it fires.', '0s'),
      description: 'How long a breach must last without interruption before traffic goes back; 0s: at once.',
    },
    window: {
      ...duration('The stretch of time.', '1m'),
      description: 'The stretch of time each value is made from.',
    },
    minSamples: { type: 'integer', minimum: 1, default: 50, description: 'Requests without which there is no value.' },
    onNoData: {
      type: 'string',
      enum: ['hold', 'fail'],
      default: 'hold',
      description: 'Without a value: hold lets no step end meanwhile, fail counts as a breach.',
    },
  },
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;
type State = TriggerState['state'];
type StateRun = readonly [state: State, points: number];

export const cutoverTrigger = defineCheck({
  meta: {
    kind: 'cutover/trigger',
    title: 'A trigger fires when its metric is in breach for long enough, and never otherwise',
    why: 'A trigger that was never seen firing may be one that cannot.',
    sees: 'The evaluator of the cutover, fed with series made from this very rule: a lasting breach fires exactly in time, values at the threshold and breaches that come and go never do, missing data does what is declared; that the cutover and the rehearsal of its rollback run with this rule; and that it had a value, and not one in breach, from the sources of the cutover when the rollback was rehearsed.',
    needs: ['cutover'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: () => [],
  gather,
  judge,
});

interface Gathered {
  readonly item: string;
  /** Of the cutover that runs; null while none has begun. */
  readonly running: Pick<CutoverEventOf<'begun'>, 'triggers' | 'compression'> | null;
  /** How it stood at the rehearsal of the rollback, on the sources it has during the cutover; null where nothing was told of it. */
  readonly live: Pick<CutoverEventOf<'trigger'>, 'state' | 'value'> | null;
  /** What the evaluator made of each series, by its name: its states one after the other, and for how many points each. */
  readonly states: Readonly<Record<string, readonly StateRun[]>>;
}

async function gather(
  params: Params,
  { cutover }: Pick<Capabilities, 'cutover'>,
  { item }: Pick<CheckContext, 'item'>,
): Promise<Gathered> {
  const rehearsal = await cutover.rehearsal();
  const begun = lastCutover(await cutover.events()).find(is('begun')) ?? rehearsal.find(is('begun'));
  const told = rehearsal.filter(is('trigger')).findLast((one) => one.item === item);
  const rule = ruleOf(params);
  return {
    item,
    running: begun
      ? { triggers: begun.triggers, ...(begun.compression === undefined ? {} : { compression: begun.compression }) }
      : null,
    live: told ? { state: told.state, value: told.value } : null,
    states: Object.fromEntries(drillsOf(rule).map(({ name, points }) => [name, runsOf(feed(rule, points))])),
  };
}

function runsOf(states: readonly State[]): StateRun[] {
  const starts = states.flatMap((state, index) => (state === states[index - 1] ? [] : [index]));
  return starts.flatMap((start, index): StateRun[] => {
    const state = states[start];
    return state === undefined ? [] : [[state, (starts[index + 1] ?? states.length) - start]];
  });
}

function statesOf(runs: readonly StateRun[] = []): State[] {
  return runs.flatMap(([state, points]) => Array.from({ length: points }, () => state));
}

/** Windows as declared: how far apart evaluations are changes nothing of what a rule means. */
function ruleOf({ metric, threshold, window, minSamples, onNoData, ...rest }: Params, compression = 1): Rule {
  const [forMs, windowMs] = [durationMs(rest.for) / compression, durationMs(window) / compression];
  return { metric, threshold, forMs, windowMs, minSamples, onNoData };
}

function judge(params: Params, { item, running, live, states }: Gathered): Judgement<Id> {
  const subject = `Trigger ${item}`;
  const rule = ruleOf(params);
  const drills = drillsOf(rule);
  const armed = running && armedFinding(subject, params, item, running);
  const { metric, threshold } = params;
  const findings: Finding<Id>[] = [
    ...(drills.length === 0 ? [{ message: 'cannotFire', subject, data: { metric, threshold } } as const] : []),
    ...drills.flatMap((drill) => drillFinding(subject, drill, statesOf(states[drill.name])) ?? []),
    ...(armed ? [armed] : []),
    ...liveFinding(subject, params, live),
  ];
  const evidence = evidenceOf(rule, running !== null, drills, states);
  const unfed = drills.filter(({ name }) => statesOf(states[name]).length === 0).map(({ name }) => name);
  if (findings.length === 0 && live === null)
    return {
      outcome: 'inconclusive',
      reason: 'no-positive-control',
      why: `${subject}: the rehearsal of the rollback tells nothing of it, so nobody knows whether its sources answer. Run the item of kind cutover/rollback-rehearsal before it.`,
      evidence,
    };
  if (findings.length === 0 && unfed.length > 0) {
    const why = `${subject}: it was not fed with ${nameList(unfed)}.`;
    return { outcome: 'inconclusive', reason: 'no-positive-control', why, evidence };
  }
  return judged(findings, [subject], evidence, '');
}

function liveFinding(subject: string, { metric, threshold }: Params, live: Gathered['live']): Finding<Id>[] {
  if (live === null) return [];
  if (live.value === null || live.state === 'no-data') return [{ message: 'blind', subject, data: { metric } }];
  if (live.state === 'inactive') return [];
  return [{ message: 'breached', subject, data: { metric, value: live.value, threshold, state: live.state } }];
}

function drillFinding(subject: string, drill: Drill, states: readonly State[]): Finding<Id> | undefined {
  if (states.length === 0) return undefined;
  const at = drill.expected.findIndex((state, index) => states[index] !== state);
  const expected = drill.expected[at];
  if (expected === undefined) return undefined;
  const after = formatMs(drill.points[at]?.at ?? 0);
  const actual = states[at] ?? 'not evaluated';
  return { message: 'otherwise', subject, data: { series: drill.name, actual, after, expected } };
}

function armedFinding(
  subject: string,
  params: Params,
  item: string,
  { triggers, compression }: NonNullable<Gathered['running']>,
): Finding<Id> | undefined {
  const wanted = ruleOf(params, compression);
  const actual = triggers.find((rule) => rule.item === item);
  if (actual && isSame(actual, wanted)) return undefined;
  return {
    message: 'notArmed',
    subject,
    data: { actual: actual ? ruleText(actual) : 'no such trigger', expected: ruleText(wanted) },
  };
}

function isSame(actual: TriggerRule, wanted: Rule): boolean {
  const near = (a: number, b: number): boolean => Math.abs(a - b) <= 1;
  return (
    actual.metric === wanted.metric &&
    actual.threshold === wanted.threshold &&
    actual.minSamples === wanted.minSamples &&
    actual.onNoData === wanted.onNoData &&
    near(actual.forMs, wanted.forMs) &&
    near(actual.windowMs, wanted.windowMs)
  );
}

/** `p95 > 5000 for 5.0 min over 1.0 min, 50 samples, no data: hold`. */
function ruleText({ metric, threshold, forMs, windowMs, minSamples, onNoData }: Rule): string {
  return `${metric} > ${threshold} for ${formatMs(forMs)} over ${formatMs(windowMs)}, ${minSamples} samples, no data: ${onNoData}`;
}

const UNIT_OF = { 'error-rate': 'ratio', p95: 'ms', 'critical-service': 'count' } as const;

function evidenceOf(
  rule: Rule,
  isRunning: boolean,
  drills: readonly Drill[],
  states: Gathered['states'],
): readonly [Evidence, ...Evidence[]] {
  const series = drills.map(({ name, points }): Evidence => ({
    type: 'series',
    title: `Fed: ${name}`,
    unit: UNIT_OF[rule.metric],
    points: points.flatMap(({ at, value }) => (value === null ? [] : [[at, value] as const])),
    bound: { comparison: '<=', value: rule.threshold },
  }));
  const rows = drills.flatMap(({ name, points, expected }) => {
    const actual = statesOf(states[name]);
    return points.flatMap((point, index) => {
      const [state, before] = [actual[index] ?? null, actual[index - 1]];
      // What changes, and what is otherwise than expected.
      const shown = index === 0 || state !== before || state !== expected[index];
      return shown ? [[name, point.at, point.value, point.samples, state, expected[index] ?? null]] : [];
    });
  });
  const running = isRunning ? 'The cutover that has begun runs with it.' : 'No cutover has begun yet.';
  return [
    { type: 'text', title: 'Rule', text: `${ruleText(rule)}. ${running}` },
    table('Changes of its state', ['series', 'ms', 'value', 'samples', 'state', 'expected'], rows),
    ...series.filter((one) => one.type === 'series' && one.points.length > 0),
  ];
}

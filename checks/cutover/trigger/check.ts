import type { CutoverEventOf, TriggerState } from '../../contract/cutover.ts';
import { duration, endpoint, secretRef, WINDOW_PATTERN } from '../../contract/param-schemas.ts';
import { formatMs } from '../../contract/units.ts';
import {
  defineCheck,
  type Capabilities,
  type CheckContext,
  type Finding,
  type FromSchema,
  type JSONSchema,
  type Judgement,
} from '../../kit/define-check.ts';
import { nameList } from '../../kit/evidence.ts';
import { judged } from '../../kit/judged.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { metricText } from '../second-source.ts';
import { cutoverParam, is, lastCutover } from '../log.ts';
import { drillsOf, feed, type Drill } from './drills.ts';
import { evidenceOf } from './evidence.ts';
import { isSame, ruleOf, ruleText, statesOf, type StateRun } from './rule.ts';

const messages = {
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
    prometheus: {
      type: 'object',
      additionalProperties: false,
      required: ['endpoint', 'query', 'tolerance'],
      description:
        'A second source besides the probes. The worse of both values counts; while they differ, or one says nothing, there is no value.',
      properties: {
        endpoint: {
          ...endpoint,
          description: 'Prometheus, from the environment file: ${environment.endpoints.prometheus}.',
        },
        token: { ...secretRef, description: 'Bearer token for Prometheus, where it asks for one.' },
        query: {
          type: 'string',
          pattern: WINDOW_PATTERN,
          description:
            'PromQL of one number, in the unit of the threshold, over all that users are sent. It looks back over ${window}: the window of the trigger, but never fewer than four scrapes.',
        },
        tolerance: {
          type: 'number',
          minimum: 0,
          description:
            'How far it may be from what the probes saw over the same stretch of time, in the unit of the threshold. From there on up it means nothing.',
        },
        scrapeInterval: {
          ...duration('How often', '15s'),
          description: 'How often Prometheus scrapes what the query reads. A fact, so never compressed.',
        },
      },
    },
  },
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;
type State = TriggerState['state'];

export const cutoverTrigger = defineCheck({
  meta: {
    kind: 'cutover/trigger',
    title: 'A trigger fires when its metric is in breach for long enough, and never otherwise',
    why: 'A trigger that was never seen firing may be one that cannot.',
    sees: 'The evaluator of the cutover, fed with series made from this very rule: a lasting breach fires exactly in time, values at the threshold and breaches that come and go never do, missing data does what is declared; that the cutover and the rehearsal of its rollback run with this rule; and that it had a value, and not one in breach, from each of its sources when the rollback was rehearsed, and that the sources agreed.',
    needs: ['cutover'],
    effect: 'read-only',
    params,
    messages,
  },
  // The process of the cutover asks with them.
  permissions: ({ prometheus }: Params) => mayReadSecrets([prometheus?.token]),
  gather,
  judge,
});

interface Gathered {
  readonly item: string;
  /** Of the cutover that runs; null while none has begun. */
  readonly running: Pick<CutoverEventOf<'begun'>, 'triggers' | 'compression'> | null;
  /** How it stood at the rehearsal of the rollback, on the sources it has during the cutover; null where nothing was told of it. */
  readonly live: Pick<CutoverEventOf<'trigger'>, 'state' | 'value' | 'prometheus'> | null;
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
    live: told
      ? { state: told.state, value: told.value, ...(told.prometheus ? { prometheus: told.prometheus } : {}) }
      : null,
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
  const evidence = evidenceOf(rule, { isRunning: running !== null, live }, drills, states);
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

function liveFinding(subject: string, params: Params, live: Gathered['live']): Finding<Id>[] {
  if (live === null) return [];
  const { metric, threshold } = params;
  const isBreach = live.state === 'pending' || live.state === 'firing';
  if (isBreach && live.value !== null)
    return [{ message: 'breached', subject, data: { metric, value: live.value, threshold, state: live.state } }];
  const second = secondFinding(subject, params, live);
  if (second) return [second];
  return live.value === null || live.state !== 'inactive' ? [{ message: 'blind', subject, data: { metric } }] : [];
}

/** What is wrong with Prometheus, or with what it says. */
function secondFinding(
  subject: string,
  { metric, prometheus: declared }: Params,
  { prometheus: said }: NonNullable<Gathered['live']>,
): Finding<Id> | undefined {
  if (!declared) return undefined;
  if (!said || said.value === null) {
    const why = said ? (said.why ?? 'it does not say why') : 'it was not asked';
    return { message: 'secondBlind', subject, data: { metric, why } };
  }
  if (said.verdict !== 'differ' || said.probes === null) return undefined;
  const show = (value: number): string => metricText(metric, value);
  const figures = { prometheus: show(said.value), probes: show(said.probes), tolerance: show(declared.tolerance) };
  return { message: 'differ', subject, data: { metric, ...figures } };
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

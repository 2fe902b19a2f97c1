/** Is this parsed line an event of a cutover, with every member that reports rely on? */
import { isRecord } from '../../../checks/contract/json.ts';
import { TRIGGER_METRICS, type CutoverEvent } from '../../../checks/contract/cutover.ts';

type Test = (value: unknown) => boolean;
type Shape = Readonly<Record<string, Test>>;

const text: Test = (value) => typeof value === 'string';
const cell: Test = (value) => ['string', 'number', 'boolean'].includes(typeof value);
const flag: Test = (value) => typeof value === 'boolean';
const number: Test = (value) => Number.isFinite(value);
const orNull =
  (test: Test): Test =>
  (value) =>
    value === null || test(value);
const optional =
  (test: Test): Test =>
  (value) =>
    value === undefined || test(value);
const either =
  (...tests: readonly Test[]): Test =>
  (value) =>
    tests.some((test) => test(value));
const listOf =
  (test: Test): Test =>
  (value) =>
    Array.isArray(value) && value.every(test);
const one =
  (...names: readonly string[]): Test =>
  (value) =>
    names.includes(value as string);
const recordOf =
  (test: Test): Test =>
  (value) =>
    isRecord(value) && Object.values(value).every(test);
const object =
  (shape: Shape): Test =>
  (value) =>
    isRecord(value) && Object.entries(shape).every(([name, test]) => test(value[name]));

const trigger = object({
  item: text,
  metric: one(...TRIGGER_METRICS),
  threshold: number,
  forMs: number,
  windowMs: number,
  minSamples: number,
});

/** Members by event; what is not named here is not relied on. */
const SHAPES: Readonly<Record<CutoverEvent['event'], Shape>> = {
  begun: {
    release: text,
    environment: text,
    route: object({
      namespace: text,
      name: text,
      rule: either(number, one('all')),
      stable: text,
      canary: text,
      canaryVersion: text,
    }),
    triggers: listOf(trigger),
    steps: listOf(object({ item: text, weight: number, watchMs: number })),
    settings: optional(listOf(object({ kind: one('ConfigMap', 'Secret'), namespace: text, name: text }))),
    weights: object({ stable: number, canary: number }),
    compression: optional(number),
    tryAt: optional(number),
  },
  refused: { why: text },
  'step-begun': { item: text, weight: number },
  shifting: { from: number, to: number },
  shifted: { weight: number, generation: number },
  split: {
    item: text,
    countedFrom: optional(number),
    target: number,
    canary: number,
    total: number,
    low: number,
    high: number,
    maxHalfWidth: number,
    verdict: one('proven', 'refuted', 'too-few'),
  },
  sample: {
    weight: number,
    errorRate: orNull(number),
    p95Ms: orNull(number),
    samples: number,
    down: listOf(text),
    prometheus: optional(recordOf(orNull(number))),
    worse: optional(orNull(listOf(text))),
  },
  trigger: {
    item: text,
    state: one('inactive', 'pending', 'firing', 'no-data'),
    value: orNull(number),
    threshold: number,
    prometheus: optional(object({ value: orNull(number), probes: orNull(number), verdict: text, why: orNull(text) })),
  },
  held: { request: text, by: text, reason: text, weight: number },
  resumed: { request: text, by: text, reason: text, weight: number },
  emergency: {
    branch: text,
    action: one('stop', 'escalate'),
    value: number,
    above: number,
    contact: optional(text),
    weight: number,
  },
  'step-done': { item: text, weight: number, answers: optional(number) },
  tried: { weight: number, answers: number, backMs: number },
  'rollback-begun': {
    reason: object({ code: text, text, breachedAt: optional(text), facts: optional(recordOf(cell)) }),
  },
  'rollback-act': { act: text },
  zero: { msSinceBegun: number, msSinceBreach: orNull(number) },
  verified: { item: text, outcome: text, message: orNull(text) },
  'rolled-back': { verified: flag, msToRecovery: number },
  unfinished: { why: text },
  finished: { weight: number },
};

export function isCutoverEvent(value: unknown): value is CutoverEvent {
  if (!isRecord(value) || !Number.isFinite(value['ms'])) return false;
  const { at, event } = value;
  if (typeof at !== 'string' || Number.isNaN(Date.parse(at))) return false;
  if (typeof event !== 'string' || !Object.hasOwn(SHAPES, event)) return false;
  return object(SHAPES[event as CutoverEvent['event']])(value);
}

/** What the kinds that read the log of a cutover share: finding a step in it, how traffic went back, and what is left as evidence. */
import type { CutoverEvent, CutoverEventOf, SplitProof, TriggerMetric } from '../contract/cutover.ts';
import type { Bound, Evidence, Unit } from '../contract/outcome.ts';
import { formatMs } from '../contract/units.ts';
import { nameList, table } from '../kit/evidence.ts';
import { proveSplit } from './split.ts';

/** Params that several of these kinds have. */
export const cutoverParam = {
  type: 'string',
  minLength: 1,
  description: 'Id of the item that declares the cutover (kind cutover/weights).',
} as const;
export const maxGapParam = {
  type: 'number',
  exclusiveMinimum: 0,
  maximum: 1,
  default: 0.2,
  description: 'Longest stretch without a value, as a share of the window of the step: 0.2 is one minute of five.',
} as const;

export type Events = readonly CutoverEvent[];
type Name = CutoverEvent['event'];

export function is<N extends Name>(name: N): (event: CutoverEvent) => event is CutoverEventOf<N> {
  return (event): event is CutoverEventOf<N> => event.event === name;
}

/** The events of the last cutover that began, itself first; everything where none did. */
export function lastCutover(events: Events): Events {
  const at = events.findLastIndex(is('begun'));
  return at === -1 ? events : events.slice(at);
}

/** A declared step and what the log tells of it. */
export interface StepLog {
  readonly begun: CutoverEventOf<'step-begun'>;
  readonly done: CutoverEventOf<'step-done'> | undefined;
  /** From `step-begun` to `step-done`, to the begin of another step or a rollback, or to the end of the log. */
  readonly events: Events;
  /** The last one that was told in this step, after its shift. */
  readonly split: CutoverEventOf<'split'> | undefined;
  /** When its window opened: with the first answer that counts in the first proof of its split. Null while there is none. */
  readonly windowFrom: number | null;
}

/** Undefined when the step never began. */
export function stepLog(events: Events, item: string): StepLog | undefined {
  const from = events.findLastIndex((event) => event.event === 'step-begun' && event.item === item);
  const begun = events[from];
  if (begun?.event !== 'step-begun') return undefined;
  const rest = events.slice(from + 1);
  const over = rest.findIndex(({ event }) => event === 'step-begun' || event === 'rollback-begun');
  const until = over === -1 ? rest : rest.slice(0, over);
  const doneAt = until.findIndex((event) => event.event === 'step-done' && event.item === item);
  const own = doneAt === -1 ? until : until.slice(0, doneAt + 1);
  // What was counted before the route was set to this weight says nothing of it.
  const shiftedAt = own.findIndex(({ event }) => event === 'shifted');
  const splits = (shiftedAt === -1 ? [] : own.slice(shiftedAt))
    .filter(is('split'))
    .filter((split) => split.item === item);
  const proven = splits.find((split) => verdictOf(split) === 'proven');
  return {
    begun,
    done: own.find(is('step-done')),
    events: [begun, ...own],
    split: splits.at(-1),
    windowFrom: proven ? windowFrom(proven, own[shiftedAt]?.ms ?? proven.ms) : null,
  };
}

/** Never before the shift nor after the proof, whatever the log says. */
function windowFrom({ ms, countedFrom = ms }: CutoverEventOf<'split'>, shiftedAt: number): number {
  return countedFrom >= shiftedAt && countedFrom <= ms ? countedFrom : ms;
}

/** The verdict by the counts that were told, not by the word. Counts that cannot be are none. */
export function verdictOf(
  { target, canary, total, maxHalfWidth }: SplitProof,
  most: number = maxHalfWidth,
): SplitProof['verdict'] {
  const countable = Number.isInteger(canary) && Number.isInteger(total) && canary >= 0 && canary <= total;
  return countable ? proveSplit(target, canary, total, Math.min(most, maxHalfWidth)).verdict : 'too-few';
}

/** `70 of 1400 answers (2.9 to 8.6 %)`. */
export function splitText({ canary, total, low, high }: SplitProof): string {
  return `${canary} of ${total} answers (${(low * 100).toFixed(1)} to ${(high * 100).toFixed(1)} %)`;
}

/** Whether somebody was answered, or not, in this sample, so that its error rate is a measured one. */
export function isMeasured({ samples }: CutoverEventOf<'sample'>): boolean {
  return samples > 0;
}

/** Where a log tells of an earlier time than before, which one clock cannot: `step-done at 5000 ms after sample at 6000 ms`; null if nowhere. */
export function timeReversal(events: Events): string | null {
  for (const [index, event] of events.entries()) {
    const before = events[index - 1];
    // Not `<`: what is no number is no time either.
    if (before && !(event.ms >= before.ms))
      return `${event.event} at ${event.ms} ms after ${before.event} at ${before.ms} ms`;
  }
  return null;
}

/** The longest stretch of a window in which none of these times lies. */
export function longestGap(
  times: readonly number[],
  from: number,
  to: number,
): { readonly from: number; readonly ms: number } {
  const ends = [...times.filter((at) => at >= from && at <= to), to];
  let gap = { from, ms: 0 };
  let before = from;
  for (const at of ends) {
    if (at - before > gap.ms) gap = { from: before, ms: at - before };
    before = at;
  }
  return gap;
}

/** How traffic went back. */
export interface Rollback {
  readonly reason: CutoverEventOf<'rollback-begun'>['reason'];
  /** `the breach began …, 0 % after 320 ms, recovered after 4.1 s, looked again: users pass`. */
  readonly text: string;
  /** What was looked at again and is not as it was. */
  readonly unverified: readonly CutoverEventOf<'verified'>[];
  /** Why it has not finished; null when it has. */
  readonly unfinished: string | null;
}

/** Undefined where traffic did not go back. */
export function rollbackOf(events: Events): Rollback | undefined {
  const first = events.find(is('rollback-begun'));
  if (!first) return undefined;
  // It may have been begun again: what came of it is what the last attempt says, why it began the first.
  const last = events.slice(events.findLastIndex(is('rollback-begun')));
  const zero = last.find(is('zero'));
  const over = last.find(is('rolled-back'));
  const verified = last.filter(is('verified'));
  const failed = verified.filter(({ outcome }) => outcome !== 'pass');
  const { breachedAt } = first.reason;
  const ofBreach = zero?.msSinceBreach ?? null;
  const parts = [
    ...(breachedAt === undefined ? [] : [`the breach began at ${breachedAt}`]),
    `the rollback at ${first.at}`,
    zero
      ? `traffic was at 0 % ${formatMs(zero.msSinceBegun)} later${ofBreach === null ? '' : `, ${formatMs(ofBreach)} after the breach`}`
      : 'traffic is not known to be at 0 %',
    ...(over ? [`recovered after ${formatMs(over.msToRecovery)}`] : []),
    ...(verified.length === 0
      ? []
      : [`looked again: ${verified.map((one) => `${one.item} ${one.outcome}`).join(', ')}`]),
  ];
  return {
    reason: first.reason,
    text: parts.join(', '),
    unverified: failed,
    unfinished: over ? null : (last.find(is('unfinished'))?.why ?? 'its log ends before it does'),
  };
}

/** The hold that traffic stands under; null where nobody holds it. */
export function heldBy(events: Events): CutoverEventOf<'held'> | null {
  const last = events.findLast(({ event }) => HOLDING.has(event));
  return last?.event === 'held' ? last : null;
}
const HOLDING: ReadonlySet<Name> = new Set<Name>(['begun', 'held', 'resumed', 'rollback-begun', 'finished']);

/** `P4-MIG-001 (5 %), P4-MIG-002 (25 %)`. */
export function stepNames(steps: readonly { readonly item: string; readonly weight: number }[]): string {
  return nameList(steps.map(({ item, weight }) => `${item} (${weight} %)`));
}

/** What happened and when, without samples. */
export function happened(title: string, events: Events): Evidence {
  return table(
    title,
    ['ms', 'at', 'event', 'what'],
    events.flatMap((event) => {
      if (event.event === 'sample') return [];
      const words = WORDS[event.event] as (told: CutoverEvent) => string;
      return [[event.ms, event.at, event.event, words(event)]];
    }),
  );
}

/** `; Prometheus said 0.04, the probes saw 0.01: differ`. */
function secondText({ prometheus }: CutoverEventOf<'trigger'>): string {
  if (!prometheus) return '';
  const { value, probes, verdict, why } = prometheus;
  const said = value ?? `nothing${why === null ? '' : ` (${why})`}`;
  return `; Prometheus said ${said}, the probes saw ${probes ?? 'nothing'}: ${verdict}`;
}

/** Weight, error rate and P95 over time, and what happened when. Times in milliseconds since the cutover began. */
export function timeline(events: Events): readonly [Evidence, ...Evidence[]] {
  const triggers = events.find(is('begun'))?.triggers ?? [];
  const boundOf = (metric: TriggerMetric): Bound | undefined => {
    const rule = triggers.find((one) => one.metric === metric);
    return rule && { comparison: '<=', value: rule.threshold };
  };
  const samples = events.filter(is('sample'));
  return [
    happened('What happened', events),
    ...series('Weight of the new release', 'percent', weightsOf(events)),
    ...series(
      'Error rate',
      'ratio',
      samples.map(({ ms, errorRate }) => [ms, errorRate]),
      boundOf('error-rate'),
    ),
    ...series(
      'P95',
      'ms',
      samples.map(({ ms, p95Ms }) => [ms, p95Ms]),
      boundOf('p95'),
    ),
  ];
}

function series(
  title: string,
  unit: Unit,
  points: readonly (readonly [number, number | null])[],
  bound?: Bound,
): Evidence[] {
  const known = points.flatMap(([ms, value]) => (value === null ? [] : [[ms, value] as const]));
  return known.length === 0 ? [] : [{ type: 'series', title, unit, points: known, ...(bound ? { bound } : {}) }];
}

/** A staircase: the weight before and after, at each change. */
function weightsOf(events: Events): (readonly [number, number])[] {
  const [from, to] = [events[0], events.at(-1)];
  let weight = events.find(is('shifting'))?.from ?? 0;
  const steps = events.flatMap((event) => {
    if (event.event !== 'shifted' && event.event !== 'zero') return [];
    const before = weight;
    weight = event.event === 'shifted' ? event.weight : 0;
    return [[event.ms, before] as const, [event.ms, weight] as const];
  });
  const [first] = steps;
  return from && to && first ? [[from.ms, first[1]], ...steps, [to.ms, weight]] : [];
}

type Told = Exclude<Name, 'sample'>;
const WORDS: { readonly [N in Told]: (event: CutoverEventOf<N>) => string } = {
  begun: ({ id, steps, triggers }) =>
    `${id}: ${steps.map(({ weight, watchMs }) => `${weight} % for ${formatMs(watchMs)}`).join(', ')}; ${triggers.length} triggers`,
  refused: ({ why }) => why,
  unfinished: ({ why }) => why,
  'step-begun': ({ item, weight }) => `${item}, ${weight} %`,
  'step-done': ({ item, weight }) => `${item}, ${weight} %`,
  held: ({ by, reason, weight }) => `at ${weight} % by ${by}: ${reason}`,
  resumed: ({ by, reason, weight }) => `from ${weight} % by ${by}: ${reason}`,
  shifting: ({ from, to }) => `${from} % → ${to} %`,
  shifted: ({ weight, generation }) => `${weight} %, generation ${generation}`,
  split: (split) => `${split.item}: ${splitText(split)}, target ${split.target * 100} %: ${split.verdict}`,
  trigger: (one) =>
    `${one.item}: ${one.state}, ${one.value ?? 'no value'} (threshold ${one.threshold})${secondText(one)}`,
  emergency: ({ branch, action, value, above, contact, weight }) =>
    `${branch}: ${value}, above ${above}, at ${weight} %: ${action}${contact === undefined ? '' : `, ${contact} decides`}`,
  tried: ({ weight, answers, backMs }) =>
    `${weight} % and back: ${answers} answers of the new release, none ${formatMs(backMs)} after the weight was 0`,
  'rollback-begun': ({ reason }) => `${reason.code}: ${reason.text}`,
  'rollback-act': ({ act }) => act,
  zero: ({ msSinceBegun }) => `0 % after ${formatMs(msSinceBegun)}`,
  verified: ({ item, outcome, message }) =>
    `${item}: ${outcome}${message === null ? '' : `, ${message.split('\n', 1)[0] ?? ''}`}`,
  'rolled-back': ({ verified, msToRecovery }) => `${verified ? 'verified' : 'not verified'}, ${formatMs(msToRecovery)}`,
  finished: ({ weight }) => `${weight} %`,
};

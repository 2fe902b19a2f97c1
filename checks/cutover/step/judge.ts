/** Judges a step by the log of its cutover. */
import type { CutoverEventOf } from '../../contract/cutover.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import type { Finding, Judgement } from '../../kit/define-check.ts';
import { nameList } from '../../kit/evidence.ts';
import { judged } from '../../kit/judged.ts';
import {
  is,
  isMeasured,
  lastCutover,
  longestGap,
  splitText,
  stepLog,
  timeline,
  timeReversal,
  verdictOf,
  wayBack,
  type Events,
  type StepLog,
  type WayBack,
} from '../log.ts';
import type { Params } from './check.ts';

export const messages = {
  refused: {
    says: '{subject}: the cutover was refused ({why}), expected {weight} % of the traffic for {watch}.',
    fix: 'Remove what it says and begin a new run.',
  },
  wentBack: {
    says: '{subject}: traffic went back. {reason} Times: {times}. Expected {weight} % of the traffic for {watch}.',
    fix: 'Repair the cause in the release and begin a new run; traffic is not moved again by this one.',
  },
  wentBackBefore: {
    says: '{subject}: traffic went back before this step began. {reason} Expected {weight} % of the traffic for {watch}.',
    fix: 'See the step in which it went back.',
  },
  unfinished: {
    says: '{subject}: the rollback has not finished ({why}), expected all traffic on the release that served before.',
    fix: 'Run `golive rollback`; it goes on where the log ends.',
  },
  unverified: {
    says: '{subject}: after the rollback {items} did not pass, expected the platform as it was before.',
    fix: 'Look at these items by hand now: users are served by what they judge.',
  },
  notAsDeclared: {
    says: '{subject}: the cutover took it as {actual}, expected {expected}.',
    fix: 'Begin a new run with the present plan; a cutover of another plan proves nothing of this one.',
  },
  unguarded: {
    says: '{subject}: no trigger is armed, expected at least one that takes traffic back.',
    fix: 'Declare triggers (kind cutover/trigger) in the checklist.',
  },
  notDone: {
    says: '{subject}: it {actual}, expected it to be begun and done.',
    fix: 'Look at the last events in the evidence, run `golive rollback` if the cutover is gone, and begin a new run.',
  },
  otherWeight: {
    says: '{subject}: the route {actual}, expected {weight} % from its shift to its end.',
    fix: 'Find out what sets the weights of the route besides this cutover.',
  },
  splitRefuted: {
    says: '{subject}: the new release gave {counted}, expected {weight} %.',
    fix: 'Check that the gateway obeys the weights of the route and that nothing caches its answers.',
  },
  tooShort: {
    says: '{subject}: it was watched for {actual}, expected {expected} from the first answer of the proof of its split.',
    fix: 'Begin a new run and let every window end by itself.',
  },
  fired: {
    says: '{subject}: {triggers} fired and traffic stayed, expected a rollback.',
    fix: 'Run `golive rollback` now.',
  },
};
export type Id = keyof typeof messages;

export interface Gathered {
  readonly item: string;
  readonly events: Events;
}
type Inconclusive = Extract<Judgement<Id>, { outcome: 'inconclusive' }>;
/** Times in the log are whole milliseconds. */
const ROUNDING_MS = 2;

export function judge(params: Params, { item, events }: Gathered): Judgement<Id> {
  const { weight, watch } = params;
  const subject = `Step ${item} to ${weight} %`;
  const evidence = timeline(events);
  const inconclusive = (reason: Inconclusive['reason'], why: string): Judgement<Id> => ({
    outcome: 'inconclusive',
    reason,
    why: `${subject}: ${why}`,
    evidence,
  });
  const failed = (findings: readonly Finding<Id>[]): Judgement<Id> => judged(findings, [subject], evidence, '');
  const own = lastCutover(events);
  const [first] = own;
  if (!first) return inconclusive('no-subjects', 'no cutover has begun.');
  const refused = own.findLast(is('refused'));
  if (refused) return failed([{ message: 'refused', subject, data: { why: refused.why, weight, watch } }]);
  const step = stepLog(own, item);
  const back = wayBack(own);
  if (back) {
    const doubt = isUnproven(step, back) && `${back.reason.text} Times: ${back.text}.`;
    return doubt ? inconclusive('too-few-samples', doubt) : failed(backFindings(subject, params, back, step));
  }
  const unfinished = own.find(is('unfinished'));
  if (unfinished) return failed([{ message: 'unfinished', subject, data: { why: unfinished.why } }]);
  if (first.event !== 'begun') return inconclusive('no-subjects', 'the log does not tell how the cutover began.');
  const findings = stepFindings(subject, params, item, first, own, step);
  if (findings.length > 0 || !step?.done) return failed(findings);
  const doubt = doubtOf(params, step, step.done, first, own);
  return doubt === null ? judged<Id>([], [subject], evidence, '') : inconclusive('too-few-samples', doubt);
}

/** Too few answers in time: nothing is known to be wrong, and traffic is where it was. */
function isUnproven(step: StepLog | undefined, back: WayBack): boolean {
  if (!step?.split || back.reason.code !== 'out-of-time') return false;
  return verdictOf(step.split) === 'too-few' && back.unfinished === null && back.unverified.length === 0;
}

function backFindings(
  subject: string,
  { weight, watch }: Params,
  back: WayBack,
  step: StepLog | undefined,
): Finding<Id>[] {
  const reason = back.reason.text;
  const items = nameList(back.unverified.map(({ item, outcome }) => `${item} (${outcome})`));
  return [
    step
      ? { message: 'wentBack', subject, data: { reason, times: back.text, weight, watch } }
      : { message: 'wentBackBefore', subject, data: { reason, weight, watch } },
    ...(back.unfinished === null ? [] : [{ message: 'unfinished', subject, data: { why: back.unfinished } } as const]),
    ...(back.unverified.length === 0 ? [] : [{ message: 'unverified', subject, data: { items } } as const]),
  ];
}

function stepFindings(
  subject: string,
  { weight, watch }: Params,
  item: string,
  begun: CutoverEventOf<'begun'>,
  own: Events,
  step: StepLog | undefined,
): Finding<Id>[] {
  const found: Finding<Id>[] = [];
  const declared = begun.steps.find((one) => one.item === item);
  const watchMs = durationMs(watch) / (begun.compression ?? 1);
  const asText = (percent: number, ms: number): string => `${percent} % for ${formatMs(ms)}`;
  if (declared?.weight !== weight || Math.abs(declared.watchMs - watchMs) > ROUNDING_MS) {
    const actual = declared ? asText(declared.weight, declared.watchMs) : 'no step of its own';
    found.push({ message: 'notAsDeclared', subject, data: { actual, expected: asText(weight, watchMs) } });
  }
  if (begun.triggers.length === 0) found.push({ message: 'unguarded', subject });
  if (!step?.done) {
    found.push({ message: 'notDone', subject, data: { actual: step ? 'began and was not done' : 'never began' } });
    return found;
  }
  const other = otherWeight(step, weight);
  if (other !== null) found.push({ message: 'otherWeight', subject, data: { actual: other, weight } });
  if (step.split && verdictOf(step.split) === 'refuted')
    found.push({ message: 'splitRefuted', subject, data: { counted: splitText(step.split), weight } });
  const watched = step.windowFrom === null ? null : step.done.ms - step.windowFrom;
  if (watched !== null && watched < watchMs - ROUNDING_MS)
    found.push({
      message: 'tooShort',
      subject,
      data: { actual: formatMs(watched), expected: formatMs(watchMs) },
    });
  const until = own.slice(0, own.indexOf(step.done));
  // One that fires takes traffic back, also when it comes to rest again.
  const fired = [
    ...new Set(until.filter(is('trigger')).flatMap(({ item: rule, state }) => (state === 'firing' ? [rule] : []))),
  ];
  if (fired.length > 0) found.push({ message: 'fired', subject, data: { triggers: nameList(fired) } });
  return found;
}

/** What the route did instead; null when it was set to this weight and stayed there. */
function otherWeight({ events, split }: StepLog, weight: number): string | null {
  const shifting = events.filter(is('shifting'));
  const shiftedAt = events.findIndex((event) => event.event === 'shifted' && event.weight === weight);
  if (!shifting.some(({ to }) => to === weight) || shiftedAt === -1) return `was not set to ${weight} %`;
  const weights = events
    .slice(shiftedAt)
    .flatMap((event) =>
      event.event === 'shifting'
        ? [event.to]
        : event.event === 'sample' || event.event === 'shifted'
          ? [event.weight]
          : [],
    );
  const stray = weights.find((one) => one !== weight);
  if (stray !== undefined) return `was at ${stray} % meanwhile`;
  const target = split && split.target * 100;
  return target === undefined || Math.abs(target - weight) < 1e-6 ? null : `was proven at ${target} %`;
}

/** The state a trigger had when the step was done: its last change until then. */
function stateAt(own: Events, item: string, done: CutoverEventOf<'step-done'> | undefined) {
  const until = done ? own.slice(0, own.indexOf(done)) : own;
  return until.filter(is('trigger')).findLast((event) => event.item === item)?.state ?? 'inactive';
}

/** Why nothing can be said of a step that was done; null when all is there. */
function doubtOf(
  { minSamples, maxGap }: Params,
  step: StepLog,
  done: CutoverEventOf<'step-done'>,
  begun: CutoverEventOf<'begun'>,
  own: Events,
): string | null {
  const { split, windowFrom } = step;
  const reversal = timeReversal(own);
  if (reversal !== null) return `its log is not of one clock: ${reversal}.`;
  if (!split) return 'no answers were counted.';
  if (verdictOf(split) !== 'proven' || windowFrom === null)
    return `the split is not proven: ${splitText(split)}, half width of the interval at most ${split.maxHalfWidth * 100} points.`;
  const uneasy = begun.triggers.flatMap(({ item }) => {
    const state = stateAt(own, item, done);
    return state === 'inactive' ? [] : [`${item} (${state})`];
  });
  if (uneasy.length > 0) return `its window ended while triggers were not at rest: ${nameList(uneasy)}.`;
  const times = step.events
    .filter(is('sample'))
    .filter(isMeasured)
    .filter(({ ms, errorRate, p95Ms }) => ms >= windowFrom && ms <= done.ms && errorRate !== null && p95Ms !== null)
    .map(({ ms }) => ms);
  if (times.length < minSamples)
    return `its window has ${times.length} samples with values, expected at least ${minSamples}.`;
  const window = done.ms - windowFrom;
  const gap = longestGap(times, windowFrom, done.ms);
  return gap.ms <= maxGap * window
    ? null
    : `nothing was measured for ${formatMs(gap.ms)} of its window of ${formatMs(window)}, expected at most ${formatMs(maxGap * window)}.`;
}

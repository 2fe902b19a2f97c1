/** Judges a step by the log of its cutover. */
import type { CutoverEvent, CutoverEventOf } from '../../contract/cutover.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import type { Say } from '../../kit/kind.ts';
import { nameList } from '../../kit/evidence.ts';
import { fewestFor } from '../shown.ts';
import {
  is,
  isMeasured,
  lastCutover,
  longestGap,
  rollbackOf,
  splitText,
  stepLog,
  timeline,
  timeReversal,
  verdictOf,
  type Events,
  type Rollback,
  type StepLog,
} from '../log.ts';

/** Why traffic went back, for programs: `RollbackReason.code` and its facts. */
const WHY = [
  'code',
  'atWeight',
  ...['trigger', 'metric', 'value', 'probes', 'prometheus', 'down', 'bad', 'of'],
  ...['stable', 'canary', 'manager', 'worse', 'unshown'],
] as const;
export const messages = {
  refused: {
    says: '{subject}: the cutover was refused ({why}), expected {weight} % of the traffic for {watch}.',
    fix: 'Remove what it says and begin a new run.',
  },
  wentBack: {
    says: '{subject}: traffic went back. {reason} Times: {times}. Expected {weight} % of the traffic for {watch}.',
    also: WHY,
    fix: 'Repair the cause in the release and begin a new run; traffic is not moved again by this one.',
  },
  wentBackBefore: {
    says: '{subject}: traffic went back before this step began. {reason} Expected {weight} % of the traffic for {watch}.',
    also: WHY,
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
} as const;

interface Params {
  readonly weight: number;
  readonly watch: string;
  readonly minSamples: number;
  readonly maxGap: number;
}
interface Seen {
  readonly item: string;
  readonly events: Events;
}
/** Times in the log are whole milliseconds. */
const ROUNDING_MS = 2;
const subjectOf = (item: string, weight: number): string => `Step ${item} to ${weight} %`;

export function judge(params: Params, { item, events }: Seen, say: Say<typeof messages>): void {
  const { weight, watch } = params;
  const subject = subjectOf(item, weight);
  const own = lastCutover(events);
  const [first] = own;
  say.judged(subject);
  say.show(...timeline(events));
  if (!first) return say.unsure('no-subjects', `${subject}: no cutover has begun.`);
  const refused = own.findLast(is('refused'));
  if (refused) return say.fail('refused', subject, { why: refused.why, weight, watch });
  const step = stepLog(own, item);
  const rollback = rollbackOf(own);
  if (rollback) return judgeRollback(subject, params, rollback, step, say);
  const unfinished = own.find(is('unfinished'));
  if (unfinished) return say.fail('unfinished', subject, { why: unfinished.why });
  if (first.event !== 'begun')
    return say.unsure('no-subjects', `${subject}: the log does not show how the cutover began.`);
  judgeStep(params, item, first, own, step, say);
}

function judgeStep(
  params: Params,
  item: string,
  begun: CutoverEventOf<'begun'>,
  own: Events,
  step: StepLog | undefined,
  say: Say<typeof messages>,
): void {
  const { weight, watch } = params;
  const subject = subjectOf(item, weight);
  const declared = begun.steps.find((one) => one.item === item);
  const watchMs = durationMs(watch) / (begun.compression ?? 1);
  if (declared?.weight !== weight || Math.abs(declared.watchMs - watchMs) > ROUNDING_MS)
    say.fail('notAsDeclared', subject, {
      actual: declared ? `${declared.weight} % for ${formatMs(declared.watchMs)}` : 'no step of its own',
      expected: `${weight} % for ${formatMs(watchMs)}`,
    });
  if (begun.triggers.length === 0) say.fail('unguarded', subject);
  if (!step?.done) return say.fail('notDone', subject, { actual: step ? 'began and was not done' : 'never began' });
  const done = { subject, params: { ...params, watchMs }, own, begun, step, end: step.done };
  judgeTrial(done, say);
  judgeSplit(done, say);
  judgeTriggers(done, say);
  judgeAnswers(done, say);
  judgeWindow(done, say);
}

/** A step that was done. */
interface Done {
  readonly subject: string;
  readonly params: Params & { readonly watchMs: number };
  readonly own: Events;
  readonly begun: CutoverEventOf<'begun'>;
  readonly step: StepLog;
  readonly end: CutoverEventOf<'step-done'>;
}

function judgeSplit({ subject, params: { weight }, own, step }: Done, say: Say<typeof messages>): void {
  const { split, windowFrom } = step;
  const reversal = timeReversal(own);
  if (reversal !== null) unsure(say, subject, `its log is not of one clock: ${reversal}`);
  const other = otherWeight(step, weight);
  if (other !== null) say.fail('otherWeight', subject, { actual: other, weight });
  if (!split) return unsure(say, subject, 'no answers were counted');
  const verdict = verdictOf(split);
  if (verdict === 'refuted') say.fail('splitRefuted', subject, { counted: splitText(split), weight });
  else if (verdict !== 'proven' || windowFrom === null)
    unsure(
      say,
      subject,
      `the split is not proven: ${splitText(split)}, half width of the interval at most ${split.maxHalfWidth * 100} points`,
    );
}

function judgeTriggers({ subject, own, begun, end }: Done, say: Say<typeof messages>): void {
  const until = own.slice(0, own.indexOf(end)).filter(is('trigger'));
  // One that fires takes traffic back, also when it comes to rest again.
  const fired = new Set(until.filter(({ state }) => state === 'firing').map(({ item }) => item));
  if (fired.size > 0) say.fail('fired', subject, { triggers: nameList([...fired]) });
  const unsettled = begun.triggers.flatMap(({ item }) => {
    const state = until.findLast((one) => one.item === item)?.state ?? 'inactive';
    return state === 'inactive' ? [] : [`${item} (${state})`];
  });
  if (unsettled.length > 0)
    unsure(say, subject, `its window ended while triggers were not at rest: ${nameList(unsettled)}`);
}

/** Before the first step some users were to be given to the new release and taken back. */
function judgeTrial({ subject, own, begun, step }: Done, say: Say<typeof messages>): void {
  const { tryAt, steps } = begun;
  if (tryAt === undefined || step.begun.item !== steps[0]?.item) return;
  const before = own.slice(0, own.indexOf(step.begun));
  if (before.filter(is('tried')).some(({ weight, answers }) => weight === tryAt && answers > 0)) return;
  unsure(say, subject, `its log does not show that the way back was gone from ${tryAt} % to 0 before it`);
}

/** Whether so many answers, all of them good, could show that no trigger's threshold is passed. */
function judgeAnswers({ subject, begun, step, end }: Done, say: Say<typeof messages>): void {
  const answers = end.answers ?? provenBy(step);
  const few = answers === undefined ? null : fewestFor(begun.triggers, answers);
  if (!few) return;
  const { rule, needed } = few;
  unsure(
    say,
    subject,
    `the new release has answered ${answers ?? 0} requests, expected at least ${needed}: fewer do not show that ${rule.item} (${rule.metric} at most ${rule.threshold}) holds`,
  );
}

/** Whether its window was long enough, and measured all through. */
function judgeWindow({ subject, params, step, end }: Done, say: Say<typeof messages>): void {
  const { watchMs, minSamples, maxGap } = params;
  const [from, to] = [step.windowFrom, end.ms];
  if (from === null) return;
  const window = to - from;
  if (window < watchMs - ROUNDING_MS)
    say.fail('tooShort', subject, { actual: formatMs(window), expected: formatMs(watchMs) });
  const times = step.events
    .filter(is('sample'))
    .filter((one) => isMeasured(one) && one.errorRate !== null && one.p95Ms !== null)
    .map(({ ms }) => ms)
    .filter((ms) => ms >= from && ms <= to);
  const gap = longestGap(times, from, to).ms;
  if (times.length < minSamples)
    unsure(say, subject, `its window has ${times.length} samples with values, expected at least ${minSamples}`);
  else if (gap > maxGap * window)
    unsure(
      say,
      subject,
      `nothing was measured for ${formatMs(gap)} of its window of ${formatMs(window)}, expected at most ${formatMs(maxGap * window)}`,
    );
}

function unsure(say: Say<typeof messages>, subject: string, why: string): void {
  say.unsure('too-few-samples', `${subject}: ${why}.`, { subject });
}

function judgeRollback(
  subject: string,
  { weight, watch }: Params,
  { reason, text: times, unverified, unfinished }: Rollback,
  step: StepLog | undefined,
  say: Say<typeof messages>,
): void {
  // Too few answers in time: nothing is known to be wrong, and traffic is where it was.
  const isUnproven =
    step && reason.code === 'out-of-time' && (isTooFew(step) || reason.facts?.['unshown'] !== undefined);
  if (isUnproven && unfinished === null && unverified.length === 0)
    return unsure(say, subject, `${reason.text} Times: ${times}`);
  const data = { ...reason.facts, code: reason.code, reason: reason.text, times, weight, watch };
  say.fail(step ? 'wentBack' : 'wentBackBefore', subject, data);
  if (unfinished !== null) say.fail('unfinished', subject, { why: unfinished });
  if (unverified.length > 0)
    say.fail('unverified', subject, { items: nameList(unverified.map(({ item, outcome }) => `${item} (${outcome})`)) });
}

const isTooFew = ({ split }: StepLog): boolean => split !== undefined && verdictOf(split) === 'too-few';

/** Those that the proof of its split counted; without one there is a doubt already. */
const provenBy = ({ split }: StepLog): number | undefined =>
  split && verdictOf(split) === 'proven' ? split.canary : undefined;

/** What the route did instead; null when it was set to this weight and stayed there. */
function otherWeight({ events, split }: StepLog, weight: number): string | null {
  const shiftedAt = events.findIndex((event) => event.event === 'shifted' && event.weight === weight);
  if (!events.some((event) => event.event === 'shifting' && event.to === weight) || shiftedAt === -1)
    return `was not set to ${weight} %`;
  const stray = events
    .slice(shiftedAt)
    .map(weightIn)
    .find((one) => one !== undefined && one !== weight);
  if (stray !== undefined) return `was at ${stray} % meanwhile`;
  const target = split && split.target * 100;
  return target === undefined || Math.abs(target - weight) < 1e-6 ? null : `was proven at ${target} %`;
}

function weightIn(event: CutoverEvent): number | undefined {
  if (event.event === 'shifting') return event.to;
  return event.event === 'sample' || event.event === 'shifted' ? event.weight : undefined;
}

import { kind, type Say } from '../../kit/kind.ts';
import { table } from '../../kit/evidence.ts';
import { halfWidthFor } from '../split.ts';
import {
  cutoverParam,
  is,
  lastCutover,
  splitText,
  stepLog,
  stepNames,
  timeline,
  verdictOf,
  type StepLog,
} from '../log.ts';

const halfWidth = (description: string, byDefault: number) =>
  ({ type: 'number', exclusiveMinimum: 0, maximum: 0.5, default: byDefault, description }) as const;

const messages = {
  refuted: {
    says: '{subject}: the new release gave {counted}, expected {weight} %.',
    fix: 'Check that the gateway obeys the weights of the route and that nothing caches its answers.',
  },
  otherTarget: {
    says: '{subject}: the split was proven for {actual} %, expected {weight} %.',
    fix: 'Find out what sets the weights of the route besides this cutover.',
  },
  notWhole: {
    says: '{subject}: it ends at {actual} %, expected 100 %.',
    fix: 'Declare a step (kind cutover/step) with a weight of 100.',
  },
} as const;

export const cutoverSplit = kind('cutover/split', {
  title: 'Traffic splits as the weights say, at every step up to 100 %',
  why: 'A gateway that takes weights and does not obey them sends everybody to the new release at 5 %.',
  sees: [
    "From the cutover's log: for every declared step answers counted by the version they name, whose Wilson score interval at 99.9 % holds the weight and is narrow enough; the counts are judged again here.",
  ],
  not: ['Whether each user stays with one version.'],
  needs: ['cutover'],
  required: ['cutover'],
  params: {
    cutover: cutoverParam,
    maxHalfWidthAt5: halfWidth(
      'Half width of the 99.9 % interval, as a share, that a split of at most 5 % is proven with at most.',
      0.02,
    ),
    maxHalfWidth: halfWidth('The same for larger splits.', 0.05),
  },
  messages,
  gather: (_, { cutover }) => cutover.events(),

  judge(params, events, say) {
    const own = lastCutover(events);
    const begun = own.find(is('begun'));
    const steps = (begun?.steps ?? []).map((step) => ({ ...step, log: stepLog(own, step.item) }));
    say.show(
      table(
        'Splits, counted by answers',
        ['step', 'weight', 'new release', 'answers', 'interval from', 'to', 'verdict'],
        steps.map(({ item, weight, log }) => [item, `${weight} %`, ...splitCells(log?.split)]),
      ),
      ...timeline(own),
    );
    if (!begun || steps.length === 0) {
      const refused = own.find(is('refused'));
      return say.unsure('no-subjects', `No cutover has begun${refused ? `: ${refused.why}` : '.'}`);
    }
    for (const { item, weight, log } of steps) {
      const subject = `Split at ${weight} % (${item})`;
      say.judged(subject);
      if (log) judgeSplit(subject, weight, log.split, params, say);
    }
    const missing = steps.filter(({ log }) => !log);
    if (missing.length > 0)
      say.unsure('too-few-subjects', `Steps that never began have no split: ${stepNames(missing)}.`);
    const last = own.findLast(is('finished'))?.weight ?? Math.max(...steps.map(({ weight }) => weight));
    if (last !== 100) say.fail('notWhole', `Cutover ${begun.id}`, { actual: last });
  },
});

function judgeSplit(
  subject: string,
  weight: number,
  split: StepLog['split'],
  widths: Parameters<typeof halfWidthFor>[1],
  say: Say<typeof messages>,
): void {
  const few = (counted: string): void =>
    say.unsure('too-few-samples', `${subject}: too few answers were counted for a proof: ${counted}.`, { subject });
  if (!split) return few('none');
  const target = Number((split.target * 100).toFixed(6));
  const verdict = verdictOf(split, halfWidthFor(split.target, widths));
  if (target !== weight) say.fail('otherTarget', subject, { actual: target, weight });
  else if (verdict === 'refuted') say.fail('refuted', subject, { counted: splitText(split), weight });
  else if (verdict === 'too-few') few(splitText(split));
}

function splitCells(split: StepLog['split']) {
  const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;
  return split
    ? [split.canary, split.total, percent(split.low), percent(split.high), verdictOf(split)]
    : [null, null, null, null, null];
}

import type { CutoverEventOf } from '../../contract/cutover.ts';
import {
  defineCheck,
  type Capabilities,
  type Finding,
  type FromSchema,
  type JSONSchema,
  type Judgement,
} from '../../kit/define-check.ts';
import { nameList, table } from '../../kit/evidence.ts';
import { judged } from '../../kit/judged.ts';
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
  type Events,
} from '../log.ts';

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
};
type Id = keyof typeof messages;

const halfWidth = (description: string, byDefault: number) =>
  ({ type: 'number', exclusiveMinimum: 0, maximum: 0.5, default: byDefault, description }) as const;

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['cutover'],
  properties: {
    cutover: cutoverParam,
    maxHalfWidthAt5: halfWidth(
      'Half width of the 99.9 % interval, as a share, that a split of at most 5 % is proven with at most.',
      0.02,
    ),
    maxHalfWidth: halfWidth('The same for larger splits.', 0.05),
  },
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;

export const cutoverSplit = defineCheck({
  meta: {
    kind: 'cutover/split',
    title: 'Traffic splits as the weights say, at every step up to 100 %',
    why: 'A gateway that takes weights and does not obey them sends everybody to the new release at 5 %.',
    sees: "From the cutover's log: for every declared step answers counted by the version they name, whose Wilson score interval at 99.9 % holds the weight and is narrow enough; the counts are judged again here. Not: whether each user stays with one version.",
    needs: ['cutover'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: () => [],
  gather: async (_: Params, { cutover }: Pick<Capabilities, 'cutover'>): Promise<Events> => await cutover.events(),
  judge,
});

interface Step {
  readonly item: string;
  readonly weight: number;
  readonly subject: string;
  readonly begun: boolean;
  readonly split: CutoverEventOf<'split'> | undefined;
}

function judge(params: Params, events: Events): Judgement<Id> {
  const own = lastCutover(events);
  const begun = own.find(is('begun'));
  const steps = (begun?.steps ?? []).map(({ item, weight }): Step => {
    const log = stepLog(own, item);
    return { item, weight, subject: `Split at ${weight} % (${item})`, begun: log !== undefined, split: log?.split };
  });
  const evidence = [splitTable(steps), ...timeline(own)] as const;
  const inconclusive = (
    reason: 'no-subjects' | 'too-few-subjects' | 'too-few-samples',
    why: string,
  ): Judgement<Id> => ({
    outcome: 'inconclusive',
    reason,
    why,
    evidence,
  });
  if (!begun || steps.length === 0) {
    const refused = own.find(is('refused'));
    return inconclusive('no-subjects', `No cutover has begun${refused ? `: ${refused.why}` : '.'}`);
  }
  const last = own.findLast(is('finished'))?.weight ?? Math.max(...steps.map(({ weight }) => weight));
  const whole: Finding<Id>[] =
    last === 100 ? [] : [{ message: 'notWhole', subject: `Cutover ${begun.id}`, data: { actual: last } }];
  const findings = [...steps.flatMap((step) => findingOf(step) ?? []), ...whole];
  const open = steps.filter((step) => step.begun && !isProven(step, params));
  if (findings.length === 0 && open.length > 0) {
    const counts = nameList(open.map(({ subject, split }) => `${subject}: ${split ? splitText(split) : 'nothing'}`));
    return inconclusive('too-few-samples', `Too few answers were counted for a proof. ${counts}.`);
  }
  const missing = steps.filter((step) => !step.begun);
  if (findings.length === 0 && missing.length > 0) {
    return inconclusive('too-few-subjects', `Steps that never began have no split: ${stepNames(missing)}.`);
  }
  return judged(
    findings,
    steps.map(({ subject }) => subject),
    evidence,
    'No step is declared.',
  );
}

function findingOf({ subject, weight, split }: Step): Finding<Id> | undefined {
  if (!split) return undefined;
  const target = Number((split.target * 100).toFixed(6));
  if (target !== weight) return { message: 'otherTarget', subject, data: { actual: target, weight } };
  if (verdictOf(split) !== 'refuted') return undefined;
  return { message: 'refuted', subject, data: { counted: splitText(split), weight } };
}

function isProven({ split }: Step, params: Params): boolean {
  return split !== undefined && verdictOf(split, halfWidthFor(split.target, params)) === 'proven';
}

function splitTable(steps: readonly Step[]) {
  const points = (share: number): string => `${(share * 100).toFixed(2)} %`;
  return table(
    'Splits, counted by answers',
    ['step', 'weight', 'new release', 'answers', 'interval from', 'to', 'verdict'],
    steps.map(({ item, weight, split }) =>
      split
        ? [item, `${weight} %`, split.canary, split.total, points(split.low), points(split.high), verdictOf(split)]
        : [item, `${weight} %`, null, null, null, null, null],
    ),
  );
}

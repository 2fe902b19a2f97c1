/** How kinds of this domain tell a change, and whether it is one. */
import type { Say } from '../kit/kind.ts';
import { confidenceOf, heldBy, HELD_CONFIDENCE, type Held, type Tolerance } from '../kit/statistics/stable.ts';
import type { Change } from '../kit/statistics/compare.ts';

export const toleranceSchemas = {
  good: {
    type: 'string',
    enum: ['up', 'down', 'steady'],
    default: 'up',
    description: 'Which way is good: more, less, or neither.',
  },
  effect: {
    type: 'number',
    exclusiveMinimum: 0,
    exclusiveMaximum: 1,
    default: 0.1,
    description: 'The least change that matters: 0.1 is a tenth, or ten percentage points of a share.',
  },
} as const;
export const chanceParam = {
  type: 'number',
  exclusiveMinimum: 0,
  maximum: 0.05,
  default: 0.01,
  description: 'Chance at most of calling something worse that is not, for all metrics of the item together.',
} as const;

export const messages = {
  worse: {
    says: '{subject}: {change} against the time before the release ({from} to {to}), expected {expected}.',
    fix: 'Compare both stretches of time in Prometheus, find what the release changed for users, and roll back where nobody can say.',
  },
} as const;

/** A change by the confidence that is asked for. */
export type ChangeAt = (confidence: number) => Change;

export interface Judged {
  readonly change: Change;
  readonly held: Held;
}

/** Judges one metric of a family of so many. `alsoSure` may have a say of its own before something is called worse. */
export function judgeChange(
  subject: string,
  changeAt: ChangeAt,
  { chance, family, alsoSure = () => true, ...tolerance }: Tolerance & Family,
  say: Say<typeof messages>,
): Judged {
  const sure = changeAt(confidenceOf(chance, family));
  const found = heldBy(sure, changeAt(HELD_CONFIDENCE), tolerance);
  const held = found === 'worse' && !alsoSure() ? 'too-few' : found;
  say.judged(subject);
  const interval = { from: changeText(sure.kind, sure.low), to: changeText(sure.kind, sure.high) };
  const expected = expectedText(tolerance, sure.kind);
  if (held === 'worse')
    say.fail('worse', subject, { change: changeText(sure.kind, sure.effect), ...interval, expected });
  if (held === 'too-few')
    say.unsure(
      'too-few-samples',
      `${subject}: ${changeText(sure.kind, sure.effect)} against the time before the release, but it may be ${interval.from} or ${interval.to}; expected to know that it is ${expected}. Wait for more of it, or compare with a longer time.`,
      { subject },
    );
  return { change: sure, held };
}
interface Family {
  readonly chance: number;
  readonly family: number;
  readonly alsoSure?: () => boolean;
}

/** `−30.1 %`, or `+2.0 points` of a share. */
export function changeText(kind: Change['kind'], value: number): string {
  const percent = (kind === 'ratio' ? value - 1 : value) * 100;
  if (!Number.isFinite(percent)) return 'any change';
  const size = `${Math.abs(percent).toFixed(1)} ${kind === 'ratio' ? '%' : 'points'}`;
  return `${percent < 0 ? '−' : '+'}${size}`;
}

function expectedText({ good, effect }: Tolerance, kind: Change['kind']): string {
  const most = kind === 'ratio' ? `${(effect * 100).toFixed(1)} %` : `${(effect * 100).toFixed(1)} points`;
  if (good === 'steady') return `less than ${most} either way`;
  return good === 'up' ? `a fall of less than ${most}` : `a rise of less than ${most}`;
}

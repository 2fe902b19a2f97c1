/** The last step of most kinds, in one place so that none of them can pass with nothing judged. */
import type { Evidence, Finding, Judgement, NonEmpty } from './define-check.ts';

/** Fails on any finding; with nothing judged it is inconclusive, for the reason `none`; else it passes. */
export function judged<M extends string>(
  findings: readonly Finding<M>[],
  subjects: readonly string[],
  evidence: NonEmpty<Evidence>,
  none: string,
): Judgement<M> {
  const [finding, ...otherFindings] = findings;
  if (finding) return { outcome: 'fail', findings: [finding, ...otherFindings], subjects, evidence };
  const [subject, ...otherSubjects] = subjects;
  if (subject === undefined) return { outcome: 'inconclusive', reason: 'no-subjects', why: none, evidence };
  return { outcome: 'pass', subjects: [subject, ...otherSubjects], evidence };
}

/** Drops what is not there, so that a list of possible findings can be written as one expression. */
export function present<T>(values: readonly (T | null | undefined | false)[]): T[] {
  return values.filter((value): value is T => value !== null && value !== undefined && value !== false);
}

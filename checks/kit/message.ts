/** A verdict in words: the one message that people read of an item, derived from its findings and doubts. */
import type { Doubt, Finding } from '../contract/outcome.ts';
import { subjectText } from '../contract/outcome.ts';

/** What does not conform, what to do about it, then what could not be judged besides; a line each. */
export function messageOf(findings: readonly Finding[], doubts: readonly Doubt[]): string {
  const fixes = [...new Set(findings.map(({ fix }) => fix))];
  const whys = [...new Set(doubts.map(({ why }) => why))];
  return [
    ...findings.map(({ says }) => says),
    ...fixes.map((fix) => `Fix: ${fix}`),
    ...(findings.length === 0 ? whys : whys.map((why) => `Not judged: ${why}`)),
  ].join('\n');
}

/** The subjects that findings are about, by name: a waiver that names a subject covers nothing without it. */
export function failedSubjects(findings: readonly Finding[]): readonly string[] {
  return [...new Set(findings.map(({ subject }) => subjectText(subject)))];
}

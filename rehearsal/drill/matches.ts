/** Is what an item ended with what a drill expects of it? Pure. */
import { subjectText, type Doubt, type Finding } from '../../checks/contract/outcome.ts';
import type { OutcomeRecord } from '../../checks/contract/outcome.ts';
import type {
  ExpectedChange,
  ExpectedDoubt,
  ExpectedFinding,
  Literal,
  Pattern,
} from '../../specs/loader/drills/types.ts';

/** The part of a record, or of a decided item, that says why it is red. */
export type Why = Pick<OutcomeRecord, 'reason' | 'detail' | 'findings' | 'doubts'>;

/** Whether it is red for the reason expected. Its outcome is another question. */
export function isForReason(expected: ExpectedChange, { reason, detail, findings, doubts }: Why): boolean {
  const has = (list: readonly ExpectedFinding[]): boolean =>
    list.every((one) => findings.some((finding) => isFinding(one, finding)));
  switch (expected.outcome) {
    case 'fail': {
      const { findings: all = [], anyOf = [[]] } = expected;
      return has(all) && anyOf.some(has);
    }
    case 'error':
      return reason === expected.reason && (expected.detail === undefined || matches(expected.detail, detail));
    case 'inconclusive':
      return (expected.doubts ?? []).every((one) => doubts.some((doubt) => isDoubt(one, doubt)));
  }
}

/** `unlimited`, `down or hung of Redis at *`, `unauthorized (WRONGPASS)`. */
export function expectedText({ findings = [], anyOf = [], doubts = [], reason, detail }: ExpectedChange): string {
  const list = (all: readonly ExpectedFinding[]): string => all.map(findingPattern).join(' and ');
  return [
    ...(findings.length > 0 ? [list(findings)] : []),
    ...(anyOf.length > 0 ? [anyOf.map(list).join(', or ')] : []),
    ...doubts.map((one) => reasonText(one.reason, one.detail)),
    ...(reason === undefined ? [] : [reasonText(reason, detail)]),
  ].join(' and ');
}

/** The same of what was seen. */
export function seenText({ reason, detail, findings, doubts }: Why): string {
  const told =
    findings.length > 0
      ? findings.map(({ id, subject, data }) => findingText(id, subjectText(subject), data))
      : doubts.map((one) => reasonText(one.reason, one.detail));
  const own = told.length > 0 || reason === undefined ? told : [reasonText(reason, detail)];
  return [...new Set(own)].join(' and ') || 'no reason';
}

function isFinding({ id, subject, data = {} }: ExpectedFinding, seen: Finding): boolean {
  return (
    [id].flat().includes(seen.id) &&
    (subject === undefined || matches(subject, subjectText(seen.subject))) &&
    Object.entries(data).every(([name, pattern]) => matches(pattern, seen.data[name]))
  );
}

function isDoubt({ reason, detail, subject }: ExpectedDoubt, seen: Doubt): boolean {
  return (
    reason === seen.reason &&
    (detail === undefined || matches(detail, seen.detail)) &&
    (subject === undefined || (seen.subject !== undefined && matches(subject, subjectText(seen.subject))))
  );
}

/** An exact value, or a text with `*` for any text and `?` for any character; of a list one must match. */
export function matches(pattern: Pattern, value: Literal | undefined): boolean {
  if (value === undefined) return false;
  return [pattern].flat().some((one) => {
    if (typeof one !== 'string' || !/[*?]/.test(one)) return String(one) === String(value);
    const source = one
      .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
      .replace(/\*/g, '.*')
      .replace(/\?/g, '.');
    return new RegExp(`^${source}$`, 's').test(String(value));
  });
}

const listed = (pattern: Pattern): string => [pattern].flat().map(String).join(' or ');

function findingPattern({ id, subject, data = {} }: ExpectedFinding): string {
  const shown = Object.fromEntries(Object.entries(data).map(([name, pattern]) => [name, listed(pattern)]));
  return findingText([id].flat().join(' or '), subject === undefined ? undefined : listed(subject), shown);
}

function findingText(id: string, subject: string | undefined, data: Readonly<Record<string, Literal>>): string {
  const of = subject === undefined ? '' : ` of ${subject}`;
  const members = Object.entries(data).map(([name, value]) => `${name}: ${String(value).slice(0, SHOWN)}`);
  return `${id}${of}${members.length === 0 ? '' : ` {${members.join(', ')}}`}`;
}
const SHOWN = 60;

function reasonText(reason: string, detail: Pattern | undefined): string {
  return detail === undefined ? reason : `${reason} (${listed(detail)})`;
}

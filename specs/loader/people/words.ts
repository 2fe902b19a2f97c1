/** What a person who takes something upon themselves must write: words of content, and an end within a year. */

/** A letter or digit that can be seen: fillers count as letters in Unicode, and are blank. */
const SEEN = '(?![\\u115f\\u1160\\u3164\\uffa0])[\\p{L}\\p{N}]';
/** A name or a ticket: one letter or digit at least, however many blanks stand around it. */
export const NAMED_PATTERN = SEEN;
/** A reason or a statement: three of them at least. */
export const REASONED_PATTERN = `(${SEEN}[\\s\\S]*?){3}`;

const PLACEHOLDER =
  /^(n ?a|none|null|nil|nothing|no reason|todo|tbd|tba|fixme|xx+|test|foo|bar|asdf|qwerty|unknown|nobody|someone|anyone|me|reason|ticket|approver|name)$/;

/** What somebody writes who has nothing to say. */
export function isPlaceholder(text: string): boolean {
  return PLACEHOLDER.test(
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, ' ')
      .trim(),
  );
}

/** The longest an exception or a statement may stand: 366 days. */
const LONGEST_MS = 366 * 24 * 3_600_000;

/** Why what ends at `expires` does not stand at `now`; null when it does. An end that is no time has passed. */
export function expiryProblem(expires: string, now: Date): string | null {
  const at = Date.parse(expires);
  if (!(now.getTime() < at)) return `expired at ${expires}: it does not apply`;
  if (standsTooLong(expires, now)) {
    return `ends at ${expires}, more than a year from now: it does not apply until its end is brought forward`;
  }
  return null;
}

/** More than a year: what nobody looks at again is no exception. */
export function standsTooLong(expires: string, now: Date): boolean {
  return Date.parse(expires) - now.getTime() > LONGEST_MS;
}

/** A date and time with a zone that exists in the calendar. */
export function isRfc3339(text: string): boolean {
  const match =
    /^(\d{4})-(\d\d)-(\d\d)[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$/.exec(text);
  if (!match || Number.isNaN(Date.parse(text))) return false;
  const [year, month, day] = match.slice(1, 4).map(Number);
  const date = new Date(Date.UTC(year ?? 0, (month ?? 0) - 1, day));
  return date.getUTCMonth() + 1 === month && date.getUTCDate() === day;
}

/** Whether an approver, written as a name, a mail address or both, is among those who wrote it. */
export function isWrittenBy(approver: string, authors: readonly string[]): boolean {
  const said = approver.toLowerCase();
  const mail = /<([^>]+)>/.exec(said)?.[1];
  const names = [said.replace(/<[^>]*>/, '').trim(), ...(mail === undefined ? [] : [mail.trim()])];
  return authors.some((author) => names.includes(author.trim().toLowerCase()));
}

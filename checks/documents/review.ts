/** What every document is held to: it is there, somebody has reviewed it of late, and its links lead somewhere. */
import { duration } from '../contract/param-schemas.ts';
import { durationMs, formatMs } from '../contract/units.ts';
import { table } from '../kit/evidence.ts';
import type { JSONSchema, Messages, Say } from '../kit/kind.ts';
import type { ReadDocument } from './documents.ts';

export const documentPath = {
  type: 'string',
  minLength: 1,
  pattern: '\\.md$',
  description: 'Path of a Markdown document in the project.',
} as const satisfies JSONSchema;

export const reviewParams = {
  maxAge: duration('How long ago the review may be that the front matter names.', '180d'),
  sites: {
    type: 'array',
    default: [],
    description: 'Addresses whose pages are files of the project, so that links to them can be looked up.',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['url', 'folder'],
      properties: {
        url: { type: 'string', pattern: '^https?://', description: 'Where the pages are served.' },
        folder: { type: 'string', minLength: 1, description: 'The folder that they are served from.' },
      },
    },
  },
} as const satisfies Readonly<Record<string, JSONSchema>>;

export const reviewMessages = {
  missing: {
    says: '{subject}: there is no such document, expected it.',
    fix: 'Write the document, or correct its path in the item.',
  },
  unreviewed: {
    says: '{subject}: {problem}, expected a reviewer and the date of the review in its front matter.',
    fix: 'Have somebody read it, and write `reviewer: <name>` and `reviewed: <YYYY-MM-DD>` between the --- lines at its very beginning.',
  },
  outdated: {
    says: '{subject}: was reviewed on {reviewed}, {age} ago, expected {expected} at most.',
    fix: 'Have it reviewed again, and write the new date: to touch the file is no review.',
  },
  changedSince: {
    says: '{subject}: its text is {actual}, expected the reviewed one, {expected}.',
    fix: 'Have the changes reviewed, then write the new digest into reviewedDigest.',
  },
  deadLink: {
    says: '{subject}: its link to {to} {problem}, expected it to resolve.',
    fix: 'Correct the link, or write what it promises.',
  },
} as const satisfies Messages;
type ReviewSay = Say<typeof reviewMessages>;

/** Judges one document; answers its content, or undefined where there is none. */
export function judgeDocument(
  { path, document }: ReadDocument,
  { maxAge }: { readonly maxAge: string },
  say: ReviewSay,
  now: Date,
): NonNullable<ReadDocument['document']> | undefined {
  say.judged(path);
  if (!document) {
    say.fail('missing', path);
    return undefined;
  }
  judgeReview(path, document, durationMs(maxAge), say, now);
  for (const { to, line, found } of document.links) {
    if (found === 'there' || found === 'elsewhere') continue;
    const problem = found === 'no-file' ? 'leads to no file' : 'names a section that is not there';
    say.fail('deadLink', path, { to, problem }, { at: `${path}:${line}:1` });
  }
  return document;
}

/** Evidence of the documents that were read. */
export function showDocuments(read: readonly ReadDocument[], say: Pick<ReviewSay, 'show'>): void {
  const rows = read.map(({ path, document }) => [
    path,
    document?.front['reviewed'] ?? '',
    document?.front['reviewer'] ?? '',
    document?.sections.length ?? 0,
    document?.links.length ?? 0,
    document?.links.filter(({ found }) => found === 'elsewhere').length ?? 0,
  ]);
  say.show(table('Documents', ['document', 'reviewed', 'by', 'sections', 'links', 'of them not looked at'], rows));
}

const DAY_MS = 24 * 3_600_000;
const NOBODY = /^(|-|–|n\/?a|none|nobody|tb[ad]|todo|unknown|\?+|x+)$/i;

function judgeReview(
  path: string,
  { front, frontProblem, digest }: NonNullable<ReadDocument['document']>,
  maxAgeMs: number,
  say: ReviewSay,
  now: Date,
): void {
  const { reviewed = '', reviewer = '', author = '', reviewedDigest } = front;
  const at = dateOf(reviewed);
  const problem = reviewProblem({ frontProblem, reviewed, reviewer, author, at }, now);
  if (problem !== undefined) return say.fail('unreviewed', path, { problem });
  const ageMs = now.getTime() - at;
  if (ageMs > maxAgeMs) say.fail('outdated', path, { reviewed, age: formatMs(ageMs), expected: formatMs(maxAgeMs) });
  if (reviewedDigest !== undefined && reviewedDigest !== digest)
    say.fail('changedSince', path, { actual: digest, expected: reviewedDigest });
}

interface Review {
  readonly frontProblem: string | undefined;
  readonly reviewed: string;
  readonly reviewer: string;
  readonly author: string;
  readonly at: number;
}

function reviewProblem({ frontProblem, reviewed, reviewer, author, at }: Review, now: Date): string | undefined {
  if (frontProblem !== undefined) return `its front matter cannot be read (${frontProblem})`;
  if (NOBODY.test(reviewer.trim())) return 'names no reviewer';
  if (reviewed.trim() === '') return 'names no date of a review';
  if (Number.isNaN(at)) return `was reviewed on "${reviewed}", which is no date`;
  // A day is as long as the earth has time zones.
  if (at > now.getTime() + DAY_MS) return `was reviewed on ${reviewed}, which has not come yet`;
  if (author.trim().toLowerCase() === reviewer.trim().toLowerCase()) return `was reviewed by its author, ${author}`;
  return undefined;
}

/** An ISO date that exists, with or without a time; else NaN. */
function dateOf(text: string): number {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})(?:$|[T ])/.exec(text.trim()) ?? [];
  const at = Date.parse(text.trim());
  if (year === undefined || Number.isNaN(at)) return Number.NaN;
  const start = new Date(`${year}-${month}-${day}T00:00:00Z`);
  return !Number.isNaN(start.getTime()) && start.getUTCDate() === Number(day) ? at : Number.NaN;
}

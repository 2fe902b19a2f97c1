/** How a round trip of a file is judged. */
import type { Evidence, Finding, Judgement } from '../../kit/define-check.ts';
import { table } from '../../kit/evidence.ts';
import { judged, present } from '../../kit/judged.ts';
import type { Params } from './check.ts';
import type { Answer, Gathered } from './round-trip.ts';

export const messages = {
  loginDown: {
    says: '{subject}: the login {why}, expected a token to write a file with.',
    fix: 'Repair the service that logs people in, or the way to it; the credential of the gate was not refused.',
  },
  down: {
    says: '{subject}: gave no answer when asked to {step} ({why}), expected it to be done.',
    fix: 'Start the service, or open the way to it from where the gate runs.',
  },
  refused: {
    says: '{subject}: {request} ({step}) answered {status}, expected {expected}.',
    fix: 'Read the log of the service for that request: a full disk, a missing bucket, a right that its account lacks.',
  },
  otherContent: {
    says: '{subject}: {request} ({step}) answered {actual}, expected {expected} as they were written.',
    fix: 'Find what changes or keeps the bytes on the way: a proxy that re-encodes or truncates, a cache, a second replica with a disk of its own.',
  },
  wrongEtag: {
    says: '{subject}: ETag of {request} ({step}) is {actual}, expected {expected}.',
    fix: 'Let the service compute the ETag from the bytes it stored.',
  },
  notRemoved: {
    says: '{subject}: {request} answered {status} after it was removed, expected 404.',
    fix: 'Check that DELETE removes the file itself, and that no cache answers for it.',
  },
  leavesStorage: {
    says: '{subject}: {request} answered {status}, expected it to be refused with a 4xx.',
    fix: 'Refuse names that hold a path before anything goes live: whoever may write a file may write over any other one.',
  },
  notCleanedUp: {
    says: '{subject}: {left}, expected nothing to be left behind.',
    fix: 'Remove it by hand.',
  },
};
type Id = keyof typeof messages;

const good = (status: number): boolean => status >= 200 && status < 300;
/** The steps of a whole round trip. */
const STEPS = 6;

export function judge(params: Params, gathered: Gathered): Judgement<Id> {
  const subject = `File storage at ${params.endpoint.url}${params.path}`;
  const { loginDown, answers, down, escapes, left } = gathered;
  const findings: Finding<Id>[] = present([
    loginDown !== undefined && { message: 'loginDown' as const, subject, data: { why: loginDown } },
    down && { message: 'down' as const, subject, data: { ...down } },
    ...answerFindings(subject, answers),
    ...answers.map((answer) => etagFinding(subject, answer, params.etag)),
    ...escapes.map((answer) => escapeFinding(subject, answer)),
    left !== null && { message: 'notCleanedUp' as const, subject, data: { left } },
  ]);
  const evidence = evidenceOf(gathered);
  if (findings.length === 0 && (answers.length < STEPS || escapes.length < params.escapes.length))
    return {
      outcome: 'inconclusive',
      reason: 'too-few-subjects',
      why: `${subject}: ${answers.length} of ${STEPS} steps were made, and ${escapes.length} of ${params.escapes.length} names tried that would leave it.`,
      evidence,
    };
  return judged(findings, [subject], evidence, '');
}

/** The first answer that is wrong; what comes after it follows from it. */
function answerFindings(subject: string, answers: readonly Answer[]): Finding<Id>[] {
  let written: Answer | undefined;
  for (const answer of answers) {
    const { request, step, status } = answer;
    const isLast = step === 'read what was removed';
    if (isLast) return status === 404 ? [] : [notGone(subject, answer)];
    if (!good(status)) return [{ message: 'refused', subject, data: { request, step, status, expected: '2xx' } }];
    if (request.startsWith('PUT ')) written = answer;
    if (request.startsWith('GET ') && answer.digest !== written?.digest)
      return [
        {
          message: 'otherContent',
          subject,
          data: { request, step, actual: content(answer), expected: content(written) },
        },
      ];
  }
  return [];
}

function notGone(subject: string, { request, step, status }: Answer): Finding<Id> {
  return status >= 500
    ? { message: 'refused', subject, data: { request, step, status, expected: '404' } }
    : { message: 'notRemoved', subject, data: { request, status } };
}

const content = (answer: Answer | undefined): string =>
  answer?.digest === undefined ? 'nothing' : `${answer.bytes ?? 0} bytes (sha256 ${answer.digest.slice(0, 12)}…)`;

function etagFinding(
  subject: string,
  { request, step, status, etag, digest }: Answer,
  kind: Params['etag'],
): Finding<Id> | null {
  if (kind === 'any' || digest === undefined || !good(status) || etag === digest) return null;
  return { message: 'wrongEtag', subject, data: { request, step, actual: etag ?? 'missing', expected: digest } };
}

function escapeFinding(subject: string, { request, status }: Answer): Finding<Id> | null {
  if (status >= 400 && status < 500) return null;
  return { message: 'leavesStorage', subject, data: { request, status } };
}

function evidenceOf({ answers, escapes, left }: Gathered): readonly [Evidence, ...Evidence[]] {
  return [
    table(
      'Round trip',
      ['step', 'request', 'status', 'ms', 'bytes', 'sha256', 'ETag'],
      [...answers, ...escapes].map(({ step, request, status, ms, bytes, digest, etag }) => [
        step,
        request,
        status,
        ms,
        bytes ?? null,
        digest ?? null,
        etag ?? null,
      ]),
    ),
    { type: 'text', title: 'Left behind', text: left ?? 'nothing' },
  ];
}

import { table } from '../../kit/evidence.ts';
import { kind } from '../../kit/kind.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { params } from './params.ts';
import { roundTrip, STEPS, type Answer } from './trip.ts';

export const fileRoundTrip = kind('data/file-round-trip', {
  title: 'The file storage reads back what was written',
  why: 'A storage that truncates, re-encodes or caches answers 200 to everything and loses users’ files.',
  sees: [
    'Random bytes written, read back and compared by SHA-256, overwritten and read back again, removed and gone.',
    'Names that would leave the storage refused, and nothing left behind.',
  ],
  not: ['Durability.', 'Files larger than the one written.'],
  needs: ['http'],
  changes: 'apply',
  required: ['endpoint', 'login'],
  params,
  messages: {
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
  },
  rights: ({ login }) => mayReadSecrets([login.credential.password]),
  gather: (params, { http }) => roundTrip(params, http),

  judge(params, { loginDown, answers, down, escapes, left }, say) {
    const subject = `File storage at ${params.endpoint.url}${params.path}`;
    say.judged(subject);
    if (loginDown !== undefined) say.fail('loginDown', subject, { why: loginDown });
    else if (down) say.fail('down', subject, { ...down });
    else if (answers.length < STEPS.length || escapes.length < params.escapes.length)
      say.unsure(
        'too-few-subjects',
        `${subject}: ${answers.length} of ${STEPS.length} steps were made, and ${escapes.length} of ${params.escapes.length} names tried that would leave it.`,
        { subject },
      );

    // The first answer that is wrong; what comes after it follows from it.
    let written: Answer | undefined;
    for (const answer of answers) {
      const { request, step, status } = answer;
      const removed = step === 'read what was removed';
      if (removed && status < 500) {
        if (status !== 404) say.fail('notRemoved', subject, { request, status });
      } else if (removed || !isGood(status)) {
        say.fail('refused', subject, { request, step, status, expected: removed ? '404' : '2xx' });
        break;
      } else if (request.startsWith('PUT ')) written = answer;
      else if (request.startsWith('GET ') && answer.digest !== written?.digest) {
        const [actual, expected] = [contentOf(answer), contentOf(written)];
        say.fail('otherContent', subject, { request, step, actual, expected });
        break;
      }
    }
    for (const { request, step, status, etag = 'missing', digest } of params.etag === 'any' ? [] : answers)
      if (digest !== undefined && isGood(status) && etag !== digest)
        say.fail('wrongEtag', subject, { request, step, actual: etag, expected: digest });
    for (const { request, status } of escapes)
      if (status < 400 || status >= 500) say.fail('leavesStorage', subject, { request, status });
    if (left !== null) say.fail('notCleanedUp', subject, { left });

    const rows = [...answers, ...escapes].map(
      ({ step, request, status, ms, bytes = null, digest = null, etag = null }) => [
        step,
        request,
        status,
        ms,
        bytes,
        digest,
        etag,
      ],
    );
    say.show(table('Round trip', ['step', 'request', 'status', 'ms', 'bytes', 'sha256', 'ETag'], rows), {
      type: 'text',
      title: 'Left behind',
      text: left ?? 'nothing',
    });
  },
});

const isGood = (status: number): boolean => status >= 200 && status < 300;
const contentOf = (answer: Answer | undefined): string =>
  answer?.digest === undefined ? 'nothing' : `${answer.bytes ?? 0} bytes (sha256 ${answer.digest.slice(0, 12)}…)`;

/** Whether files of test results show that the tests of one commit ran and passed. */
import { durationMs, formatMs } from '../../contract/units.ts';
import { shortened, table } from '../../kit/evidence.ts';
import type { Refusal, Say } from '../../kit/kind.ts';
import { FORMATS, readResults } from './formats/read.ts';
import type { Results, TestResult } from './formats/types.ts';

export const messages = {
  failed: {
    says: '{subject}: {test} failed ({why}), expected it to pass.',
    fix: 'Repair what the test found, commit it and run the tests of that commit.',
  },
  threshold: {
    says: '{subject}: {metric} crossed {bound} with {actual}, expected it to hold.',
    fix: 'Make it quick enough again, or change the threshold in the script with those who set it.',
  },
  moreFailed: {
    says: '{subject}: {count} more tests failed, expected none.',
    fix: 'Repair what the tests found, commit it and run the tests of that commit.',
  },
  tooFew: {
    says: '{subject}: {actual} tests ran, expected {expected} or more.',
    fix: 'Look for suites that were not started, not found or filtered out, and run all of them.',
  },
  allSkipped: {
    says: '{subject}: each of its {count} tests was skipped, expected some to run.',
    fix: 'Give the tests what they need to run.',
  },
  tooManySkipped: {
    says: '{subject}: {actual} tests were skipped, expected at most {expected}.',
    fix: 'Run the skipped tests, or remove those that nobody needs.',
  },
  tooManyFlaky: {
    says: '{subject}: {actual} tests passed only when they were repeated ({tests}), expected at most {expected}.',
    fix: 'Find out why they fail at times: users will see that, too.',
  },
  otherCommit: {
    says: '{subject}: is of commit {actual}, expected {expected}.',
    fix: 'Run the tests of the commit of the release, or correct the release.',
  },
  beforeCommit: {
    says: '{subject}: ran at {actual}, before its commit was made at {expected}; expected it to have run after that.',
    fix: 'Run the tests of this commit: these results are of another one.',
  },
  tooOld: {
    says: '{subject}: ran {actual} ago, expected at most {expected}.',
    fix: 'Run the tests again.',
  },
  tooShort: {
    says: '{subject}: ran for {actual}, expected {expected} or longer.',
    fix: 'Find out what ended the run early, and run it for its whole time.',
  },
} as const;

interface Params {
  readonly paths: readonly string[];
  readonly commit: string;
  readonly minTests: number;
  readonly maxSkipped?: number | undefined;
  readonly maxFlaky?: number | undefined;
  readonly maxAge?: string | undefined;
  readonly minDuration?: string | undefined;
}
export interface Seen {
  readonly files: readonly { readonly path: string; readonly text: string }[];
  /** Of the commit under test, where a checkout was named. */
  readonly committedAt?: string;
  readonly refusal?: Refusal;
}
type ResultsSay = Say<typeof messages>;

/** Failures that are told one by one. */
const TOLD = 20;
const LONGEST = 200;
/** Clocks of machines that build may differ by this much. */
const CLOCKS_MS = 60_000;

export function judge(params: Params, seen: Seen, say: ResultsSay, now: Date): void {
  if (seen.refusal) say.refused(seen.refusal);
  const rows = seen.files.map(({ path, text }) => {
    const subject = `Test results ${path}`;
    say.judged(subject);
    const results = readResults(text);
    if ('unreadable' in results) {
      say.unsure('protocol', `${subject}: is not ${FORMATS}: ${results.unreadable}.`, { subject });
      return { path, results: undefined };
    }
    judgeTests(say, subject, results);
    judgeCommit(say, subject, results, path, params.commit);
    judgeTimes(say, subject, results, params, { now, committedAt: seen.committedAt });
    return { path, results };
  });
  const all = rows.flatMap(({ results }) => results?.tests ?? []);
  judgeCounts(
    say,
    params,
    all,
    rows.some(({ results }) => isPartial(results)),
  );
  say.show(
    table(
      'Test results',
      ['file', 'format', 'passed', 'failed', 'skipped', 'flaky', 'repeated attempts', 'commit'],
      rows.map(({ path, results }) => [
        path,
        results?.format ?? null,
        ...countsOf(results),
        results?.commits[0] ?? null,
      ]),
    ),
  );
}

/** It may hold tests that cannot be counted. */
const isPartial = (results: Results | undefined): boolean =>
  results === undefined || (results.tests.length === 0 && results.doubts.length > 0);

const ofStatus = (tests: readonly TestResult[], status: TestResult['status']): readonly TestResult[] =>
  tests.filter((test) => test.status === status);

function countsOf(results: Results | undefined): readonly (number | null)[] {
  if (!results) return [null, null, null, null, null];
  const { tests } = results;
  const byStatus = (['passed', 'failed', 'skipped'] as const).map((status) => ofStatus(tests, status).length);
  return [...byStatus, tests.filter(({ flaky }) => flaky).length, tests.reduce((sum, { retries }) => sum + retries, 0)];
}

function judgeTests(say: ResultsSay, subject: string, { tests, doubts }: Results): void {
  for (const { reason, why } of doubts) say.unsure(reason, `${subject}: ${why}.`, { subject });
  const failed = ofStatus(tests, 'failed');
  for (const { name, why = '', threshold } of failed.slice(0, TOLD)) {
    if (threshold) say.fail('threshold', subject, threshold);
    else say.fail('failed', subject, { test: name, why: shortened(why || 'it does not say why', LONGEST) });
  }
  if (failed.length > TOLD) say.fail('moreFailed', subject, { count: failed.length - TOLD });
  for (const { name, why = '' } of ofStatus(tests, 'unknown').slice(0, TOLD))
    say.unknown(subject, `whether ${name} passed (it says ${shortened(why, LONGEST)})`);
  const skipped = ofStatus(tests, 'skipped').length;
  if (skipped > 0 && skipped === tests.length) say.fail('allSkipped', subject, { count: skipped });
}

/** Part of a path that is a commit names what the file is of, where the file does not say it itself. */
function judgeCommit(say: ResultsSay, subject: string, { commits }: Results, path: string, commit: string): void {
  const folders = path.split('/').filter((part) => /^[0-9a-f]{7,64}$/.test(part));
  const named = commits.length > 0 ? commits : folders;
  if (named.length === 0)
    return say.unknown(
      subject,
      'the commit that was tested; keep it in a property or in a folder named like the commit',
    );
  for (const actual of named.filter((one) => !commit.startsWith(one)))
    say.fail('otherCommit', subject, { actual, expected: commit });
}

function judgeTimes(
  say: ResultsSay,
  subject: string,
  results: Results,
  { maxAge, minDuration }: Params,
  { now, committedAt }: { readonly now: Date; readonly committedAt: string | undefined },
): void {
  const { ranAt } = results;
  if (ranAt !== undefined && committedAt !== undefined && ranAt + CLOCKS_MS < Date.parse(committedAt))
    say.fail('beforeCommit', subject, { actual: new Date(ranAt).toISOString(), expected: committedAt });
  if (maxAge !== undefined) judgeAge(say, subject, ranAt === undefined ? undefined : now.getTime() - ranAt, maxAge);
  if (minDuration !== undefined) judgeDuration(say, subject, results.durationMs, minDuration);
}

function judgeAge(say: ResultsSay, subject: string, ageMs: number | undefined, maxAge: string): void {
  if (ageMs === undefined) say.unknown(subject, 'when it ran');
  else if (ageMs > durationMs(maxAge)) say.fail('tooOld', subject, { actual: formatMs(ageMs), expected: maxAge });
}

function judgeDuration(say: ResultsSay, subject: string, tookMs: number | undefined, minDuration: string): void {
  if (tookMs === undefined) say.unknown(subject, 'how long it ran');
  else if (tookMs < durationMs(minDuration))
    say.fail('tooShort', subject, { actual: formatMs(tookMs), expected: minDuration });
}

/** Over all files together. What could not be read may hold what is missing. */
function judgeCounts(say: ResultsSay, params: Params, tests: readonly TestResult[], partly: boolean): void {
  const subject = `Tests in ${params.paths.join(', ')}`;
  const { minTests, maxSkipped, maxFlaky } = params;
  const skipped = ofStatus(tests, 'skipped').length;
  const ran = tests.length - skipped;
  if (ran < minTests && !partly) say.fail('tooFew', subject, { actual: ran, expected: minTests });
  if (maxSkipped !== undefined && skipped > maxSkipped)
    say.fail('tooManySkipped', subject, { actual: skipped, expected: maxSkipped });
  const flaky = tests.filter((test) => test.flaky).map(({ name }) => name);
  if (maxFlaky !== undefined && flaky.length > maxFlaky)
    say.fail('tooManyFlaky', subject, {
      actual: flaky.length,
      tests: flaky.slice(0, 5).join(', '),
      expected: maxFlaky,
    });
}

/** CTRF, the common test report format: JSON with one entry a test. */
import { at, isRecord, listAt, numberAt, textAt } from '../../../contract/json.ts';
import { COMMIT, type Results, type ResultsDoubt, type TestResult } from './types.ts';

const STATUS: Readonly<Record<string, TestResult['status']>> = {
  passed: 'passed',
  failed: 'failed',
  skipped: 'skipped',
  pending: 'skipped',
};

/** Whether parsed JSON is a report of this format. */
export const isCtrf = (value: unknown): boolean => isRecord(value) && value['reportFormat'] === 'CTRF';

export function readCtrf(value: unknown): Results {
  const tests = listAt(value, 'results', 'tests').map(testOf);
  const commit = textAt(value, '', 'results', 'environment', 'commit').toLowerCase();
  const [start, stop] = ['start', 'stop'].map((name) => numberAt(value, 'results', 'summary', name));
  return {
    format: 'CTRF',
    tests,
    commits: COMMIT.test(commit) ? [commit] : [],
    ...(start !== undefined && start > 0 ? { ranAt: start } : {}),
    ...(start !== undefined && stop !== undefined && stop >= start ? { durationMs: stop - start } : {}),
    doubts: missingFrom(value, tests),
  };
}

function testOf(test: unknown): TestResult {
  const word = textAt(test, '', 'status');
  const suite = listAt(test, 'suite').filter((one) => typeof one === 'string');
  const name = [...(suite.length > 0 ? suite : [textAt(test, '', 'suite')]), textAt(test, '', 'name')];
  const status = Object.hasOwn(STATUS, word) ? (STATUS[word] ?? 'unknown') : 'unknown';
  const retries = numberAt(test, 'retries');
  const why = status === 'unknown' ? word || 'nothing' : textAt(test, '', 'message').split('\n')[0];
  return {
    name: name.filter((one) => one !== '').join(' › ') || 'a test without a name',
    status,
    retries: Number.isFinite(retries) ? retries : 0,
    flaky: status === 'passed' && at(test, 'flaky') === true,
    ...(status === 'failed' || status === 'unknown' ? { why: why ?? '' } : {}),
  };
}

/** A summary that claims more than is listed: something was left out. */
function missingFrom(value: unknown, tests: readonly TestResult[]): readonly ResultsDoubt[] {
  const listed = { tests: tests.length, failed: tests.filter(({ status }) => status === 'failed').length };
  return Object.entries(listed).flatMap(([name, holds]) => {
    const claims = numberAt(value, 'results', 'summary', name);
    if (claims <= holds) return [];
    const why = Number.isNaN(claims)
      ? `its summary does not say how many ${name} there were`
      : `its summary counts ${claims} ${name}, and it lists ${holds}`;
    return [{ reason: 'unknown-value', why } as const];
  });
}

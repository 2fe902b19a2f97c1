/** Reports the tests of a file as CTRF (ctrf.io), with the commit that was tested: GIT_COMMIT. */
export default async function* ctrf(source) {
  const start = Date.now();
  const tests = [];
  for await (const { type, data } of source)
    if (/^test:(pass|fail)$/.test(type) && data.details.type !== 'suite')
      tests.push(entryOf(data, type === 'test:pass'));
  const count = (wanted) => tests.filter(({ status }) => status === wanted).length;
  const counts = { passed: count('passed'), failed: count('failed'), skipped: count('skipped') };
  const summary = { tests: tests.length, ...counts, pending: 0, other: 0, start, stop: Date.now() };
  const environment = { commit: process.env.GIT_COMMIT };
  const results = { tool: { name: 'node' }, summary, tests, environment };
  yield JSON.stringify({ reportFormat: 'CTRF', specVersion: '0.0.0', results }, undefined, 2);
}

function entryOf({ name, skip, todo, details }, passed) {
  const status = passed ? 'passed' : 'failed';
  const message = passed ? {} : { message: String(details.error.cause ?? details.error) };
  return { name, status: skip || todo ? 'skipped' : status, duration: Math.round(details.duration_ms), ...message };
}

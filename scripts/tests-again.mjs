/**
 * Tests on a machine that may be busy with something else, as CI's is: a file that is red runs once more, with nothing beside it, and that
 * counts. A file that was red once is named either way: it has a cause.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { relative } from 'node:path';
import { spawn } from 'node:child_process';

/** The second try has at least so long. */
const AGAIN_MS = 5 * 60_000;
const REPORT = 'node_modules/.cache/golive/tests-again.json';

/**
 * Answers 'green', 'red', or 'unfinished' where nothing was red when time was up. `projects`: Vitest's `--project` options; `until`: when it
 * first try must be over, as milliseconds since 1970.
 */
export async function testsAgain(projects, until = Number.POSITIVE_INFINITY) {
  const first = await run(projects, until);
  if (first.red.length === 0) return first.ended ? (first.code === 0 ? 'green' : 'red') : 'unfinished';
  process.stdout.write(`\nRed, and tried once more with nothing beside them:\n${list(first.red)}`);
  const second = await run(
    [...projects, '--maxWorkers=1', '--no-file-parallelism', ...first.red],
    Math.max(until, Date.now() + AGAIN_MS),
  );
  if (second.red.length > 0 || second.code !== 0 || !second.ended) {
    process.stdout.write(`\nRED twice, or not over in time:\n${list(second.red.length > 0 ? second.red : first.red)}`);
    return 'red';
  }
  process.stdout.write(`\nUNSTEADY, red beside others and green alone:\n${list(first.red)}`);
  return 'green';
}

/** Runs tests until time is up: which files were red, and whether it came to its end. */
async function run(args, until) {
  mkdirSync('node_modules/.cache/golive', { recursive: true });
  rmSync(REPORT, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${REPORT}`];
  const child = spawn('node_modules/.bin/vitest', ['run', ...reporters, ...args], { stdio: 'inherit' });
  let ended = true;
  const stop = () => {
    ended = false;
    // Cancelled, Vitest still says what it has seen.
    child.kill('SIGINT');
  };
  const timer = Number.isFinite(until) ? setTimeout(stop, Math.max(0, until - Date.now())) : undefined;
  const code = await new Promise((resolve) => child.once('close', (status) => resolve(status ?? 1)));
  clearTimeout(timer);
  return { code: ended ? code : 0, ended, red: redFiles() };
}

function redFiles() {
  if (!existsSync(REPORT)) return [];
  const { testResults = [] } = JSON.parse(readFileSync(REPORT, 'utf8'));
  return testResults
    .filter(
      ({ status, assertionResults }) =>
        assertionResults.some((one) => one.status === 'failed') ||
        (status === 'failed' && assertionResults.length === 0),
    )
    .map(({ name }) => relative(process.cwd(), name));
}

function list(files) {
  return files.map((file) => `  ${file}\n`).join('');
}

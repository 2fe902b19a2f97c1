/**
 * The matrix in CI, on a machine that may be busy with something else: a file that is red is run once more, with nothing beside it, and that
 * counts. `node scripts/ci-matrix.mjs MINUTES`: what has not ended by then is told and fails nothing; what was red by then does.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { relative } from 'node:path';
import { spawn } from 'node:child_process';

const REPORT = 'node_modules/.cache/golive/matrix.json';
const minutes = Number(process.argv[2] ?? Number.NaN);
if (!(minutes > 0)) {
  process.stderr.write('Usage: node scripts/ci-matrix.mjs MINUTES\n');
  process.exit(64);
}
const until = Date.now() + minutes * 60_000;

const first = await run([]);
if (first.red.length === 0 && first.ended) process.exit(first.code);
if (first.red.length === 0) {
  process.stdout.write(`\nThe matrix was not over after ${minutes} minutes; nothing was red until then.\n`);
  process.exit(0);
}
process.stdout.write(`\nRed, and tried once more with nothing beside them:\n${list(first.red)}`);
const second = await run(['--maxWorkers=1', '--no-file-parallelism', ...first.red]);
if (second.red.length > 0 || second.code !== 0) {
  process.stdout.write(`\nRED twice, or not over in time:\n${list(second.red.length > 0 ? second.red : first.red)}`);
  process.exit(1);
}
process.stdout.write(`\nGreen when nothing ran beside them:\n${list(first.red)}`);

/** Runs the matrix or some files of it until time is up: which were red, and whether it came to its end. */
async function run(more) {
  rmSync(REPORT, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${REPORT}`];
  const child = spawn('node_modules/.bin/vitest', ['run', '--project', 'matrix*', ...reporters, ...more], {
    stdio: 'inherit',
  });
  let ended = true;
  const timer = setTimeout(
    () => {
      ended = false;
      // Cancelled, Vitest still says what it has seen.
      child.kill('SIGINT');
    },
    Math.max(0, until - Date.now()),
  );
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

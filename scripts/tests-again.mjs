/**
 * Tests on a machine that may be busy with something else, as CI's is: a file that is red runs once more, with nothing beside it, and that
 * counts. A file that was red once is named either way: it has a cause.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { RED_FILES } from './red-files.mjs';

/** The second try has at least so long. */
const AGAIN_MS = 4 * 60_000;

/**
 * Answers 'green', 'red' (a file was red twice), or 'unfinished' where that was not seen when time was up. `projects`: Vitest's `--project`
 * options; `until`: when the first try must be over, as milliseconds since 1970.
 */
export async function testsAgain(projects, until = Number.POSITIVE_INFINITY) {
  const first = await run(projects, until);
  if (first.red.length === 0) return first.ended ? (first.code === 0 ? 'green' : 'red') : 'unfinished';
  process.stdout.write(`\nRed, and tried once more with nothing beside them:\n${list(first.red)}`);
  const second = await run(
    [...projects, '--maxWorkers=1', '--no-file-parallelism', ...first.red],
    Math.max(until, Date.now() + AGAIN_MS),
  );
  if (second.red.length > 0 || second.code !== 0) {
    process.stdout.write(`\nRED twice:\n${list(second.red.length > 0 ? second.red : first.red)}`);
    return 'red';
  }
  const how = second.ended
    ? 'red beside others and green alone'
    : 'red beside others; alone they were not over in time';
  process.stdout.write(`\nUNSTEADY, ${how}:\n${list(first.red)}`);
  return first.ended && second.ended ? 'green' : 'unfinished';
}

/** Runs tests until time is up: which files were red, and whether it came to its end. */
async function run(args, until) {
  mkdirSync(dirname(RED_FILES), { recursive: true });
  rmSync(RED_FILES, { force: true });
  const reporters = ['--reporter=default', '--reporter=./scripts/red-files.mjs'];
  const child = spawn('node_modules/.bin/vitest', ['run', ...reporters, ...args], { stdio: 'inherit' });
  let ended = true;
  const stop = () => {
    ended = false;
    child.kill('SIGINT');
  };
  const timer = Number.isFinite(until) ? setTimeout(stop, Math.max(0, until - Date.now())) : undefined;
  const code = await new Promise((resolve) => child.once('close', (status) => resolve(status ?? 1)));
  clearTimeout(timer);
  return { code: ended ? code : 0, ended, red: redFiles() };
}

function redFiles() {
  return existsSync(RED_FILES) ? readFileSync(RED_FILES, 'utf8').trim().split('\n') : [];
}

function list(files) {
  return files.map((file) => `  ${file}\n`).join('');
}

import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { unlessBusy } from '../tests/harness/unless-busy.ts';
import { startReaper } from './reaper.ts';
import { processStartedAt } from '../fixtures/rehearsal-client/process-identity.ts';
import { startRehearsal, waitForRehearsal, type StartedRehearsal } from '../fixtures/rehearsal-client/start.ts';
import { standingOf } from '../fixtures/rehearsal-client/state-file.ts';
import { commandLines, processTree, survivors, type SeenProcess } from '../tests/harness/process-tree.ts';

/** The reaper gives what it ends two seconds before it forces it. */
const PATIENCE_MS = 8000;
const LIMIT = 180_000;
const READY_LIMIT_MS = 90_000;

const folders: string[] = [];
const started: StartedRehearsal[] = [];

function begin(): { readonly dir: string; readonly rehearsal: StartedRehearsal; readonly pid: number } {
  const project = mkdtempSync(join(tmpdir(), 'golive-test-'));
  folders.push(project);
  return beginIn(join(project, '.golive/rehearsal'));
}

function beginIn(dir: string): { readonly dir: string; readonly rehearsal: StartedRehearsal; readonly pid: number } {
  const rehearsal = startRehearsal({ dir, kept: false });
  started.push(rehearsal);
  return { dir, rehearsal, pid: rehearsal.state()?.pid ?? 0 };
}

const ready = (dir: string) => waitForRehearsal({ dir, signal: AbortSignal.timeout(LIMIT), timeoutMs: READY_LIMIT_MS });
const temporaryOf = (dir: string): string => readFileSync(join(dir, 'temporary-folder'), 'utf8');

async function until<T>(look: () => T | undefined, ms = READY_LIMIT_MS): Promise<T> {
  const deadline = performance.now() + ms;
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error('it did not happen in time');
    await new Promise((again) => setTimeout(again, 20));
  }
}

async function nothingIsLeft(seen: readonly SeenProcess[], temporary: string): Promise<void> {
  expect(await survivors(seen, PATIENCE_MS)).toEqual([]);
  expect(existsSync(temporary)).toBe(false);
  // Nor what was only started after it was looked at.
  const naming = () => commandLines().filter(({ command }) => command.includes(temporary));
  await until(() => (naming().length === 0 ? true : undefined), PATIENCE_MS).catch(() => undefined);
  expect(naming()).toEqual([]);
}

afterEach(async () => {
  await Promise.all(started.splice(0).map((rehearsal) => rehearsal.stop()));
});
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

test('what is started while the reaper closes, or after, is ended at once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'golive-test-'));
  folders.push(folder);
  const reaper = startReaper(join(folder, 'temporary'));
  const start = (): ChildProcess => spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
  const [held, during, after] = [start(), start(), start()];
  const ends = [held, during, after].map(
    (child) => new Promise((end) => child.once('exit', (_, signal) => end(signal))),
  );
  reaper.hold(held);
  const closed = reaper.close();
  reaper.hold(during);
  await closed;
  reaper.hold(after);
  expect(await Promise.all(ends)).toEqual(['SIGINT', 'SIGKILL', 'SIGKILL']);
});

test('a process it was never told of is known by where it stands, and nobody else is', async () => {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'golive-test-'));
  folders.push(folder);
  const temporary = join(folder, 'temporary (1)');
  mkdirSync(join(temporary, 'below'), { recursive: true });
  const reaper = startReaper(temporary);
  const start = (cwd: string, detached: boolean): ChildProcess =>
    spawn('sleep', ['60'], { cwd, detached, stdio: 'ignore' });
  const strays = [start(temporary, true), start(join(temporary, 'below'), true)];
  // Somebody's shell would have a terminal, and what it starts is no leader of a session.
  const others = [start(folder, true), start(temporary, false)];
  const ends = strays.map((child) => new Promise((end) => child.once('exit', (_, signal) => end(signal))));
  await reaper.close();
  expect(await Promise.all(ends)).toEqual(['SIGINT', 'SIGINT']);
  expect(others.map(({ exitCode, signalCode }) => [exitCode, signalCode])).toEqual([
    [null, null],
    [null, null],
  ]);
  for (const child of others) child.kill('SIGKILL');
});

describe.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  test('while it starts leaves no process and no temporary folder', { timeout: LIMIT }, async () => {
    const { dir, pid } = begin();
    // initdb is the one that lives for a moment only and that nobody but the reaper knows of.
    const seen = await until(() => {
      const tree = processTree(pid);
      return tree.some(({ command }) => command.includes('initdb')) ? tree : undefined;
    });
    const temporary = temporaryOf(dir);
    process.kill(pid, signal);
    await nothingIsLeft(seen, temporary);
  });
});

test(
  'two side by side are two, a second start finds the first, and a killed PostgreSQL shows',
  { timeout: LIMIT },
  unlessBusy(
    async () => {
      const [one, two] = [begin(), begin()];
      const [first, second] = await Promise.all([ready(one.dir), ready(two.dir)]);
      const addresses = [first, second].flatMap((values) => Object.values(values));
      expect(new Set(addresses).size).toBe(addresses.length);
      for (const { rehearsal } of [one, two]) {
        const times = (rehearsal.state()?.components ?? []).map(
          ({ name, readyAfterMs }) => `${name} ${readyAfterMs ?? '-'} ms`,
        );
        process.stdout.write(`ready after: ${times.join(', ')}\n`);
      }

      const again = startRehearsal({ dir: one.dir, kept: false });
      expect([again.reused, again.state()?.pid]).toEqual([true, one.pid]);
      await again.stop();
      expect(standingOf(one.dir).is).toBe('running');

      const component = (named: string) => one.rehearsal.state()?.components.find(({ name }) => name === named);
      const inState = (state: string) => () => {
        const pod = component('postgres-primary-0');
        return pod?.state === state ? pod : undefined;
      };
      const before = component('postgres')?.pid ?? 0;
      process.kill(before, 'SIGKILL');
      const fallen = await until(inState('failed'));
      expect(fallen.detail).toContain('no pod of it is ready');
      await until(inState('ready'));
      const after = await until(() => [component('postgres')?.pid ?? before].find((pid) => pid !== before));
      expect(processStartedAt(after)).toBeDefined();
      expect(one.rehearsal.state()?.values.postgresPort).toBe(first.postgresPort);

      const [seenOne, seenTwo] = [processTree(one.pid), processTree(two.pid)];
      const [temporaryOne, temporaryTwo] = [temporaryOf(one.dir), temporaryOf(two.dir)];
      process.kill(one.pid, 'SIGKILL');
      process.kill(two.pid, 'SIGTERM');
      await nothingIsLeft(seenOne, temporaryOne);
      await nothingIsLeft(seenTwo, temporaryTwo);
      expect(standingOf(one.dir).is).toBe('ended');
      expect(standingOf(two.dir).is).toBe('none');

      const anew = beginIn(one.dir);
      expect(anew.rehearsal.reused).toBe(false);
      await ready(one.dir);
      const seen = processTree(anew.pid);
      const temporary = temporaryOf(one.dir);
      process.kill(anew.pid, 'SIGINT');
      await nothingIsLeft(seen, temporary);
    },
    { tries: 1 },
  ),
);

test(
  'the end of its standard input ends a rehearsal that is ready',
  { timeout: LIMIT },
  unlessBusy(
    async () => {
      const { dir, pid, rehearsal } = begin();
      await ready(dir);
      const seen = processTree(pid);
      const temporary = temporaryOf(dir);
      await rehearsal.stop();
      await nothingIsLeft(seen, temporary);
    },
    { tries: 1 },
  ),
);

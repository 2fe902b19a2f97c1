/** A run that is interrupted, or loses its platform half-way: nothing is left behind, and nothing that was not seen is good. */
import { readFileSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { leftOf, look } from '../../harness/platform-leftovers.ts';
import type { Sighting } from '../../harness/platform-leftovers.ts';
import { summary, messageOf, PlatformProject, redItems, until } from '../../harness/platform-project.ts';
import { tryKill } from '../../harness/processes.ts';
import type { PlatformRun, StartedRun } from '../../harness/platform-project.ts';

const LIMIT = 120_000;
/** Enough of phase 2 to be in the middle of it: each item that ends in error costs Playwright a new worker. */
const PHASE_2 = ['--project=phase2', '--grep', 'P2-BLD|P2-DEP|P2-HEA|P2-FLO-001'];
/** Requests answered by one replica by which the load run is in the middle: 150 a second each, the first 338 to warm up. */
const UNDER_LOAD = 500;

function make(): PlatformProject {
  const project = new PlatformProject();
  onTestFinished(() => project.remove(), LIMIT);
  return project;
}

interface HalfWay {
  readonly project: PlatformProject;
  readonly run: StartedRun;
  readonly seen: Sighting;
}

/** A run of its own rehearsal that is in the middle of the load run. */
async function underLoad(): Promise<HalfWay> {
  const project = make();
  const run = project.start(['--project=phase3']);
  const { blue } = await during(run, 'the rehearsal is started', () => project.rehearsalPid() > 0).then(() =>
    project.rehearsalReady(),
  );
  await during(
    run,
    'the load run is half-way',
    async () => (await requestsAnswered(project, String(blue))) > UNDER_LOAD,
  );
  const seen = look(project, run.pid);
  expect(seen.processes.map(({ command }) => command).join('\n')).toMatch(/rehearsal\.js[^]*postgres/);
  expect(seen.temporary).toMatch(/golive-rehearsal-/);
  return { project, run, seen };
}

/** Waits for something in the middle of a run; a run that has ended by then says why. */
async function during<T>(
  run: StartedRun,
  what: string,
  seen: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  let over: PlatformRun | undefined;
  void run.ended.then((result) => (over = result));
  return until(what, () => {
    if (over) throw new Error(`the run ended before ${what}:\n${over.output}`);
    return seen();
  });
}

/** By one replica: the gateway takes turns. 0 when none answers. */
async function requestsAnswered({ rehearsalDir }: PlatformProject, blue: string): Promise<number> {
  const { hostname, port } = new URL(blue);
  const text = await new Promise<string>((resolve) => {
    // The name is known to the rehearsal's DNS server alone.
    const options = { host: '127.0.0.1', port, path: '/metrics', servername: hostname, headers: { host: hostname } };
    get({ ...options, ca: readFileSync(join(rehearsalDir, 'ca.pem')), agent: false }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => resolve(body));
    }).on('error', () => resolve(''));
  });
  const counts = text.matchAll(/^http_requests_total\{.*route="\/api\/v1\/items".*\} (\d+)$/gm);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}

/** A run of its own rehearsal that has judged the first item of phase 2; the next one may be judged as well by now. */
async function inPhase2(): Promise<HalfWay> {
  const project = make();
  const run = project.start(PHASE_2);
  await during(run, 'an item of phase 2 is judged', () => project.outcomes().length > 0);
  return { project, run, seen: look(project, run.pid) };
}

async function expectSound(project: PlatformProject, exitCode: number): Promise<void> {
  const verified = await project.golive(['verify']);
  // A run that reached no cluster is signed by a key that is no cluster's: whole, and nobody's.
  expect(verified.stdout).toMatch(/(The ledger is sound|The chains are whole): 1 run, /);
  expect(verified.exitCode, verified.stdout).toBe(exitCode);
}

const outcomeOf = ({ decision }: PlatformRun, id: string) => decision?.items.find((item) => item.id === id)?.outcome;
/** Built items of a phase, in their order. */
function builtItems({ decision }: PlatformRun, phase: string): readonly string[] {
  const items = (decision?.items ?? []).filter(
    (item) => item.phase === phase && item.outcome !== 'planned' && item.from === 'run',
  );
  return items.map(({ id }) => id);
}
/** All that is judged after the loss of the rehearsal is in error. */
function expectLost(result: PlatformRun): void {
  const [first = '', second = '', ...rest] = builtItems(result, 'phase2');
  expect(rest.length).toBeGreaterThan(4);
  const { [second]: maybe, ...red } = redItems(result);
  expect(red, result.output).toEqual(Object.fromEntries(rest.map((id) => [id, 'error'])));
  expect(outcomeOf(result, first)).toBe('pass');
  expect(['error', undefined]).toContain(maybe);
}

const STACK = /\n\s+at .*\.[jt]s:\d/;
const ENDED = 'the rehearsal is not running properly: its process has ended unexpectedly';
const INTERRUPTED = { exitCode: 130, decision: 'HOLD', selected: 'HOLD' };

describe('the runner', () => {
  it('Ctrl-C under load: interrupted, HOLD, nothing left', { timeout: LIMIT }, async () => {
    const { project, run, seen } = await underLoad();
    process.kill(-run.pid, 'SIGINT');
    const result = await run.ended;
    expect(summary(result), result.output).toEqual(INTERRUPTED);
    expect([outcomeOf(result, 'P3-LOA-001'), outcomeOf(result, 'P3-MET-001')]).toEqual(['not-run', 'not-run']);
    expect(result.output).not.toMatch(STACK);
    expect(await leftOf(project, seen)).toEqual([]);
    await expectSound(project, 0);
  });
  it('SIGTERM under load: the same', { timeout: LIMIT }, async () => {
    const { project, run, seen } = await underLoad();
    run.child.kill('SIGTERM');
    const result = await run.ended;
    expect(summary(result), result.output).toEqual(INTERRUPTED);
    expect([outcomeOf(result, 'P3-LOA-001'), outcomeOf(result, 'P3-MET-001')]).toEqual(['not-run', 'not-run']);
    expect(result.output).not.toMatch(STACK);
    expect(await leftOf(project, seen)).toEqual([]);
    await expectSound(project, 0);
  });
  it('kill -9 under load: HOLD run-incomplete, nothing left', { timeout: LIMIT }, async () => {
    const { project, run, seen } = await underLoad();
    run.child.kill('SIGKILL');
    expect((await run.ended).signal).toBe('SIGKILL');
    expect(project.decision()).toMatchObject({ decision: 'HOLD', reasons: [{ code: 'run-incomplete' }] });
    expect(await leftOf(project, seen)).toEqual([]);
    // Sound as far as it goes, but a run that never said how it ended is no evidence of anything.
    await expectSound(project, 2);
  });
  it('Ctrl-C while the rehearsal starts: interrupted, HOLD, nothing left', { timeout: LIMIT }, async () => {
    const project = make();
    const run = project.start(['--project=phase2']);
    const seen = await during(run, 'its database is made', () => {
      const sighting = look(project, run.pid);
      return sighting.processes.some(({ command }) => command.includes('initdb')) ? sighting : undefined;
    });
    process.kill(-run.pid, 'SIGINT');
    const result = await run.ended;
    expect(summary(result), result.output).toEqual(INTERRUPTED);
    expect(await leftOf(project, seen)).toEqual([]);
    await expectSound(project, 2);
  });
});

// One after the other: three platforms at once would starve each other.
describe('the rehearsal', () => {
  it('kill -9 under load: the load fails, what is judged by it is in error', { timeout: LIMIT }, async () => {
    const { project, run, seen } = await underLoad();
    tryKill(project.rehearsalPid(), 'SIGKILL');
    const result = await run.ended;
    const [load, ...others] = builtItems(result, 'phase3');
    expect([load, others.length]).toEqual(['P3-LOA-001', 12]);
    expect(redItems(result), result.output).toEqual({
      'P3-LOA-001': 'fail',
      ...Object.fromEntries(others.map((id) => [id, 'error'])),
    });
    expect(messageOf(result, 'P3-LOA-001')).toMatch(/% of \d+ requests [^]*\d+ refused[^]*Fix: /);
    expect(messageOf(result, 'P3-MET-001')).toContain(ENDED);
    expect(summary(result)).toEqual({ exitCode: 1, decision: 'NO-GO', selected: 'NO-GO' });
    expect(await leftOf(project, seen)).toEqual([]);
    await expectSound(project, 0);
  });
  it('kill -9 in the middle of phase 2: errors, HOLD, the log is named', { timeout: LIMIT }, async () => {
    const { project, run, seen } = await inPhase2();
    tryKill(project.rehearsalPid(), 'SIGKILL');
    const result = await run.ended;
    expectLost(result);
    expect(messageOf(result, 'P2-FLO-001')).toContain(ENDED);
    expect(messageOf(result, 'P2-FLO-001')).toContain(`Fix: Read ${project.rehearsalDir}/rehearsal.log`);
    expect(summary(result)).toEqual({ exitCode: 2, decision: 'HOLD', selected: 'HOLD' });
    expect(await leftOf(project, seen)).toEqual([]);
    await expectSound(project, 0);
  });
  it('SIGSTOP in the middle of phase 2: errors, HOLD, no endless wait', { timeout: LIMIT }, async () => {
    const { project, run, seen } = await inPhase2();
    tryKill(project.rehearsalPid(), 'SIGSTOP');
    const result = await run.ended;
    // Requests that nobody answers (15 s), and the end of a rehearsal that does not listen (15 s): an endless wait ends the test.
    expectLost(result);
    expect(result.output).toMatch(/the\s+connection\s+timed\s+out|no\s+answer\s+to\s+anything/);
    expect(messageOf(result, 'P2-FLO-001')).toContain('it has shown no sign of life since');
    expect(summary(result)).toEqual({ exitCode: 2, decision: 'HOLD', selected: 'HOLD' });
    expect(await leftOf(project, seen)).toEqual([]);
    await expectSound(project, 0);
  });
});

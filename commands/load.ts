/** `golive load`: sends a load profile by hand, with figures every second. No run, no record: nothing is decided by it. */
import { setMaxListeners } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { ObservationError } from '../checks/contract/capabilities.ts';
import { EXIT } from '../checks/contract/decision.ts';
import type { Environment } from '../checks/contract/environment.ts';
import type { LiveFigures, LoadResult, ProfileRun } from '../checks/contract/load.ts';
import { pause } from '../checks/contract/pause.ts';
import { DURATION_PATTERN, durationMs, formatMs } from '../checks/contract/units.ts';
import { couldHold, errorRate, percent, saturation, wanted, warmupDoubt, wrongText } from '../checks/load/load.ts';
import { openHost } from '../fixtures/capabilities/host-impl.ts';
import { loadEnvironment } from '../specs/loader/load-environment.ts';
import { readLoadProfile } from '../specs/loader/load-profile.ts';
import { InvalidInput, renderProblems, type Problem } from '../specs/loader/problems.ts';
import { compileOrTell, selectedEnv } from './compile.ts';
import { liveEnvironment } from './live-environment.ts';
import { projectRoot } from './root.ts';
import { hasColour, writeError, writeJson, writeOut, writePainted } from './write.ts';

export interface LoadOptions {
  readonly env?: string;
  readonly rate?: string;
  readonly duration?: string;
  readonly warmup?: string;
  readonly timeout: string;
  readonly connections: string;
  readonly giveUp: string;
  readonly json?: boolean;
}

/** As the kinds' defaults: what the items of a gate call a generator that was too slow. */
const LIMITS = { maxGeneratorCpu: 0.95, maxGeneratorLag: '200ms', maxLateStarts: 0.01 };
/** Of a load of which more fails, the figures are those of failures. */
const MAX_FAILED = 0.01;
/** Requests before a run is given up. */
const GIVE_UP_AFTER = 200;

/** 0 carried, 1 too much of it failed, 2 not allowed, the generator too slow or the service cold, 64 wrong use, 130 interrupted. */
export async function load(file: string, options: LoadOptions): Promise<number> {
  const root = projectRoot();
  const run = runOf(relative(root, resolve(file)), options);
  if (typeof run === 'string') {
    writeError(run);
    return EXIT.usage;
  }
  const loaded = loadEnvironment(root, selectedEnv(options)['GOLIVE_ENV']);
  const problems = [...loaded.problems, ...profileProblems(root, run.file)];
  if (!loaded.environment || problems.length > 0) {
    writePainted(renderProblems(problems, { colour: hasColour(process.stderr) }), process.stderr);
    return EXIT.usage;
  }
  const refused = refusalOf(loaded.environment, options);
  if (refused !== null) return refused;
  const [until, signal] = [new AbortController(), new AbortController()];
  // The first ends the run, what it measured is shown; the second ends the waiting for what is under way, too.
  const onInterrupt = (): void => (until.signal.aborted ? signal.abort() : until.abort());
  // Every request listens to it.
  setMaxListeners(0, signal.signal);
  process.on('SIGINT', onInterrupt).on('SIGTERM', onInterrupt);
  try {
    const result = await send(root, loaded.environment, run, { until: until.signal, signal: signal.signal, options });
    if (until.signal.aborted && wanted(result) === 0) throw new Error('interrupted');
    tell(result, options);
    return until.signal.aborted ? EXIT.interrupted : codeOf(result);
  } catch (error) {
    return until.signal.aborted ? tellInterrupted() : tellFailure(error);
  } finally {
    process.off('SIGINT', onInterrupt).off('SIGTERM', onInterrupt);
  }
}

function tellInterrupted(): number {
  writeError('Interrupted before anything was measured.');
  return EXIT.interrupted;
}

/** A defect is told as one. */
function tellFailure(error: unknown): number {
  if (!(error instanceof ObservationError)) throw error;
  writeError(`${error.message}.${error.fix === undefined ? '' : `\nFix: ${error.fix}.`}`);
  return error.code === 'misconfigured' ? EXIT.usage : EXIT['NO-GO'];
}

interface Sending {
  readonly until: AbortSignal;
  readonly signal: AbortSignal;
  readonly options: LoadOptions;
}

async function send(
  root: string,
  declared: Environment,
  run: ProfileRun,
  { until, signal, options }: Sending,
): Promise<LoadResult> {
  const folder = mkdtempSync(join(tmpdir(), 'golive-load-'));
  process.chdir(root);
  try {
    // Nothing is under way yet: one Ctrl-C is enough.
    const environment = await liveEnvironment(root, declared, until);
    const host = openHost({ environment, runDir: folder, phase: 'load' });
    try {
      const context = {
        item: 'load',
        signal,
        now: new Date(),
        fresh: true,
        progress: () => undefined,
        wait: (ms: number) => pause(ms),
      };
      if (!options.json) writeOut(`${run.file} on ${environment.name}; Ctrl-C ends it and shows what was measured.`);
      const live = options.json ? {} : { live: (figures: LiveFigures) => writeOut(lineOf(figures)) };
      const { load: generator } = host.open(['load'], context);
      return await generator.profile({ ...run, ...live, record: false, until });
    } finally {
      await host.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Load on what users use is a change: outside of the rehearsal it is allowed by the environment and armed, as by an item. The exit code, or null. */
function refusalOf(environment: Environment, { env }: LoadOptions): number | null {
  if (environment.rehearsal) return null;
  if (!environment.mutations.includes('load')) {
    writeError(
      `${environment.name} allows no change of the class load: nothing was sent.\nFix: name it under mutations in ${environment.file}.`,
    );
    return EXIT.HOLD;
  }
  const compiled = compileOrTell(env === undefined ? {} : { env });
  if (!compiled) return EXIT.usage;
  const { version } = compiled.plan.release;
  const armed = process.env['GOLIVE_ARM'];
  if (armed === version) return null;
  writeError(
    `Nothing is armed${armed === undefined ? '' : ` but ${armed}`}: nothing was sent.\nFix: run with GOLIVE_ARM=${version} when ${environment.name} may be put under load.`,
  );
  return EXIT.HOLD;
}

/** Most that an option may say. */
const MOST = { rate: 50_000, connections: 10_000, 'give-up': 100 } as const;

/** The run that the options describe, or what is wrong with one of them. */
function runOf(file: string, options: LoadOptions): ProfileRun | string {
  const { rate, duration, warmup, timeout, connections, giveUp } = options;
  const problem = durationProblem({ duration, timeout, warmup }) ?? numberProblem({ rate, connections, giveUp });
  if (problem !== null) return problem;
  return {
    file,
    ...(rate === undefined ? {} : { rate: Number(rate) }),
    ...(duration === undefined ? {} : { durationMs: durationMs(duration) }),
    ...(warmup === undefined ? {} : { warmupMs: durationMs(warmup) }),
    timeoutMs: durationMs(timeout),
    maxConnections: Math.ceil(Number(connections)),
    giveUp: { share: Number(giveUp) / 100, of: GIVE_UP_AFTER },
  };
}

function durationProblem(given: Readonly<Record<string, string | undefined>>): string | null {
  for (const [name, text] of Object.entries(given)) {
    if (text === undefined) continue;
    const mayBeNone = name === 'warmup';
    if (new RegExp(DURATION_PATTERN).test(text) && (mayBeNone || durationMs(text) > 0)) continue;
    return `--${name} is no duration${mayBeNone ? '' : ' above 0'} (${text}). Write for example 500ms, 30s or 5m.`;
  }
  return null;
}

type Texts = Readonly<Record<'rate' | 'connections' | 'giveUp', string | undefined>>;

function numberProblem({ rate, connections, giveUp }: Texts): string | null {
  const given = { rate, connections, 'give-up': giveUp };
  for (const name of ['rate', 'connections', 'give-up'] as const) {
    const text = given[name];
    if (text === undefined || (Number(text) > 0 && Number(text) <= MOST[name])) continue;
    return `--${name} must be a number above 0, at most ${MOST[name]} (${text}).`;
  }
  return null;
}

function profileProblems(root: string, file: string): readonly Problem[] {
  try {
    readLoadProfile(root, file);
    return [];
  } catch (error) {
    if (error instanceof InvalidInput) return error.problems;
    throw error;
  }
}

const ms = (us: number | null): string => (us === null ? '–' : formatMs(us / 1000));

function lineOf({ second, begun, answered, failed, p50Us, p95Us, p99Us }: LiveFigures): string {
  const when = second < 0 ? 'warm-up' : `${second + 1} s`;
  return `${when.padStart(8)}  ${begun} begun, ${answered - failed} answered well, ${failed} failed; P50 ${ms(p50Us)}, P95 ${ms(p95Us)}, P99 ${ms(p99Us)}`;
}

function tell(result: LoadResult, { json }: LoadOptions): void {
  if (json) {
    writeJson({ ...result, doubts: doubtsOf(result) });
    return;
  }
  const { latencies, requests = [], statuses, aborted, loginProblem } = result;
  const raw = new Map(latencies.raw);
  const percentiles = (latencies.ofIntended ?? []).map(
    ([p, us]) => `  P${p}  ${us === null ? 'never answered' : ms(us)}  (raw ${ms(raw.get(p) ?? null)})`,
  );
  writeOut(
    [
      '',
      `${wanted(result)} requests due in ${formatMs(result.durationMs)}, ${percent(errorRate(result))} failed${result.wrong ? ` (${wrongText(result)})` : ''}`,
      `Answers: ${Object.entries(statuses)
        .map(([status, count]) => `${count} ${status}`)
        .join(', ')}; lost: ${result.lost}`,
      'Latency of all that were due, and raw, from when each was sent:',
      ...percentiles,
      ...requests.map(
        ({ name, intended, failed, p95Us }) => `  ${name}: ${intended} due, ${failed} failed, P95 ${ms(p95Us)}`,
      ),
      ...(loginProblem === undefined ? [] : [`Not logged in: ${loginProblem}`]),
      ...(aborted === undefined ? [] : [`Ended early: ${aborted}.`]),
      ...doubtsOf(result).map((doubt) => `Not to be trusted: ${doubt}`),
    ].join('\n'),
  );
}

/** Why the figures are not the service's. */
function doubtsOf(result: LoadResult): readonly string[] {
  const busy = saturation(result, LIMITS);
  const cold = warmupDoubt(result);
  return [
    ...(busy === null ? [] : [`${busy}; it could hold about ${couldHold(result, LIMITS)} requests a second.`]),
    ...(cold === null ? [] : [cold]),
  ];
}

function codeOf(result: LoadResult): number {
  if (result.aborted !== undefined || errorRate(result) > MAX_FAILED) return EXIT['NO-GO'];
  return doubtsOf(result).length > 0 ? EXIT.HOLD : EXIT.GO;
}

/** `golive load`: sends a load profile by hand, with figures every second. No run, no record: nothing is decided by it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ObservationError } from '../checks/contract/capabilities.ts';
import { EXIT } from '../checks/contract/decision.ts';
import type { LiveFigures, LoadResult, ProfileRun } from '../checks/contract/load.ts';
import { pause } from '../checks/contract/pause.ts';
import { DURATION_PATTERN, durationMs, formatMs } from '../checks/contract/units.ts';
import { couldHold, errorRate, percent, saturation, wanted, warmupDoubt, wrongText } from '../checks/load/load.ts';
import { openHost } from '../fixtures/capabilities/host-impl.ts';
import { loadEnvironment } from '../specs/loader/load-environment.ts';
import { readLoadProfile } from '../specs/loader/load-profile.ts';
import { InvalidInput, renderProblems, type Problem } from '../specs/loader/problems.ts';
import { selectedEnv } from './compile.ts';
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

/** 0 carried, 1 too much of it failed, 2 the generator was too slow or the service cold, 64 wrong use, 130 interrupted. */
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
  const [until, signal] = [new AbortController(), new AbortController()];
  const onInterrupt = (): void => (until.signal.aborted ? signal.abort() : until.abort());
  process.on('SIGINT', onInterrupt);
  const folder = mkdtempSync(join(tmpdir(), 'golive-load-'));
  process.chdir(root);
  try {
    const environment = await liveEnvironment(root, loaded.environment);
    const host = openHost({ environment, runDir: folder, phase: 'load' });
    try {
      const context = {
        item: 'load',
        signal: signal.signal,
        now: new Date(),
        fresh: true,
        progress: () => undefined,
        wait: (ms: number) => pause(ms),
      };
      if (!options.json) writeOut(`${run.file} on ${environment.name}; Ctrl-C ends it and shows what was measured.`);
      const live = options.json ? {} : { live: (figures: LiveFigures) => writeOut(lineOf(figures)) };
      const { load: generator } = host.open(['load'], context);
      const result = await generator.profile({ ...run, ...live, record: false, until: until.signal });
      tell(result, options);
      return until.signal.aborted ? EXIT.interrupted : codeOf(result);
    } finally {
      await host.close();
    }
  } catch (error) {
    if (!(error instanceof ObservationError)) throw error;
    if (signal.signal.aborted) return EXIT.interrupted;
    writeError(`${error.message}.${error.fix === undefined ? '' : `\nFix: ${error.fix}.`}`);
    return EXIT['NO-GO'];
  } finally {
    process.removeListener('SIGINT', onInterrupt);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The run that the options describe, or what is wrong with one of them. */
function runOf(file: string, options: LoadOptions): ProfileRun | string {
  const { rate, duration, warmup, timeout, connections, giveUp } = options;
  for (const [name, text] of Object.entries({ duration, warmup, timeout }))
    if (text !== undefined && !new RegExp(DURATION_PATTERN).test(text))
      return `--${name} is no duration (${text}). Write for example 500ms, 30s or 5m.`;
  const numbers = { rate: Number(rate ?? 1), connections: Number(connections), 'give-up': Number(giveUp) };
  for (const [name, value] of Object.entries(numbers)) if (!(value > 0)) return `--${name} must be a number above 0.`;
  return {
    file,
    ...(rate === undefined ? {} : { rate: numbers.rate }),
    ...(duration === undefined ? {} : { durationMs: durationMs(duration) }),
    ...(warmup === undefined ? {} : { warmupMs: durationMs(warmup) }),
    timeoutMs: durationMs(timeout),
    maxConnections: Math.ceil(numbers.connections),
    giveUp: { share: numbers['give-up'] / 100, of: GIVE_UP_AFTER },
  };
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

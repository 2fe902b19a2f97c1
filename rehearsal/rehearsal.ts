/**
 * The rehearsal's own process: owns its folder, keeps the state file, starts the platform, and whatever happens leaves nothing
 * behind. Not kept, it lives as long as its standard input.
 */
import { parseArgs } from 'node:util';
import { mkdirSync, rmSync } from 'node:fs';
import { setPriority } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pause } from '../checks/contract/pause.ts';
import { errorText } from '../checks/contract/text.ts';
import { isOfKubernetes } from './contained.ts';
import type { StartControlPlane } from './control-plane-types.ts';
import { startControlServer, type ControlServer } from './control-server.ts';
import { createAuthority } from './authority.ts';
import { startReaper } from './reaper.ts';
import { addIncidentLevers, drillIncident } from './people/incident-drill.ts';
import { createLevers } from './levers.ts';
import { startPlatform, type Platform } from './platform.ts';
import type { PlatformContext } from './platform-types.ts';
import { isAlive, processStartedAt, signalIfSame } from '../fixtures/rehearsal-client/process-identity.ts';
import {
  DEFAULT_DIR,
  readState,
  releaseLock,
  standingOf,
  statePath,
  takeLock,
  writeState,
} from '../fixtures/rehearsal-client/state-file.ts';
import type { RehearsalComponent, RehearsalState } from '../fixtures/rehearsal-client/state.ts';
import { makeTemporaryFolder, sweepTemporaryFolder } from './temporary-folder.ts';
import { startWatchdog } from './watchdog.ts';

/** Exit codes: as golive's own, and 75 (try again later) when another rehearsal owns the folder. */
const EXIT = { stopped: 0, wrongUse: 64, failed: 70, taken: 75 } as const;
const START_LIMIT_MS = 90_000;
const PREDECESSOR_LIMIT_MS = 10_000;
const ORDERLY_STOP_MS = 5000;
/** Niceness of the rehearsal and of every process it starts. */
const PLATFORM_PRIORITY = 5;

interface Options {
  readonly dir: string;
  readonly kept: boolean;
  /** What the watchdog lets the API server write; its own limit when absent. */
  readonly writesPerSecond: number | undefined;
}

function say(line: string): void {
  process.stdout.write(`${new Date().toISOString()} ${line}\n`);
}

function readOptions(args: readonly string[]): Options | undefined {
  try {
    const options = {
      dir: { type: 'string', default: DEFAULT_DIR },
      kept: { type: 'boolean', default: false },
      'writes-per-second': { type: 'string' },
    } as const;
    const { values } = parseArgs({ args: [...args], options });
    const limit = values['writes-per-second'];
    const writesPerSecond = limit === undefined ? undefined : Number(limit);
    if (writesPerSecond !== undefined && !(writesPerSecond > 0))
      throw new Error(`--writes-per-second: ${limit} is no rate`);
    return { dir: resolve(values.dir), kept: values.kept, writesPerSecond };
  } catch (cause) {
    say(
      `${cause instanceof Error ? cause.message : 'wrong arguments'}; use: rehearsal [--dir DIR] [--kept] [--writes-per-second N]`,
    );
    return undefined;
  }
}

/** Runs a rehearsal until it is stopped; settles with the exit code. */
export async function runRehearsal(args: readonly string[], startControlPlane: StartControlPlane): Promise<number> {
  const options = readOptions(args);
  if (!options) return EXIT.wrongUse;
  const stop = stopRequested(options.kept);
  // Whoever measures goes first: on few cores the platform would otherwise keep the load generator from being in time.
  setPriority(PLATFORM_PRIORITY);
  if (!(await ownFolder(options.dir))) return EXIT.taken;
  sweepTemporaryFolder(options.dir);
  rmSync(`${options.dir}/logs`, { recursive: true, force: true });
  mkdirSync(`${options.dir}/logs`, { mode: 0o700 });
  const rehearsal = new Rehearsal(options);
  try {
    return await rehearsal.run(startControlPlane, stop);
  } finally {
    releaseLock(options.dir);
  }
}

/** Settles with the reason to stop: a signal, or the end of standard input where that is the reaper. */
function stopRequested(kept: boolean): Promise<string> {
  return new Promise((stop) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop(signal));
    if (kept) return;
    process.stdin.on('end', () => stop('the end of standard input'));
    process.stdin.on('error', () => stop('a broken standard input'));
    process.stdin.resume();
  });
}

/** Becomes the folder's only rehearsal. One that is stopping is waited for, one that hangs is ended, any other one stays. */
async function ownFolder(dir: string): Promise<boolean> {
  const deadline = performance.now() + PREDECESSOR_LIMIT_MS;
  for (;;) {
    const taken = takeLock(dir);
    if (!taken) return true;
    const { owner } = taken;
    const standing = standingOf(dir);
    const owners = standing.is !== 'none' && standing.state.pid === owner.pid ? standing : undefined;
    const leaving = owners?.state.status === 'stopping' || owners?.state.status === 'failed';
    if (owners?.is === 'hung' || (leaving && performance.now() > deadline)) signalIfSame(owner, 'SIGKILL');
    else if (owners && !leaving) {
      say(`another rehearsal (pid ${owner.pid}) runs in ${dir}`);
      return false;
    }
    // Without a state of its own the owner is either just starting or was just asked to leave: look again.
    if (performance.now() > deadline + 2000 && isAlive(owner)) return false;
    await pause(50);
  }
}

/** One run of the rehearsal and the state it shows. */
class Rehearsal {
  readonly #dir: string;
  readonly #context: PlatformContext;
  readonly #writesPerSecond: number | undefined;
  #state: RehearsalState;
  #platform: Platform | undefined;
  #control: Promise<ControlServer> | undefined;
  #soon: NodeJS.Immediate | undefined;
  #fail: (why: string) => void = () => undefined;

  constructor({ dir, kept, writesPerSecond }: Options) {
    this.#dir = dir;
    this.#writesPerSecond = writesPerSecond;
    const temporary = makeTemporaryFolder(dir);
    const dist = dirname(fileURLToPath(import.meta.url));
    this.#context = {
      dir,
      temporary,
      dist,
      reaper: startReaper(temporary),
      authority: createAuthority(dir),
      levers: createLevers(),
      log: say,
    };
    addIncidentLevers(this.#context);
    this.#state = {
      schema: 'golive/rehearsal/v1',
      pid: process.pid,
      pidStartedAt: processStartedAt(process.pid) ?? '',
      status: 'starting',
      kept,
      components: [],
      values: {},
      heartbeatAt: new Date().toISOString(),
    };
  }

  async run(startControlPlane: StartControlPlane, stop: Promise<string>): Promise<number> {
    this.#write({});
    const failed = new Promise<string>((fail) => (this.#fail = fail));
    const { dir } = this.#context;
    const writes = (): number => this.#platform?.writes() ?? 0;
    const watchdog = startWatchdog({
      dir,
      dist: this.#context.dist,
      writes,
      ...(this.#writesPerSecond === undefined ? {} : { writesPerSecond: this.#writesPerSecond }),
      failed: (why) => this.#fail(why),
    });
    const heart = setInterval(() => {
      watchdog.beat();
      this.#write({});
    }, 1000);
    process.on('uncaughtException', (cause) => this.#crashed(cause));
    process.on('unhandledRejection', (cause) => this.#crashed(cause));
    this.#control = startControlServer(join(this.#context.temporary, 'control.sock'), this.#context.levers);
    this.#control.then(
      () => this.#write({ control: join(this.#context.temporary, 'control.sock') }),
      (cause: unknown) => say(`no control line: ${String(cause)}`),
    );
    this.#start(startControlPlane);
    const ending = await Promise.race([stop.then((why) => ({ why })), failed.then((failure) => ({ failure }))]);
    if ('failure' in ending) this.#write({ status: 'failed', failure: ending.failure });
    else this.#write({ status: 'stopping' });
    say('failure' in ending ? `failed: ${ending.failure}` : `stopping: ${ending.why}`);
    clearInterval(heart);
    await this.#end();
    watchdog.stop();
    if ('failure' in ending) return EXIT.failed;
    if (readState(this.#dir)?.pid === process.pid) rmSync(statePath(this.#dir), { force: true });
    return EXIT.stopped;
  }

  #start(startControlPlane: StartControlPlane): void {
    const limit = setTimeout(() => {
      const waiting = this.#state.components.filter((one) => one.state !== 'ready').map((one) => one.name);
      this.#fail(`it was not ready within ${START_LIMIT_MS / 1000} s; still starting: ${waiting.join(', ')}`);
    }, START_LIMIT_MS);
    const report = {
      component: (component: RehearsalComponent) => this.#component(component),
      values: (values: RehearsalState['values']) => this.#write({ values: { ...this.#state.values, ...values } }),
    };
    startPlatform(this.#context, startControlPlane, report, (platform) => (this.#platform = platform))
      .then(
        () => {
          this.#write({ status: 'ready' });
          say('ready');
          drillIncident(this.#context);
        },
        (cause: unknown) => this.#fail(errorText(cause)),
      )
      .finally(() => clearTimeout(limit));
  }

  #component(component: RehearsalComponent): void {
    // While it stops everything fails, as it should.
    if (this.#hasEnded()) return;
    const before = this.#state.components.find((one) => one.name === component.name);
    const others = this.#state.components.filter((one) => one !== before);
    if (before?.state !== component.state)
      say(`${component.name} ${component.state}${component.detail === undefined ? '' : `: ${component.detail}`}`);
    this.#write({ components: [...others, component] });
  }

  /** A defect somewhere below must not end the process before its children are stopped. */
  #crashed(cause: unknown): void {
    say(cause instanceof Error ? (cause.stack ?? cause.message) : String(cause));
    if (isOfKubernetes(cause)) return say('the embedded Kubernetes failed at one object, and goes on with the others');
    this.#fail(`it crashed: ${errorText(cause)}`);
  }

  #write(change: Partial<RehearsalState>): void {
    const status = this.#hasEnded() ? this.#state.status : (change.status ?? this.#state.status);
    this.#state = { ...this.#state, ...change, status, heartbeatAt: new Date().toISOString() };
    clearImmediate(this.#soon);
    const put = (): void => writeState(this.#dir, this.#state);
    // What is told in one turn is written once: a start tells of twenty parts. The end is written at once.
    if (this.#hasEnded()) put();
    else this.#soon = setImmediate(put);
  }

  #hasEnded(): boolean {
    return this.#state.status === 'failed' || this.#state.status === 'stopping';
  }

  async #end(): Promise<void> {
    const patience = new Promise((resolve) => setTimeout(resolve, ORDERLY_STOP_MS).unref());
    // A stopped or misbehaving part would not end in order: faults first.
    const control = await this.#control?.catch(() => undefined);
    await Promise.race([control?.close().catch(() => undefined), patience]);
    await Promise.race([this.#platform?.stop().catch(() => undefined), patience]);
    await this.#context.reaper.close();
    // The reaper has removed the folder: the next start has nothing to sweep.
    sweepTemporaryFolder(this.#dir);
  }
}

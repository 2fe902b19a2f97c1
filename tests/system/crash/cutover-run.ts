/** A run with a cutover, as processes of its own that tests stop, kill, starve of disk and cut off from the API server. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { CutoverEvent, CutoverEventOf, Weights } from '../../../checks/contract/cutover.ts';
import type { RunEvent } from '../../../checks/contract/run.ts';
import { REHEARSAL } from '../../../reports/record/run-folder/cutover-asked.ts';
import { endOf, readCutover } from '../../../reports/record/run-folder/cutover-log.ts';
import { doorTo, type Door } from '../../harness/cluster-links.ts';
import { until } from '../../../rehearsal/api-server/testing.ts';
import { findDist } from '../../../fixtures/rehearsal-client/start.ts';
import { isStopped, limitFiles, pidsOf, tryKill } from '../../harness/processes.ts';
import type { HaltPoint } from './halt-point.ts';
import type { CrashPlatform } from './platform.ts';
import type { Programs } from './programs.ts';
import { NAMESPACE, STABLE, writeProject } from './project.ts';
import type { RunnerHears, RunnerSays } from './runner-says.ts';
import { endTurn, takeTurn } from './turns.ts';

/** Generous: nothing here is about speed. */
const LIMIT_MS = 60_000;
let made = 0;

export interface CutoverRunOptions {
  readonly lease?: string;
  readonly deployments?: readonly string[];
  readonly rollbackWithin?: string;
}
export interface StartOptions {
  readonly halt?: HaltPoint;
  /** Arguments of the runner. */
  readonly args?: readonly string[];
}
export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

export class CutoverRun {
  readonly root = mkdtempSync(join(tmpdir(), 'golive-crash-'));
  readonly name = `run-${(made += 1)}`;
  readonly lease: string;
  readonly door: Door;
  readonly #platform: CrashPlatform;
  readonly #programs: Programs;
  readonly #children = new Set<ChildProcess>();
  readonly said: RunnerSays[] = [];
  #runner: ChildProcess | undefined;
  #isOver = false;
  #complaints = '';

  private constructor(platform: CrashPlatform, programs: Programs, door: Door, lease: string | undefined) {
    this.#platform = platform;
    this.#programs = programs;
    this.door = door;
    this.lease = lease ?? this.name;
  }

  /** Its project, its route, and its own way to the API server. */
  static async make(
    platform: CrashPlatform,
    programs: Programs,
    { lease, deployments = [STABLE], rollbackWithin = '40s' }: CutoverRunOptions = {},
  ): Promise<CutoverRun> {
    await takeTurn();
    const run = new CutoverRun(platform, programs, await doorTo(platform.plane), lease);
    try {
      await platform.addRoute(run.name);
      writeProject({
        root: run.root,
        kubeconfig: { path: run.door.kubeconfig, context: 'rehearsal-admin' },
        url: platform.urlOf(run.name),
        route: run.name,
        lease: run.lease,
        deployments,
        rollbackWithin,
      });
    } catch (error) {
      await run.remove();
      throw error;
    }
    return run;
  }

  /** Starts the run; its cutover stops itself at `halt`. */
  start({ halt, args = [] }: StartOptions = {}): void {
    const runner = this.#spawn([this.#programs.runner, '--root', this.root, ...args], halt);
    this.#runner = runner;
    this.#isOver = false;
    runner.once('close', () => (this.#isOver = true));
    if (!runner.stdout) throw new Error('the runner has no output');
    runner.stderr?.on('data', (chunk: Buffer) => (this.#complaints += chunk.toString()));
    createInterface({ input: runner.stdout }).on('line', (line) => this.said.push(JSON.parse(line) as RunnerSays));
  }

  get runDir(): string {
    if (this.#opened === undefined) throw new Error(`no run was opened: ${this.#complaints}`);
    return this.#opened;
  }
  get events(): readonly CutoverEvent[] {
    return this.#opened === undefined ? [] : readCutover(this.#opened);
  }
  of<Name extends CutoverEvent['event']>(name: Name): readonly CutoverEventOf<Name>[] {
    return this.events.filter((one): one is CutoverEventOf<Name> => one.event === name);
  }
  get end(): CutoverEvent['event'] | undefined {
    return endOf(this.events)?.event;
  }
  get decided(): Extract<RunnerSays, { says: 'decided' }> | undefined {
    return this.said.find((one) => one.says === 'decided');
  }
  /** What the run told people. */
  get told(): string {
    return this.said.flatMap((one) => (one.says === 'told' ? [one.text] : [])).join('\n');
  }
  /** Everything known, for a test that fails. */
  get story(): string {
    const log = this.#opened === undefined ? '' : join(this.#opened, 'cutover.log');
    const events = this.events.filter(({ event }) => event !== 'sample');
    return [
      ...this.said.map((one) => JSON.stringify(one)),
      ...events.map((one) => JSON.stringify(one).slice(0, 300)),
      existsSync(log) ? readFileSync(log, 'utf8') : '',
      this.#complaints,
    ].join('\n');
  }
  /** Events of the run that its cutover left. */
  get cutoverEnded(): readonly Extract<RunEvent, { event: 'cutover-ended' }>[] {
    const file = join(this.runDir, 'events.jsonl');
    if (!existsSync(file)) return [];
    const events = readFileSync(file, 'utf8').split('\n').filter(Boolean);
    return events.map((line) => JSON.parse(line) as RunEvent).filter((one) => one.event === 'cutover-ended');
  }

  /** Once the cutover has stopped itself there; its process number. */
  async halted({ event, count = 1 }: HaltPoint): Promise<number> {
    await this.#until(() => this.decided !== undefined || this.#count(event) >= count);
    return await until(
      () => Promise.resolve(pidsOf(this.root, 'cutover.js').find(isStopped) ?? 0),
      (pid) => pid > 0,
    );
  }
  /** Once the rehearsal of the rollback holds the Lease; its process number. */
  async rehearsing(): Promise<number> {
    await this.#until(() => this.#opened !== undefined && readCutover(this.runDir, REHEARSAL).length > 0);
    const [pid] = pidsOf(this.root, 'cutover.js');
    if (pid === undefined) throw new Error(`the rehearsal is over: ${this.story}`);
    return pid;
  }
  /** Once this stands in the journal. */
  async reached(event: CutoverEvent['event'], count = 1): Promise<void> {
    await this.#until(() => this.#count(event) >= count);
  }
  /** Once the run has said this. */
  async saying(what: RunnerSays['says']): Promise<void> {
    await this.#until(() => this.said.some(({ says }) => says === what));
  }
  tellRunner(word: RunnerHears): void {
    this.#runner?.stdin?.write(`${word}\n`);
  }
  signalRunner(signal: NodeJS.Signals): void {
    this.#runner?.kill(signal);
  }
  get runnerPid(): number {
    return this.#runner?.pid ?? 0;
  }
  /** Once the runner has gone, and all it said is heard. */
  async runnerEnded(): Promise<void> {
    await this.#until(() => this.#isOver);
  }
  /** Once no process of this run is left. */
  async allGone(): Promise<void> {
    await this.#until(() => pidsOf(this.root).length === 0);
  }

  /** `golive rollback` as people run it. */
  rollback(
    args: readonly string[] = [],
    halt?: HaltPoint,
  ): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
    return this.#heard(this.#spawn([this.#programs.golive, 'rollback', ...args], halt));
  }
  /** `golive cutover` as people run it. */
  wheel(say: 'hold' | 'resume' | 'abort', reason: string, ...more: readonly string[]): Promise<Ended> {
    const args = [this.#programs.golive, 'cutover', say, '--reason', reason, ...more];
    return this.#heard(this.#spawn(args, undefined)).ended;
  }
  /** The program that goes back for a cutover whose process died, begun by somebody who had seen `known` events. */
  goBack(known: number): Promise<Ended> {
    const args = [join(findDist(), 'cutover.js'), '--run', this.runDir, '--root', this.root];
    return this.#heard(this.#spawn([...args, '--back', '--known', String(known)], undefined)).ended;
  }

  weights(): Promise<Weights> {
    return this.#platform.weightsOf(this.name);
  }
  /** Who holds the Lease; empty when nobody does. */
  async leaseHolder(): Promise<string> {
    const { body } = await this.#platform.plane.call('GET', leasePath(this.lease));
    return (body as { readonly spec?: { readonly holderIdentity?: string } }).spec?.holderIdentity ?? '';
  }
  /** No file of these processes may grow any more: a disk that is full, for them (RLIMIT_FSIZE). */
  fillDisk(pids: readonly number[]): void {
    const size = statSync(join(this.runDir, 'cutover.jsonl')).size;
    // The soft limit alone.
    for (const pid of pids) limitFiles(pid, pid === this.runnerPid ? 1 : size);
  }

  async remove(): Promise<void> {
    for (const { pid = 0 } of this.#children) if (pid > 0) tryKill(pid, 'SIGKILL');
    for (const pid of pidsOf(this.root)) tryKill(pid, 'SIGKILL');
    endTurn();
    await this.door.link.close();
    await this.door.close();
    rmSync(this.root, { recursive: true, force: true });
  }

  get #opened(): string | undefined {
    return this.said.find((one) => one.says === 'opened')?.runDir;
  }
  #count(event: string): number {
    return this.events.filter((one) => one.event === event).length;
  }
  async #until(isSo: () => boolean): Promise<void> {
    const look = (): Promise<boolean> => Promise.resolve(isSo());
    await until(look, Boolean, LIMIT_MS).catch((error: unknown) => {
      throw new Error(this.story, { cause: error });
    });
  }
  #heard(child: ChildProcess): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const ended = new Promise<Ended>((resolve) => child.once('close', (code) => resolve({ code, output })));
    return { child, ended };
  }
  #spawn(args: readonly string[], halt: HaltPoint | undefined): ChildProcess {
    const child = spawn(process.execPath, args, {
      cwd: this.root,
      env: { ...plainEnvironment(), ...(halt && this.#programs.haltAt(halt)) },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    return child;
  }
}

export const leasePath = (name: string): string =>
  `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases/${name}`;

/** Without what this test runner, or a gate around it, has set. */
function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(GOLIVE_|TEST_|VITEST|NODE_OPTIONS|KUBECONFIG)/.test(name)),
  );
}

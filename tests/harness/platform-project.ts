/**
 * The platform's checklist in a project of its own, and the real `playwright test` run in it against a real rehearsal: the
 * gate as a team uses it. The rehearsal is kept over the runs of one project, or started by each run as on a clean clone.
 */
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { DecidedItem, Decision } from '../../checks/contract/decision.ts';
import type { OutcomeRecord } from '../../checks/contract/outcome.ts';
import type { RehearsalValues } from '../../checks/contract/environment.ts';
import { startRehearsal, waitForRehearsal } from '../../fixtures/rehearsal-client/start.ts';
import { readState } from '../../fixtures/rehearsal-client/state-file.ts';
import { processTree, survivors } from './process-tree.ts';
import { openPlatformCluster } from './platform-cluster.ts';
import type { PlatformCluster } from './platform-cluster.ts';
import { tryKill } from './processes.ts';
import { repositoryRoot } from './repository.ts';

const repository = repositoryRoot();
const READY_LIMIT_MS = 90_000;
const POLL_MS = 50;
/** How long an orderly end of the rehearsal may take. */
const STOP_LIMIT_MS = 20_000;
/** What settles is given up to a minute; what never settles here need not be watched for so long. */
const WAIT_FOR = {
  real: /waitFor: \{ timeout: \w+, interval: 1s \}/g,
  here: 'waitFor: { timeout: 8s, interval: 500ms }',
};
/** At the rate of SHARED_MACHINE the services are warm sooner. */
const WARM_UP = {
  declared: /(?<before>item: P3-LOA-001\n {4}param: warmup\n {4}value: )\w+/,
  here: '$<before>3s',
};
const PHASE_FILES = ['phase1-preparation', 'phase2-execution', 'phase5-validation'];

export interface ProjectOptions {
  /** Items that this project's checklist does not have: those that look back at more than the test itself does. */
  readonly without?: RegExp;
}

/** How many requests a second the machine can do is not what these tests ask: others of them run beside the load. */
const WHY = 'Other tests run on this machine beside the load';
const CHANGES: readonly (readonly [item: string, param: string, value: string])[] = [
  ['P3-LOA-001', 'rate', '300'],
  ['P3-MET-003', 'min', '200'],
  ['P5-SLA-004', 'bound', '100'],
  ...['P3-LOA-001', 'P3-MET-001', 'P3-MET-002', 'P3-MET-003', 'P3-CHA-001'].map(
    (item) => [item, 'maxGeneratorLag', '2s'] as const,
  ),
];
const SHARED_MACHINE = [
  'overrides:',
  ...CHANGES.flatMap(([item, param, value]) => [
    `  - item: ${item}`,
    `    param: ${param}`,
    `    value: ${value}`,
    `    why: ${WHY}`,
  ]),
  '',
].join('\n');

export interface PlatformRun {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
  /** `reports/out/decision.json`, when there is one. */
  readonly decision: Decision | null;
}
export interface StartedRun {
  readonly child: ChildProcess;
  /** Of the runner. */
  readonly pid: number;
  /** Settles when it has exited and its output is closed. */
  readonly ended: Promise<PlatformRun>;
}

export interface GoliveResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class PlatformProject {
  readonly root: string;
  /** `.golive/rehearsal` of the project. */
  readonly rehearsalDir: string;
  readonly #running = new Set<ChildProcess>();
  #cluster: PlatformCluster | undefined;

  /** Copies the checklist, the rehearsal's environment and the manifests into a temporary folder. Starts nothing. */
  constructor({ without }: ProjectOptions = {}) {
    this.root = mkdtempSync(join(tmpdir(), 'golive-platform-'));
    this.rehearsalDir = join(this.root, '.golive', 'rehearsal');
    for (const path of ['specs/code-platform', 'k8s', 'fixtures/environments/rehearsal.yaml'])
      cpSync(join(repository, path), join(this.root, path), { recursive: true });
    // Fetched once, for the repository.
    mkdirSync(dirname(this.rehearsalDir), { recursive: true });
    symlinkSync(join(repository, '.golive', 'tools'), join(this.root, '.golive', 'tools'));
    for (const name of PHASE_FILES) {
      this.#change(`specs/code-platform/${name}.yaml`, (text) =>
        withoutItems(withoutSections(text, without).replace(WAIT_FOR.real, WAIT_FOR.here), without),
      );
    }
    const environment = 'fixtures/environments/rehearsal.yaml';
    this.#change(environment, (text) => text.replace(WARM_UP.declared, WARM_UP.here));
    this.#change(environment, (text) => withoutItems(text.replace('overrides:\n', SHARED_MACHINE), without));
  }

  /** A project whose rehearsal runs and stays until `remove`. */
  static async withRehearsal(options: ProjectOptions = {}): Promise<PlatformProject> {
    const project = new PlatformProject(options);
    try {
      startRehearsal({ dir: project.rehearsalDir, kept: true });
      await project.rehearsalReady();
      return project;
    } catch (error) {
      await project.remove();
      throw error;
    }
  }

  rehearsalReady(): Promise<RehearsalValues> {
    const signal = AbortSignal.timeout(READY_LIMIT_MS);
    return waitForRehearsal({ dir: this.rehearsalDir, signal, timeoutMs: READY_LIMIT_MS });
  }

  /** The rehearsal's pid, 0 when there is no state file. */
  rehearsalPid(): number {
    return readState(this.rehearsalDir)?.pid ?? 0;
  }

  /** A process of the rehearsal, as its state file names it. */
  componentPid(name: string): number {
    const pid = readState(this.rehearsalDir)?.components.find((one) => one.name === name)?.pid;
    if (pid === undefined) throw new Error(`the rehearsal names no process of ${name}`);
    return pid;
  }

  /** The rehearsal's cluster as its administrator. */
  async cluster(): Promise<PlatformCluster> {
    this.#cluster ??= await openPlatformCluster(join(this.rehearsalDir, 'kubeconfig'), 'rehearsal-admin');
    return this.#cluster;
  }

  /** Starts `playwright test` with `args` in this project. */
  start(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): StartedRun {
    const cli = join(repository, 'node_modules', '@playwright', 'test', 'cli.js');
    const child = spawn(
      process.execPath,
      [cli, 'test', '-c', join(repository, 'playwright.config.ts'), ...args],
      // A process group of its own: Ctrl-C in a terminal reaches every process of the group.
      { cwd: this.root, env: { ...this.#env(), ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: true },
    );
    this.#running.add(child);
    let output = '';
    const collect = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    const ended = new Promise<PlatformRun>((resolve) => {
      child.on('close', (exitCode, signal) => {
        this.#running.delete(child);
        resolve({ exitCode, signal, output, decision: this.decision() });
      });
    });
    return { child, pid: child.pid ?? 0, ended };
  }

  run(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<PlatformRun> {
    return this.start(args, env).ended;
  }

  /** Runs `golive` in this project. */
  golive(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<GoliveResult> {
    return this.startGolive(args, env).ended;
  }

  /** Starts `golive` in this project. */
  startGolive(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): { readonly child: ChildProcess; readonly ended: Promise<GoliveResult> } {
    let end: (result: GoliveResult) => void = () => undefined;
    const ended = new Promise<GoliveResult>((resolve) => (end = resolve));
    const child = execFile(
      process.execPath,
      [join(repository, 'dist', 'golive.js'), ...args],
      { cwd: this.root, env: { ...this.#env(), ...env }, maxBuffer: 16 * 1024 ** 2 },
      (error, stdout, stderr) => {
        this.#running.delete(child);
        const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        end({ exitCode, stdout, stderr });
      },
    );
    this.#running.add(child);
    return { child, ended };
  }

  decision(): Decision | null {
    const file = join(this.root, 'reports/out/decision.json');
    return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Decision) : null;
  }

  /** What workers of the latest run have recorded so far. */
  outcomes(): readonly OutcomeRecord[] {
    const runs = join(this.root, '.golive', 'runs');
    const latest = existsSync(runs) ? readdirSync(runs).sort().at(-1) : undefined;
    if (latest === undefined) return [];
    const folder = join(runs, latest);
    return readdirSync(folder)
      .filter((file) => /^outcomes\..*\.jsonl$/.test(file))
      .flatMap((file) => readFileSync(join(folder, file), 'utf8').split('\n'))
      .filter((line) => line.endsWith('}'))
      .map((line) => JSON.parse(line) as OutcomeRecord);
  }

  write(file: string, text: string): void {
    mkdirSync(dirname(join(this.root, file)), { recursive: true });
    writeFileSync(join(this.root, file), text);
  }

  /** Ends every run and the rehearsal, waits until nothing of them is left, and removes the folder. */
  async remove(): Promise<void> {
    const trees = [...this.#running].flatMap((child) => processTree(child.pid ?? 0));
    for (const child of this.#running) child.kill('SIGKILL');
    await this.#cluster?.close();
    const pid = this.rehearsalPid();
    const seen = [...trees, ...(pid === 0 ? [] : processTree(pid))];
    if (pid !== 0) {
      for (const signal of ['SIGCONT', 'SIGTERM'] as const) tryKill(pid, signal);
    }
    for (const { pid: left } of await survivors(seen, STOP_LIMIT_MS)) tryKill(left, 'SIGKILL');
    rmSync(this.root, { recursive: true, force: true });
  }

  #change(file: string, change: (text: string) => string): void {
    const text = readFileSync(join(this.root, file), 'utf8');
    const changed = change(text);
    if (changed === text) throw new Error(`${file} no longer says what this project changes`);
    this.write(file, changed);
  }

  #env(): NodeJS.ProcessEnv {
    // What an outer gate, a test runner or CI has set is not this run's.
    const outer = Object.entries(process.env).filter(
      ([name]) => !/^(GOLIVE_|TEST_WORKER|TEST_PARALLEL|VITEST|FORCE_COLOR|KUBECONFIG|NODE_OPTIONS)/.test(name),
    );
    return { ...Object.fromEntries(outer), GOLIVE_PROJECT: this.root, NO_COLOR: '1' };
  }
}

/** Headings of items that are left out name nothing: where some are, there are none. */
function withoutSections(text: string, without?: RegExp): string {
  return without ? text.replace(/^sections:\n(?: .*\n)+/m, '') : text;
}
/** A phase's items, or an environment's overrides, without those of the named items. What follows the list stays. */
function withoutItems(text: string, without?: RegExp): string {
  const entries = text.split(/^(?= {2}- (?:id|item): |[^\s-])/m);
  return entries.filter((entry) => !without?.test(/^ {2}- (?:id|item): (\S+)/.exec(entry)?.[1] ?? '')).join('');
}

/** What a run came to, in few words, so that a difference shows all of it. */
export function summary({ exitCode, decision }: PlatformRun): Readonly<Record<string, unknown>> {
  return { exitCode, decision: decision?.decision, selected: decision?.selected.decision };
}

/** Items judged in this run that did not pass: their outcomes by id. What nobody has built is left out. */
export function redItems({ decision }: PlatformRun): Readonly<Record<string, string>> {
  const red = judged(decision).filter(({ outcome }) => outcome !== 'pass' && outcome !== 'not-applicable');
  return Object.fromEntries(red.map(({ id, outcome }) => [id, outcome]));
}

/** Ids of the items that passed in this run, in their order. */
export function passedItems({ decision }: PlatformRun): readonly string[] {
  return judged(decision)
    .filter(({ outcome }) => outcome === 'pass')
    .map(({ id }) => id);
}

function judged(decision: Decision | null): readonly DecidedItem[] {
  return (decision?.items ?? []).filter(({ from, outcome }) => from === 'run' && outcome !== 'planned');
}

/** What an item says, '' when it is not there. */
export function messageOf({ decision }: PlatformRun, id: string): string {
  return decision?.items.find((item) => item.id === id)?.message ?? '';
}

/** Decisions of the phases that a run judged. */
export function phaseDecisions({ decision }: PlatformRun): Readonly<Record<string, string | null>> {
  const phases = (decision?.phases ?? []).filter(({ from }) => from === 'run');
  return Object.fromEntries(phases.map((phase) => [phase.id, phase.decision]));
}

/** Asks again until there is an answer; says what was waited for when there is none. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  limitMs = 60_000,
): Promise<T> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`not in ${limitMs / 1000} s: ${what}`);
    await setTimeout(POLL_MS);
  }
}

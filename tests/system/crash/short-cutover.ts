/** Phase 4 cut short, on a kept rehearsal: nothing but what a test does takes traffic back. Its journal, and how to halt it at a point of that. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { dump, load } from 'js-yaml';
import { expect, onTestFinished } from 'vitest';
import type { CutoverEvent, CutoverEventOf } from '../../../checks/contract/cutover.ts';
import { readCutover } from '../../../reports/record/run-folder/cutover-log.ts';
import type { HaltPoint } from './halt-point.ts';
import type { Programs } from './programs.ts';
import { until, type PlatformProject, type PlatformRun, type StartedRun } from '../../harness/platform-project.ts';
import { isStopped, pidsOf, tryKill } from '../../harness/processes.ts';

export const LIMIT = 240_000;
const LEASE = '/apis/coordination.k8s.io/v1/namespaces/mcp-production/leases/golive-cutover';
const PHASE_FILE = 'specs/code-platform/phase4-cutover.yaml';
/** Traffic has begun to move to 25 %: the way back was tried before, to 5 % and to 0 again. */
export const MOVING: HaltPoint = { event: 'shifting', count: 4 };
/** Rolling back, and nobody is served by the new release any more. */
export const AT_ZERO: HaltPoint = { event: 'zero' };
/** Items that would take traffic back by themselves, or ask for more than phase 4. */
export const NOT_HERE = /^P4-(ROU-003|TRI-00[124])$/;

type Params = Readonly<Record<string, unknown>>;
interface Item {
  readonly id: string;
  readonly params: Params;
  readonly [member: string]: unknown;
}
/** What is left of phase 4 here, and what of its parameters differs. */
const ITEMS: Readonly<Record<string, Params>> = {
  'P4-ROU-001': {},
  'P4-ROL-001': {},
  'P4-TRI-001': { threshold: 0.9, for: '30m', minSamples: 10, prometheus: undefined },
  'P4-MIG-001': { watch: '2m', minSamples: 2 },
  'P4-MIG-002': { watch: '2m', minSamples: 2 },
  'P4-MIG-003': { watch: '2m', minSamples: 2 },
  'P4-MIG-004': { watch: '2m', minSamples: 2 },
  'P4-ROU-002': {},
};

export interface PhaseChanges {
  /** Members of items, by id. */
  readonly items?: Readonly<Record<string, Params>>;
  /** Params of items, by id. */
  readonly params?: Readonly<Record<string, Params>>;
}
/** A cutover that has stopped itself. */
export interface Halted {
  readonly run: StartedRun;
  readonly pid: number;
}

export class ShortCutover {
  readonly #project: PlatformProject;
  readonly #programs: Programs;

  constructor(project: PlatformProject, programs: Programs) {
    this.#project = project;
    this.#programs = programs;
  }

  writePhase({ items: members = {}, params = {} }: PhaseChanges = {}): void {
    const source = new URL(`../../../${PHASE_FILE}`, import.meta.url);
    const phase = load(readFileSync(source, 'utf8')) as { readonly items: readonly Item[] };
    const items = phase.items.flatMap((item) => {
      const changed = ITEMS[item.id];
      if (!changed) return [];
      return [{ ...item, ...members[item.id], params: { ...item.params, ...changed, ...params[item.id] } }];
    });
    this.#project.write(PHASE_FILE, dump({ ...phase, sections: undefined, items }, { skipInvalid: true }));
  }

  /** The journal of the run that began last. */
  journal(): readonly CutoverEvent[] {
    const runs = join(this.#project.root, '.golive', 'runs');
    const latest = existsSync(runs) ? readdirSync(runs).sort().at(-1) : undefined;
    return latest === undefined ? [] : readCutover(join(runs, latest));
  }

  told<Name extends CutoverEvent['event']>(name: Name): readonly CutoverEventOf<Name>[] {
    return this.journal().filter((one): one is CutoverEventOf<Name> => one.event === name);
  }

  processes(): readonly number[] {
    return pidsOf(this.#project.root, 'cutover.js');
  }

  /** Starts phase 4 and waits until its cutover has stopped itself there. */
  async haltedAt(point: HaltPoint): Promise<Halted> {
    const before = this.journal();
    const run = this.#project.start(['--project=phase4'], this.#programs.haltAt(point));
    // Where a test fails nothing of its run stands in the way of the next one.
    onTestFinished(() => {
      for (const pid of [run.pid, ...this.processes()]) tryKill(pid, 'SIGKILL');
    });
    let over: PlatformRun | undefined;
    void run.ended.then((result) => (over = result));
    const during = async <T>(what: string, look: () => T | undefined | false): Promise<T> =>
      await until(
        what,
        () => {
          if (over) throw new Error(`the run ended before ${what}:\n${over.output}`);
          return look();
        },
        LIMIT / 2,
      );
    if (point === AT_ZERO) {
      await during(
        'traffic has moved',
        () => this.told('shifted').length > 1 && this.journal()[0]?.at !== before[0]?.at,
      );
      for (const pid of this.processes()) tryKill(pid, 'SIGTERM');
    }
    return { run, pid: await during(`the cutover is at ${point.event}`, () => this.processes().find(isStopped)) };
  }

  /** The cutover has ended, the journal says that it went back and why, and nobody holds the Lease. */
  async expectBack(reason: string, output = ''): Promise<void> {
    await until('the cutover has ended', () => this.processes().length === 0);
    expect(this.journal().at(-1), output).toMatchObject({ event: 'rolled-back', verified: true });
    expect(this.told('rollback-begun'), output).toMatchObject([{ reason: { code: reason } }]);
    const cluster = await this.#project.cluster();
    expect((await cluster.get(LEASE))['spec']).toMatchObject({ holderIdentity: '' });
  }
}

export const goOn = (pid: number): void => tryKill(pid, 'SIGCONT');

/** What Playwright makes of a cutover that went back. */
export function expectNoGo({ exitCode, decision, output }: PlatformRun, code: number): void {
  expect({ exitCode, reasons: decision?.reasons.map((one) => one.code) }, output).toMatchObject({
    exitCode: code,
    reasons: expect.arrayContaining(['rolled-back']) as unknown,
  });
  expect(output).toContain('ROLLED BACK');
  expect(output).not.toMatch(/\n\s+at .*\.[jt]s:\d/);
}

/**
 * Whole runs of Playwright with a cutover on the rehearsal, interrupted, ended, killed, without their workers, with an item out of time or
 * red. Crash tests of every point of the journal are in tests/system/crash; here is what Playwright itself makes of it.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { dump, load } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { CutoverEvent, CutoverEventOf } from '../../../checks/contract/cutover.ts';
import { readCutover } from '../../../reports/record/run-folder/cutover-log.ts';
import { processTree } from '../../harness/process-tree.ts';
import type { HaltPoint } from '../crash/halt-point.ts';
import { bundlePrograms, type Programs } from '../crash/programs.ts';
import type { PlatformCluster } from '../../harness/platform-cluster.ts';
import {
  messageOf,
  PlatformProject,
  until,
  type PlatformRun,
  type StartedRun,
} from '../../harness/platform-project.ts';
import { isStopped, pidsOf, tryKill } from '../../harness/processes.ts';

const LIMIT = 240_000;
const ROUTE = '/apis/gateway.networking.k8s.io/v1/namespaces/mcp-production/httproutes/mcp-api';
const LEASE = '/apis/coordination.k8s.io/v1/namespaces/mcp-production/leases/golive-cutover';
const PHASE_FILE = 'specs/code-platform/phase4-cutover.yaml';
/** Traffic has begun to move to 25 %: the way back was tried before, to 5 % and to 0 again. */
const MOVING: HaltPoint = { event: 'shifting', count: 4 };
/** Rolling back, and nobody is served by the new release any more. */
const AT_ZERO: HaltPoint = { event: 'zero' };

interface Item {
  readonly id: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly [member: string]: unknown;
}
/** What is left of phase 4 here, and what of its parameters differs: nothing but what a test does takes traffic back. */
const ITEMS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'P4-ROU-001': {},
  'P4-ROL-001': {},
  'P4-TRI-001': { threshold: 0.9, for: '30m', minSamples: 10, prometheus: undefined },
  'P4-MIG-001': { watch: '2m', minSamples: 2 },
  'P4-MIG-002': { watch: '2m', minSamples: 2 },
  'P4-MIG-003': { watch: '2m', minSamples: 2 },
  'P4-MIG-004': { watch: '2m', minSamples: 2 },
  'P4-ROU-002': {},
};
const NOT_HERE = /^P4-(ROU-003|TRI-00[124])$/;
/** Of P4-MIG-002: more than all of it takes, and short enough to be waited for. */
const STEP_TIMEOUT = '10s';

let project: PlatformProject;
let cluster: PlatformCluster;
let programs: Programs;
beforeAll(async () => {
  [project, programs] = await Promise.all([PlatformProject.withRehearsal({ without: NOT_HERE }), bundlePrograms()]);
  cluster = await project.cluster();
  writePhase();
}, LIMIT);
afterAll(async () => {
  programs.remove();
  await project.remove();
}, LIMIT);

/** Writes phase 4; `more` is what its first step says besides. */
function writePhase(more: Readonly<Record<string, unknown>> = {}): void {
  const source = new URL(`../../../${PHASE_FILE}`, import.meta.url);
  const phase = load(readFileSync(source, 'utf8')) as { readonly items: readonly Item[] };
  const items = phase.items.flatMap((item) => {
    const changed = ITEMS[item.id];
    if (!changed) return [];
    const params = { ...item.params, ...changed };
    const said = item.id === 'P4-MIG-001' ? more : {};
    return [{ ...item, ...said, params, ...(item.id === 'P4-MIG-002' ? { timeout: STEP_TIMEOUT } : {}) }];
  });
  project.write(PHASE_FILE, dump({ ...phase, sections: undefined, items }, { skipInvalid: true }));
}

/** The journal of the run that began last. */
function journal(): readonly CutoverEvent[] {
  const runs = join(project.root, '.golive', 'runs');
  const latest = readdirSync(runs).sort().at(-1);
  return latest === undefined ? [] : readCutover(join(runs, latest));
}
const told = <Name extends CutoverEvent['event']>(name: Name): readonly CutoverEventOf<Name>[] =>
  journal().filter((one): one is CutoverEventOf<Name> => one.event === name);
const cutovers = (): readonly number[] => pidsOf(project.root, 'cutover.js');

interface Halted {
  readonly run: StartedRun;
  /** Of the cutover, which has stopped itself. */
  readonly pid: number;
}

async function haltedAt(point: HaltPoint): Promise<Halted> {
  const before = readdirSync(join(project.root, '.golive')).includes('runs') ? journal() : [];
  const run = project.start(['--project=phase4'], programs.haltAt(point));
  // Where a test fails nothing of its run stands in the way of the next one.
  onTestFinished(() => {
    for (const pid of [run.pid, ...cutovers()]) tryKill(pid, 'SIGKILL');
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
    await during('traffic has moved', () => told('shifted').length > 1 && journal()[0]?.at !== before[0]?.at);
    for (const pid of cutovers()) tryKill(pid, 'SIGTERM');
  }
  return { run, pid: await during(`the cutover is at ${point.event}`, () => cutovers().find(isStopped)) };
}

const goOn = (pid: number): void => tryKill(pid, 'SIGCONT');

/** Every user is served by the release before, the journal says so and why, and nobody holds the Lease. */
async function expectBack(reason: string, output = ''): Promise<void> {
  await until('the cutover has ended', () => cutovers().length === 0);
  expect(journal().at(-1), output).toMatchObject({ event: 'rolled-back', verified: true });
  expect(told('rollback-begun'), output).toMatchObject([{ reason: { code: reason } }]);
  const { spec } = (await cluster.get(ROUTE)) as unknown as {
    readonly spec: { readonly rules: readonly { readonly backendRefs: readonly object[] }[] };
  };
  expect(spec.rules[0]?.backendRefs).toEqual([
    expect.objectContaining({ name: 'mcp-typescript-api-green-service', weight: 100 }),
    expect.objectContaining({ name: 'mcp-typescript-api-service', weight: 0 }),
  ]);
  expect((await cluster.get(LEASE))['spec']).toMatchObject({ holderIdentity: '' });
}

function expectNoGo({ exitCode, decision, output }: PlatformRun, code: number): void {
  expect({ exitCode, reasons: decision?.reasons.map((one) => one.code) }, output).toMatchObject({
    exitCode: code,
    reasons: expect.arrayContaining(['rolled-back']) as unknown,
  });
  expect(output).toContain('ROLLED BACK');
  expect(output).not.toMatch(/\n\s+at .*\.[jt]s:\d/);
}

describe('while traffic moves', () => {
  it('Ctrl-C', { timeout: LIMIT }, async () => {
    const { run, pid } = await haltedAt(MOVING);
    process.kill(-run.pid, 'SIGINT');
    goOn(pid);
    const result = await run.ended;
    await expectBack('interrupted', result.output);
    expectNoGo(result, 130);
  });

  it('kill -9 of the run', { timeout: LIMIT }, async () => {
    const { run, pid } = await haltedAt(MOVING);
    run.child.kill('SIGKILL');
    await run.ended;
    goOn(pid);
    await expectBack('runner-gone');
    expect(project.decision()).toMatchObject({ decision: 'HOLD', reasons: [{ code: 'run-incomplete' }] });
  });

  it('SIGTERM to the run', { timeout: LIMIT }, async () => {
    const { run, pid } = await haltedAt(MOVING);
    run.child.kill('SIGTERM');
    goOn(pid);
    const result = await run.ended;
    await expectBack('interrupted', result.output);
    expectNoGo(result, 130);
  });

  it.each([
    ['kill -9 of its workers', MOVING, 'item-failed'],
    ['kill -9 of its workers during the rollback', AT_ZERO, 'interrupted'],
  ] as const)('%s', { timeout: LIMIT }, async (_, point, reason) => {
    const { run, pid } = await haltedAt(point);
    const workers = processTree(run.pid).filter(({ command }) => /playwright\S*workerProcess/.test(command));
    expect(workers).not.toEqual([]);
    for (const worker of workers) tryKill(worker.pid, 'SIGKILL');
    goOn(pid);
    const result = await run.ended;
    await expectBack(reason, result.output);
    expectNoGo(result, 1);
  });

  it('a step that is out of time', { timeout: LIMIT }, async () => {
    const { run, pid } = await haltedAt(MOVING);
    await until('its item has failed', () => project.outcomes().find(({ item }) => item === 'P4-MIG-002'));
    goOn(pid);
    const result = await run.ended;
    await expectBack('item-failed', result.output);
    expectNoGo(result, 1);
    expect(messageOf(result, 'P4-MIG-002')).toMatch(/10(\.0)? s/);
  });

  it('a step that was done, and is judged to be not good enough', { timeout: LIMIT }, async () => {
    writePhase({ expectSubjects: '>=5' });
    const result = await project.run(['--project=phase4']);
    await expectBack('item-failed', result.output);
    expectNoGo(result, 1);
    expect(told('step-done').map(({ item }) => item)).toEqual(['P4-MIG-001']);
    expect(messageOf(result, 'P4-MIG-001')).toContain('Judged 1 of >= 5 expected subjects');
  });
});

/**
 * Whole runs of Playwright with a cutover on the rehearsal, interrupted, ended, killed, without their workers, with an item out of time or
 * red. Crash tests of every point of the journal are in tests/system/crash; here is what Playwright itself makes of it.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { processTree } from '../../harness/process-tree.ts';
import { messageOf, PlatformProject, until } from '../../harness/platform-project.ts';
import { tryKill } from '../../harness/processes.ts';
import { AT_ZERO, expectNoGo, goOn, LIMIT, MOVING, NOT_HERE, ShortCutover } from '../crash/short-cutover.ts';
import { bundlePrograms, type Programs } from '../crash/programs.ts';

const ROUTE = '/apis/gateway.networking.k8s.io/v1/namespaces/mcp-production/httproutes/mcp-api';
/** Of P4-MIG-002: more than all of it takes, and short enough to be waited for. */
const STEP_TIMEOUT = { 'P4-MIG-002': { timeout: '10s' } };

let project: PlatformProject;
let programs: Programs;
let cutover: ShortCutover;
beforeAll(async () => {
  [project, programs] = await Promise.all([PlatformProject.withRehearsal({ without: NOT_HERE }), bundlePrograms()]);
  cutover = new ShortCutover(project, programs);
  cutover.writePhase({ items: STEP_TIMEOUT });
}, LIMIT);
afterAll(async () => {
  programs.remove();
  await project.remove();
}, LIMIT);

/** Every user is served by the release before, the journal says so and why, and nobody holds the Lease. */
async function expectBack(reason: string, output = ''): Promise<void> {
  await cutover.expectBack(reason, output);
  const { spec } = (await (await project.cluster()).get(ROUTE)) as unknown as {
    readonly spec: { readonly rules: readonly { readonly backendRefs: readonly object[] }[] };
  };
  expect(spec.rules[0]?.backendRefs).toEqual([
    expect.objectContaining({ name: 'mcp-typescript-api-green-service', weight: 100 }),
    expect.objectContaining({ name: 'mcp-typescript-api-service', weight: 0 }),
  ]);
}

describe('while traffic moves', () => {
  it('Ctrl-C', { timeout: LIMIT }, async () => {
    const { run, pid } = await cutover.haltedAt(MOVING);
    process.kill(-run.pid, 'SIGINT');
    goOn(pid);
    const result = await run.ended;
    await expectBack('interrupted', result.output);
    expectNoGo(result, 130);
  });

  it('kill -9 of the run', { timeout: LIMIT }, async () => {
    const { run, pid } = await cutover.haltedAt(MOVING);
    run.child.kill('SIGKILL');
    await run.ended;
    goOn(pid);
    await expectBack('runner-gone');
    expect(project.decision()).toMatchObject({ decision: 'HOLD', reasons: [{ code: 'run-incomplete' }] });
  });

  it('SIGTERM to the run', { timeout: LIMIT }, async () => {
    const { run, pid } = await cutover.haltedAt(MOVING);
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
    const { run, pid } = await cutover.haltedAt(point);
    const workers = processTree(run.pid).filter(({ command }) => /playwright\S*workerProcess/.test(command));
    expect(workers).not.toEqual([]);
    for (const worker of workers) tryKill(worker.pid, 'SIGKILL');
    goOn(pid);
    const result = await run.ended;
    await expectBack(reason, result.output);
    expectNoGo(result, 1);
  });

  it('a step that is out of time', { timeout: LIMIT }, async () => {
    const { run, pid } = await cutover.haltedAt(MOVING);
    await until('its item has failed', () => project.outcomes().find(({ item }) => item === 'P4-MIG-002'));
    goOn(pid);
    const result = await run.ended;
    await expectBack('item-failed', result.output);
    expectNoGo(result, 1);
    expect(messageOf(result, 'P4-MIG-002')).toMatch(/10(\.0)? s/);
  });

  it('a step that was done, and is judged to be not good enough', { timeout: LIMIT }, async () => {
    cutover.writePhase({ items: { ...STEP_TIMEOUT, 'P4-MIG-001': { expectSubjects: '>=5' } } });
    const result = await project.run(['--project=phase4']);
    await expectBack('item-failed', result.output);
    expectNoGo(result, 1);
    expect(cutover.told('step-done').map(({ item }) => item)).toEqual(['P4-MIG-001']);
    expect(messageOf(result, 'P4-MIG-001')).toContain('Judged 1 of >= 5 expected subjects');
  });
});

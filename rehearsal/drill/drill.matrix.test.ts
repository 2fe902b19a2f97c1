/** The drill over a real rehearsal: faults as declared, faults declared wrongly, and an interruption in the middle of one. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Plan } from '../../checks/contract/plan.ts';
import { faults } from '../faults/index.ts';
import type { ExpectedChange } from '../../specs/loader/drills/types.ts';
import type { BoundFault } from './bound.ts';
import { compilePlan } from '../../specs/loader/plan.ts';
import type { PlatformCluster } from '../../tests/harness/platform-cluster.ts';
import { PlatformProject, until } from '../../tests/harness/platform-project.ts';
import { isGreen, type FaultResult } from './compare.ts';
import { runDrill } from './drill.ts';

const LIMIT = 120_000;
const STORAGE_CLASS = '/apis/storage.k8s.io/v1/storageclasses/standard';

let project: PlatformProject;
let made: PlatformProject | undefined;
let cluster: PlatformCluster;
beforeAll(async () => {
  project = made = await PlatformProject.withRehearsal();
  cluster = await project.cluster();
}, LIMIT);
afterAll(() => made?.remove(), LIMIT);

/** Nothing of a drill is left: neither its fault nor its folder nor its lock. */
async function expectClean(): Promise<void> {
  expect(await cluster.exists(STORAGE_CLASS)).toBe(true);
  expect(existsSync(join(project.root, '.golive', 'drill'))).toBe(false);
  expect(existsSync(join(project.root, '.golive', 'run.lock'))).toBe(false);
}

interface Report {
  readonly faults: readonly FaultResult[];
  readonly items: readonly { readonly item: string; readonly faults: readonly string[] }[];
}

describe('golive drill', () => {
  it('an object, a store and a service are broken: each as declared, 0', { timeout: LIMIT }, async () => {
    const names = ['default-storage-class-removed', 'redis-without-limit', 'inference-wrong'];
    const file = join(project.root, 'drill.json');
    const { exitCode, stdout, stderr } = await project.golive(['drill', ...names, '--json', file]);
    expect(exitCode, stdout + stderr).toBe(0);
    expect(stdout).toContain('It breaks the rehearsal that runs here.');
    for (const [name, seen] of [
      ['default-storage-class-removed', 'P1-CLU-005 fail'],
      ['redis-without-limit', 'P1-DAT-002 fail'],
      ['inference-wrong', 'P2-API-003 fail'],
    ] as const)
      expect(stdout).toMatch(new RegExp(`^ok +${name} +${seen} · \\d+ others unmoved`, 'm'));
    expect(stdout).toMatch(/^3 of 3 faults as declared · 3 of 3 items can turn red/m);
    const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
    expect(report.faults.map(({ fault }) => fault).sort()).toEqual([...names].sort());
    // Others were really looked at.
    for (const { unmoved } of report.faults) expect(unmoved).toBeGreaterThan(20);
    expect(report.items.map(({ item, faults: red }) => [item, red])).toEqual([
      ['P1-CLU-005', ['default-storage-class-removed']],
      ['P1-DAT-002', ['redis-without-limit']],
      ['P2-API-003', ['inference-wrong']],
    ]);
    await expectClean();
  });

  it('Ctrl-C in the middle of a fault: 130, and nothing stays broken', { timeout: LIMIT }, async () => {
    const { child, ended } = project.startGolive(['drill', 'default-storage-class-removed']);
    await until('the fault is injected', async () => !(await cluster.exists(STORAGE_CLASS)));
    child.kill('SIGINT');
    const { exitCode, stdout, stderr } = await ended;
    expect(exitCode, stdout + stderr).toBe(130);
    expect(stderr).not.toMatch(/\n\s+at /);
    await until('the fault is taken back', () => cluster.exists(STORAGE_CLASS), 10_000);
    await expectClean();
  });

  it('a name that is none: 64, and nothing is touched', async () => {
    const { exitCode, stderr } = await project.golive(['drill', 'redis-klled']);
    expect([exitCode, stderr]).toEqual([64, expect.stringContaining('there is no fault redis-klled')]);
  });
});

describe('a fault that is declared wrongly', () => {
  const removed = faults.find(({ name }) => name === 'default-storage-class-removed');
  const declared = (name: string, changes: BoundFault['changes'], more: Partial<BoundFault> = {}): BoundFault => {
    if (!removed) throw new Error('the fault was renamed');
    return { ...removed, mayChange: {}, ...more, name, changes, settleMs: 1000 };
  };
  const fails = (item: string, id: string | readonly string[]): ExpectedChange => ({
    item,
    outcome: 'fail',
    findings: [{ id }],
  });
  const right = fails('P1-CLU-005', ['noClass', 'noDefault']);

  /** The plan of a few quick items. */
  function smallPlan(): Plan {
    const compiled = compilePlan({ root: project.root, env: { GOLIVE_ENV: 'rehearsal' } });
    if ('problems' in compiled) throw new Error('the checklist does not compile');
    const items = compiled.plan.items.filter(({ id }) => /^P1-CLU-00[125]$/.test(id));
    return { ...compiled.plan, items };
  }

  it('is reported red, whatever is wrong with it; a right one beside it is green', { timeout: LIMIT }, async () => {
    const folder = join(project.root, '.golive', 'drill-test');
    mkdirSync(folder, { recursive: true });
    const told: FaultResult[] = [];
    // Paths of an environment are relative to its project.
    const before = process.cwd();
    process.chdir(project.root);
    onTestFinished(() => process.chdir(before));
    const { unhealthy, results } = await runDrill({
      plan: smallPlan(),
      faults: [
        declared('right', [right]),
        declared('another-outcome', [{ item: 'P1-CLU-005', outcome: 'error', reason: 'forbidden' }]),
        declared('another-reason', [fails('P1-CLU-005', 'noProvisioner')]),
        declared('another-item', [fails('P1-CLU-001', 'checkFailed')]),
        declared('no-such-lever', [right], { inject: [{ lever: 'moon.kill' }] }),
        declared('right-again', [right]),
      ],
      rehearsalDir: project.rehearsalDir,
      folder,
      values: await project.rehearsalReady(),
      signal: new AbortController().signal,
      baseline: (records) => expect(records.map(({ outcome }) => outcome)).toEqual(['pass', 'pass', 'pass']),
      result: (one) => told.push(one),
    });
    expect(unhealthy).toEqual([]);
    expect(told).toEqual(results);
    const found = Object.fromEntries(results.map((one) => [one.fault, one]));
    expect(results.filter(isGreen).map(({ fault }) => fault)).toEqual(['right', 'right-again']);
    expect(found['right']?.unmoved).toBe(2);
    expect(found['another-outcome']?.changes[0]?.wrong).toBe('is fail, expected error');
    expect(found['another-reason']?.changes[0]?.wrong).toMatch(
      /^is fail, expected noProvisioner, seen no(Class|Default) of /,
    );
    expect(found['another-item']?.changes[0]?.wrong).toBe('is pass, expected fail');
    expect(found['another-item']?.moved.map(({ item }) => item)).toEqual(['P1-CLU-005']);
    expect(found['no-such-lever']?.failure).toContain('there is no lever moon.kill');
    for (const { notRecovered } of results) expect(notRecovered).toEqual([]);
    expect(await cluster.exists(STORAGE_CLASS)).toBe(true);
  });
});

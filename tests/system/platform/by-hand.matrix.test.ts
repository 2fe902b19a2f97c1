/** What people start by hand on a rehearsal that is kept: a load, and the execution of phase 2. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PlatformProject } from '../../harness/platform-project.ts';

const LIMIT = 120_000;
const USERS = 'specs/code-platform/load/users.yaml';
let project: PlatformProject;
let made: PlatformProject | undefined;
beforeAll(async () => {
  project = made = await PlatformProject.withRehearsal();
}, LIMIT);
afterAll(() => made?.remove(), LIMIT);

it('golive load sends what users do, each flow of it', async () => {
  const { exitCode, stdout, stderr } = await project.golive([
    'load',
    USERS,
    '--rate',
    '60',
    '--warmup',
    '1s',
    '--duration',
    '3s',
  ]);
  expect(stderr).toBe('');
  // On a machine where other tests run the generator may be late, and says so.
  expect([0, 2]).toContain(exitCode);
  expect(stdout).toMatch(/\d+ requests due in 3\.0 s, 0\.0 % failed/);
  for (const name of ['GET /api/v1/items', 'create an item', 'remove it', 'POST /api/v1/inference'])
    expect(stdout).toMatch(new RegExp(`${name}: \\d+ due, 0 failed`));
});

it('golive run --execute applies the manifests with what the registry has of this commit, and again without harm', async () => {
  for (const time of ['first', 'second']) {
    const { exitCode, stdout, stderr } = await project.golive(['run', '--execute']);
    expect({ time, exitCode, stderr }).toEqual({ time, exitCode: 0, stderr: '' });
    expect(stdout.match(/the registry has it of this commit already/g)).toHaveLength(3);
    expect(stdout).toMatch(/Secret mcp-production\/mcp-secrets: is there, and is not applied/);
    expect(stdout.match(/Deployment \S+: runs ghcr\.io\/org\/\S+@sha256:/g)).toHaveLength(3);
  }
});

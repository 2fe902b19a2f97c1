/** `golive run --execute` killed outright, while it builds and while it waits for a rollout: the same command goes on from there. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findTool } from '../../fixtures/rehearsal-client/tools.ts';
import { startTestPlane, webImage, type TestPlane } from '../../rehearsal/api-server/testing.ts';
import { makeProject, phaseText } from '../../specs/loader/testing/project.ts';
import { bundledCli, ROOT } from '../../tests/harness/cli.ts';
import { tryKill } from '../../tests/harness/processes.ts';
import { startTestRegistry, type TestRegistry } from './testing.ts';

const COMMIT = 'c'.repeat(40);
const ENV = { GOLIVE_ENV: 'staging', GOLIVE_ARM: 'v1.0.0' };
const golive = bundledCli();

/** Notes each image it is asked for, and stands still where the file `hold` names it. */
const WRAPPER = `
const { appendFileSync, existsSync, readFileSync } = require('node:fs');
const image = process.argv[3];
appendFileSync('built', process.pid + ' ' + image + '\\n');
if (existsSync('hold') && image.includes(readFileSync('hold', 'utf8'))) setInterval(() => {}, 1000);
else {
  process.argv.splice(1, 2, process.argv[2]);
  require(process.argv[1]);
}
`;
const MANIFEST = `
apiVersion: v1
kind: Namespace
metadata: { name: shop }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: shop }
spec:
  replicas: 1
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: 'ghcr.io/golive/web:v3' }] }
`;

interface Line {
  readonly event: string;
  readonly image?: string;
  readonly object?: string;
}

describe.skipIf(findTool('docker-registry') === undefined)('an execution that is killed', () => {
  let registry: TestRegistry;
  let plane: TestPlane;
  let project: ReturnType<typeof makeProject>;

  beforeAll(async () => {
    const started = await startTestRegistry();
    if (!started) throw new Error('no registry');
    registry = started;
    const digest = `sha256:${'d'.repeat(64)}`;
    plane = await startTestPlane({
      nodes: ['node-a'],
      images: [{ ...webImage('ghcr.io/golive/web:v3'), digest }],
    });
    const image = (name: string): string =>
      `{ image: '${registry.host}/shop/${name}:{version}', context: api, dockerfile: api/Dockerfile }`;
    const command = [
      process.execPath,
      'wrapper.cjs',
      registry.builder,
      '{image}',
      '{context}',
      '{dockerfile}',
      '{commit}',
    ];
    project = makeProject({
      'specs/small/checklist.yaml': `apiVersion: golive/v1
name: small
release: { name: small, version: v1.0.0, commit: ${COMMIT} }
phases: [phase1.yaml]
roles: { platform-team: Platform team }
`,
      'specs/small/phase1.yaml': phaseText(
        '  - { id: P1-CLU-001, title: T, kind: cluster/storage-classes, source: 1, severity: major, owner: platform-team, params: {} }\n',
      ),
      'specs/small/execution.yaml': `apiVersion: golive/v1
build:
  tool: command
  command: ${JSON.stringify([...command, 'push'])}
  registry: images
  images: [${image('api')}, ${image('web')}]
apply: { files: [k8s/all.yaml], within: 1m }
`,
      'fixtures/environments/staging.yaml': `apiVersion: golive/v1
name: staging
kubeconfig: { path: ${plane.kubeconfig}, context: rehearsal-admin }
namespaces: { platform: shop }
endpoints: {}
stores: {}
registries: { images: { url: 'http://${registry.host}' } }
mutations: [build, push, apply]
preconditions: enforce
`,
      'api/Dockerfile': 'FROM scratch\n',
      'k8s/all.yaml': MANIFEST,
      'wrapper.cjs': WRAPPER,
    });
  });
  afterAll(async () => {
    await registry.close();
    await plane.close();
    project.remove();
  });

  const built = (): readonly string[] => {
    const file = join(project.root, 'built');
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  };
  const names = (): readonly string[] => built().map((line) => /\/(\w+):/.exec(line)?.[1] ?? '');
  const journals = (): readonly string[] => {
    const folder = join(project.root, '.golive', 'executions');
    return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.jsonl')) : [];
  };
  const journal = (): readonly Line[] =>
    journals().flatMap((name) =>
      readFileSync(join(project.root, '.golive', 'executions', name), 'utf8')
        .split('\n')
        .flatMap((line) => {
          try {
            return [JSON.parse(line) as Line];
          } catch {
            return [];
          }
        }),
    );
  /** Until its journal says so; then it is killed outright. */
  async function killedOnce(isThere: () => boolean): Promise<string> {
    const child: ChildProcess = spawn(process.execPath, [join(ROOT, 'dist', 'golive.js'), 'run', '--execute'], {
      cwd: project.root,
      env: { PATH: process.env['PATH'] ?? '', ...ENV },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const exited = new Promise((done) => child.once('exit', done));
    const look = setInterval(() => isThere() && child.kill('SIGKILL'), 20);
    await exited;
    clearInterval(look);
    return said;
  }
  const schedulable = (is: boolean): Promise<unknown> =>
    plane.call('PATCH', '/api/v1/nodes/node-a', {
      headers: { 'content-type': 'application/merge-patch+json' },
      body: { spec: { unschedulable: is ? null : true } },
    });

  it('goes on where it was, builds nothing twice, and tells of it', async () => {
    writeFileSync(join(project.root, 'hold'), '/web:');
    const first = await killedOnce(() => names().includes('web'));
    expect(first).toMatch(/shop\/api:v1\.0\.0: pushed, sha256:/);
    expect(journal().map(({ event }) => event)).toEqual(['begun', 'building', 'pushed', 'building']);
    // Its builder outlives it, as it may on a machine of a pipeline.
    tryKill(Number(built().at(-1)?.split(' ')[0]), 'SIGKILL');
    rmSync(join(project.root, 'hold'));

    await schedulable(false);
    const second = await killedOnce(() =>
      journal().some(({ event, object }) => event === 'applied' && object === 'Deployment shop/web'),
    );
    expect(second).toMatch(/Going on with execution/);
    expect(second).toMatch(/shop\/api:v1\.0\.0: the registry has it of this commit already, sha256:/);
    expect(names()).toEqual(['api', 'web', 'web']);
    expect(journal().some(({ event }) => event === 'runs')).toBe(false);

    await schedulable(true);
    const { status, stdout, stderr } = await golive.later(['run', '--execute'], project.root, ENV);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/Deployment shop\/web: runs ghcr\.io\/golive\/web@sha256:/);
    expect(names()).toEqual(['api', 'web', 'web']);
    // One execution, told whole: what was done before each kill stands in it.
    expect(journals()).toHaveLength(1);
    const events = journal().map(({ event }) => event);
    expect(events.filter((event) => event === 'resumed')).toHaveLength(2);
    expect(events.slice(-2)).toEqual(['runs', 'finished']);
  });

  it('is one at a time', async () => {
    writeFileSync(join(project.root, 'api', 'Dockerfile'), 'FROM scratch\n# Another\n');
    writeFileSync(
      join(project.root, 'specs/small/checklist.yaml'),
      readFileSync(join(project.root, 'specs/small/checklist.yaml'), 'utf8').replace(COMMIT, 'd'.repeat(40)),
    );
    writeFileSync(join(project.root, 'hold'), '/api:');
    let other = { status: 0 as number | null, stderr: '' };
    let asked: Promise<void> | undefined;
    const before = built().length;
    await killedOnce(() => {
      if (built().length === before) return false;
      asked ??= golive.later(['run', '--execute'], project.root, ENV).then((result) => void (other = result));
      return other.stderr !== '';
    });
    await asked;
    tryKill(Number(built().at(-1)?.split(' ')[0]), 'SIGKILL');
    expect(other.status).toBe(2);
    expect(other.stderr).toMatch(/Another execution is under way \(process \d+\): nothing was done\.\nFix: /);
  });
});

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../checks/contract/cluster.ts';
import { registrySession, type RegistrySession } from '../../checks/protocols/oci.ts';
import { clusterLink } from '../../fixtures/capabilities/cluster-link.ts';
import { httpClient } from '../../fixtures/capabilities/http.ts';
import { createRedactor } from '../../fixtures/capabilities/redactor.ts';
import { secretResolver } from '../../fixtures/capabilities/secret-values.ts';
import { findTool } from '../../fixtures/rehearsal-client/tools.ts';
import { startTestPlane, webImage } from '../../rehearsal/api-server/testing.ts';
import { applyAll, objectsToApply, runningOf, waitForAll } from './apply.ts';
import { refusalOf } from './execute.ts';
import { buildImages, type PushedImage } from './images.ts';
import { openJournal, unfinishedExecution, type Journal } from './journal.ts';
import { commandsFor, type Tool } from './templates.ts';
import { startTestRegistry, type TestRegistry } from './testing.ts';

const COMMIT = 'a'.repeat(40);
const IMAGE = {
  image: 'ghcr.io/shop/api:v1',
  context: 'api',
  dockerfile: 'api/Dockerfile',
  commit: COMMIT,
  version: 'v1',
};

describe('templates', () => {
  it.each([
    [
      'docker',
      'docker build --file api/Dockerfile --tag ghcr.io/shop/api:v1 --label',
      'docker push ghcr.io/shop/api:v1',
    ],
    [
      'podman',
      'podman build --file api/Dockerfile --tag ghcr.io/shop/api:v1 --label',
      'podman push ghcr.io/shop/api:v1',
    ],
    ['buildx', 'docker buildx build --push --file api/Dockerfile', undefined],
    [
      'kaniko',
      '/kaniko/executor --context=api --dockerfile=api/Dockerfile --destination=ghcr.io/shop/api:v1',
      undefined,
    ],
  ] as const)('%s labels what it builds with the commit', (tool: Tool, begins, pushes) => {
    const { build, push } = commandsFor(tool, IMAGE);
    expect(build.join(' ').startsWith(begins)).toBe(true);
    expect(build).toContain(`org.opencontainers.image.revision=${COMMIT}`);
    expect(push?.join(' ')).toBe(pushes);
  });
  it('a team’s own command gets the words it names, and no shell', () =>
    expect(commandsFor('command', IMAGE, ['make', 'IMAGE={image}', '{commit};rm']).build).toEqual([
      'make',
      'IMAGE=ghcr.io/shop/api:v1',
      `${COMMIT};rm`,
    ]));
});

it.each([
  [
    'a class that the environment does not allow',
    { mutations: ['apply'], rehearsal: false },
    'v1',
    /no change of the class build, push/,
  ],
  ['nothing armed', { mutations: ['build', 'push'], rehearsal: false }, undefined, /Nothing is armed:/],
  ['another release armed', { mutations: ['build', 'push'], rehearsal: false }, 'v0', /Nothing is armed but v0/],
  ['this one armed', { mutations: ['build', 'push'], rehearsal: false }, 'v1', null],
] as const)('is refused with its reason: %s', (_, environment, armed, expected) => {
  const execution = {
    apiVersion: 'golive/v1',
    build: { tool: 'docker', registry: 'images', images: [{ image: 'a', context: '.', dockerfile: 'b' }] },
  } as const;
  const refused = refusalOf(
    { ...execution, build: { ...execution.build, images: [...execution.build.images] } },
    { environment: { name: 'production', ...environment }, release: { version: 'v1' } },
    armed,
  );
  if (expected === null) expect(refused).toBeNull();
  else expect(refused).toMatch(expected);
});

describe.skipIf(findTool('docker-registry') === undefined)('with a real registry', () => {
  const root = mkdtempSync(join(tmpdir(), 'golive-execution-'));
  let registry: TestRegistry;
  let session: RegistrySession;
  let journal: Journal;
  beforeAll(async () => {
    const started = await startTestRegistry();
    if (!started) throw new Error('no registry');
    registry = started;
    const redactor = createRedactor();
    const http = httpClient({
      signal: new AbortController().signal,
      redactor,
      resolveSecret: secretResolver(redactor, () => Promise.resolve(null)),
    });
    session = registrySession(http, { url: `http://${registry.host}` });
    journal = openJournal(root, '1');
    journal.tell({ event: 'begun', release: 'v1', commit: COMMIT, environment: 'test', pid: 1 });
    mkdirSync(join(root, 'api'));
    writeFileSync(join(root, 'api', 'Dockerfile'), 'FROM scratch\n');
  });
  afterAll(async () => {
    journal.close();
    await registry.close();
    rmSync(root, { recursive: true, force: true });
  });

  let runs = 0;
  const run = ([program = '', ...args]: readonly string[]): Promise<number> => {
    runs += 1;
    return new Promise((done) =>
      spawn(program, args, { cwd: root, stdio: 'inherit' }).once('close', (code) => done(code ?? 1)),
    );
  };
  const build = (name: string, how: string): Promise<readonly PushedImage[]> => {
    const image = { ...IMAGE, image: `${registry.host}/shop/${name}:v1` };
    const own = [process.execPath, registry.builder, '{image}', '{context}', '{dockerfile}', '{commit}', how];
    return buildImages([image], { tool: 'command', own, session, journal, run, say: () => undefined });
  };

  it('believes the registry: a new digest with the label of this commit, told before and after', async () => {
    const [pushed] = await build('api', 'push');
    expect(pushed?.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(journal.events.map(({ event }) => event)).toEqual(['begun', 'building', 'pushed']);
  });
  it('builds no second time what is there of this commit', async () => {
    const before = runs;
    expect((await build('api', 'push'))[0]?.digest).toMatch(/^sha256/);
    expect(runs).toBe(before);
  });
  it.each([
    ['a builder that ends well and pushes nothing', 'none', 'nowhere', /has no such image/],
    ['an image without the label', 'bare', 'unlabelled', /has the label org.opencontainers.image.revision none/],
    [
      'a tag that still leads to the image of before',
      'bare',
      'nowhere',
      /still leads to sha256:\w+: nothing was pushed/,
    ],
    ['a builder that fails', 'broken', 'push', /ended with exit code/],
  ])('does not take an exit code for it: %s', async (_, name, how, why) => {
    if (name === 'broken') rmSync(join(root, 'api', 'Dockerfile'));
    await expect(build(name, how)).rejects.toThrow(why);
  });
  it('knows which execution to go on with', () => {
    expect(unfinishedExecution(root, COMMIT, 'test')).toBe('1');
    expect(unfinishedExecution(root, COMMIT, 'other')).toBeNull();
    expect(unfinishedExecution(root, 'b'.repeat(40), 'test')).toBeNull();
    journal.tell({ event: 'finished' });
    expect(unfinishedExecution(root, COMMIT, 'test')).toBeNull();
    expect(readFileSync(join(root, '.golive', 'executions', '1.jsonl'), 'utf8')).toContain('"event":"building"');
  });
});

const DIGEST = `sha256:${'d'.repeat(64)}`;
const PUSHED: PushedImage = {
  repository: 'ghcr.io/golive/web',
  image: 'ghcr.io/golive/web:v1',
  digest: DIGEST,
  known: [DIGEST],
};
const MANIFEST = `
apiVersion: v1
kind: Namespace
metadata: { name: shop }
---
apiVersion: v1
kind: Secret
metadata: { name: db, namespace: shop }
stringData: { password: changeme }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: shop }
spec:
  replicas: 1
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: 'ghcr.io/golive/web:v1' }] }
`;

describe('on an API server', () => {
  it('applies in order, never a Secret, and waits until what was pushed is what runs', async () => {
    const root = mkdtempSync(join(tmpdir(), 'golive-execution-'));
    const reference = `${PUSHED.image}@${DIGEST}`;
    const plane = await startTestPlane({ nodes: ['a'], images: [{ ...webImage(reference), digest: DIGEST }] });
    const link = clusterLink({ path: plane.kubeconfig, context: 'rehearsal-admin' }, createRedactor());
    const journal = openJournal(root, '1');
    try {
      const signal = AbortSignal.timeout(30_000);
      const applying = { access: await link.access(signal), signal, journal, say: () => undefined };
      const objects = objectsToApply([{ file: 'all.yaml', text: MANIFEST }], [PUSHED]);
      await expect(applyAll(objects, applying)).rejects.toThrow(/Secret shop\/db: does not exist/);
      await plane.apply({
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'db', namespace: 'shop' },
        stringData: { password: 'real' },
      });
      const applied = await applyAll(objects, applying);
      await waitForAll(applied, [PUSHED], 20_000, applying);
      const told = journal.events.flatMap((one) => ('object' in one ? [`${one.event} ${one.object}`] : [one.event]));
      expect(told.slice(-5)).toEqual([
        'applying Namespace shop',
        'applied Namespace shop',
        'applying Deployment shop/web',
        'applied Deployment shop/web',
        'runs',
      ]);
      const secret = await plane.get({ apiVersion: 'v1', kind: 'Secret', resource: 'secrets' }, 'db', 'shop');
      expect(secret?.['data']).toEqual({ password: Buffer.from('real').toString('base64') });
      await expect(waitForAll(applied, [PUSHED], 0, { ...applying })).resolves.toBeUndefined();
    } finally {
      journal.close();
      await link.close();
      await plane.close();
      rmSync(root, { recursive: true, force: true });
    }
  });

  it('tells an image that runs and is another one', () => {
    const deployment = objectsToApply([{ file: 'a', text: MANIFEST }], [PUSHED])[2]?.manifest as KubeObject;
    const status = { observedGeneration: 1, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 };
    const rolledOut = { ...deployment, metadata: { ...deployment.metadata, generation: 1 }, status };
    const pod = (imageID: string): KubeObject => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'web-1', namespace: 'shop', labels: { app: 'web' } },
      status: { containerStatuses: [{ name: 'web', imageID }] },
    });
    expect(runningOf(rolledOut, [pod(`ghcr.io/golive/web@${DIGEST}`)], [PUSHED]).why).toBeNull();
    const other = `sha256:${'e'.repeat(64)}`;
    expect(runningOf(rolledOut, [pod(`ghcr.io/golive/web@${other}`)], [PUSHED]).why).toMatch(
      /runs sha256:e+ as web, expected sha256:d+/,
    );
    expect(runningOf(rolledOut, [pod('')], [PUSHED]).why).toMatch(/does not tell/);
    expect(runningOf(rolledOut, [], [PUSHED]).why).toMatch(/none of its pods/);
  });
  it('names the place of what is no object', () =>
    expect(() => objectsToApply([{ file: 'k8s/a.yaml', text: 'a: [' }], [])).toThrow(/k8s\/a\.yaml:\d+:\d+/));
});

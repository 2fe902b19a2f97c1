/** The kinds about the registry, through `gather` and `judge`, against the real one; only the cluster is made up. */
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Capabilities } from '../../checks/contract/capabilities.ts';
import type { KubeObject } from '../../checks/contract/cluster.ts';
import { ObservationError, type CheckKind } from '../../checks/kit/kind.ts';
import { kinds } from '../../checks/index.ts';
import { validateParams } from '../../checks/kit/params.ts';
import { createRedactor } from '../../fixtures/capabilities/redactor.ts';
import { secretResolver } from '../../fixtures/capabilities/secret-values.ts';
import { httpClient } from '../../fixtures/capabilities/http.ts';
import { testContext } from '../../tests/harness/context.ts';
import type { Release } from '../levers.ts';
import { secretPath } from '../../fixtures/rehearsal-client/state-file.ts';
import { testPlatform } from '../testing/platform.ts';
import { findTool } from '../../fixtures/rehearsal-client/tools.ts';
import { NAMESPACE, RELEASE_COMMIT, RELEASES, SERVICES } from '../topology.ts';
import { imageDigest, pinned } from './image-manifests.ts';
import { REGISTRY_USERS, startRegistry, type Registry } from './server.ts';

const version = RELEASES.blue;
const images = Object.values(SERVICES).map(({ app, image }) => ({ app, image, pinned: pinned(`${image}:${version}`) }));
const api = SERVICES.typescriptApi.image;

const deployments = images.map(({ app, pinned: image }): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: app, namespace: NAMESPACE, uid: app },
  spec: {
    selector: { matchLabels: { 'app.kubernetes.io/name': app } },
    template: { spec: { serviceAccountName: 'default', containers: [{ name: 'main', image }] } },
  },
}));
const pods = images.map(({ app, image }): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: `${app}-1`, namespace: NAMESPACE, labels: { 'app.kubernetes.io/name': app } },
  spec: { containers: [{ name: 'main', image: `${image}:${version}` }] },
  status: {
    phase: 'Running',
    containerStatuses: [{ name: 'main', imageID: `${image}@${imageDigest(image, version)}` }],
  },
}));
const account: KubeObject = {
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name: 'default', namespace: NAMESPACE },
  imagePullSecrets: [{ name: 'registry-pull' }],
};
const objects: Readonly<Record<string, readonly KubeObject[]>> = { deployments, pods, serviceaccounts: [account] };

describe.skipIf(findTool('docker-registry') === undefined)('against the real registry', () => {
  const platform = testPlatform();
  const { context } = platform;
  const redactor = createRedactor();
  /** The Secret that pods pull with, as the cluster would have it. */
  let pullSecret: Readonly<Record<string, string>> = {};
  const resolveSecret = secretResolver(redactor, ({ key }) => Promise.resolve(pullSecret[key] ?? null));
  let registry: Registry;
  let release: Release | undefined;

  beforeAll(async () => {
    registry = await startRegistry(context);
    await registry.filled;
  });
  beforeEach(() => {
    pullSecret = pullSecretOf(REGISTRY_USERS.puller);
  });
  afterEach(async () => {
    await release?.();
    release = undefined;
  });
  afterAll(async () => {
    await registry.stop();
    await platform.close();
  });

  const pullSecretOf = ({ name, secret }: { readonly name: string; readonly secret: string }) => {
    const auth = Buffer.from(`${name}:${readFileSync(secretPath(context.dir, secret), 'utf8')}`).toString('base64');
    return { '.dockerconfigjson': JSON.stringify({ auths: { 'https://ghcr.io/v2/': { auth } } }) };
  };

  const capabilities = {
    cluster: {
      where: 'a made-up cluster',
      list: ({ resource }: { resource: string }) =>
        Promise.resolve({ items: objects[resource] ?? [], resourceVersion: '1', readAt: '2026-01-01T00:00:00Z' }),
    },
    secrets: {
      facts: () =>
        Promise.resolve([
          { key: '.dockerconfigjson', bytes: 9, empty: false, placeholder: null, registries: ['ghcr.io'] },
        ]),
    },
    http: httpClient({ signal: new AbortController().signal, redactor, resolveSecret }),
  } as unknown as Capabilities;

  const credential = (who: keyof typeof REGISTRY_USERS) => ({
    username: REGISTRY_USERS[who].name,
    password: { from: 'file', path: secretPath(context.dir, REGISTRY_USERS[who].secret) },
  });

  function paramsOf(name: string): object {
    const at = (who: keyof typeof REGISTRY_USERS) => ({
      url: registry.url,
      caFile: context.authority.caFile,
      credential: credential(who),
    });
    if (name === 'registry-access')
      return { registry: at('puller'), hosts: ['ghcr.io'], namespaces: [NAMESPACE], maxRead: '1Gi' };
    const common = {
      registry: at(name === 'push-permission' ? 'pusher' : 'puller'),
      hosts: ['ghcr.io'],
      namespace: NAMESPACE,
      selector: 'mcp.test/colour=blue',
    };
    const own: Readonly<Record<string, object>> = {
      'push-permission': { pullCredential: credential('puller'), pullSecrets: ['registry-pull'] },
      'image-provenance': { commit: RELEASE_COMMIT, version },
      'image-reference': { version },
      'image-size': { maxSize: '1Mi' },
      'pushed-images': { version },
    };
    return { ...common, ...own[name] };
  }

  /** `pass`, or what the findings or the error say. */
  async function outcomeOf(name: string): Promise<string> {
    const kind = kinds.get(`supply-chain/${name}`) as CheckKind;
    const validated = validateParams(kind, paramsOf(name));
    if (!validated.ok) throw new Error(JSON.stringify(validated.errors));
    const run = testContext();
    try {
      const gathered = await kind.gather(validated.params, capabilities, run);
      const judgement = kind.judge(validated.params, gathered, run);
      const doubts = judgement.doubts.map(({ reason, why }) => `${reason}: ${why}`);
      return [...judgement.findings.map(({ says }) => says), ...doubts].join('\n') || judgement.outcome;
    } catch (error) {
      if (error instanceof ObservationError) return `${error.code}: ${error.message}`;
      throw error;
    }
  }

  /** Scans are no part of what was pushed: they come later, from a scanner. */
  const SCANS = ['registry-scans', 'running-scans', 'vulnerabilities'];
  const ALL = [...kinds.keys()]
    .flatMap((name) => /^supply-chain\/(.*)/.exec(name)?.[1] ?? [])
    .filter((name) => !SCANS.includes(name));

  it.each(ALL)('%s passes on what was pushed', async (name) => {
    expect(await outcomeOf(name)).toBe('pass');
  });

  const tag = { repository: api, tag: version };
  it.each([
    ['registry.kill', {}, 'registry-access', /does not answer .*connection refused/],
    ['registry.kill', {}, 'image-size', /^unreachable: /],
    ['registry-token.kill', {}, 'registry-access', /does not answer .*\/token.*connection refused/],
    ['registry.delete-tag', tag, 'registry-access', /answers 404 for tag v1\.0\.0/],
    ['registry.delete-tag', tag, 'pushed-images', /answers 404 for digest sha256:/],
    ['registry.delete-layer', tag, 'pushed-images', /lacks layer sha256:/],
    ['registry.delete-layer', tag, 'registry-access', /lacks layer sha256:/],
    ['registry.corrupt', tag, 'pushed-images', /layer sha256:\S+ of sha256:\S+ has the content of sha256:/],
    ['registry.corrupt', tag, 'registry-access', /layer sha256:\S+ of sha256:\S+ has the content of sha256:/],
    [
      'registry.corrupt',
      { ...tag, blob: 'config' },
      'pushed-images',
      /configuration sha256:\S+ of .* has the content of/,
    ],
    ['registry.corrupt', { ...tag, blob: 'config' }, 'image-provenance', /^protocol: .* is not what its digest says/],
    [
      'registry.retag',
      { ...tag, commit: 'f'.repeat(40) },
      'image-provenance',
      /was built from commit f{40}, expected b06b/,
    ],
    ['registry.retag', { ...tag, commit: 'f'.repeat(40) }, 'image-reference', /its tag leads to sha256:/],
    ['registry.retag', { ...tag, version: 'v1.0.0-rc.1' }, 'image-provenance', /is version v1\.0\.0-rc\.1/],
    ['registry.retag', { ...tag, paddingBytes: 2 ** 21 }, 'image-size', /takes 2\.0Mi to pull, expected at most 1Mi/],
    [
      'registry.actions',
      { user: 'golive-pusher', actions: ['pull'] },
      'push-permission',
      /answers 401 to an upload by golive-pusher/,
    ],
    [
      'registry.actions',
      { user: 'golive-puller', actions: ['pull', 'push'] },
      'push-permission',
      /answers 202 to an upload by golive-puller/,
    ],
    [
      'registry.actions',
      { user: 'golive-puller', actions: [] },
      'push-permission',
      /answers 401 to golive-puller, as whom nodes pull/,
    ],
    [
      'registry.actions',
      { user: 'golive-puller', actions: [] },
      'registry-access',
      /^unauthorized: .*the registry answers 401/,
    ],
  ] as const)('%s %o turns %s red', async (lever, args, name, says) => {
    release = await context.levers.pull(lever, args);
    expect(await outcomeOf(name)).toMatch(says);
  });

  it('a pull secret with the credential of who builds turns push-permission red', async () => {
    pullSecret = pullSecretOf(REGISTRY_USERS.pusher);
    expect(await outcomeOf('push-permission')).toMatch(
      /answers 202 to an upload by Secret mcp-production\/registry-pull, expected a refusal/,
    );
  });

  it('a pull secret with an old password turns push-permission red', async () => {
    pullSecret = {
      '.dockercfg': JSON.stringify({ 'ghcr.io': { username: 'golive-puller', password: 'of last year' } }),
    };
    expect(await outcomeOf('push-permission')).toMatch(/answers 401 to Secret mcp-production\/registry-pull, as whom/);
  });

  it('a pull secret that cannot be tried is in doubt', async () => {
    pullSecret = {
      '.dockerconfigjson': JSON.stringify({ auths: { 'ghcr.io': { identitytoken: 'a-refresh-token' } } }),
    };
    expect(await outcomeOf('push-permission')).toMatch(/^misconfigured: .* holds no user and password for ghcr\.io/);
  });

  it('leaves no password in what it says', async () => {
    release = await context.levers.pull('registry.actions', { user: 'golive-puller', actions: [] });
    pullSecret = pullSecretOf(REGISTRY_USERS.pusher);
    const said = await outcomeOf('push-permission');
    expect(redactor.redact(said)).toBe(said);
  });
});

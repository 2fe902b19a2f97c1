import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../../checks/contract/canonical.ts';
import type { HttpAnswer } from '../../checks/contract/http.ts';
import { createRedactor } from '../../fixtures/capabilities/redactor.ts';
import { registriesIn } from '../../fixtures/capabilities/pull-secrets.ts';
import { secretResolver } from '../../fixtures/capabilities/secret-values.ts';
import { httpClient } from '../../fixtures/capabilities/http.ts';
import { findTool } from '../../fixtures/rehearsal-client/tools.ts';
import { secretPath } from '../../fixtures/rehearsal-client/state-file.ts';
import { testPlatform } from '../testing/platform.ts';
import { RELEASES, RELEASE_COMMIT, SERVICES } from '../topology.ts';
import { buildImage, IMAGES, imageDigest, MANIFEST_TYPE, pinned, serviceRecipe } from './image-manifests.ts';
import { pathOf } from './push.ts';
import { REGISTRY_USERS, startRegistry, type Registry } from './server.ts';

const api = SERVICES.typescriptApi.image;
const image = IMAGES.find(({ repository, tag }) => repository === api && tag === RELEASES.blue) ?? IMAGES[0];

describe('images', () => {
  it('are the same at every start and on every machine', () => {
    expect(image).toMatchObject({ repository: api, tag: 'v1.0.0' });
    expect(buildImage(serviceRecipe(api, RELEASES.blue)).digest).toBe(imageDigest(api, RELEASES.blue));
    expect(new Set(IMAGES.map(({ digest }) => digest)).size).toBe(IMAGES.length);
  });

  it('hold a configuration of the release and layers that gunzip and tar can read', () => {
    const manifest = JSON.parse(image?.manifest.toString() ?? '') as {
      config: { digest: string };
      layers: { digest: string; size: number }[];
    };
    const blobs = new Map(image?.blobs.map((blob) => [blob.digest, blob.bytes]));
    for (const [digest, bytes] of blobs) expect(sha256(bytes)).toBe(digest);
    const config = JSON.parse(blobs.get(manifest.config.digest)?.toString() ?? '') as {
      config: { Labels: Record<string, string> };
      rootfs: { diff_ids: string[] };
    };
    expect(config.config.Labels).toMatchObject({
      'org.opencontainers.image.revision': RELEASE_COMMIT,
      'org.opencontainers.image.version': 'v1.0.0',
    });
    const archives = manifest.layers.map(({ digest }) => gunzipSync(blobs.get(digest) ?? Buffer.alloc(0)));
    expect(archives.map(sha256)).toEqual(config.rootfs.diff_ids);
    expect(archives[1]?.toString('latin1')).toMatch(/^app\/version\.json\0/);
  });

  it('are named with their digest', () => {
    expect(pinned(`${api}:v1.0.0`)).toMatch(/^ghcr\.io\/org\/mcp-typescript-server:v1\.0\.0@sha256:[0-9a-f]{64}$/);
    expect(() => pinned(`${api}:v9.9.9`)).toThrow('has no image');
  });
});

describe.skipIf(findTool('docker-registry') === undefined)('the registry', () => {
  const platform = testPlatform();
  const { context } = platform;
  const redactor = createRedactor();
  const http = httpClient({
    signal: new AbortController().signal,
    redactor,
    resolveSecret: secretResolver(redactor, () => Promise.resolve(null)),
  });
  let registry: Registry;

  beforeAll(async () => {
    registry = await startRegistry(context);
    await registry.filled;
  });
  afterAll(async () => {
    await registry.stop();
    await platform.close();
  });

  const get = (path: string, bearer?: string, method: 'GET' | 'POST' = 'GET'): Promise<HttpAnswer> =>
    http.request({
      url: `${registry.url}${path}`,
      method,
      headers: { accept: MANIFEST_TYPE },
      caFile: context.authority.caFile,
      ...(bearer === undefined ? {} : { bearer }),
    });

  async function tokenOf(who: keyof typeof REGISTRY_USERS, actions: string): Promise<string> {
    const { headers } = await get('/v2/');
    const realm = /realm="([^"]+)"/.exec(headers['www-authenticate'] ?? '')?.[1] ?? '';
    const service = /service="([^"]+)"/.exec(headers['www-authenticate'] ?? '')?.[1] ?? '';
    const query = new URLSearchParams({ service, scope: `repository:${pathOf(api)}:${actions}` }).toString();
    const { name, secret } = REGISTRY_USERS[who];
    const password = { from: 'file', path: secretPath(context.dir, secret) } as const;
    const answer = await http.request({
      url: `${realm}?${query}`,
      basic: { username: name, password },
      caFile: context.authority.caFile,
    });
    return (JSON.parse(answer.body) as { token: string }).token;
  }

  it('asks everybody for a token of its token service', async () => {
    const answer = await get('/v2/');
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toMatch(
      /^Bearer realm="https:\/\/127\.0\.0\.1:\d+\/token",service="golive-/,
    );
    expect((await get('/v2/', 'eyJhbGciOiJub25lIn0.e30.')).status).toBe(401);
    expect((await get('/v2/', await tokenOf('puller', 'pull'))).status).toBe(200);
  });

  it('holds every image by tag and by the digest that manifests name', async () => {
    const bearer = await tokenOf('puller', 'pull');
    for (const tag of [RELEASES.green, RELEASES.blue, 'v1.1.0']) {
      const answer = await get(`/v2/${pathOf(api)}/manifests/${tag}`, bearer);
      expect([answer.status, answer.headers['docker-content-digest']]).toEqual([200, imageDigest(api, tag)]);
      expect(`sha256:${createHash('sha256').update(answer.body).digest('hex')}`).toBe(imageDigest(api, tag));
      expect((await get(`/v2/${pathOf(api)}/manifests/${imageDigest(api, tag)}`, bearer)).status).toBe(200);
    }
  });

  it('lets the pusher push and the puller not', async () => {
    const uploads = `/v2/${pathOf(api)}/blobs/uploads/`;
    expect((await get(uploads, await tokenOf('pusher', 'pull,push'), 'POST')).status).toBe(202);
    expect((await get(uploads, await tokenOf('puller', 'pull,push'), 'POST')).status).toBe(401);
  });

  it('makes the Secret that pods pull with', () => {
    const [secret] = registry.manifests as readonly { type: string; data: Record<string, string> }[];
    const value = Buffer.from(secret?.data['.dockerconfigjson'] ?? '', 'base64').toString();
    expect(secret?.type).toBe('kubernetes.io/dockerconfigjson');
    expect(registriesIn('.dockerconfigjson', value)).toEqual(['ghcr.io', 'docker.io']);
    const puller = readFileSync(secretPath(context.dir, REGISTRY_USERS.puller.secret), 'utf8');
    expect(value).toContain(`"${puller}"`);
  });

  it('keeps its passwords to their owner', () => {
    const file = secretPath(context.dir, REGISTRY_USERS.puller.secret);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const password = readFileSync(file, 'utf8');
    const logs = ['registry', 'registry-token'].map((log) => readFileSync(`${context.dir}/logs/${log}.log`, 'utf8'));
    expect(logs.join('')).not.toContain(password);
  });

  it('comes back after it was killed, at the same address and with its content', async () => {
    const release = await context.levers.pull('registry.kill');
    await expect(get('/v2/')).rejects.toMatchObject({ code: 'unreachable' });
    await release();
    const answer = await get(`/v2/${pathOf(api)}/manifests/v1.0.0`, await tokenOf('puller', 'pull'));
    expect(answer.status).toBe(200);
  });

  it.each([
    ['registry.delete-tag', {}, 404],
    ['registry.retag', { commit: 'f'.repeat(40), paddingBytes: 1024 }, 200],
  ])('%s changes what the tag leads to, and is undone', async (lever, args, status) => {
    const look = async () => get(`/v2/${pathOf(api)}/manifests/v1.0.0`, await tokenOf('puller', 'pull'));
    const release = await context.levers.pull(lever, { repository: api, tag: 'v1.0.0', ...args });
    const changed = await look();
    expect(changed.status).toBe(status);
    expect(changed.headers['docker-content-digest']).not.toBe(imageDigest(api, 'v1.0.0'));
    await release();
    expect((await look()).headers['docker-content-digest']).toBe(imageDigest(api, 'v1.0.0'));
  });

  it('registry.delete-layer takes a layer away, and puts it back', async () => {
    const layer = image?.blobs.at(-1)?.digest ?? '';
    const look = async () => (await get(`/v2/${pathOf(api)}/blobs/${layer}`, await tokenOf('puller', 'pull'))).status;
    expect(await look()).toBe(200);
    const release = await context.levers.pull('registry.delete-layer', { repository: api, tag: 'v1.0.0' });
    expect(await look()).toBe(404);
    await release();
    expect(await look()).toBe(200);
  });

  it('registry.actions takes the right to push away, and gives it back', async () => {
    const upload = async () =>
      (await get(`/v2/${pathOf(api)}/blobs/uploads/`, await tokenOf('pusher', 'pull,push'), 'POST')).status;
    const release = await context.levers.pull('registry.actions', { user: 'golive-pusher', actions: ['pull'] });
    expect(await upload()).toBe(401);
    await release();
    expect(await upload()).toBe(202);
  });
});

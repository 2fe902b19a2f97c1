import { describe, expect, it } from 'vitest';
import { createHash } from 'node:crypto';
import type { DigestReader, HttpAnswer, HttpClient, HttpRequest } from '../contract/http.ts';
import { bodyDigest, parseChallenge, registrySession } from './oci.ts';
import { blobContent, blobSize, readLabels } from './oci-blobs.ts';
import { lookUp } from './oci-manifests.ts';

const digest = (char: string): string => `sha256:${char.repeat(64)}`;

describe('challenges', () => {
  it.each([
    ['Bearer realm="https://auth.test/token",service="registry.test"', 'https://auth.test/token', 'registry.test'],
    ['bearer service=r , realm="https://auth.test/t?x=\\"1\\""', 'https://auth.test/t?x="1"', 'r'],
    ['Basic realm="x", Bearer realm="https://auth.test/token"', 'https://auth.test/token', null],
  ])('%s', (header, realm, service) => {
    expect(parseChallenge(header)).toEqual({ scheme: 'bearer', realm, service });
  });
  it('knows Basic, and nothing else', () => {
    expect(parseChallenge('Basic realm="ECR"')).toEqual({ scheme: 'basic' });
    for (const header of ['', 'Digest realm="x"', 'Bearer service="no realm"', 'Bearer realm="no address"'])
      expect(parseChallenge(header)).toBeNull();
  });
});

/** Answers by `METHOD path`, and remembers what it was asked. */
function scripted(answers: Readonly<Record<string, Partial<HttpAnswer>>>) {
  const asked: HttpRequest[] = [];
  const http: HttpClient & DigestReader = {
    request(request) {
      asked.push(request);
      const url = new URL(request.url);
      const own = url.origin === 'https://registry.test' ? '' : url.origin;
      const answer = answers[`${request.method ?? 'GET'} ${own}${url.pathname}`] ?? { status: 404 };
      return Promise.resolve({ status: 200, headers: {}, body: '', truncated: false, ms: 1, ...answer });
    },
    async digest({ algorithm, maxBytes, ...request }) {
      const { body, ...answer } = await http.request(request);
      const bytes = Buffer.byteLength(body);
      const whole = answer.status === 200 && bytes <= maxBytes;
      return {
        ...answer,
        bytes,
        digest: whole ? `${algorithm}:${createHash(algorithm).update(body).digest('hex')}` : null,
      };
    },
  };
  return { http, asked };
}
const REGISTRY = { url: 'https://registry.test/' };
const CHALLENGE = {
  'GET /v2/': { status: 401, headers: { 'www-authenticate': 'Bearer realm="https://auth.test/token",service="r"' } },
  'GET https://auth.test/token': { body: '{"access_token":"secret-token"}' },
};
const layer = { digest: digest('1'), size: 10 };
const config = JSON.stringify({ config: { Labels: { a: 'b' } } });
const manifest = JSON.stringify({ config: { digest: bodyDigest(config), size: config.length }, layers: [layer] });
const MANIFEST = 'GET /v2/org/api/manifests/v1';

describe('a session', () => {
  it('asks for a token once for each repository, as nobody without a credential, and sends it to the registry alone', async () => {
    const { http, asked } = scripted({ ...CHALLENGE, [MANIFEST]: { body: manifest } });
    const session = registrySession(http, REGISTRY);
    await lookUp(session, 'org/api', 'v1');
    await lookUp(session, 'org/api', 'v1');
    expect(asked.map(({ url }) => url)).toEqual([
      'https://registry.test/v2/',
      'https://auth.test/token?service=r&scope=repository%3Aorg%2Fapi%3Apull',
      'https://registry.test/v2/org/api/manifests/v1',
      'https://registry.test/v2/org/api/manifests/v1',
    ]);
    expect(asked.map(({ bearer }) => bearer)).toEqual([undefined, undefined, 'secret-token', 'secret-token']);
  });

  it('follows redirects of a blob, without the token to another host, and none to an address without TLS', async () => {
    const path = `/v2/org/api/blobs/${digest('1')}`;
    const to = (location: string) => ({ ...CHALLENGE, [`HEAD ${path}`]: { status: 307, headers: { location } } });
    const { http, asked } = scripted({
      ...to('https://store.test/blob?signature=x'),
      'HEAD https://store.test/blob': { headers: { 'content-length': '10' } },
    });
    expect(await blobSize({ session: registrySession(http, REGISTRY), repository: 'org/api' }, layer)).toBe(10);
    expect(asked.at(-1)).toEqual({ method: 'HEAD', url: 'https://store.test/blob?signature=x' });
    const plain = scripted(to('http://store.test/blob')).http;
    await expect(
      blobSize({ session: registrySession(plain, REGISTRY), repository: 'org/api' }, layer),
    ).rejects.toMatchObject({
      code: 'protocol',
    });
  });

  it('hands neither password nor token to an address that is not the registry’s or has no TLS', async () => {
    const header = { 'www-authenticate': 'Bearer realm="http://auth.test/token"' };
    const { http } = scripted({ 'GET /v2/': { status: 401, headers: header } });
    await expect(lookUp(registrySession(http, REGISTRY), 'org/api', 'v1')).rejects.toMatchObject({ code: 'protocol' });
    const session = registrySession(scripted(CHALLENGE).http, REGISTRY);
    const elsewhere = {
      method: 'DELETE',
      path: 'https://other.test/upload',
      repository: 'org/api',
      actions: 'pull',
    } as const;
    await expect(session.call(elsewhere)).rejects.toMatchObject({ code: 'protocol' });
  });

  it.each([
    [401, 'unauthorized'],
    [403, 'forbidden'],
    [500, 'protocol'],
  ])('a token service that answers %i: %s', async (status, code) => {
    const { http } = scripted({ ...CHALLENGE, 'GET https://auth.test/token': { status } });
    await expect(lookUp(registrySession(http, REGISTRY), 'org/api', 'v1')).rejects.toMatchObject({ code });
  });

  it.each([200, 401, 404, 503])('what is no registry (%i) is not taken for one', async (status) => {
    const { http } = scripted({ 'GET /v2/': { status, body: '<html>' }, [MANIFEST]: { body: '<html>' } });
    await expect(lookUp(registrySession(http, REGISTRY), 'org/api', 'v1')).rejects.toMatchObject({ code: 'protocol' });
  });
});

describe('what comes', () => {
  const look = (answers: Readonly<Record<string, Partial<HttpAnswer>>>, reference = 'v1') =>
    lookUp(registrySession(scripted({ ...CHALLENGE, ...answers }).http, REGISTRY), 'org/api', reference);

  it('is found with the digest of its bytes', async () => {
    expect(await look({ [MANIFEST]: { body: manifest } })).toMatchObject({
      found: true,
      digest: bodyDigest(manifest),
      manifests: [{ platform: null, layers: [layer] }],
    });
    expect(await look({})).toEqual({ found: false, status: 404 });
  });

  it('is verified by the algorithm that it was asked for with', async () => {
    const sha512 = bodyDigest(manifest, 'sha512:');
    const path = `GET /v2/org/api/manifests/${sha512}`;
    expect(await look({ [path]: { body: manifest } }, sha512)).toMatchObject({ digest: bodyDigest(manifest) });
    await expect(look({ [path]: { body: `${manifest} ` } }, sha512)).rejects.toMatchObject({ code: 'protocol' });
  });

  it.each([
    [
      'other bytes than the digest asked for',
      { [`GET /v2/org/api/manifests/${digest('a')}`]: { body: manifest } },
      digest('a'),
    ],
    [
      'a header that says another digest',
      { [MANIFEST]: { body: manifest, headers: { 'docker-content-digest': digest('b') } } },
      'v1',
    ],
    ['half a manifest', { [MANIFEST]: { body: manifest, truncated: true } }, 'v1'],
    ['no layers', { [MANIFEST]: { body: '{"layers":[]}' } }, 'v1'],
    ['an empty index', { [MANIFEST]: { body: '{"manifests":[]}' } }, 'v1'],
  ])('is refused: %s', async (_, answers, reference) => {
    await expect(look(answers, reference)).rejects.toMatchObject({ code: 'protocol' });
  });

  it('of an index is every platform’s image, without attestations', async () => {
    const child = (architecture: string, sha: string) => ({
      digest: sha,
      platform: { os: architecture === 'unknown' ? 'unknown' : 'linux', architecture },
    });
    const body = JSON.stringify({ manifests: [child('amd64', bodyDigest(manifest)), child('unknown', digest('e'))] });
    const found = await look({
      [MANIFEST]: { body },
      [`GET /v2/org/api/manifests/${bodyDigest(manifest)}`]: { body: manifest },
    });
    expect(found).toMatchObject({
      digest: bodyDigest(body),
      manifests: [{ platform: 'linux/amd64', digest: bodyDigest(manifest) }],
    });
    expect(await look({ [MANIFEST]: { body } })).toEqual({ found: false, status: 404 });
  });

  it('of an index in an index is its images; signatures and artifacts beside them are none', async () => {
    const list = (...manifests: object[]) => JSON.stringify({ manifests });
    const inner = list({
      digest: bodyDigest(manifest),
      size: manifest.length,
      platform: { os: 'linux', architecture: 'arm64' },
    });
    const body = list(
      { digest: bodyDigest(inner) },
      { digest: digest('e'), artifactType: 'application/vnd.dev.sigstore.bundle.v0.3+json' },
      { digest: digest('f'), annotations: { 'vnd.docker.reference.type': 'attestation-manifest' } },
    );
    const answers = {
      [MANIFEST]: { body },
      [`GET /v2/org/api/manifests/${bodyDigest(inner)}`]: { body: inner },
      [`GET /v2/org/api/manifests/${bodyDigest(manifest)}`]: { body: manifest },
    };
    expect(await look(answers)).toMatchObject({
      manifests: [{ platform: 'linux/arm64', digest: bodyDigest(manifest) }],
    });
  });

  it.each([
    [
      'an artifact',
      {
        config: { mediaType: 'application/vnd.cncf.helm.config.v1+json', digest: digest('c'), size: 1 },
        layers: [layer],
      },
    ],
    ['schema 1', { schemaVersion: 1, fsLayers: [{ blobSum: digest('1') }] }],
    ['another size than its index says', { manifests: [{ digest: bodyDigest(manifest), size: 1 }] }],
  ])('is no image: %s', async (_, value) => {
    const child = { [`GET /v2/org/api/manifests/${bodyDigest(manifest)}`]: { body: manifest } };
    await expect(look({ ...child, [MANIFEST]: { body: JSON.stringify(value) } })).rejects.toMatchObject({
      code: 'protocol',
    });
  });

  it('is in doubt where the registry was asked too often', async () => {
    await expect(look({ [MANIFEST]: { status: 429 } })).rejects.toMatchObject({ code: 'protocol', detail: 'http-429' });
  });

  it('of a blob has the digest of its bytes, wherever the registry sends who reads it', async () => {
    const { http, asked } = scripted({
      ...CHALLENGE,
      [`GET /v2/org/api/blobs/${digest('1')}`]: { status: 307, headers: { location: '/moved/blob' } },
      'GET /moved/blob': { status: 302, headers: { location: 'https://store.test/blob' } },
      'GET https://store.test/blob': { body: '0123456789' },
    });
    const place = { session: registrySession(http, REGISTRY), repository: 'org/api' };
    expect(await blobContent(place, layer)).toEqual({ size: 10, digest: bodyDigest('0123456789') });
    expect(asked.slice(-3).map(({ bearer }) => bearer)).toEqual(['secret-token', 'secret-token', undefined]);
    expect(await blobContent(place, { ...layer, size: 9 })).toEqual({ size: 10, digest: null });
    expect(await blobContent(place, { digest: digest('2'), size: 1 })).toBeNull();
    const elsewhere = { digest: digest('2'), size: 10, urls: ['http://store.test/blob', 'https://store.test/blob'] };
    expect(await blobContent(place, elsewhere)).toMatchObject({ size: 10 });
  });

  it('is looked for below the path of the registry', async () => {
    const { http, asked } = scripted({ 'GET /path/v2/': {}, 'GET /path/v2/org/api/manifests/v1': { body: manifest } });
    const session = registrySession(http, { url: 'https://registry.test/path/' });
    expect(await lookUp(session, 'org/api', 'v1')).toMatchObject({ found: true });
    expect(asked.at(-1)?.url).toBe('https://registry.test/path/v2/org/api/manifests/v1');
  });

  it('of a configuration is its labels, if its bytes are what was named', async () => {
    const at = (body: string) => {
      const { http } = scripted({ ...CHALLENGE, [`GET /v2/org/api/blobs/${bodyDigest(config)}`]: { body } });
      return { session: registrySession(http, REGISTRY), repository: 'org/api' };
    };
    const named = { digest: bodyDigest(config), size: 1 };
    expect(await readLabels(at(config), named)).toEqual({ a: 'b' });
    await expect(readLabels(at('{}'), named)).rejects.toMatchObject({ code: 'protocol' });
    expect(await readLabels(at(config), layer)).toBeNull();
  });
});

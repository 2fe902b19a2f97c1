import { describe, expect, it } from 'vitest';
import type { HttpAnswer, HttpClient, HttpRequest } from '../contract/http.ts';
import { bodyDigest, parseChallenge, registrySession } from './oci.ts';
import { blobSize, lookUp, readLabels } from './oci-manifests.ts';
import { canonicalHost, digestOfImageId, isHostOf, parseReference, pulledReference } from './oci-reference.ts';

const digest = (char: string): string => `sha256:${char.repeat(64)}`;

describe('references', () => {
  it.each([
    ['redis', 'docker.io', 'library/redis', null, null],
    ['org/api:v1', 'docker.io', 'org/api', 'v1', null],
    ['ghcr.io/org/team/api:v1.0.0', 'ghcr.io', 'org/team/api', 'v1.0.0', null],
    [`localhost:5000/api@${digest('a')}`, 'localhost:5000', 'api', null, digest('a')],
    [`ghcr.io/org/api:v1@${digest('a')}`, 'ghcr.io', 'org/api', 'v1', digest('a')],
    ['index.docker.io/web:1', 'docker.io', 'library/web', '1', null],
    ['Registry.Shop.Test/web:1', 'Registry.Shop.Test', 'web', '1', null],
    ['Registry/web', 'Registry', 'web', null, null],
    ['[::1]:5000/web', '[::1]:5000', 'web', null, null],
    [`ghcr.io/org/api@sha512:${'a'.repeat(128)}`, 'ghcr.io', 'org/api', null, `sha512:${'a'.repeat(128)}`],
  ])('%s', (text, host, repository, tag, sha) => {
    expect(parseReference(text)).toEqual({ host, repository, tag, digest: sha });
  });

  it.each(['', 'Org/Api', 'ghcr.io/org/api:', 'ghcr.io//api', 'api@sha256:12', 'https://ghcr.io/org/api'])(
    '%s is none',
    (text) => expect(parseReference(text)).toBeNull(),
  );

  it('are pulled by digest, then tag, then latest', () => {
    const base = { host: 'ghcr.io', repository: 'org/api' };
    expect(pulledReference({ ...base, tag: 'v1', digest: digest('a') })).toBe(digest('a'));
    expect(pulledReference({ ...base, tag: 'v1', digest: null })).toBe('v1');
    expect(pulledReference({ ...base, tag: null, digest: null })).toBe('latest');
  });

  it('are of one host, whatever it is called', () => {
    expect(['index.docker.io', 'Registry-1.Docker.io', 'docker.io'].map(canonicalHost)).toEqual(
      Array(3).fill('docker.io'),
    );
    expect(isHostOf(['Registry.Shop.Test'], 'registry.shop.test')).toBe(true);
    expect(isHostOf(['docker.io'], 'docker.io.evil.test')).toBe(false);
  });

  it.each([
    [`docker-pullable://ghcr.io/org/api@${digest('a')}`, digest('a')],
    [`ghcr.io/org/api@${digest('a')}`, digest('a')],
    [`docker://${digest('a')}`, digest('a')],
    [digest('a'), digest('a')],
    ['a'.repeat(64), digest('a')],
    [`ghcr.io/org/api@sha512:${'a'.repeat(128)}`, `sha512:${'a'.repeat(128)}`],
    ['ghcr.io/org/api:v1', null],
    ['a'.repeat(63), null],
    [`x${'a'.repeat(64)}`, null],
    ['', null],
  ])('the image id %s names %s', (imageId, expected) => expect(digestOfImageId(imageId)).toBe(expected));
});

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
  const http: HttpClient = {
    request(request) {
      asked.push(request);
      const url = new URL(request.url);
      const own = url.origin === 'https://registry.test' ? '' : url.origin;
      const answer = answers[`${request.method ?? 'GET'} ${own}${url.pathname}`] ?? { status: 404 };
      return Promise.resolve({ status: 200, headers: {}, body: '', truncated: false, ms: 1, ...answer });
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

  it('follows one redirect of a blob without the token, and none to an address without TLS', async () => {
    const path = `/v2/org/api/blobs/${digest('1')}`;
    const to = (location: string) => ({ ...CHALLENGE, [`HEAD ${path}`]: { status: 307, headers: { location } } });
    const { http, asked } = scripted({
      ...to('https://store.test/blob?signature=x'),
      'HEAD https://store.test/blob': { headers: { 'content-length': '10' } },
    });
    expect(await blobSize(registrySession(http, REGISTRY), 'org/api', layer)).toBe(10);
    expect(asked.at(-1)).toEqual({ method: 'HEAD', url: 'https://store.test/blob?signature=x' });
    const plain = scripted(to('http://store.test/blob')).http;
    await expect(blobSize(registrySession(plain, REGISTRY), 'org/api', layer)).rejects.toMatchObject({
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

  it('of a configuration is its labels, if its bytes are what was named', async () => {
    const at = (body: string) =>
      registrySession(
        scripted({ ...CHALLENGE, [`GET /v2/org/api/blobs/${bodyDigest(config)}`]: { body } }).http,
        REGISTRY,
      );
    const named = { digest: bodyDigest(config), size: 1 };
    expect(await readLabels(at(config), 'org/api', named)).toEqual({ a: 'b' });
    await expect(readLabels(at('{}'), 'org/api', named)).rejects.toMatchObject({ code: 'protocol' });
    expect(await readLabels(at(config), 'org/api', layer)).toBeNull();
  });
});

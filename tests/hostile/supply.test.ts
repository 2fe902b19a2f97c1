/** Images that look pushed: a registry in memory, and what the kinds about it say when it serves something else than it names. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Capabilities } from '../../checks/contract/capabilities.ts';
import type { HttpAnswer } from '../../checks/contract/http.ts';
import { kinds } from '../../checks/index.ts';
import { ObservationError, type CheckKind } from '../../checks/kit/kind.ts';
import { validateParams } from '../../checks/kit/params.ts';
import { testContext } from '../harness/context.ts';

const ROOT = 'https://registry.test';
const STORE = 'https://store.test/blob';
const REPOSITORY = '/v2/shop/api';
const COMMIT = 'c'.repeat(40);

type Algorithm = 'sha256' | 'sha512';
const digestOf = (bytes: Buffer, algorithm: Algorithm = 'sha256'): string =>
  `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
const inverted = (bytes: Buffer): Buffer => bytes.map((byte) => ~byte) as Buffer;

interface Blob {
  readonly digest: string;
  readonly size: number;
  readonly mediaType?: string;
  readonly urls?: readonly string[];
}
type Answer = Partial<Omit<HttpAnswer, 'body'>> & { readonly bytes?: Buffer };

/** What the registry answers by path; a method before it (`HEAD /v2/…`) goes first. */
class World {
  readonly answers = new Map<string, Answer>([['/v2/', {}]]);
  readonly layers: Blob[] = [];

  blob(text: string, more: Partial<Blob> = {}, algorithm: Algorithm = 'sha256'): Blob {
    const bytes = Buffer.from(text);
    const digest = digestOf(bytes, algorithm);
    this.answers.set(`${REPOSITORY}/blobs/${digest}`, { bytes });
    return { digest, size: bytes.length, ...more };
  }
  manifest(value: object, tag?: string): Blob {
    const bytes = Buffer.from(JSON.stringify(value));
    const digest = digestOf(bytes);
    for (const reference of [digest, tag])
      if (reference !== undefined) this.answers.set(`${REPOSITORY}/manifests/${reference}`, { bytes });
    return { digest, size: bytes.length };
  }
  image(platform: string, layers: readonly Blob[]): Blob {
    const labels = { 'org.opencontainers.image.revision': COMMIT, 'org.opencontainers.image.version': 'v1' };
    const config = this.blob(JSON.stringify({ architecture: platform, config: { Labels: labels } }));
    this.layers.push(...layers);
    return this.manifest({ schemaVersion: 2, config, layers });
  }
  at(path: string): Buffer {
    return this.answers.get(path)?.bytes ?? Buffer.alloc(0);
  }
  change(path: string, by: Answer | ((bytes: Buffer) => Buffer)): void {
    this.answers.set(path, typeof by === 'function' ? { bytes: by(this.at(path)) } : by);
  }
}
interface Built {
  readonly world: World;
  readonly reference: string;
  /** Paths of the layer that only the second platform has, of its configuration, of its manifest. */
  readonly layer: string;
  readonly config: string;
  readonly manifest: string;
  readonly volumes?: readonly object[];
}

/** An index of two platforms with a layer in common, and an attestation. */
function built(ofLayer: Partial<Blob> = {}, algorithm: Algorithm = 'sha256'): Built {
  const world = new World();
  const common = world.blob('common layer');
  const own = world.blob('layer of arm', ofLayer, algorithm);
  const images = [
    { ...world.image('amd64', [common, world.blob('layer of amd')]), platform: { os: 'linux', architecture: 'amd64' } },
    { ...world.image('arm64', [common, own]), platform: { os: 'linux', architecture: 'arm64' } },
  ];
  const attestation = {
    digest: `sha256:${'a'.repeat(64)}`,
    size: 9,
    platform: { os: 'unknown', architecture: 'unknown' },
  };
  const { digest } = world.manifest({ schemaVersion: 2, manifests: [...images, attestation] }, 'v1');
  const arm = images[1]?.digest ?? '';
  const manifest = `${REPOSITORY}/manifests/${arm}`;
  const { config } = JSON.parse(world.at(manifest).toString()) as { config: Blob };
  return {
    world,
    reference: `registry.test/shop/api:v1@${digest}`,
    layer: `${REPOSITORY}/blobs/${own.digest}`,
    config: `${REPOSITORY}/blobs/${config.digest}`,
    manifest,
  };
}

function capabilitiesOf({ world, reference, volumes = [] }: Built): Capabilities {
  const answerTo = (method: string, url: string) => {
    const path = url.startsWith(ROOT) ? url.slice(ROOT.length) : url;
    const { bytes = Buffer.alloc(0), ...answer } = world.answers.get(`${method} ${path}`) ??
      world.answers.get(path) ?? { status: 404 };
    const headers = { 'content-length': String(bytes.length) };
    return { answer: { status: 200, headers, truncated: false, ms: 1, ...answer }, bytes };
  };
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'api', namespace: 'shop' },
    spec: { template: { spec: { containers: [{ name: 'api', image: reference }], volumes } } },
  };
  return {
    cluster: {
      list: ({ resource }: { resource: string }) =>
        Promise.resolve({ items: resource === 'deployments' ? [deployment] : [], resourceVersion: '1', readAt: '' }),
    },
    http: {
      request: ({ method = 'GET', url }: { method?: string; url: string }) => {
        const { answer, bytes } = answerTo(method, url);
        return Promise.resolve({ ...answer, body: bytes.toString('utf8') });
      },
      digest: ({ url, algorithm, maxBytes }: { url: string; algorithm: Algorithm; maxBytes: number }) => {
        const { answer, bytes } = answerTo('GET', url);
        const whole = answer.status === 200 && bytes.length <= maxBytes;
        return Promise.resolve({ ...answer, bytes: bytes.length, digest: whole ? digestOf(bytes, algorithm) : null });
      },
    },
  } as unknown as Capabilities;
}

/** The outcome, with the ids of what was found and the reasons of what is in doubt. */
async function verdictOf(name: string, of: Built, more: object = {}): Promise<string> {
  const kind = kinds.get(`supply-chain/${name}`) as CheckKind;
  const where =
    name === 'registry-access' ? { namespaces: ['shop'] } : { namespace: 'shop', selector: 'app=api', version: 'v1' };
  const given = { registry: { url: ROOT }, hosts: ['registry.test'], ...where, ...more };
  const validated = validateParams(kind, given);
  if (!validated.ok) throw new Error(JSON.stringify(validated.errors));
  const context = testContext();
  try {
    const seen = await kind.gather(validated.params, capabilitiesOf(of), context);
    const { outcome, findings, doubts } = kind.judge(validated.params, seen, context);
    return [outcome, ...new Set([...findings.map(({ id }) => id), ...doubts.map(({ reason }) => reason)])].join(' ');
  } catch (error) {
    if (!(error instanceof ObservationError)) throw error;
    return `error ${error.code}`;
  }
}

const KINDS = [
  ['pushed-images', {}],
  ['registry-access', { maxRead: '1Mi' }],
] as const;

describe.each(KINDS)('%s', (name, more) => {
  it.each<[string, (of: Built) => void, string]>([
    ['nothing', () => undefined, 'pass'],
    ['a layer of one platform inverted', ({ world, layer }) => world.change(layer, inverted), 'fail otherContent'],
    ['a configuration inverted', ({ world, config }) => world.change(config, inverted), 'fail otherContent'],
    ['a layer cut off', ({ world, layer }) => world.change(layer, (bytes) => bytes.subarray(1)), 'fail damaged'],
    [
      'a layer with more behind it',
      ({ world, layer }) => world.change(layer, (b) => Buffer.concat([b, b])),
      'fail damaged',
    ],
    ['a layer lost', ({ world, layer }) => world.answers.delete(layer), 'fail incomplete'],
    [
      'a layer whose size alone is known',
      ({ world, layer }) => world.change(`GET ${layer}`, { status: 404 }),
      'fail incomplete',
    ],
    [
      'a layer of another image in its place',
      ({ world, layer }) => world.change(layer, () => Buffer.from('layer of amd')),
      'fail otherContent',
    ],
    ['a store behind the registry with other bytes', elsewhere(inverted), 'fail otherContent'],
    ['a store behind the registry', elsewhere((bytes) => bytes), 'pass'],
    ['a layer asked for too often', ({ world, layer }) => world.change(layer, { status: 429 }), 'error protocol'],
    [
      'a layer that the registry fails to read',
      ({ world, layer }) => world.change(layer, { status: 500 }),
      'error protocol',
    ],
    ['a layer that may not be pulled', ({ world, layer }) => world.change(layer, { status: 403 }), 'error forbidden'],
    [
      'a redirect in a circle',
      ({ world, layer }) => world.change(layer, { status: 307, headers: { location: layer } }),
      'error protocol',
    ],
    ['a manifest inverted', ({ world, manifest }) => world.change(manifest, inverted), 'error protocol'],
    [
      'a manifest with a space more',
      ({ world, manifest }) => world.change(manifest, (b) => Buffer.from(`${b.toString()} `)),
      'error protocol',
    ],
    ['the manifest of a platform lost', ({ world, manifest }) => world.answers.delete(manifest), 'fail notInRegistry'],
  ])('%s', async (_, change, expected) => {
    const of = built();
    change(of);
    expect(await verdictOf(name, of, more)).toBe(expected);
  });

  it.each<[string, Built, string]>([
    ['zstd', built({ mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd' }), 'pass'],
    ['SHA-512', built({}, 'sha512'), 'pass'],
  ])('an ordinary image is one: %s', async (_, of, expected) => {
    expect(await verdictOf(name, of, more)).toBe(expected);
  });

  it('a SHA-512 layer inverted', async () => {
    const of = built({}, 'sha512');
    of.world.change(of.layer, inverted);
    expect(await verdictOf(name, of, more)).toBe('fail otherContent');
  });

  it('a layer that may not be distributed is where its manifest says', async () => {
    const of = built({ urls: ['http://store.test/blob', STORE] });
    of.world.change(STORE, { bytes: of.world.at(of.layer) });
    of.world.answers.delete(of.layer);
    expect(await verdictOf(name, of, more)).toBe('pass');
    of.world.change(STORE, inverted);
    expect(await verdictOf(name, of, more)).toBe('fail otherContent');
  });

  it('what is not read is in doubt, and what is found all the same is found', async () => {
    expect(await verdictOf(name, built(), { maxRead: '1' })).toBe('inconclusive unknown-value');
    const of = built();
    of.world.change(of.layer, (bytes) => bytes.subarray(1));
    expect(await verdictOf(name, of, { maxRead: '1' })).toBe('fail damaged unknown-value');
  });
});

function elsewhere(by: (bytes: Buffer) => Buffer): (of: Built) => void {
  return ({ world, layer }) => {
    world.change(STORE, { bytes: by(world.at(layer)) });
    world.change(layer, { status: 307, headers: { location: STORE } });
  };
}

describe('the others', () => {
  it('registry-access without maxRead sees what is lost and what was cut off', async () => {
    const of = built();
    expect(await verdictOf('registry-access', of)).toBe('pass');
    of.world.change(of.layer, (bytes) => bytes.subarray(1));
    expect(await verdictOf('registry-access', of)).toBe('fail damaged');
    of.world.answers.delete(of.layer);
    expect(await verdictOf('registry-access', of)).toBe('fail incomplete');
  });

  it('registry-access looks for what is mounted, an artifact as well, and runs none', async () => {
    const of = built();
    const config = of.world.blob('{}', { mediaType: 'application/vnd.oci.empty.v1+json' });
    const weights = of.world.blob('weights of the model');
    of.world.manifest({ schemaVersion: 2, config, layers: [weights] }, 'model');
    const image = { reference: 'registry.test/shop/api:model' };
    expect(await verdictOf('registry-access', { ...of, volumes: [{ name: 'model', image }] })).toBe('pass');
    expect(await verdictOf('registry-access', { ...of, reference: image.reference })).toBe('error protocol');
    of.world.answers.delete(`${REPOSITORY}/blobs/${weights.digest}`);
    expect(await verdictOf('registry-access', { ...of, volumes: [{ name: 'model', image }] })).toBe('fail incomplete');
  });

  it('image-provenance takes no label from a configuration of other bytes', async () => {
    const of = built();
    expect(await verdictOf('image-provenance', of, { commit: COMMIT })).toBe('pass');
    of.world.change(of.config, (bytes) => Buffer.from(bytes.toString().replace('arm64', 'riscv')));
    expect(await verdictOf('image-provenance', of, { commit: COMMIT })).toBe('error protocol');
  });
});

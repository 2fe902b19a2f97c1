import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import type { Environment } from '../../checks/contract/environment.ts';
import { selfSigned, type KeyPair } from '../../tests/harness/servers.ts';
import { authorityFindings, secretFindings } from './environment.ts';

let [root, pair]: [string, KeyPair | undefined] = ['', undefined];
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'golive-environment-'));
  pair = selfSigned();
  writeFileSync(join(root, 'ca.pem'), pair.cert);
  writeFileSync(join(root, 'no.pem'), 'not a certificate');
});
afterAll(() => {
  pair?.remove();
  rmSync(root, { recursive: true, force: true });
});
afterEach(() => vi.unstubAllEnvs());

const fromEnv = (name: string) => ({ from: 'env', name }) as const;
const server = { host: 'h.example.com', port: 1, database: 'd', user: 'u' };
const environment = (over: Partial<Environment>) =>
  ({ endpoints: {}, stores: {}, caches: {}, registries: {}, credentials: {}, ...over }) as Environment;

test('secrets that are missing are told once each, with every place that names them', () => {
  vi.stubEnv('GOLIVE_TEST_THERE', 'not-to-be-shown');
  const missing = fromEnv('GOLIVE_TEST_MISSING');
  const found = secretFindings(
    root,
    environment({
      stores: { postgres: { ...server, password: missing }, pooled: { ...server, password: missing } },
      caches: { redis: { host: 'h', port: 1, password: { from: 'file', path: 'secrets/redis' } } },
      registries: {
        images: { url: 'https://r.example.com', credential: { username: 'u', password: missing } },
        open: { url: 'https://o.example.com' },
      },
      credentials: { api: { username: 'u', password: fromEnv('GOLIVE_TEST_THERE') } },
    }),
  );
  expect(found).toEqual([
    {
      check: 'secret',
      state: 'bad',
      text: 'stores.postgres.password, stores.pooled.password, registries.images.credential.password: the variable GOLIVE_TEST_MISSING is not set',
      fix: 'export GOLIVE_TEST_MISSING before the run',
    },
    {
      check: 'secret',
      state: 'bad',
      text: 'caches.redis.password: there is no file secrets/redis',
      fix: 'Write it, or correct the environment file',
    },
  ]);
});

test.each([
  ['that is there', 'ca.pem', new Date(), undefined],
  ['that is not there', 'gone.pem', new Date(), 'there is no file gone.pem'],
  ['that is none', 'no.pem', new Date(), 'no.pem cannot be read as a PEM certificate'],
  ['that has run out', 'ca.pem', new Date(Date.now() + 30 * 86_400_000), /^ca\.pem expired at /],
])('the certificate of an authority %s', (_, caFile, now, wrong) => {
  const found = authorityFindings(
    root,
    environment({
      endpoints: { a: { url: 'https://a.example.com', caFile }, b: { url: 'https://b.example.com' } },
      stores: { postgres: { ...server, tls: { caFile } }, plain: { ...server, tls: false } },
      caches: { redis: { host: 'h', port: 1, tls: { caFile } } },
      registries: { images: { url: 'https://r.example.com', caFile } },
    }),
    now,
  );
  if (wrong === undefined) return expect(found).toEqual([]);
  const places = 'endpoints.a.caFile, stores.postgres.tls.caFile, caches.redis.tls.caFile, registries.images.caFile: ';
  expect(found).toHaveLength(1);
  expect(found[0]).toMatchObject({ check: 'CA', state: 'bad' });
  const text = found[0]?.text ?? '';
  expect(text.startsWith(places)).toBe(true);
  expect(text.slice(places.length)).toMatch(wrong);
});

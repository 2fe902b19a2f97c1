/** The kinds that look at stores, through the real capabilities, at the real servers: sound, and under the faults that need no cluster. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Capabilities } from '../../checks/contract/capabilities.ts';
import type { KubeObject } from '../../checks/contract/cluster.ts';
import { backup } from '../../checks/data/backup/check.ts';
import { connectionPooling } from '../../checks/data/connection-pooling/check.ts';
import { postgresRoundTrip } from '../../checks/data/postgres-round-trip/check.ts';
import { postgresVersion } from '../../checks/data/postgres-version/check.ts';
import { redisRoundTrip } from '../../checks/data/redis-round-trip/check.ts';
import { redisVersion } from '../../checks/data/redis-version/check.ts';
import { serverReadiness } from '../../checks/data/server-readiness/check.ts';
import type { CheckKind } from '../../checks/kit/kind.ts';
import { tlsVersions } from '../../checks/traffic/tls-versions/check.ts';
import { validateParams } from '../../checks/kit/params.ts';
import { postgresClient } from '../../fixtures/capabilities/postgres.ts';
import { createRedactor } from '../../fixtures/capabilities/redactor.ts';
import { redisClient } from '../../fixtures/capabilities/redis.ts';
import { secretResolver } from '../../fixtures/capabilities/secret-values.ts';
import { tlsProber } from '../../fixtures/capabilities/tls.ts';
import { testContext } from '../../tests/harness/context.ts';
import { boundFaults, seenOf } from '../../tests/harness/drills.ts';
import { seenChange, type Seen } from '../drill/compare.ts';
import { dataFaults } from '../faults/data.ts';
import type { Release } from '../levers.ts';
import { NAMESPACE, STORES } from '../topology.ts';
import { testStores, type TestStores } from './testing.ts';

const LOOKED_AT: readonly string[] = [
  'P1-DAT-001',
  'P1-DAT-002',
  'P1-DAT-003',
  'P1-DAT-004',
  'P1-NWS-002',
  'P2-HEA-002',
  'P2-FLO-001',
  'P2-FLO-002',
];
let stores: TestStores;
let items: Readonly<Record<string, readonly [CheckKind, Readonly<Record<string, unknown>>]>>;
let capabilities: Capabilities;

beforeAll(async () => {
  stores = await testStores();
  await stores.postgres.backedUp;
  const { postgres, pooled, console } = stores.stores;
  const inPod = { namespace: NAMESPACE, pod: STORES.postgres.pod, store: postgres };
  items = {
    'P1-DAT-001': [postgresVersion, { store: postgres, requireDurability: false }],
    'P1-DAT-002': [redisVersion, { store: stores.cache, policies: ['volatile-lru'] }],
    'P1-DAT-003': [backup, inPod],
    'P1-DAT-004': [connectionPooling, { console, pooled, store: postgres }],
    'P1-NWS-002': [tlsVersions, { stores: { postgres } }],
    'P2-HEA-002': [serverReadiness, { ...inPod, redis: { pod: STORES.redis.pod, store: stores.cache } }],
    'P2-FLO-001': [postgresRoundTrip, { store: postgres }],
    'P2-FLO-002': [redisRoundTrip, { store: stores.cache, expiry: 200 }],
  };
  capabilities = realCapabilities();
}, 60_000);
afterAll(() => stores.close());

/** The stores' clients are the gate's own; the cluster is what its containers do. */
function realCapabilities(): Capabilities {
  const resolve = secretResolver(createRedactor(), () => Promise.resolve(null));
  const { signal } = new AbortController();
  const pod = (name: string): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    status: { phase: 'Running' },
  });
  const real: Pick<Capabilities, 'postgres' | 'redis' | 'tls'> = {
    tls: tlsProber(undefined, signal),
    postgres: postgresClient(signal, resolve, { connectMs: 1000, statementMs: 1000 }),
    redis: redisClient(signal, resolve, { connectMs: 1000, commandMs: 1000 }),
  };
  const cluster = { get: (_type: unknown, name: string) => Promise.resolve(pod(name)) };
  const exec: Capabilities['exec'] = {
    async run(target, command) {
      const store = target.pod === STORES.redis.pod ? 'redis' : 'postgres';
      return { ...(await stores.exec(store, command)), ms: 1 };
    },
  };
  return { ...real, cluster, exec } as unknown as Capabilities;
}

async function outcomeOf(item: string): Promise<Seen> {
  const [kind, given] = items[item] ?? [];
  if (!kind) throw new Error(`no item ${item}`);
  const validated = validateParams(kind, structuredClone(given));
  if (!validated.ok) throw new Error(`${item}: ${JSON.stringify(validated.errors)}`);
  const context = testContext({ now: new Date() });
  return await seenOf(item, async () =>
    kind.judge(validated.params, await kind.gather(validated.params, capabilities, context), context),
  );
}

test.each([
  'P1-DAT-001',
  'P1-DAT-002',
  'P1-DAT-003',
  'P1-DAT-004',
  'P1-NWS-002',
  'P2-HEA-002',
  'P2-FLO-001',
  'P2-FLO-002',
])(
  '%s passes on sound stores',
  async (item) => {
    expect(await outcomeOf(item)).toMatchObject({ outcome: 'pass' });
  },
  20_000,
);

test('the round trips leave nothing behind', async () => {
  expect(await stores.redis.command('KEYS', 'golive:*')).toEqual([]);
  const tables = await stores.postgres.asSuperuser(
    async (client) => (await client.query<object>("select relname from pg_class where relname like 'golive%'")).rows,
    'mcp_db',
  );
  expect(tables).toEqual([]);
});

const STORE_LEVERS = /^(redis|pgbouncer|postgres|backup)\./;
describe.each(boundFaults(dataFaults).filter(({ inject }) => inject.every(({ lever }) => STORE_LEVERS.test(lever))))(
  'fault $name',
  ({ inject, changes: all, mayChange }) => {
    // An item that needs a whole cluster is drilled in one.
    const changes = all.filter(({ item }) => LOOKED_AT.includes(item));
    const releases: Release[] = [];
    beforeAll(async () => {
      for (const act of inject) releases.unshift(await stores.context.levers.pull(act.lever, act.with));
    }, 30_000);

    test('is seen as declared, and by nobody else', async () => {
      for (const change of changes)
        expect(seenChange(change, await outcomeOf(change.item)), change.item).toMatchObject({ wrong: null });
      const touched = new Set([...changes.map(({ item }) => item), ...Object.keys(mayChange)]);
      for (const item of Object.keys(items).filter((one) => !touched.has(one)))
        expect(await outcomeOf(item), item).toMatchObject({ outcome: 'pass' });
    }, 60_000);

    test('is gone when it is released', async () => {
      for (const release of releases) await release();
      for (const { item } of changes) expect(await outcomeOf(item), item).toMatchObject({ outcome: 'pass' });
    }, 60_000);
  },
);

/** For tests: the three stores as real servers, their containers started as pods would start them. */
import type { PostgresStore, RedisStore } from '../../checks/contract/stores.ts';
import type { ContainerProcess, ContainerStart, ProcessImage } from '../control-plane-types.ts';
import type { PlatformContext } from '../platform-types.ts';
import { DATABASE, DATABASE_USER, startPostgres, type PostgresServer } from '../postgres/server.ts';
import { secretPath } from '../../fixtures/rehearsal-client/state-file.ts';
import { testPlatform } from '../testing/platform.ts';
import { NAMESPACE, STORES } from '../topology.ts';
import { storeImages } from './images.ts';
import { addStoreLevers } from './levers.ts';
import { createPgbouncer, type PgbouncerServer } from './pgbouncer.ts';
import { startRedis, type RedisServer } from './redis.ts';
import { createStoreSecrets, PGBOUNCER_STATS_USER, REDIS_GATE_USER } from './secrets.ts';

type StoreName = keyof typeof STORES;

export interface TestStores {
  readonly context: PlatformContext;
  readonly postgres: PostgresServer;
  readonly redis: RedisServer;
  readonly pgbouncer: PgbouncerServer;
  readonly passwords: { readonly postgres: string; readonly redis: string };
  /** As the environment file describes them. */
  readonly stores: Readonly<Record<'postgres' | 'pooled' | 'console', PostgresStore>>;
  readonly cache: RedisStore;
  /** Starts a store's container, or answers the one that runs. */
  start(store: StoreName): Promise<ContainerProcess>;
  exec(store: StoreName, command: readonly string[]): ReturnType<ProcessImage['exec']>;
  close(): Promise<void>;
}

export async function testStores(): Promise<TestStores> {
  const platform = testPlatform();
  const { context } = platform;
  const passwords = { postgres: 'p@ss word"/1', redis: 'redis-password-1' };
  const secrets = createStoreSecrets(context, passwords);
  try {
    const [postgres, redis] = await Promise.all([
      startPostgres(context, passwords.postgres, secrets.postgres.tls),
      startRedis(context, secrets.redis),
    ]);
    const pgbouncer = createPgbouncer(context, secrets.pgbouncer, () => Promise.resolve(`127.0.0.1:${postgres.port}`));
    const parts = { postgres: Promise.resolve(postgres), redis: Promise.resolve(redis), pgbouncer };
    addStoreLevers(context.levers, parts);
    const images = storeImages(parts);
    const env = { POSTGRES_PASSWORD: passwords.postgres, REDISCLI_AUTH: passwords.redis };
    const imageOf = (store: StoreName): ProcessImage => {
      const image = images.find(({ reference }) => reference === STORES[store].image);
      if (!image) throw new Error(`no image of ${store}`);
      return image;
    };
    const start = (store: StoreName): Promise<ContainerProcess> => imageOf(store).start(containerOf(store, env));
    await start('pgbouncer');
    const port = await pgbouncer.port;
    const tls = { caFile: context.authority.caFile };
    const secret = (name: string) => ({ from: 'file', path: secretPath(context.dir, name) }) as const;
    process.env['GOLIVE_TEST_STORE_PASSWORD'] = passwords.postgres;
    const user = {
      host: '127.0.0.1',
      database: DATABASE,
      user: DATABASE_USER,
      password: { from: 'env', name: 'GOLIVE_TEST_STORE_PASSWORD' },
    } as const;
    return {
      context,
      postgres,
      redis,
      pgbouncer,
      passwords,
      stores: {
        postgres: { ...user, port: postgres.port, tls: { ...tls, serverName: 'postgres-primary' } },
        pooled: { ...user, port, tls: { ...tls, serverName: 'pgbouncer' } },
        console: {
          ...user,
          port,
          database: 'pgbouncer',
          user: PGBOUNCER_STATS_USER,
          password: secret('pgbouncer-stats-password'),
          tls,
        },
      },
      cache: {
        host: '127.0.0.1',
        port: redis.tlsPort,
        username: REDIS_GATE_USER,
        password: secret('redis-golive-password'),
        tls: { ...tls, serverName: 'redis' },
      },
      start,
      async close() {
        // In order, as pods stop them; the reaper ends what is left.
        for (const store of ['pgbouncer', 'postgres', 'redis'] as const) {
          await (await start(store)).stop(3000);
        }
        await platform.close();
      },
      exec: async (store, command) => imageOf(store).exec(containerOf(store, env), await start(store), command),
    };
  } catch (error) {
    await platform.close();
    throw error;
  }
}

function containerOf(store: StoreName, env: Readonly<Record<string, string>>): ContainerStart {
  const { pod, image, port } = STORES[store];
  const ids = { namespace: NAMESPACE, pod, podUid: `uid-of-${pod}`, container: store, image };
  return { ...ids, args: [], env, containerPorts: [port] };
}

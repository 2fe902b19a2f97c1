import { expect, it } from 'vitest';
import type { RedisClient, RedisStore } from '../../contract/stores.ts';
import { ObservationError } from '../../kit/kind.ts';
import { testContext } from '../../kit/testing/cases.ts';
import { redisRoundTrip } from './check.ts';

const params = { store: { host: 'cache.shop', port: 6380 }, prefix: 'golive:probe:', expiry: 200 };

/** Nodes of a cluster by host; each key is of the node `owner`, whatever node is asked. */
async function judgedWith(owner: string, nodes: readonly string[]) {
  const stores: RedisStore[] = [];
  const keys = new Map<string, string>();
  const redis: RedisClient = {
    session(store, use) {
      stores.push(store);
      if (!nodes.includes(store.host)) return Promise.reject(new ObservationError('unreachable', 'no route to host'));
      return use({
        command(name, key = '', value) {
          const moved = new ObservationError('protocol', `Redis ${store.host}: MOVED 7789 ${owner}:6379`);
          if (store.host !== owner) return Promise.reject(moved);
          const kept = String(key).endsWith(':kept');
          if (name === 'SET') keys.set(String(key), String(value));
          if (name === 'DEL') keys.clear();
          if (name === 'PTTL') return Promise.resolve(60_000 - performance.now() + startedAt);
          if (name === 'EXISTS') return Promise.resolve(keys.size);
          return Promise.resolve(name === 'GET' && kept ? (keys.get(String(key)) ?? null) : null);
        },
      });
    },
  };
  const context = testContext('2026-01-15T12:00:00Z');
  const startedAt = performance.now();
  const seen = await redisRoundTrip.gather(params, { redis } as never, context);
  return { verdict: redisRoundTrip.judge(params, seen, context), stores, keys };
}

it('follows the redirection of a cluster, with the certificate of the store, and leaves nothing', async () => {
  const { verdict, stores, keys } = await judgedWith('10.0.0.3', ['cache.shop', '10.0.0.3']);
  expect(verdict).toMatchObject({ outcome: 'pass', subjects: ['Redis at cache.shop:6380'] });
  expect(stores.at(-1)).toEqual({ host: '10.0.0.3', port: 6379, tls: { serverName: 'cache.shop' } });
  expect(keys.size).toBe(0);
});

it('does not take a node that is out of reach for a fault of Redis', async () => {
  const { verdict } = await judgedWith('10.0.0.3', ['cache.shop']);
  expect(verdict).toMatchObject({ outcome: 'error', doubts: [{ reason: 'unreachable', detail: 'MOVED' }] });
});

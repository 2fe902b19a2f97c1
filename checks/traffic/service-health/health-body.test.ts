import { expect, it } from 'vitest';
import { serviceHealth } from './check.ts';
import { sickPart } from './health-body.ts';

const { properties } = serviceHealth.meta.params as unknown as {
  readonly properties: { readonly unhealthy: { readonly default: readonly string[] } };
};
const partOf = (answer: object, ignored: readonly string[] = []) =>
  sickPart(answer as Readonly<Record<string, unknown>>, properties.unhealthy.default, ignored)?.part;

it.each([
  [{ dependencies: [{ name: 'db', healthy: false }] }, 'dependencies.0.healthy'],
  [{ checks: { db: false } }, 'checks.db'],
  [{ details: { redis: { status: 'error' } } }, 'details.redis.status'],
  [{ parts: { grpc: { status: 'NOT_SERVING' } } }, 'parts.grpc.status'],
  [{ redis: 'REDIS_DOWN' }, 'redis'],
  [{ db: 'error' }, 'db'],
  [{ database: false }, 'database'],
  [{ connected: false }, 'connected'],
  [{ degraded: true }, 'degraded'],
  [{ errors: ['pool exhausted'] }, 'errors'],
  [{ checks: [{ name: 'db', error: 'connection refused' }] }, 'checks.0.error'],
  [{ checks: [{ name: 'db', status: 503 }] }, 'checks.0.status'],
  [{ components: { db: { up: 0 } } }, 'components.db.up'],
  [{ checks: { disk: 'critical' } }, 'checks.disk'],
])('%j has a sick part', (answer, part) => {
  expect(partOf({ status: 'ok', ...answer })).toBe(part);
});

it.each([
  { dependencies: [{ name: 'db', healthy: true, error: null, latencyMs: 0 }] },
  { errors: [], error: '', failures: 'none' },
  { trend: 'down', logLevel: 'error', debug: false, maintenance: false },
  { checks: { db: true, cache: 'ok', 'last-run': 'no_error' }, code: 200 },
  { note: 'errors are counted elsewhere: none is down' },
])('%j has none', (answer) => {
  expect(partOf({ status: 'ok', ...answer })).toBeUndefined();
});

it('leaves out what the item says is no part', () => {
  expect(partOf({ checks: { beta: false } }, ['checks.beta'])).toBeUndefined();
});

import { expect, it } from 'vitest';
import { serviceHealth } from './check.ts';
import { sickPart, wholeState } from './health-body.ts';

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
  [{ db: 'Error: ECONNREFUSED' }, 'db'],
  [{ db: 'not connected' }, 'db'],
  [{ postgres: 'connection refused' }, 'postgres'],
  [{ primary_db: 'down since 10:00' }, 'primary_db'],
  [{ redis: 'timeout' }, 'redis'],
  [{ redis: 'end of stream, reconnecting' }, 'redis'],
  [{ database: { state: 'DISCONNECTED' } }, 'database.state'],
  [{ mongo: { readyState: 0 } }, 'mongo.readyState'],
  [{ checks: { db: { ok: false } } }, 'checks.db.ok'],
  [{ checks: { db: { isHealthy: false } } }, 'checks.db.isHealthy'],
  [{ checks: { db: { passed: false } } }, 'checks.db.passed'],
  [{ checks: { db: { ready: 'no' } } }, 'checks.db.ready'],
  [{ checks: { db: 'false' } }, 'checks.db'],
  [{ checks: { db: 'FAILED (5 s)' } }, 'checks.db'],
  [{ checks: { db: { status: 'Out of service' } } }, 'checks.db.status'],
  [{ unhealthy: 1 }, 'unhealthy'],
  [{ failing: ['db'] }, 'failing'],
  [{ failedChecks: ['db'] }, 'failedChecks'],
  [{ error: { message: 'pool exhausted' } }, 'error'],
  [{ maintenance: true }, 'maintenance'],
  [{ checks: [{ name: 'db', httpStatus: 503, statusCode: 503 }] }, 'checks.0.httpStatus'],
  [{ serving: { status: 'SERVICE_NOT_SERVING' } }, 'serving.status'],
])('%j has a sick part', (answer, part) => {
  expect(partOf({ status: 'ok', ...answer })).toBe(part);
});

it.each([
  { dependencies: [{ name: 'db', healthy: true, error: null, latencyMs: 0 }] },
  { errors: [], error: '', failures: 'none' },
  { trend: 'down', logLevel: 'error', debug: false, maintenance: false },
  { checks: { db: true, cache: 'ok', 'last-run': 'no_error' }, code: 200 },
  { note: 'errors are counted elsewhere: none is down' },
  // Spring Boot's actuator.
  {
    components: {
      db: { status: 'UP', details: { database: 'PostgreSQL', validationQuery: 'isValid()' } },
      diskSpace: { status: 'UP', details: { total: 10, free: 5, threshold: 1, path: '/app/.', exists: true } },
      discoveryComposite: { status: 'UNKNOWN', description: 'Discovery Client not initialized' },
      circuitBreakers: {
        status: 'UP',
        details: { pay: { status: 'UP', details: { state: 'CLOSED', failedCalls: 0 } } },
      },
    },
    groups: ['liveness', 'readiness'],
  },
  // ASP.NET Core.
  {
    totalDuration: '00:00:00.01',
    entries: { npgsql: { data: {}, duration: '00:00:00.00', status: 'Healthy', tags: ['db'] } },
  },
  // Terminus, gRPC, RFC draft health+json, go-health.
  { info: { db: { status: 'up' } }, error: {}, details: { db: { status: 'up' } } },
  { checks: { 'db:responseTime': [{ componentType: 'datastore', observedValue: 0, status: 'pass', output: '' }] } },
  { details: { db: { status: 'ok', fatal: true, num_failures: 0, first_failure_at: '0001-01-01T00:00:00Z' } } },
  { details: { debug: false, critical: true }, db: { status: 'ok', critical: true } },
  { queue: { failed: 3, waiting: 0 }, errors: { count: 0 }, uptime: 0, unhealthy: 0 },
  { db: 'connected', redis: 'ready', cache: 'no errors', version: '1.2.3' },
  { checks: { 'no-dead-letters': 'ok', feature: 'enabled' } },
])('%j has none', (answer) => {
  expect(partOf({ status: 'ok', ...answer })).toBeUndefined();
});

it('leaves out what the item says is no part', () => {
  expect(partOf({ checks: { beta: false } }, ['checks.beta'])).toBeUndefined();
});

it.each([
  ['{"healthy":true}', 'healthy', true],
  ['{"status":"UP","ok":false}', 'status', 'UP'],
  ['{"Status":"Healthy"}', 'Status', 'Healthy'],
  ['{"db":"ok"}', 'status', undefined],
  ['OK', '', 'OK'],
  ['Healthy.\n', '', 'Healthy'],
  ['"ok"', '', 'ok'],
  ['true', '', true],
])('%s says it in %j', (body, member, value) => {
  expect(wholeState(body, undefined)).toMatchObject({ member, value });
});

it.each([
  '',
  '<html>OK</html>',
  '[]',
  '3',
  'null',
  'We are down for maintenance, please come back later today',
  '<!doctype html>',
])('%j is no health answer', (body) => {
  expect(wholeState(body, undefined)).toBeNull();
});

import { expect, it } from 'vitest';
import type { RedisClient } from '../../contract/stores.ts';
import { ObservationError } from '../../kit/kind.ts';
import { validateParams } from '../../kit/params.ts';
import { testContext } from '../../kit/testing/cases.ts';
import { redisVersion } from './check.ts';

/** As ElastiCache answers: INFO reports much, CONFIG is no command. */
const INFO = [
  '# Server',
  'redis_version:7.1.0',
  'role:master',
  'rdb_last_bgsave_status:ok',
  'aof_last_write_status:ok',
  'maxmemory:3461349376',
  'maxmemory_policy:volatile-lru',
].join('\r\n');

async function judgedWith(persistence: string, info: string) {
  const asked: string[] = [];
  const redis: RedisClient = {
    session: (_, use) =>
      use({
        command(name, ...args) {
          asked.push([name, ...args].join(' '));
          if (name === 'SET') return Promise.resolve(null);
          if (name === 'INFO') return Promise.resolve(info);
          return Promise.reject(new ObservationError('protocol', "ERR unknown command 'CONFIG'"));
        },
      }),
  };
  const validated = validateParams(redisVersion, { store: { host: 'cache.shop', port: 6379 }, persistence });
  if (!validated.ok) throw new Error(JSON.stringify(validated.errors));
  const context = testContext('2026-01-15T12:00:00Z');
  const tls = { plaintext: () => Promise.resolve({ plaintext: 'refused', why: 'the connection was closed' }) };
  const seen = await redisVersion.gather(validated.params, { redis, tls } as never, context);
  return { verdict: redisVersion.judge(validated.params, seen, context), asked };
}

it('judges by INFO what it can, and asks CONFIG for nothing that nobody needs', async () => {
  const { verdict, asked } = await judgedWith('none', INFO);
  expect(verdict.doubts.map(({ why }) => why)).toEqual([
    'Redis at cache.shop:6379: does not report total_system_memory.',
  ]);
  expect(asked.map((one) => one.split(' ', 1)[0])).toEqual(['INFO', 'SET']);
});

it('keeps what INFO reported when CONFIG is refused', async () => {
  const replica = INFO.replace('role:master', 'role:slave');
  const { verdict } = await judgedWith('append-only', replica);
  expect(verdict).toMatchObject({ outcome: 'fail', findings: [{ id: 'wrongRole' }] });
  expect(verdict.doubts[0]?.why).toMatch(/does not report appendonly, save, .*\(CONFIG GET was refused: ERR unknown/);
});

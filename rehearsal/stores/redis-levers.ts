/** Levers of Redis. */
import { randomBytes } from 'node:crypto';
import { pause } from '../../checks/contract/pause.ts';
import type { LeverArguments } from '../../fixtures/rehearsal-client/control-protocol.ts';
import type { Levers, Release } from '../levers.ts';
import type { RedisServer } from './redis.ts';
import { REDIS_GATE_USER } from './secrets.ts';
import { freeze, kill, settingsOf, textOf } from './signals.ts';

const FORGET_EVERY_MS = 5;
const FORGET = `local keys = redis.call('KEYS', ARGV[1])
for _, key in ipairs(keys) do redis.call('UNLINK', key) end
return #keys`;

/**
 * `redis.kill`, `redis.stop`; `redis.config {directive: value, …}`; `redis.replica`: a replica whose master is down;
 * `redis.forget {match?}`: keys of a pattern vanish as soon as they are there; `redis.password {user?}`: another one than the gate's.
 */
export function addRedisLevers(levers: Levers, redis: Promise<RedisServer>): void {
  levers.add('redis.kill', async () => kill(await redis));
  levers.add('redis.stop', async () => freeze(await redis));
  levers.add('redis.config', async (args) => configure(await redis, args));
  levers.add('redis.replica', async () => makeReplica(await redis));
  levers.add('redis.forget', async (args) => forget(await redis, textOf(args, 'match', 'golive:*')));
  levers.add('redis.password', async (args) => changePassword(await redis, textOf(args, 'user', REDIS_GATE_USER)));
}

async function configure(redis: RedisServer, args: LeverArguments): Promise<Release> {
  const settings = settingsOf(args);
  const before: string[] = [];
  for (const [name] of settings) {
    const [, value] = (await redis.command('CONFIG', 'GET', name)) as [string?, string?];
    if (value === undefined) throw new Error(`Redis has no setting ${name}`);
    before.push(name, value);
  }
  await redis.command('CONFIG', 'SET', ...settings.flat());
  return async () => {
    await redis.command('CONFIG', 'SET', ...before);
  };
}

async function makeReplica(redis: RedisServer): Promise<Release> {
  // Nobody listens on port 1.
  await redis.command('REPLICAOF', '127.0.0.1', '1');
  return async () => {
    await redis.command('REPLICAOF', 'NO', 'ONE');
  };
}

async function forget(redis: RedisServer, pattern: string): Promise<Release> {
  const connection = await redis.connect();
  let forgotten = true;
  const run = async (): Promise<void> => {
    while (forgotten) {
      await connection.sendCommand(['EVAL', FORGET, '0', pattern]);
      await pause(FORGET_EVERY_MS);
    }
  };
  // A server that goes away forgets nothing more.
  const running = run().catch(() => undefined);
  return async () => {
    forgotten = false;
    await running;
    connection.destroy();
  };
}

async function changePassword(redis: RedisServer, user: string): Promise<Release> {
  const facts = (await redis.command('ACL', 'GETUSER', user)) as readonly unknown[] | null;
  if (facts === null) throw new Error(`Redis has no user ${user}`);
  // Only hashes are told; they can be set as such.
  const hashes = facts[facts.indexOf('passwords') + 1] as readonly string[];
  await redis.command('ACL', 'SETUSER', user, 'resetpass', `>${randomBytes(18).toString('hex')}`);
  return async () => {
    await redis.command('ACL', 'SETUSER', user, 'resetpass', ...hashes.map((hash) => `#${hash}`));
  };
}

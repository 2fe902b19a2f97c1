/** The client of Redis, as far as the rehearsal's bundles hold it (`build.mjs`). */
import type { RedisClientType } from '@redis/client';
import type { RedisCommandName } from './redis-commands.ts';

export { createClient } from '@redis/client';

/** A connection with the commands that are in the bundles: another one has to be added to `redis-commands.ts` first. */
export type RedisClient = Pick<
  RedisClientType,
  RedisCommandName | 'connect' | 'destroy' | 'isOpen' | 'multi' | 'on' | 'sendCommand'
>;

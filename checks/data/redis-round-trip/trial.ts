/** Writes two keys to a Redis server, reads them, lets one expire and removes them. */
import { randomBytes } from 'node:crypto';
import type { CheckContext } from '../../contract/capabilities.ts';
import type { RedisClient, RedisSession, RedisStore } from '../../contract/stores.ts';
import { usesTls } from '../../protocols/redis.ts';
import { refusedStep, type Refused } from '../../protocols/stores.ts';

/** How long the key that is read back would live if nobody removed it. */
export const KEPT_MS = 60_000;
/** After its time to live is over a key is gone for every reader; the clocks of the two machines need not agree on the moment. */
const GRACE_MS = 500;

export interface Tried {
  readonly up: true;
  readonly keys: readonly string[];
  /** What a second connection read: never the value itself. */
  readonly readBack: 'the value' | 'another value' | 'nothing' | null;
  /** Milliseconds to live as reported first and `elapsed` ms later; -2: no such key, -1: no time to live (Redis' manual, PTTL). */
  readonly countdown: { readonly first: number; readonly second: number; readonly elapsed: number } | null;
  /** Whether the key was gone when its time was over, and how long after that it was looked for. */
  readonly expired: { readonly gone: boolean; readonly late: number } | null;
  readonly refused: Refused | null;
  /** What is left behind; null when all is gone. */
  readonly left: string | null;
}
interface Trip {
  readonly redis: RedisClient;
  readonly store: RedisStore;
  /** What both keys' names start with. Its part in braces, the hash tag, puts them on one node of a cluster. */
  readonly name: string;
  readonly expiry: number;
  readonly context: Pick<CheckContext, 'wait'>;
}

/** One round trip. The steps are kept in order, and cleaning up is tried whatever became of them. */
export class Trial {
  readonly #trip: Trip;
  readonly #kept: string;
  readonly #expiring: string;
  readonly #value = randomBytes(24).toString('hex');
  #step = 'set a key';
  #seen: Pick<Tried, 'readBack' | 'countdown' | 'expired'> = { readBack: null, countdown: null, expired: null };

  constructor(trip: Trip) {
    this.#trip = trip;
    this.#kept = `${trip.name}:kept`;
    this.#expiring = `${trip.name}:expiring`;
  }

  async run(session: RedisSession): Promise<Tried> {
    let refused: Refused | null = null;
    let left: string | null = null;
    try {
      await this.#try(session);
    } catch (error) {
      // The connection was open: losing the server after that, or waiting for it in vain, is judged.
      refused = refusedStep(this.#step, error);
    } finally {
      left = redirection(refused?.why, this.#trip.store) ? null : await this.#cleanUp();
    }
    return { up: true, keys: [this.#kept, this.#expiring], ...this.#seen, refused, left };
  }

  async #try(session: RedisSession): Promise<void> {
    const { redis, store, expiry, context } = this.#trip;
    await session.command('SET', this.#kept, this.#value, 'PX', KEPT_MS);
    const startedAt = performance.now();
    await session.command('SET', this.#expiring, this.#value, 'PX', expiry);
    this.#step = 'read the key over a second connection';
    const read = await redis.session(store, (second) => second.command('GET', this.#kept));
    const readBack = read === this.#value ? 'the value' : read === null ? 'nothing' : 'another value';
    this.#seen = { ...this.#seen, readBack };
    this.#step = 'tell the time to live';
    const first = Number(await session.command('PTTL', this.#kept));
    const firstAt = performance.now();
    this.#step = 'let a key expire';
    await context.wait(Math.max(0, expiry - (performance.now() - startedAt)) + GRACE_MS);
    const late = Math.round(performance.now() - startedAt - expiry);
    const gone = (await session.command('GET', this.#expiring)) === null;
    this.#seen = { ...this.#seen, expired: { gone, late } };
    const second = Number(await session.command('PTTL', this.#kept));
    this.#seen = { ...this.#seen, countdown: { first, second, elapsed: Math.round(performance.now() - firstAt) } };
  }

  /** Over a connection of its own: the first one may be gone. Says what is left, never throws a refusal. */
  async #cleanUp(): Promise<string | null> {
    try {
      return await this.#trip.redis.session(this.#trip.store, async (session) => {
        await session.command('DEL', this.#kept, this.#expiring);
        const left = await session.command('EXISTS', this.#kept, this.#expiring);
        return left === 0 ? null : 'is still there';
      });
    } catch (error) {
      return `could not be removed (${error instanceof Error ? error.message : 'no reason given'})`;
    }
  }
}

/**
 * Where a node of a cluster sends a key of another one: `MOVED 7789 10.0.0.3:6379` (Redis cluster specification, "Redirection and
 * resharding"; without a host it is the one that was asked). Null of any other refusal. The certificate is still that of the store.
 */
export function redirection(why: string | undefined, store: RedisStore): RedisStore | null {
  const [, host, port] = /\b(?:MOVED|ASK) \d+ (\S*):(\d+)/.exec(why ?? '') ?? [];
  if (host === undefined) return null;
  const tls = usesTls(store) && { serverName: store.host, ...(store.tls || {}) };
  return { ...store, host: host === '' ? store.host : host, port: Number(port), tls };
}

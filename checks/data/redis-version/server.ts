/** What a Redis server reports of itself, and whether it would take a write. What it does not report is null. */
import { randomBytes } from 'node:crypto';
import { parseQuantity, quantityToNumber } from '../../../k8s/semantics/quantity.ts';
import { at, listAt, textAt } from '../../contract/json.ts';
import type { RedisSession } from '../../contract/stores.ts';
import { ObservationError, type Refusal } from '../../kit/kind.ts';
import { pairs } from '../../protocols/redis.ts';
import { refusal } from '../../protocols/stores.ts';

type Info = Readonly<Record<string, string>>;
/** Written by the server after each attempt; `ok` also before the first. */
export const ATTEMPTS = ['rdb_last_bgsave_status', 'aof_last_write_status', 'aof_last_bgrewrite_status'] as const;

export function reportedBy(info: Info) {
  const isOnline = (name: string): boolean => /^slave\d+$/.test(name) && info[name]?.includes('state=online') === true;
  return {
    version: info['redis_version'] ?? null,
    role: info['role'] ?? null,
    memory: info['total_system_memory'] ?? null,
    replicas: Object.keys(info).filter(isOnline).length,
    attempts: Object.fromEntries(ATTEMPTS.map((name) => [name, info[name] ?? null])),
  };
}

/** By INFO, and CONFIG GET where INFO does not report it; `refused` is why CONFIG GET was. */
export async function settingsOf(session: RedisSession, info: Info, persists: boolean) {
  const { aof_enabled: appends } = info;
  const settings: Record<string, string | null> = {
    maxmemory: info['maxmemory'] ?? null,
    'maxmemory-policy': info['maxmemory_policy'] ?? null,
  };
  if (persists) {
    settings['appendonly'] = appends === undefined ? null : appends === '1' ? 'yes' : 'no';
    settings['appendfsync'] = null;
    settings['save'] = null;
  }
  let refused: string | undefined;
  // One CONFIG GET each, more than one pattern at once is understood since version 7 only; managed services refuse it.
  for (const name of Object.keys(settings).filter((name) => settings[name] === null))
    try {
      settings[name] = pairs(await session.command('CONFIG', 'GET', name))[name] ?? null;
    } catch (error) {
      refused = refusal(error);
    }
  return { settings, ...(refused === undefined ? {} : { refused }) };
}

/** KeyDB calls a master beside others that are written to as well an active replica. */
export const hasRole = (role: string | null | undefined, expected: string): boolean =>
  role === expected || (expected === 'master' && role === 'active-replica');

/** Neither, where the server would take a write. */
export interface Written {
  /** Why the server refuses writes. */
  readonly refused?: string;
  /** Why the gate may not try. */
  readonly refusal?: Refusal;
}
/** Of a cluster a node has some of the slots, a third for example: this many random keys find one of its own. */
const KEYS_TRIED = 40;

/**
 * Tries a write that writes nothing: whatever keeps the server from taking one is said before it looks whether the key is there (XX),
 * which it is not.
 */
export async function tryWrite(session: RedisSession): Promise<Written> {
  for (let tried = 1; ; tried += 1)
    try {
      await session.command('SET', `golive:probe:${randomBytes(12).toString('hex')}`, 'golive', 'XX', 'PX', 1);
      return {};
    } catch (error) {
      const message = refusal(error);
      const isElsewhere = /\b(MOVED|ASK) \d/.test(message);
      if (isElsewhere && tried < KEYS_TRIED) continue;
      // A right that the gate lacks, and a cluster that sends it away, are no fault of this server.
      const code = error instanceof ObservationError ? error.code : 'protocol';
      return isElsewhere || code === 'forbidden' ? { refusal: { code, message } } : { refused: message };
    }
}

/**
 * Bytes that the container, or else the whole pod, may have; null where it has no limit.
 * @throws ObservationError `misconfigured` where it is not clear which container is meant
 */
export function memoryLimit(pod: unknown, container: string | undefined): string | null {
  const containers = listAt(pod, 'spec', 'containers');
  const [one, another] = containers.filter((each) => container === undefined || at(each, 'name') === container);
  if (one === undefined || another !== undefined) {
    const names = containers.map((each) => textAt(each, 'without a name', 'name')).join(', ');
    throw new ObservationError('misconfigured', `the pod of Redis has the containers ${names}`, {
      fix: 'Name the one that runs Redis in pod.container of the item.',
    });
  }
  const limit = at(one, 'resources', 'limits', 'memory') ?? at(pod, 'spec', 'resources', 'limits', 'memory');
  return typeof limit === 'string' || typeof limit === 'number' ? String(quantityToNumber(parseQuantity(limit))) : null;
}

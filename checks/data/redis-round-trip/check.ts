import { randomBytes } from 'node:crypto';
import type { RedisClient, RedisSession, RedisStore } from '../../contract/stores.ts';
import { redisStore } from '../../contract/param-schemas.ts';
import {
  defineCheck,
  ObservationError,
  type Capabilities,
  type CheckContext,
  type Evidence,
  type Finding,
  type FromSchema,
  type JSONSchema,
  type Judgement,
} from '../../kit/define-check.ts';
import { judged, present } from '../../kit/judged.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { isHung, refusal, type Down } from '../../protocols/postgres.ts';
import { REDIS_HUNG_FIX, redisName, redisUnlessDown } from '../../protocols/redis.ts';

const messages = {
  down: {
    says: '{subject}: does not answer ({why}), expected a server that takes a write.',
    fix: 'Start Redis, or open the way to it from where the gate runs.',
  },
  hung: {
    says: '{subject}: did not answer in time when asked to {step} ({why}), expected a server that takes a write.',
    fix: REDIS_HUNG_FIX,
  },
  refused: {
    says: '{subject}: refused to {step} ({why}), expected it to be done.',
    fix: 'Repair what the server names: a replica that is written to (READONLY), no memory (OOM), a disk it cannot write (MISCONF), a missing right.',
  },
  notReadBack: {
    says: '{subject}: the key was read back as {actual}, expected the value that had just been written.',
    fix: 'Look for what removes or changes keys (eviction under memory pressure, FLUSHALL by somebody), or for a proxy that reads from a replica that lags.',
  },
  noCountdown: {
    says: '{subject}: the time to live was {first} ms and {elapsed} ms later {second} ms, expected it to count down from {ttl} ms.',
    fix: 'Look for who changes keys of the gate, and for a proxy that answers TTL itself.',
  },
  notExpired: {
    says: '{subject}: the key is still there {late} ms after its time to live was over, expected it to be gone.',
    fix: 'Ask the primary itself: a replica that lost it keeps expired keys.',
  },
  notCleanedUp: {
    says: '{subject}: the key {key} {left}, expected nothing to be left.',
    fix: 'Remove it by hand (DEL); with its time to live it goes by itself.',
  },
};
type Id = keyof typeof messages;

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['store'],
  properties: {
    store: redisStore,
    prefix: {
      type: 'string',
      pattern: '^[A-Za-z0-9:_.-]{1,100}$',
      default: 'golive:probe:',
      description: 'What the names of the two keys start with; the rest is random.',
    },
    expiry: {
      type: 'integer',
      minimum: 200,
      maximum: 60_000,
      default: 1000,
      description: 'Time to live, in milliseconds, of the key that is watched until it is gone.',
    },
  },
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;

/** How long the key that is read back would live if nobody removed it. */
const KEPT_MS = 60_000;
/** After its time to live is over a key is gone for every reader; the clocks of the two machines need not agree on the moment. */
const GRACE_MS = 500;

interface Tried {
  readonly up: true;
  readonly keys: readonly string[];
  /** What a second connection read: equal, something else (shortened, never the value), or nothing. */
  readonly readBack: 'the value' | 'another value' | 'nothing' | null;
  /** Milliseconds to live as told first and `elapsed` ms later; -2: no such key, -1: no time to live (Redis' manual, PTTL). */
  readonly countdown: { readonly first: number; readonly second: number; readonly elapsed: number } | null;
  /** Whether the key was gone when its time was over, and how long after that it was looked for. */
  readonly expired: { readonly gone: boolean; readonly late: number } | null;
  readonly refused: { readonly step: string; readonly why: string; readonly hung?: true } | null;
  readonly left: string | null;
}
type Gathered = Tried | Down;

export const redisRoundTrip = defineCheck({
  meta: {
    kind: 'data/redis-round-trip',
    title: 'Redis keeps what is set, for as long as it was told',
    why: 'A server that answers PING may still refuse writes, evict what was just set, or keep for ever what was to expire.',
    sees: 'A random value set with a time to live, read back over a second connection, its time to live counting down, a second key gone when its time was over, and both removed. It writes two small keys (class "apply"). Not: that they survive a restart or reach the replicas.',
    needs: ['redis'],
    effect: 'mutating',
    mutation: 'apply',
    params,
    messages,
  },
  permissions: ({ store }: Params) => mayReadSecrets([store.password]),
  gather,
  judge,
});

async function gather(
  { store, prefix, expiry }: Params,
  { redis }: Pick<Capabilities, 'redis'>,
  context: CheckContext,
): Promise<Gathered> {
  const trial = new Trial(redis, store, `${prefix}${randomBytes(8).toString('hex')}`, expiry, context);
  return await redisUnlessDown(redis, store, (session) => trial.run(session));
}

/** One round trip. The steps are kept in order, and cleaning up is tried whatever became of them. */
class Trial {
  readonly #redis: RedisClient;
  readonly #store: RedisStore;
  readonly #kept: string;
  readonly #expiring: string;
  readonly #expiry: number;
  readonly #context: CheckContext;
  readonly #value = randomBytes(24).toString('hex');
  #step = 'set a key';
  #seen: Pick<Tried, 'readBack' | 'countdown' | 'expired'> = { readBack: null, countdown: null, expired: null };

  constructor(redis: RedisClient, store: RedisStore, name: string, expiry: number, context: CheckContext) {
    this.#redis = redis;
    this.#store = store;
    this.#kept = `${name}:kept`;
    this.#expiring = `${name}:expiring`;
    this.#expiry = expiry;
    this.#context = context;
  }

  async run(session: RedisSession): Promise<Tried> {
    let refused: Tried['refused'] = null;
    let left: string | null = null;
    try {
      await this.#try(session);
    } catch (error) {
      refused = { step: this.#step, why: lostOrRefused(error), ...(isHung(error) ? { hung: true } : {}) };
    } finally {
      left = await this.#cleanUp();
    }
    return { up: true, keys: [this.#kept, this.#expiring], ...this.#seen, refused, left };
  }

  async #try(session: RedisSession): Promise<void> {
    await session.command('SET', this.#kept, this.#value, 'PX', KEPT_MS);
    const startedAt = performance.now();
    await session.command('SET', this.#expiring, this.#value, 'PX', this.#expiry);
    this.#step = 'read the key over a second connection';
    const read = await this.#redis.session(this.#store, (second) => second.command('GET', this.#kept));
    const readBack = read === this.#value ? 'the value' : read === null ? 'nothing' : 'another value';
    this.#seen = { ...this.#seen, readBack };
    this.#step = 'tell the time to live';
    const first = Number(await session.command('PTTL', this.#kept));
    const firstAt = performance.now();
    this.#step = 'let a key expire';
    await this.#context.wait(Math.max(0, this.#expiry - (performance.now() - startedAt)) + GRACE_MS);
    const late = Math.round(performance.now() - startedAt - this.#expiry);
    const gone = (await session.command('GET', this.#expiring)) === null;
    this.#seen = { ...this.#seen, expired: { gone, late } };
    const second = Number(await session.command('PTTL', this.#kept));
    const elapsed = Math.round(performance.now() - firstAt);
    this.#seen = { ...this.#seen, countdown: { first, second, elapsed } };
  }

  /** Over a connection of its own: the first one may be gone. Says what is left, never throws a refusal. */
  async #cleanUp(): Promise<string | null> {
    try {
      return await this.#redis.session(this.#store, async (session) => {
        await session.command('DEL', this.#kept, this.#expiring);
        const left = await session.command('EXISTS', this.#kept, this.#expiring);
        return left === 0 ? null : 'is still there';
      });
    } catch (error) {
      return `could not be removed (${error instanceof Error ? error.message : 'no reason given'})`;
    }
  }
}

/** The first connection was open: losing the server after that, or waiting for it in vain, is judged here. */
function lostOrRefused(error: unknown): string {
  if (isHung(error)) return error.message;
  if (error instanceof ObservationError && error.code === 'unreachable') return error.message;
  return refusal(error);
}

function judge({ store, expiry }: Params, gathered: Gathered): Judgement<Id> {
  const subject = redisName(store);
  if (!gathered.up)
    return judged<Id>(
      [
        gathered.hung
          ? { message: 'hung', subject, data: { step: 'open a connection', why: gathered.why } }
          : { message: 'down', subject, data: { why: gathered.why } },
      ],
      [subject],
      [{ type: 'text', title: subject, text: gathered.why }],
      '',
    );
  const { readBack, countdown, expired, refused, left, keys } = gathered;
  const findings: Finding<Id>[] = present([
    refused && {
      message: refused.hung ? ('hung' as const) : ('refused' as const),
      subject,
      data: { step: refused.step, why: refused.why },
    },
    readBack !== null &&
      readBack !== 'the value' && { message: 'notReadBack' as const, subject, data: { actual: readBack } },
    // A key that was not read back has no time to live either: one finding says it.
    readBack === 'the value' &&
      countdown !== null &&
      !countsDown(countdown) && { message: 'noCountdown' as const, subject, data: { ...countdown, ttl: KEPT_MS } },
    expired?.gone === false && { message: 'notExpired' as const, subject, data: { late: expired.late } },
    left !== null && { message: 'notCleanedUp' as const, subject, data: { key: keys[0] ?? '', left } },
  ]);
  const evidence = evidenceOf(subject, expiry, gathered);
  if (findings.length === 0 && (readBack === null || countdown === null || expired === null))
    return {
      outcome: 'inconclusive',
      reason: 'too-few-samples',
      why: `${subject}: not every step was tried, though none was refused.`,
      evidence,
    };
  return judged(findings, [subject], evidence, '');
}

/** It must be a time to live of ours, and have shrunk by about the time that passed (half of it at least: clocks may be slewed). */
function countsDown({ first, second, elapsed }: NonNullable<Tried['countdown']>): boolean {
  return first > 0 && first <= KEPT_MS && second > 0 && first - second >= elapsed / 2;
}

function evidenceOf(subject: string, expiry: number, tried: Tried): readonly [Evidence, ...Evidence[]] {
  const { keys, readBack, countdown, expired, left } = tried;
  const [kept = '', expiring = ''] = keys;
  const steps: (readonly [string, string])[] = [
    [`SET ${kept} … PX ${KEPT_MS}; GET over a second connection`, readBack ?? 'not tried'],
    [
      `PTTL ${kept}`,
      countdown ? `${countdown.first} ms, ${countdown.elapsed} ms later ${countdown.second} ms` : 'not tried',
    ],
    [
      `SET ${expiring} … PX ${expiry}; GET when its time was over`,
      expired ? `${expired.gone ? 'gone' : 'still there'} ${expired.late} ms later` : 'not tried',
    ],
    ['DEL, EXISTS', left === null ? 'nothing left' : left],
  ];
  return [{ type: 'table', title: `Round trip through ${subject}`, columns: ['command', 'answer'], rows: steps }];
}

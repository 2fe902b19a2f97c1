import type { RedisSession } from '../../contract/stores.ts';
import { redisStore } from '../../contract/param-schemas.ts';
import {
  defineCheck,
  type Capabilities,
  type Evidence,
  type Finding,
  type FromSchema,
  type JSONSchema,
  type Judgement,
} from '../../kit/define-check.ts';
import { judged, present } from '../../kit/judged.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import type { Down } from '../../protocols/postgres.ts';
import { infoFields, pairs, REDIS_HUNG_FIX, redisName, redisUnlessDown, usesTls } from '../../protocols/redis.ts';

const messages = {
  down: {
    says: '{subject}: does not answer ({why}), expected a server that accepts connections.',
    fix: 'Start Redis, or open the way to it from where the gate runs.',
  },
  hung: {
    says: '{subject}: does not answer in time ({why}), expected a server that accepts connections.',
    fix: REDIS_HUNG_FIX,
  },
  tooOld: {
    says: '{subject}: is version {actual}, expected at least {expected}.',
    fix: 'Upgrade Redis to {expected} or later: attach a newer replica, let it catch up and fail over to it.',
  },
  wrongRole: {
    says: '{subject}: is a {actual}, expected a {expected}.',
    fix: 'Point the cache of the environment file at the {expected}, or fail over (REPLICAOF NO ONE makes a master of a replica).',
  },
  notPersistent: {
    says: '{subject}: persists nothing (appendonly is no and save is empty), expected {expected}.',
    fix: 'Set appendonly yes (and CONFIG REWRITE it), or give save its points. A cache whose loss is no harm says persistence: none.',
  },
  noAppendOnlyFile: {
    says: '{subject}: appendonly is no, so what was written since the last snapshot is lost in a crash, expected yes.',
    fix: 'Set appendonly yes by CONFIG SET, which writes the file in the background, and in redis.conf.',
  },
  persistenceFails: {
    says: '{subject}: {field} is {actual}, so what is written does not reach the disk, expected ok.',
    fix: 'Read the log of the server for why it cannot write: a full disk, a read-only folder, no memory to fork.',
  },
  unlimited: {
    says: '{subject}: maxmemory is 0, so it grows until the kernel or the kubelet kills it, expected a limit.',
    fix: 'Set maxmemory below the memory limit of the container, with room for replication and copy-on-write.',
  },
  policy: {
    says: '{subject}: maxmemory-policy is {actual}, expected {expected}.',
    fix: 'Set maxmemory-policy to {expected}: by CONFIG SET for now and in redis.conf for the next start.',
  },
  noTls: {
    says: '{subject}: the connection is not encrypted, expected TLS.',
    fix: 'Set tls-port and a certificate on the server, and tls in the cache of the environment file.',
  },
};
type Id = keyof typeof messages;

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['store'],
  properties: {
    store: redisStore,
    minimum: { type: 'integer', minimum: 5, maximum: 99, default: 7, description: 'Lowest major version accepted.' },
    role: {
      enum: ['master', 'slave'],
      default: 'master',
      description: 'What the server must be, in the words of INFO.',
    },
    persistence: {
      enum: ['append-only', 'any', 'none'],
      default: 'append-only',
      description: 'How it must persist: by an append-only file, by that or snapshots, or not at all.',
    },
    policies: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      default: ['noeviction', 'volatile-lru', 'volatile-lfu', 'volatile-ttl'],
      items: { type: 'string', minLength: 1 },
      description:
        'Values of maxmemory-policy that are accepted. Policies of all keys evict what must not be lost, a queue for example.',
    },
    requireTls: { type: 'boolean', default: true, description: 'Whether the connection must be encrypted.' },
  },
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;

/** One CONFIG GET each: more than one pattern at once is understood since version 7 only. */
const SETTINGS = ['appendonly', 'save', 'maxmemory', 'maxmemory-policy'] as const;
type Setting = (typeof SETTINGS)[number];
/** Written by the server after each attempt; `ok` also before the first. */
const ATTEMPTS = ['rdb_last_bgsave_status', 'aof_last_write_status', 'aof_last_bgrewrite_status'] as const;

interface Up {
  readonly up: true;
  readonly version: string;
  readonly role: string;
  /** What the server does not tell is null. */
  readonly settings: Readonly<Record<Setting, string | null>>;
  readonly attempts: Readonly<Record<string, string | null>>;
}
type Gathered = Up | Down;

export const redisVersion = defineCheck({
  meta: {
    kind: 'data/redis-version',
    title: 'Redis is recent enough, writes to disk and has a limit',
    why: 'A replica refuses writes, a server without persistence loses the queue when it restarts, one without a limit is killed at the worst moment.',
    sees: 'Version and role, appendonly, save and whether the last attempts to write to disk succeeded, maxmemory and its policy, all by INFO and CONFIG GET over one connection, verified TLS where it is required. Not: that the disk outlives the pod, nor that data comes back after a restart.',
    needs: ['redis'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: ({ store }: Params) => mayReadSecrets([store.password]),
  gather,
  judge,
});

async function gather({ store }: Params, { redis }: Pick<Capabilities, 'redis'>): Promise<Gathered> {
  return await redisUnlessDown(redis, store, async (session): Promise<Up> => {
    const info = infoFields(await session.command('INFO'));
    const settings: Partial<Record<Setting, string | null>> = {};
    for (const name of SETTINGS) settings[name] = await setting(session, name);
    return {
      up: true,
      version: info['redis_version'] ?? '',
      role: info['role'] ?? '',
      settings: settings as Up['settings'],
      attempts: Object.fromEntries(ATTEMPTS.map((name) => [name, info[name] ?? null])),
    };
  });
}

async function setting(session: RedisSession, name: string): Promise<string | null> {
  return pairs(await session.command('CONFIG', 'GET', name))[name] ?? null;
}

function judge(params: Params, gathered: Gathered): Judgement<Id> {
  const subject = redisName(params.store);
  const evidence = evidenceOf(subject, params, gathered);
  if (!gathered.up)
    return judged<Id>(
      [{ message: gathered.hung ? 'hung' : 'down', subject, data: { why: gathered.why } }],
      [subject],
      evidence,
      '',
    );
  const { version, role, settings } = gathered;
  const policy = settings['maxmemory-policy'];
  const findings: Finding<Id>[] = present([
    !(Number.parseInt(version, 10) >= params.minimum) && {
      message: 'tooOld' as const,
      subject,
      data: { actual: version === '' ? 'unknown' : version, expected: params.minimum },
    },
    role !== params.role && {
      message: 'wrongRole' as const,
      subject,
      data: { actual: role === '' ? 'server of unknown role' : role, expected: params.role },
    },
    ...persistenceFindings(subject, params.persistence, gathered),
    settings.maxmemory === '0' && { message: 'unlimited' as const, subject },
    policy !== null &&
      !params.policies.includes(policy) && {
        message: 'policy' as const,
        subject,
        data: { actual: policy, expected: params.policies.join(' or ') },
      },
    params.requireTls && !usesTls(params.store) && { message: 'noTls' as const, subject },
  ]);
  const untold = SETTINGS.filter((name) => settings[name] === null);
  if (findings.length === 0 && untold.length > 0)
    return {
      outcome: 'inconclusive',
      reason: 'too-few-subjects',
      why: `${subject}: does not tell ${untold.join(', ')}. Ask the server itself, not a proxy, or grant the gate's user these settings.`,
      evidence,
    };
  return judged(findings, [subject], evidence, '');
}

function persistenceFindings(
  subject: string,
  wanted: Params['persistence'],
  { settings, attempts }: Up,
): Finding<Id>[] {
  if (wanted === 'none') return [];
  const failed = ATTEMPTS.filter((name) => attempts[name] !== 'ok').map((field) => ({
    message: 'persistenceFails' as const,
    subject,
    data: { field, actual: attempts[field] ?? 'not told' },
  }));
  const appends = settings.appendonly === 'yes';
  if (appends) return failed;
  if (settings.appendonly === null || settings.save === null) return failed;
  if (settings.save === '')
    return [
      {
        message: 'notPersistent',
        subject,
        data: { expected: wanted === 'append-only' ? 'an append-only file' : 'an append-only file or snapshots' },
      },
    ];
  return wanted === 'append-only' ? [{ message: 'noAppendOnlyFile', subject }, ...failed] : failed;
}

function evidenceOf(subject: string, { store }: Params, gathered: Gathered): readonly [Evidence, ...Evidence[]] {
  if (!gathered.up) return [{ type: 'text', title: subject, text: gathered.why }];
  const { version, role, settings, attempts } = gathered;
  return [
    {
      type: 'table',
      title: `What ${subject} says of itself`,
      columns: ['command', 'name', 'value'],
      rows: [
        ['INFO', 'redis_version', version],
        ['INFO', 'role', role],
        ...ATTEMPTS.map((name) => ['INFO', name, attempts[name] ?? null]),
        ...SETTINGS.map((name) => ['CONFIG GET', name, settings[name]]),
      ],
    },
    { type: 'text', title: 'Encryption of this connection', text: usesTls(store) ? 'TLS, verified' : 'none' },
  ];
}

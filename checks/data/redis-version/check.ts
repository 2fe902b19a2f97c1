import { redisStore } from '../../contract/param-schemas.ts';
import { kind } from '../../kit/kind.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { infoFields, pairs, redisName, usesTls } from '../../protocols/redis.ts';
import { awayMessages, downId, REDIS, refusal, unlessDown } from '../../protocols/stores.ts';

/** Written by the server after each attempt; `ok` also before the first. */
const ATTEMPTS = ['rdb_last_bgsave_status', 'aof_last_write_status', 'aof_last_bgrewrite_status'] as const;
const PERSISTENCE = { 'append-only': 'an append-only file', any: 'an append-only file or snapshots' };

export const redisVersion = kind('data/redis-version', {
  title: 'Redis is recent enough, writes to disk and has a limit',
  why: 'A replica refuses writes, a server without persistence loses the queue when it restarts, one without a limit is killed at the worst moment.',
  sees: [
    'Version and role, maxmemory, within the memory of its machine, and its policy.',
    'Where it must persist: appendonly, appendfsync, save and whether the last attempts to write to disk succeeded.',
    'All by INFO, and CONFIG GET where INFO does not report it, over one connection, verified TLS where it is required.',
  ],
  not: [
    'That the disk outlives the pod, nor that data comes back after a restart.',
    'The memory limit of its container.',
    'That it takes writes; data/redis-round-trip does that.',
  ],
  needs: ['redis'],
  required: ['store'],
  params: {
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
  messages: {
    ...awayMessages(REDIS, 'a server that accepts connections'),
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
    neverSynced: {
      says: '{subject}: appendfsync is no, so the kernel decides when a write reaches the disk, expected everysec or always.',
      fix: 'Set appendfsync everysec: by CONFIG SET for now and in redis.conf for the next start.',
    },
    persistenceFails: {
      says: '{subject}: {field} is {actual}, so what is written does not reach the disk, expected ok.',
      fix: 'Read the log of the server for why it cannot write: a full disk, a read-only folder, no memory to fork.',
    },
    unlimited: {
      says: '{subject}: maxmemory is 0, so it grows until the kernel or the kubelet kills it, expected a limit.',
      fix: 'Set maxmemory below the memory limit of the container, with room for replication and copy-on-write.',
    },
    limitTooLarge: {
      says: '{subject}: maxmemory is {actual} bytes, expected less than the {memory} bytes of its machine.',
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
  },
  rights: ({ store }) => mayReadSecrets([store.password]),

  gather: ({ store, persistence }, { redis }) =>
    unlessDown(redis, store, async (session) => {
      const info = infoFields(await session.command('INFO'));
      const { aof_enabled: appends } = info;
      const settings: Record<string, string | null> = {
        maxmemory: info['maxmemory'] ?? null,
        'maxmemory-policy': info['maxmemory_policy'] ?? null,
      };
      if (persistence !== 'none') {
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
      return {
        up: true as const,
        version: info['redis_version'] ?? null,
        role: info['role'] ?? null,
        /** What the server does not report is null. */
        settings,
        memory: info['total_system_memory'] ?? null,
        attempts: Object.fromEntries(ATTEMPTS.map((name) => [name, info[name] ?? null])),
        /** Why CONFIG GET was refused. */
        ...(refused === undefined ? {} : { refused }),
      };
    }),

  judge(params, seen, say) {
    const subject = redisName(params.store);
    say.judged(subject);
    if (!seen.up) return say.fail(downId(seen), subject, { why: seen.why });
    const { version, role, settings, memory, attempts, refused } = seen;
    const unknown: string[] = [];
    /** The value, or null after noting that it is not reported. */
    const known = (name: string, value = settings[name] ?? null): string | null => {
      if (value === null) unknown.push(name);
      return value;
    };
    const actual = known('redis_version', version);
    if (actual !== null && !(Number.parseInt(actual, 10) >= params.minimum))
      say.fail('tooOld', subject, { actual, expected: params.minimum });
    if (known('role', role) !== null && role !== params.role)
      say.fail('wrongRole', subject, { actual: role ?? '', expected: params.role });

    if (params.persistence !== 'none') {
      const appends = known('appendonly');
      // Snapshots are of no matter where all is appended.
      const save = appends === 'yes' ? 'not asked' : known('save');
      const none = appends === 'no' && save === '';
      if (none) say.fail('notPersistent', subject, { expected: PERSISTENCE[params.persistence] });
      else if (appends === 'no' && params.persistence === 'append-only') say.fail('noAppendOnlyFile', subject);
      if (appends === 'yes' && known('appendfsync') === 'no') say.fail('neverSynced', subject);
      for (const field of none ? [] : ATTEMPTS) {
        const actual = known(field, attempts[field] ?? null);
        if (actual !== null && actual !== 'ok') say.fail('persistenceFails', subject, { field, actual });
      }
    }
    const limit = known('maxmemory');
    const most = known('total_system_memory', memory);
    if (limit === '0') say.fail('unlimited', subject);
    else if (limit !== null && most !== null && Number(limit) >= Number(most))
      say.fail('limitTooLarge', subject, { actual: limit, memory: most });
    const policy = known('maxmemory-policy');
    if (policy !== null && !params.policies.includes(policy))
      say.fail('policy', subject, { actual: policy, expected: params.policies.join(' or ') });
    if (params.requireTls && !usesTls(params.store)) say.fail('noTls', subject);

    if (unknown.length > 0)
      say.unknown(
        subject,
        `${unknown.join(', ')}${refused === undefined ? '' : ` (CONFIG GET was refused: ${refused})`}`,
      );
    say.show({
      type: 'table',
      title: `What ${subject} reports`,
      columns: ['name', 'value'],
      rows: [
        ...Object.entries({ redis_version: version, role, ...attempts, ...settings, total_system_memory: memory }),
        ['encryption of this connection', usesTls(params.store) ? 'TLS, verified' : 'none'],
      ],
    });
  },
});

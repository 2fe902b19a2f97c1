import type { PlaintextAnswer } from '../../contract/network.ts';
import { kubernetesName, redisStore } from '../../contract/param-schemas.ts';
import { attempt, kind, type Refusal, type Say } from '../../kit/kind.ts';
import { mayReadSecrets, PODS } from '../../protocols/kubernetes.ts';
import { infoFields, redisName, usesTls } from '../../protocols/redis.ts';
import { awayMessages, downId, REDIS, unlessDown } from '../../protocols/stores.ts';
import { judgePlaintext, plainRedis, takesPlaintext, tryPlaintext } from '../../protocols/tls-servers.ts';
import { ATTEMPTS, hasRole, memoryLimit, reportedBy, settingsOf, tryWrite, type Written } from './server.ts';

const PERSISTENCE = { 'append-only': 'an append-only file', any: 'an append-only file or snapshots' };

const messages = {
  ...awayMessages(REDIS, 'a server that accepts connections'),
  tooOld: {
    says: '{subject}: is version {actual}, expected at least {expected}.',
    fix: 'Upgrade Redis to {expected} or later: attach a newer replica, let it catch up and fail over to it.',
  },
  wrongRole: {
    says: '{subject}: is a {actual}, expected a {expected}.',
    fix: 'Point the cache of the environment file at the {expected}, or fail over (REPLICAOF NO ONE makes a master of a replica).',
  },
  notWritable: {
    says: '{subject}: refuses writes ({why}), expected a master that takes them.',
    fix: 'Repair what the server names: too few replicas (NOREPLICAS), no memory (OOM), a disk it cannot write (MISCONF), a cluster without all of its slots (CLUSTERDOWN).',
  },
  fewReplicas: {
    says: '{subject}: has {actual} replicas online, expected at least {expected}.',
    fix: 'See on the replicas why they do not follow (INFO replication: master_link_status), and start those that are missing.',
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
    says: '{subject}: maxmemory is {actual} bytes, expected less than the {memory} bytes of its {of}.',
    fix: 'Set maxmemory below the memory limit of the container, with room for replication and copy-on-write.',
  },
  policy: {
    says: '{subject}: maxmemory-policy is {actual}, expected {expected}.',
    fix: 'Set maxmemory-policy to {expected}: by CONFIG SET for now and in redis.conf for the next start.',
  },
  takesPlaintext,
  noTls: {
    says: '{subject}: the connection is not encrypted, expected TLS.',
    fix: 'Set tls-port and a certificate on the server, and tls in the cache of the environment file.',
  },
} as const;

export const redisVersion = kind('data/redis-version', {
  title: 'Redis is recent enough, writes to disk and has a limit',
  why: 'A replica refuses writes, a server without persistence loses the queue when it restarts, one without a limit is killed at the worst moment.',
  sees: [
    'Version and role, maxmemory, within the memory of its machine and, where pod is given, of its container, and its policy.',
    'That a master takes writes: a SET … XX of a random key below golive:, which writes nothing because there is no such key, and is refused as any write would be.',
    'A PING without TLS, refused, where TLS is required.',
    'Where it must persist: appendonly, appendfsync, save and whether the last attempts to write to disk succeeded.',
    'All by INFO, and CONFIG GET where INFO does not report it, over one connection, verified TLS where it is required.',
  ],
  not: [
    'That the disk outlives the pod, nor that data comes back after a restart.',
    'That what is written is kept; data/redis-round-trip does that.',
  ],
  needs: ['redis', 'tls', 'cluster'],
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
    replicas: {
      type: 'integer',
      minimum: 0,
      default: 0,
      description: 'How many replicas a master must have online.',
    },
    pod: {
      type: 'object',
      additionalProperties: false,
      required: ['namespace', 'name'],
      description: 'The pod that runs it, whose memory limit is above maxmemory.',
      properties: {
        namespace: kubernetesName('Namespace of the pod.'),
        name: kubernetesName('Name of the pod, for example redis-0.'),
        container: kubernetesName('Name of the container, when the pod has several.'),
      },
    },
    requireTls: {
      type: 'boolean',
      default: true,
      description: 'Whether the connection must be encrypted, and one without TLS refused.',
    },
  },
  messages,
  rights: ({ store, pod }) => [
    ...(pod
      ? [{ namespace: pod.namespace, groups: [''], resources: ['pods'], verbs: ['get'], resourceNames: [pod.name] }]
      : []),
    ...mayReadSecrets([store.password]),
  ],

  async gather({ store, persistence, requireTls, role, pod }, { redis, tls, cluster }) {
    const server = await unlessDown(redis, store, async (session) => {
      const info = infoFields(await session.command('INFO'));
      // In the middle of a session that TLS has: the server is there all the time.
      const plain = requireTls && usesTls(store) ? await tryPlaintext(tls, plainRedis(store)) : undefined;
      return {
        up: true as const,
        ...(plain && { plain }),
        ...(role === 'master' && hasRole(info['role'], role) ? { write: await tryWrite(session) } : {}),
        ...reportedBy(info),
        ...(await settingsOf(session, info, persistence !== 'none')),
      };
    });
    const limit =
      pod && (await attempt(async () => memoryLimit(await cluster.get(PODS, pod.name, pod.namespace), pod.container)));
    return { ...server, limit };
  },

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
    if (known('role', role) !== null && !hasRole(role, params.role))
      say.fail('wrongRole', subject, { actual: role ?? '', expected: params.role });
    judgeTried(say, subject, params, seen);

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
    const ofContainer = seen.limit?.seen ?? null;
    judgeLimit(
      say,
      subject,
      limit,
      ofContainer ? [ofContainer, 'container'] : [known('total_system_memory', memory), 'machine'],
    );
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

type Voice = Say<typeof messages>;

/** What was tried, and what others report of it. */
function judgeTried(
  say: Voice,
  subject: string,
  { replicas: expected }: { readonly replicas: number },
  seen: {
    readonly write?: Written;
    readonly replicas: number;
    readonly plain?: PlaintextAnswer;
    readonly limit?: { readonly refusal?: Refusal | undefined } | undefined;
  },
): void {
  const { write, replicas: actual, plain, limit } = seen;
  if (write?.refused !== undefined) say.fail('notWritable', subject, { why: write.refused });
  if (write?.refusal) say.refused(write.refusal, subject);
  if (actual < expected) say.fail('fewReplicas', subject, { actual, expected });
  if (limit?.refusal) say.refused(limit.refusal, subject);
  judgePlaintext(say, subject, plain);
}

function judgeLimit(
  say: Voice,
  subject: string,
  limit: string | null,
  [memory, of]: readonly [string | null, 'container' | 'machine'],
): void {
  if (limit === '0') say.fail('unlimited', subject);
  else if (limit !== null && memory !== null && Number(limit) >= Number(memory))
    say.fail('limitTooLarge', subject, { actual: limit, memory, of });
}

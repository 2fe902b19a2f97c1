import type { NonEmptyCommand } from '../../contract/cluster.ts';
import { kubernetesName, redisStore, store } from '../../contract/param-schemas.ts';
import { shortened } from '../../kit/evidence.ts';
import {
  attempt,
  kind,
  objectSubject,
  type Capabilities,
  type Refusal,
  type Say,
  type Subject,
  subjectText,
} from '../../kit/kind.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { mayExecIn, podMessages, runInPod, type ExecResult, type InPod } from '../../protocols/pod-command.ts';
import { serverName, textOf } from '../../protocols/postgres.ts';
import { infoFields, redisName } from '../../protocols/redis.ts';
import { rowsOf, unlessDown, type Down } from '../../protocols/stores.ts';

const messages = {
  ...podMessages,
  rejecting: {
    says: '{subject}: PostgreSQL in the pod rejects connections (starting up, shutting down or in recovery; pg_isready exits 1), expected it to accept them.',
    fix: 'Wait until it has started; if it does not, read the log of the container.',
  },
  noResponse: {
    says: '{subject}: nothing answers in the pod (pg_isready exits 2), expected PostgreSQL to accept connections.',
    fix: 'Read the log of the container: the server is not running or listens elsewhere.',
  },
  oddAnswer: {
    says: '{subject}: {command} exits {exitCode} and says "{output}", expected 0 and "{expected}".',
    fix: 'Look in the log of the container; check its credentials (REDISCLI_AUTH for redis-cli) and that the image holds the real program.',
  },
  otherServer: {
    says: '{subject}: is another server ({actual}) than the one in {pod} ({expected}), expected the same, or one that it replicates with.',
    fix: 'Correct the selector of the Service, or the store of the environment file: clients reach another server than the platform runs.',
  },
  wireDown: {
    says: '{subject}: does not answer over the network ({why}), expected a session.',
    fix: 'Compare the Service and its endpoints with the pod: the server in the pod and the one clients reach differ.',
  },
} as const;

/** One server: in its pod, and over the network. */
interface Looked {
  readonly command: readonly string[];
  /** Null when there is no such pod; absent when nothing was run. */
  readonly pod?: InPod | null | undefined;
  /** Null when it answered, else why not; absent when nothing shows whether it does. */
  readonly wire?: string | null | undefined;
  /** Which server it is, there and over the network; null where it does not say. */
  readonly ids?: Ids<string | null>;
  /** What the gate itself was refused, there or here. */
  readonly refusals?: readonly Refusal[];
}

export const serverReadiness = kind('data/server-readiness', {
  title: 'The servers that keep data accept connections, in their pods and over the network',
  why: 'A server that is ready in its pod and not reachable through its Service, or the other way round, is not ready for anybody.',
  sees: [
    'pg_isready run in the pod, its exit code and words, and a session opened through the address clients use.',
    'That both have the same system identifier (of Redis: the same replication id), where psql (redis-cli) in the pod may ask.',
    'Where Redis is named, redis-cli ping in its pod and PING through its address.',
  ],
  not: [
    'Whether both are the same server, where psql or redis-cli in the pod may not ask it.',
    'Whether it takes writes.',
  ],
  needs: ['cluster', 'exec', 'postgres', 'redis'],
  required: ['namespace', 'pod', 'store'],
  params: {
    namespace: kubernetesName('Namespace of the pod.'),
    pod: kubernetesName('Name of the pod that runs PostgreSQL, for example postgres-primary-0.'),
    container: kubernetesName('Name of the container, when the pod has several.'),
    user: { type: 'string', minLength: 1, default: 'mcp_user', description: 'Role that pg_isready is given.' },
    database: { type: 'string', minLength: 1, default: 'mcp_db', description: 'Database that pg_isready is given.' },
    store,
    redis: {
      type: 'object',
      additionalProperties: false,
      required: ['pod', 'store'],
      description: 'A Redis server of the same namespace that must be ready as well.',
      properties: {
        pod: kubernetesName(
          'Name of the pod that runs Redis, for example redis-0. It has REDISCLI_AUTH where a password is asked.',
        ),
        container: kubernetesName('Name of the container, when the pod has several.'),
        store: redisStore,
        port: { type: 'integer', minimum: 1, maximum: 65_535, description: 'Port in the pod, where it is not 6379.' },
        caFile: {
          type: 'string',
          pattern: '^/',
          description: 'Where Redis speaks TLS alone: the file in the container with the CA of its certificate.',
        },
      },
    },
  },
  messages,
  rights: ({ namespace, pod, store, redis }) => [
    ...mayExecIn(namespace, pod),
    ...(redis ? mayExecIn(namespace, redis.pod) : []),
    ...mayReadSecrets([store.password, redis?.store.password]),
  ],

  async gather(params, can) {
    const { namespace, user, database, store, redis } = params;
    const as = ['-U', user, '-d', database] as const;
    const ask = ['psql', ...as, '-wAtc', SYSTEM] as const;
    const postgres = await look(can, params, { ready: ['pg_isready', ...as], ask }, () =>
      unlessDown(can.postgres, store, async (session) => {
        await session.query('SELECT 1');
        return { up: true as const, id: textOf((await rowsOf(session, SYSTEM))[0], 'system_identifier') };
      }),
    );
    if (!redis) return { ...postgres };
    // The password is the pod's own (REDISCLI_AUTH in its environment): on a command line everybody could read it.
    const target = { ...redis, namespace };
    const tls = redis.caFile === undefined ? [] : ['--tls', '--cacert', redis.caFile];
    const port = redis.port === undefined ? [] : ['-p', String(redis.port)];
    const cli = ['redis-cli', ...tls, ...port] as const;
    const looked = await look(can, target, { ready: [...cli, 'ping'], ask: [...cli, 'info'] }, () =>
      unlessDown(can.redis, redis.store, async (session) => {
        const said = await session.command('PING');
        if (said !== 'PONG') return { up: false as const, why: `PING was answered ${JSON.stringify(said)}` };
        // Who may not ask for it may still be answered.
        const info = await attempt(() => session.command('INFO'));
        return { up: true as const, id: typeof info.seen === 'string' ? replicationId(info.seen) : null };
      }),
    );
    return { ...postgres, redis: looked };
  },

  judge({ namespace, pod, store, redis }, seen: Looked & { readonly redis?: Looked }, say) {
    judgeServer(say, objectSubject('Pod', { namespace, name: pod }), serverName(store), seen);
    if (redis && seen.redis)
      judgeServer(say, objectSubject('Pod', { namespace, name: redis.pod }), redisName(redis.store), seen.redis);
  },
});

/** Of a primary and its standbys the same. */
const SYSTEM = 'SELECT system_identifier::text FROM pg_control_system()';
/** Of a master and its replicas the same; the nodes of a cluster are groups of their own. */
function replicationId(info: string): string | null {
  const { cluster_enabled: cluster, master_replid: id = null } = infoFields(info);
  return cluster === '1' ? null : id;
}

/** Over the network, then in the pod. */
async function look(
  can: Pick<Capabilities, 'cluster' | 'exec'>,
  target: Parameters<typeof runInPod>[1],
  { ready: command, ask }: { readonly ready: NonEmptyCommand; readonly ask: NonEmptyCommand },
  session: () => Promise<{ readonly up: true; readonly id: string | null } | Down>,
): Promise<Looked> {
  const { seen, refusal } = await attempt(session);
  const wire = seen && (seen.up ? null : seen.why);
  // redis-cli has no time limit: it would wait for as long as the server hangs.
  if (command[0] === 'redis-cli' && isHung(seen)) return { command, wire };
  const inPod = await attempt(() => runInPod(can, target, command));
  const refusals = [refusal, inPod.refusal].filter((one) => one !== undefined);
  const looked = { command, pod: inPod.seen, wire, ...(refusals.length > 0 ? { refusals } : {}) };
  if (!seen?.up || seen.id === null || inPod.refusal) return looked;
  const { seen: asked } = await attempt(() => runInPod(can, target, ask));
  return { ...looked, ids: { inPod: idIn(ask, asked?.exec), onWire: seen.id } };
}

const isHung = (seen: { readonly up: true } | Down | undefined): boolean => seen?.up === false && seen.hung === true;

function idIn([program]: NonEmptyCommand, answer: ExecResult | null | undefined): string | null {
  if (answer?.exitCode !== 0) return null;
  return (program === 'psql' ? answer.stdout.trim() : replicationId(answer.stdout)) || null;
}

function judgeServer(
  say: Say<typeof messages>,
  inPod: Subject,
  overWire: string,
  { command, pod, wire, ids, refusals = [] }: Looked,
): void {
  say.judged(inPod, overWire);
  for (const refusal of refusals) say.refused(refusal);
  if (pod === null) say.fail('podMissing', inPod);
  else if (pod?.exec) judgeAnswer(say, inPod, command[0] ?? '', pod.exec);
  else if (pod?.deleting)
    say.unsure(
      'no-subjects',
      `${subjectText(inPod)}: is being deleted, so nothing was run in it. Wait for its successor.`,
      { subject: inPod },
    );
  else if (pod) say.fail('podNotRunning', inPod, { phase: pod.phase });
  if (wire != null) say.fail('wireDown', overWire, { why: wire });
  if (isOther(ids))
    say.fail('otherServer', overWire, { pod: subjectText(inPod), actual: ids.onWire, expected: ids.inPod });
  showServer(say, overWire, command, { pod, wire, ids });
}

type Ids<Value> = Readonly<Record<'inPod' | 'onWire', Value>>;
const isOther = (ids: Ids<string | null> | undefined): ids is Ids<string> =>
  Boolean(ids?.inPod && ids.onWire && ids.inPod !== ids.onWire);

function showServer(
  say: Say<typeof messages>,
  title: string,
  command: readonly string[],
  { pod, wire, ids }: Pick<Looked, 'pod' | 'wire'> & { readonly ids: Looked['ids'] | undefined },
): void {
  say.show({
    type: 'table',
    title,
    columns: ['asked', 'answer'],
    rows: [
      [`${command.join(' ')} in its pod`, pod?.exec ? `exit ${pod.exec.exitCode} ${outputOf(pod.exec)}` : 'not run'],
      ['which server in its pod', ids?.inPod ?? 'not known'],
      ['which over the network', ids?.onWire ?? 'not known'],
      ['over the network', wire === null ? 'answered' : (wire ?? 'not known')],
    ],
  });
}

/** pg_isready tells by its exit code and says so; redis-cli exits 0 also when the server refused: its words decide. */
function judgeAnswer(say: Say<typeof messages>, subject: Subject, program: string, exec: ExecResult): void {
  const { exitCode, stdout } = exec;
  const isPostgres = program === 'pg_isready';
  const expected = isPostgres ? 'accepting connections' : 'PONG';
  if (exitCode === 0 && (isPostgres ? stdout.includes(expected) : stdout.trim() === expected)) return;
  if (isPostgres && exitCode === 1) return say.fail('rejecting', subject);
  if (isPostgres && exitCode === 2) return say.fail('noResponse', subject);
  // Its manual page.
  if (isPostgres && exitCode === 3)
    return say.unsure(
      'misconfigured',
      `${subjectText(subject)}: pg_isready made no attempt (exit 3): ${outputOf(exec)}. Correct user and database in the item.`,
      { subject },
    );
  const command = isPostgres ? program : 'redis-cli ping';
  say.fail('oddAnswer', subject, { command, exitCode, output: outputOf(exec), expected });
}

const outputOf = ({ stdout, stderr }: ExecResult): string => shortened(`${stdout}${stderr}`.trim(), 200);

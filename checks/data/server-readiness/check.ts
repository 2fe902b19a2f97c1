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
import { mayExecIn, runInPod, type ExecResult, type InPod } from '../../protocols/pod-command.ts';
import { serverName } from '../../protocols/postgres.ts';
import { redisName } from '../../protocols/redis.ts';
import { unlessDown, type Down } from '../../protocols/stores.ts';

const messages = {
  podMissing: {
    says: '{subject}: does not exist, expected the pod that runs the server.',
    fix: 'See the StatefulSet and its events for why the pod was not made, or correct the name in the item.',
  },
  podNotRunning: {
    says: '{subject}: is {phase}, expected Running.',
    fix: 'See "kubectl describe pod" for why it does not run.',
  },
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
  /** What the gate itself was refused, there or here. */
  readonly refusals?: readonly Refusal[];
}

export const serverReadiness = kind('data/server-readiness', {
  title: 'The servers that keep data accept connections, in their pods and over the network',
  why: 'A server that is ready in its pod and not reachable through its Service, or the other way round, is not ready for anybody.',
  sees: [
    'pg_isready run in the pod, its exit code and words, and a session opened through the address clients use.',
    'Where Redis is named, redis-cli ping in its pod and PING through its address.',
  ],
  not: ['Whether both are the same server.', 'Whether it takes writes.'],
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
    const postgres = await look(can, params, ['pg_isready', '-U', user, '-d', database], () =>
      unlessDown(can.postgres, store, async (session) => {
        await session.query('SELECT 1');
        return { up: true as const };
      }),
    );
    if (!redis) return { ...postgres };
    // The password is the pod's own (REDISCLI_AUTH in its environment): on a command line everybody could read it.
    const target = { ...redis, namespace };
    const looked = await look(can, target, ['redis-cli', 'ping'], () =>
      unlessDown(can.redis, redis.store, async (session): Promise<{ readonly up: true } | Down> => {
        const said = await session.command('PING');
        return said === 'PONG' ? { up: true } : { up: false, why: `PING was answered ${JSON.stringify(said)}` };
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

/** Over the network, then in the pod. */
async function look(
  can: Pick<Capabilities, 'cluster' | 'exec'>,
  target: Parameters<typeof runInPod>[1],
  command: readonly [string, ...string[]],
  session: () => Promise<{ readonly up: true } | Down>,
): Promise<Looked> {
  const { seen, refusal } = await attempt(session);
  const wire = seen && (seen.up ? null : seen.why);
  // redis-cli has no time limit: it would wait for as long as the server hangs.
  if (command[0] === 'redis-cli' && seen && !seen.up && seen.hung) return { command, wire };
  const inPod = await attempt(() => runInPod(can, target, command));
  const refusals = [refusal, inPod.refusal].filter((one) => one !== undefined);
  return { command, pod: inPod.seen, wire, ...(refusals.length > 0 ? { refusals } : {}) };
}

function judgeServer(
  say: Say<typeof messages>,
  inPod: Subject,
  overWire: string,
  { command, pod, wire, refusals = [] }: Looked,
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
  say.show({
    type: 'table',
    title: overWire,
    columns: ['asked', 'answer'],
    rows: [
      [`${command.join(' ')} in its pod`, pod?.exec ? `exit ${pod.exec.exitCode} ${outputOf(pod.exec)}` : 'not run'],
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

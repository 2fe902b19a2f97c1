import { kubernetesName, redisStore, store } from '../../contract/param-schemas.ts';
import {
  defineCheck,
  ObservationError,
  type Capabilities,
  type Evidence,
  type Finding,
  type FromSchema,
  type JSONSchema,
  type Judgement,
} from '../../kit/define-check.ts';
import { shortened } from '../../kit/evidence.ts';
import { judged, present } from '../../kit/judged.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { mayExecIn, runInPod, type ExecResult, type InPod } from '../../protocols/pod-command.ts';
import { serverName, sessionUnlessDown, type Down } from '../../protocols/postgres.ts';
import { redisName, redisUnlessDown } from '../../protocols/redis.ts';

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
};
type Id = keyof typeof messages;

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['namespace', 'pod', 'store'],
  properties: {
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
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;

/** One server: in its pod, and over the network. */
interface Looked {
  readonly command: readonly string[];
  /** Null when there is no such pod; absent when nothing was run because the server does not answer. */
  readonly pod?: InPod | null;
  /** Null when it answered; else why not. */
  readonly wire: string | null;
}
interface Gathered extends Looked {
  readonly redis?: Looked;
}

export const serverReadiness = defineCheck({
  meta: {
    kind: 'data/server-readiness',
    title: 'The servers that keep data accept connections, in their pods and over the network',
    why: 'A server that is ready in its pod and not reachable through its Service, or the other way round, is not ready for anybody.',
    sees: 'pg_isready run in the pod, its exit code and words, and a session opened through the address clients use; where Redis is named, redis-cli ping in its pod and PING through its address. Not: whether both are the same server, nor whether it takes writes.',
    needs: ['cluster', 'exec', 'postgres', 'redis'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: ({ namespace, pod, store, redis }: Params) => [
    ...mayExecIn(namespace, pod),
    ...(redis ? mayExecIn(namespace, redis.pod) : []),
    ...mayReadSecrets([store.password, redis?.store.password]),
  ],
  gather,
  judge,
});

async function gather(
  params: Params,
  capabilities: Pick<Capabilities, 'cluster' | 'exec' | 'postgres' | 'redis'>,
): Promise<Gathered> {
  const command = ['pg_isready', '-U', params.user, '-d', params.database] as const;
  const pod = await runInPod(capabilities, params, command);
  if (pod?.exec) refuseNoAttempt(`Pod ${params.namespace}/${params.pod}`, pod.exec);
  const session = await sessionUnlessDown(capabilities.postgres, params.store, async (session) => {
    await session.query('SELECT 1');
    return { up: true } as const;
  });
  const postgres = { command, pod, wire: session.up ? null : session.why };
  return params.redis
    ? { ...postgres, redis: await lookAtRedis(params.namespace, params.redis, capabilities) }
    : postgres;
}

/** The password is the pod's own (REDISCLI_AUTH in its environment): on a command line everybody could read it. */
async function lookAtRedis(
  namespace: string,
  { store, ...target }: NonNullable<Params['redis']>,
  capabilities: Pick<Capabilities, 'cluster' | 'exec' | 'redis'>,
): Promise<Looked> {
  const command = ['redis-cli', 'ping'] as const;
  const session = await redisUnlessDown(
    capabilities.redis,
    store,
    async (session): Promise<{ readonly up: true } | Down> => {
      const said = await session.command('PING');
      return said === 'PONG' ? { up: true } : { up: false, why: `PING was answered ${JSON.stringify(said)}` };
    },
  );
  const wire = session.up ? null : session.why;
  // redis-cli has no time limit: it would wait for as long as the server hangs.
  if (!session.up && session.hung) return { command, wire };
  return { command, pod: await runInPod(capabilities, { namespace, ...target }, command), wire };
}

/** 3: pg_isready made no attempt (its manual page). */
function refuseNoAttempt(where: string, { exitCode, stderr }: ExecResult): void {
  if (exitCode !== 3) return;
  throw new ObservationError(
    'misconfigured',
    `${where}: pg_isready made no attempt (exit 3): ${shortened(stderr, 200)}`,
    {
      fix: 'Correct user and database in the item.',
    },
  );
}

function judge({ namespace, pod, store, redis }: Params, gathered: Gathered): Judgement<Id> {
  const servers: readonly Server[] = present([
    {
      name: 'PostgreSQL',
      inPod: `Pod ${namespace}/${pod}`,
      overWire: serverName(store),
      looked: gathered,
      in: postgresFinding,
    },
    redis &&
      gathered.redis && {
        name: 'Redis',
        inPod: `Pod ${namespace}/${redis.pod}`,
        overWire: redisName(redis.store),
        looked: gathered.redis,
        in: redisFinding,
      },
  ]);
  const findings = servers.flatMap(findingsOf);
  const [first, ...others] = servers.flatMap(evidenceOf);
  const evidence = [first ?? { type: 'text', title: 'Nothing', text: 'was looked at' }, ...others] as const;
  const leaving = servers.find(({ looked }) => looked.pod?.exec === null);
  if (findings.length === 0 && leaving)
    return {
      outcome: 'inconclusive',
      reason: 'no-subjects',
      why: `${leaving.inPod}: is being deleted, so nothing was run in it. Wait for its successor.`,
      evidence,
    };
  return judged(
    findings,
    servers.flatMap(({ inPod, overWire }) => [inPod, overWire]),
    evidence,
    '',
  );
}

interface Server {
  readonly name: string;
  readonly inPod: string;
  readonly overWire: string;
  readonly looked: Looked;
  readonly in: (subject: string, exec: ExecResult) => Finding<Id> | null;
}

function findingsOf({ inPod, overWire, looked: { pod, wire }, in: judgeExec }: Server): Finding<Id>[] {
  return present<Finding<Id>>([
    pod === null && { message: 'podMissing', subject: inPod },
    pod?.exec === null && !pod.deleting && { message: 'podNotRunning', subject: inPod, data: { phase: pod.phase } },
    pod?.exec && judgeExec(inPod, pod.exec),
    wire !== null && { message: 'wireDown', subject: overWire, data: { why: wire } },
  ]);
}

function postgresFinding(subject: string, exec: ExecResult): Finding<Id> | null {
  if (exec.exitCode === 0 && exec.stdout.includes('accepting connections')) return null;
  if (exec.exitCode === 1) return { message: 'rejecting', subject };
  if (exec.exitCode === 2) return { message: 'noResponse', subject };
  return { message: 'oddAnswer', subject, data: answerOf('pg_isready', exec, 'accepting connections') };
}

/** redis-cli exits 0 also when the server refused: its words decide. */
function redisFinding(subject: string, exec: ExecResult): Finding<Id> | null {
  if (exec.exitCode === 0 && exec.stdout.trim() === 'PONG') return null;
  return { message: 'oddAnswer', subject, data: answerOf('redis-cli ping', exec, 'PONG') };
}

function answerOf(command: string, { exitCode, stdout, stderr }: ExecResult, expected: string) {
  return { command, exitCode, output: shortened(`${stdout}${stderr}`.trim(), 200), expected };
}

function evidenceOf({ name, inPod, overWire, looked: { command, pod, wire } }: Server): readonly Evidence[] {
  const exec = pod?.exec;
  const notRun =
    pod === undefined
      ? 'not run: the server does not answer in time'
      : pod === null
        ? 'no such pod'
        : `not run: the pod is ${pod.deleting ? 'being deleted' : pod.phase}`;
  return [
    {
      type: 'query',
      title: `Ready in ${inPod}`,
      language: 'exec',
      query: command.join(' '),
      answer: exec ? shortened(`exit ${exec.exitCode}\n${exec.stdout}${exec.stderr}`) : notRun,
    },
    name === 'Redis'
      ? { type: 'text', title: `PING to ${overWire}`, text: wire ?? 'answered PONG' }
      : {
          type: 'query',
          title: `Session with ${overWire}`,
          language: 'sql',
          query: 'SELECT 1',
          answer: wire ?? 'answered',
        },
  ];
}

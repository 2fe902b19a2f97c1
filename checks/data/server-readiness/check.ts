import { kubernetesName, store } from '../../contract/param-schemas.ts';
import {
  defineCheck,
  ObservationError,
  type Capabilities,
  type Evidence,
  type Finding,
  type FromSchema,
  type JSONSchema,
  type Judgement,
} from '../../define-check.ts';
import { shortened } from '../../support/evidence.ts';
import { judged, present } from '../../support/judged.ts';
import { mayReadSecrets, PODS, textAt } from '../../support/kubernetes.ts';
import { serverName, sessionUnlessDown } from '../../support/postgres.ts';

const messages = {
  podMissing: {
    says: '{subject}: does not exist, expected the pod that runs the database.',
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
    says: '{subject}: pg_isready exits {exitCode} and says "{output}", expected 0 and "accepting connections".',
    fix: 'Check that the image holds the real pg_isready.',
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
  },
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;

interface InPod {
  readonly phase: string;
  /** Set while the pod is being deleted. */
  readonly deleting: boolean;
  /** Null when the pod was not in a state to run a command. */
  readonly exec: { readonly exitCode: number; readonly stdout: string; readonly stderr: string } | null;
}
interface Gathered {
  readonly command: readonly string[];
  /** Null when there is no such pod. */
  readonly pod: InPod | null;
  /** Null when a session was opened; else why not. */
  readonly wire: string | null;
}

export const serverReadiness = defineCheck({
  meta: {
    kind: 'data/server-readiness',
    title: 'PostgreSQL accepts connections, in its pod and over the network',
    why: 'A server that is ready in its pod and not reachable through its Service, or the other way round, is not ready for anybody.',
    sees: 'pg_isready run in the pod, its exit code and words, and a session opened through the address clients use. Not: whether both are the same server, nor whether it takes writes.',
    needs: ['cluster', 'exec', 'postgres'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: ({ namespace, pod, store }: Params) => [
    { namespace, groups: [''], resources: ['pods'], verbs: ['get'], resourceNames: [pod] },
    // The WebSocket's GET is authorised as get by every server, and since 1.35 as create besides (KEP-4006, "Synthetic RBAC
    // CREATE Authorization Check"; feature gate AuthorizePodWebsocketUpgradeCreatePermission, on by default): both are needed.
    { namespace, groups: [''], resources: ['pods/exec'], verbs: ['create', 'get'], resourceNames: [pod] },
    ...mayReadSecrets([store.password]),
  ],
  gather,
  judge,
});

async function gather(
  params: Params,
  capabilities: Pick<Capabilities, 'cluster' | 'exec' | 'postgres'>,
): Promise<Gathered> {
  const command = ['pg_isready', '-U', params.user, '-d', params.database] as const;
  const pod = await lookIntoPod(params, command, capabilities);
  const session = await sessionUnlessDown(capabilities.postgres, params.store, async (session) => {
    await session.query('SELECT 1');
    return { up: true } as const;
  });
  return { command, pod, wire: session.up ? null : session.why };
}

async function lookIntoPod(
  { namespace, pod, container }: Params,
  command: readonly [string, ...string[]],
  { cluster, exec }: Pick<Capabilities, 'cluster' | 'exec'>,
): Promise<InPod | null> {
  const found = await cluster.get(PODS, pod, namespace).catch((error: unknown) => {
    if (error instanceof ObservationError && error.code === 'not-found') return null;
    throw error;
  });
  if (!found) return null;
  const phase = textAt(found, 'of unknown phase', 'status', 'phase');
  const deleting = found.metadata.deletionTimestamp !== undefined;
  if (phase !== 'Running' || deleting) return { phase, deleting, exec: null };
  const target = container === undefined ? { namespace, pod } : { namespace, pod, container };
  const { exitCode, stdout, stderr } = await exec.run(target, command);
  refuseWhatWasNotRun(namespace, pod, exitCode, stderr);
  return { phase, deleting, exec: { exitCode, stdout, stderr } };
}

/** 126 and 127: the command could not be run (POSIX shell). 3: pg_isready made no attempt (its manual page). */
function refuseWhatWasNotRun(namespace: string, pod: string, exitCode: number, stderr: string): void {
  const where = `Pod ${namespace}/${pod}`;
  if (exitCode === 126 || exitCode === 127)
    throw new ObservationError(
      'component-missing',
      `${where}: pg_isready could not be run: ${shortened(stderr, 200)}`,
      {
        fix: 'Name the container that holds PostgreSQL in params.container.',
      },
    );
  if (exitCode === 3)
    throw new ObservationError(
      'misconfigured',
      `${where}: pg_isready made no attempt (exit 3): ${shortened(stderr, 200)}`,
      {
        fix: 'Correct user and database in the item.',
      },
    );
}

function judge({ namespace, pod: name, store }: Params, gathered: Gathered): Judgement<Id> {
  const { pod, wire } = gathered;
  const inPod = `Pod ${namespace}/${name}`;
  const overWire = serverName(store);
  const findings: Finding<Id>[] = present([
    pod === null ? { message: 'podMissing' as const, subject: inPod } : podFinding(inPod, pod),
    wire !== null && { message: 'wireDown' as const, subject: overWire, data: { why: wire } },
  ]);
  const evidence = evidenceOf(inPod, overWire, gathered);
  if (findings.length === 0 && pod?.exec === null)
    return {
      outcome: 'inconclusive',
      reason: 'no-subjects',
      why: `${inPod}: is being deleted, so nothing was run in it. Wait for its successor.`,
      evidence,
    };
  return judged(findings, [inPod, overWire], evidence, '');
}

function podFinding(subject: string, { phase, deleting, exec }: InPod): Finding<Id> | null {
  if (!exec) return deleting ? null : { message: 'podNotRunning', subject, data: { phase } };
  if (exec.exitCode === 0 && exec.stdout.includes('accepting connections')) return null;
  if (exec.exitCode === 1) return { message: 'rejecting', subject };
  if (exec.exitCode === 2) return { message: 'noResponse', subject };
  const output = shortened(`${exec.stdout}${exec.stderr}`.trim(), 200);
  return { message: 'oddAnswer', subject, data: { exitCode: exec.exitCode, output } };
}

function evidenceOf(
  inPod: string,
  overWire: string,
  { command, pod, wire }: Gathered,
): readonly [Evidence, ...Evidence[]] {
  const exec = pod?.exec;
  return [
    {
      type: 'query',
      title: `Ready in ${inPod}`,
      language: 'exec',
      query: command.join(' '),
      answer: exec
        ? shortened(`exit ${exec.exitCode}\n${exec.stdout}${exec.stderr}`)
        : pod === null
          ? 'no such pod'
          : `not run: the pod is ${pod.deleting ? 'being deleted' : pod.phase}`,
    },
    {
      type: 'query',
      title: `Session with ${overWire}`,
      language: 'sql',
      query: 'SELECT 1',
      answer: wire ?? 'answered',
    },
  ];
}

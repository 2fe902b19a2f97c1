import { randomUUID } from 'node:crypto';
import type { KubeObject } from '../../contract/cluster.ts';
import { at } from '../../contract/json.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import { attempt, kind, ObservationError, type Capabilities, type CheckContext } from '../../kit/kind.ts';
import { addressOf, logIn, unlessDown } from '../../protocols/api-requests.ts';
import { refuseBadExpectations } from '../../protocols/http-answers.ts';
import { DEPLOYMENTS, mayList, mayReadSecrets, PODS } from '../../protocols/kubernetes.ts';
import { mayReadNetwork, readNetworkObjects } from '../../protocols/network-objects.ts';
import { OTHER_POLICIES } from '../../protocols/network-policies.ts';
import { connectFrom } from '../../protocols/pod-connection.ts';
import { readyPod } from '../../protocols/ready-pod.ts';
import { isSteady, judge, keptOf, messages, type Kept, type Round, type Seen } from './judge.ts';
import { params, required, type Params, type Request } from './params.ts';
import { partitionPolicy } from './partition.ts';

const CHANGE = ['create', 'get', 'delete'];
/** Seconds for the call that shows whether the network is cut. */
const CALL_SECONDS = 2;

export const networkPartition = kind('chaos/network-partition', {
  title: 'A network partition degrades the platform as declared and heals',
  why: 'A service that is out of reach is worse than one that is down when its callers wait for it.',
  sees: [
    'A temporary policy that cuts all pods of one Deployment off from every other pod, seen to be felt by a call between pods.',
    'What users are answered meanwhile, as declared for each request and in time; and the normal answers again after its removal.',
  ],
  not: [
    'Connections that the network plug-in lets go on: what it does with those that stand is its own affair.',
    'Parts of a network that are merely slow.',
  ],
  needs: ['cluster', 'changes', 'exec', 'http'],
  changes: 'chaos',
  params,
  required,
  messages,
  rights: ({ namespace, deployment, from, login }) => [
    { namespace, groups: ['apps'], resources: ['deployments'], verbs: ['get'], resourceNames: [deployment, from] },
    ...mayList([PODS], namespace),
    ...mayReadNetwork(),
    { namespace, groups: [''], resources: ['pods/exec'], verbs: ['create', 'get'] },
    { namespace, groups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: CHANGE },
    { groups: ['policy.networking.k8s.io'], resources: ['adminnetworkpolicies'], verbs: CHANGE },
    ...mayReadSecrets([login?.credential.password]),
  ],
  gather,
  judge,
});

type Needed = Pick<Capabilities, 'cluster' | 'changes' | 'exec' | 'http'>;

async function gather(given: Params, can: Needed, context: CheckContext): Promise<Seen> {
  const { namespace, requests } = given;
  for (const { path, normally, meanwhile } of requests)
    for (const { schema } of [normally, meanwhile ?? normally]) refuseBadExpectations(path, schema);
  const [deployment, caller] = await Promise.all(
    [given.deployment, given.from].map((name) => can.cluster.get(DEPLOYMENTS, name, namespace)),
  );
  const { items } = await can.cluster.list(PODS, { namespace, fresh: true });
  const [target, callerPod] = [deployment, caller].map((one) => one && readyPod(one, items));
  if (!deployment || !target || !callerPod)
    throw new ObservationError(
      'not-found',
      `Deployments ${given.deployment} and ${given.from} need a ready pod each.`,
      {
        fix: 'See that both have rolled out (workloads/rollout says what is wrong).',
      },
    );
  const ask = await asker(given, can);
  const before = await ask();
  const policy = await policyFor(given, can, deployment, callerPod.metadata.name);
  const pods = [target.metadata.name];
  const told = policy && [policy.kind, policy.metadata.namespace, policy.metadata.name].filter(Boolean).join(' ');
  if (!policy || !isSteady(requests, before)) return { policy: told, pods, before };
  const cut = await can.changes.createPolicy(policy, () => whileCut(given, can, callerPod.metadata.name, ask, context));
  if (cut.feltMs === null) return { policy: told, pods, before, ...cut };
  const { recoveredMs, after } = await untilNormal(given, ask, context);
  return { policy: told, pods, before, ...cut, recoveredMs, after };
}

async function policyFor(given: Params, { cluster }: Needed, deployment: KubeObject, caller: string) {
  const [admin] = OTHER_POLICIES;
  const listed = admin && (await attempt(() => cluster.list(admin, { fresh: true })));
  if (listed?.refusal && listed.refusal.code !== 'not-found')
    throw new ObservationError(listed.refusal.code, listed.refusal.message);
  return partitionPolicy(await readNetworkObjects(cluster, true), {
    namespace: given.namespace,
    name: `golive-partition-${randomUUID().slice(0, 8)}`,
    selector: at(deployment, 'spec', 'selector'),
    callers: [`${given.namespace}/${caller}`],
    service: given.service,
    hasAdminPolicies: listed?.seen !== undefined,
  });
}

type Ask = () => Promise<readonly Kept[]>;

/** Asks all requests at once. The token is got while all is well: how logins fare is for a request of its own to say. */
async function asker({ endpoint, login, requests, answersWithin }: Params, { http }: Needed): Promise<Ask> {
  const session =
    login && requests.some(({ authenticated }) => authenticated) ? await logIn(endpoint, login, http) : { bearer: '' };
  if ('down' in session) throw new ObservationError('unreachable', `The login gave no token: ${session.down}`);
  const asked = ({ method, path, json, authenticated }: Request): Promise<Kept> =>
    unlessDown(
      http.request({
        ...addressOf(endpoint, path),
        method,
        ...(json ? { json } : {}),
        ...(authenticated ? { bearer: session.bearer } : {}),
        // Twice the limit: whoever is slow is to be seen as slow.
        timeoutMs: 2 * durationMs(answersWithin),
      }),
    ).then(keptOf);
  return () => Promise.all(requests.map(asked));
}

async function whileCut(
  given: Params,
  { exec }: Needed,
  pod: string,
  ask: Ask,
  context: CheckContext,
): Promise<{ readonly feltMs: number | null; readonly rounds: readonly Round[] }> {
  const { namespace, service } = given;
  const from = performance.now();
  const since = (): number => Math.round(performance.now() - from);
  const interval = durationMs(given.interval);
  for (;;) {
    const { saw } = await connectFrom(exec, { namespace, pod }, service.name, service.port, CALL_SECONDS);
    if (saw === 'refused' || saw === 'silent') break;
    if (since() >= durationMs(given.feltWithin)) return { feltMs: null, rounds: [] };
    await context.wait(Math.min(interval, 250));
  }
  const feltMs = since();
  const rounds: Round[] = [];
  const until = feltMs + durationMs(given.degradesWithin) + durationMs(given.lasts);
  while (since() < until) {
    const ms = since() - feltMs;
    rounds.push({ ms, answers: await ask() });
    context.progress(`cut off for ${formatMs(ms)}`);
    await context.wait(interval);
  }
  return { feltMs, rounds };
}

async function untilNormal(
  given: Params,
  ask: Ask,
  context: CheckContext,
): Promise<{ readonly recoveredMs: number | null; readonly after: readonly Kept[] }> {
  const from = performance.now();
  for (;;) {
    const after = await ask();
    const ms = Math.round(performance.now() - from);
    if (isSteady(given.requests, after)) return { recoveredMs: ms, after };
    if (ms >= durationMs(given.recoversWithin)) return { recoveredMs: null, after };
    context.progress(`removed ${formatMs(ms)} ago, not all normal yet`);
    await context.wait(durationMs(given.interval));
  }
}

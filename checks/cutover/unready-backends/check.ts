import { randomBytes } from 'node:crypto';
import type { KubeObject } from '../../contract/cluster.ts';
import { listAt, textAt } from '../../contract/json.ts';
import { duration, endpoint, kubernetesName } from '../../contract/param-schemas.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import { kind, ObservationError, type Capabilities, type CheckContext, type ParamsOf } from '../../kit/kind.ts';
import { addressOf, unlessDown } from '../../protocols/api-requests.ts';
import { endpointsOf } from '../../protocols/endpoints.ts';
import { ENDPOINT_SLICES, mayList, PODS, REPLICA_SETS, SERVICES } from '../../protocols/kubernetes.ts';
import { judge, messages, type Answers, type ProbeState, type Seen } from './judge.ts';
import { backendPods, conditionOf, isReady, PROBE_LABEL, probePod, type BackendPod } from './probe-pod.ts';

const params = {
  namespace: kubernetesName('Namespace of the Service.'),
  service: kubernetesName('Service whose pods the endpoint leads to, all of it and nothing else.'),
  endpoint,
  path: { type: 'string', pattern: '^/', description: 'Path of a GET that a ready pod answers with 2xx.' },
  podHeader: {
    type: 'string',
    minLength: 1,
    default: 'x-golive-pod',
    description: 'Response header that names the pod.',
  },
  requests: {
    type: 'integer',
    minimum: 20,
    maximum: 10_000,
    default: 200,
    description: 'Requests while the pod is there.',
  },
  over: duration('How long they are spread over: a gateway needs a moment to hear of a new pod.', '10s'),
  startWithin: duration('How long the pod may take to run and to be listed as not ready.', '60s'),
} as const;
type Params = ParamsOf<typeof params, 'namespace' | 'service' | 'endpoint' | 'path'>;

export const unreadyBackends = kind('cutover/unready-backends', {
  title: 'A backend that is not ready gets no traffic',
  why: 'Pods are not ready while they start, stop or fail. Where traffic reaches them all the same, every rollout costs users errors.',
  sees: [
    'A pod made for this from the template of the ready ones, its containers ready, itself not (a readiness gate that nobody sets), listed as not ready in the EndpointSlices of the Service: of many requests none was answered by it, all by ready pods.',
    'The pod is deleted whatever happens.',
  ],
  not: ['How fast a pod that stops being ready loses its traffic.'],
  needs: ['cluster', 'changes', 'http'],
  changes: 'cutover',
  required: ['namespace', 'service', 'endpoint', 'path'],
  params,
  messages,
  rights: ({ namespace, service }) => [
    { namespace, groups: [''], resources: ['services'], verbs: ['get'], resourceNames: [service] },
    ...mayList([PODS, REPLICA_SETS, ENDPOINT_SLICES], namespace),
    { namespace, groups: [''], resources: ['pods'], verbs: ['get', 'create', 'delete'] },
  ],
  gather,
  judge,
});

type Needed = Pick<Capabilities, 'cluster' | 'changes' | 'http'>;
const LOOK_MS = 250;
const AT_ONCE = 4;

async function gather(params: Params, needed: Needed, context: CheckContext): Promise<Seen> {
  const { cluster, changes } = needed;
  const { namespace, service: name } = params;
  const service = await cluster.get(SERVICES, name, namespace);
  await removeLeftOvers(params, needed);
  const pods = backendPods(service, await podsOf(params, cluster));
  const ready = pods.filter(isReady);
  const before = pods.map(stateOf);
  if (ready.length === 0) return { before, cannot: null };
  const sets = await cluster.list(REPLICA_SETS, { namespace, fresh: true });
  const podName = `${name.slice(0, 40)}-unready-${randomBytes(4).toString('hex')}`;
  const made = probePod(service, ready, sets.items, podName, context.item);
  if ('cannot' in made) return { before, cannot: made.cannot };
  return await changes.createPod(made.manifest, async (): Promise<Seen> => {
    const probe = await waitForProbe(params, podName, cluster, context);
    if (!probe.isRunning || probe.listed === null) return { before, cannot: null, pod: podName, probe };
    const answers = await ask(params, needed.http, context);
    const after = backendPods(service, await podsOf(params, cluster));
    return {
      before,
      cannot: null,
      pod: podName,
      probe,
      answers,
      after: after.filter(({ metadata }) => metadata.name !== podName).map(stateOf),
      probeAfter: await lookAt(params, podName, cluster),
    };
  });
}

const stateOf = (pod: KubeObject): BackendPod => ({ name: pod.metadata.name, ready: isReady(pod) });

async function podsOf({ namespace }: Params, cluster: Needed['cluster']): Promise<readonly KubeObject[]> {
  return (await cluster.list(PODS, { namespace, fresh: true })).items;
}

/** Pods of runs that were killed; none of this kind outlives its run otherwise. */
async function removeLeftOvers({ namespace }: Params, { cluster, changes }: Needed): Promise<void> {
  const { items } = await cluster.list(PODS, { namespace, labelSelector: PROBE_LABEL, fresh: true });
  for (const { metadata } of items) {
    if (metadata.labels?.[PROBE_LABEL] === undefined || metadata.deletionTimestamp !== undefined) continue;
    try {
      await changes.deletePod({ namespace, name: metadata.name, uid: metadata.uid ?? '' }, { gracePeriodSeconds: 1 });
    } catch (error) {
      // Gone by itself meanwhile.
      if (!(error instanceof ObservationError && error.code === 'not-found')) throw error;
    }
  }
}

/** Waits until it runs and is listed, at most as long as it may take. */
async function waitForProbe(
  params: Params,
  pod: string,
  cluster: Needed['cluster'],
  context: CheckContext,
): Promise<ProbeState> {
  const from = performance.now();
  for (;;) {
    const probe = await lookAt(params, pod, cluster);
    const ms = performance.now() - from;
    if ((probe.isRunning && probe.listed !== null) || ms >= durationMs(params.startWithin)) return probe;
    context.progress(`${pod}: ${probe.isRunning ? 'running, not listed yet' : probe.why} after ${formatMs(ms)}`);
    await context.wait(LOOK_MS);
  }
}

async function lookAt({ namespace, service }: Params, name: string, cluster: Needed['cluster']): Promise<ProbeState> {
  const pods = await cluster.list(PODS, { namespace, labelSelector: PROBE_LABEL, fresh: true });
  const pod = pods.items.find(({ metadata }) => metadata.name === name);
  const slices = await cluster.list(ENDPOINT_SLICES, { namespace, fresh: true });
  const own = slices.items.filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === service);
  const listed = endpointsOf(own).find(({ target }) => target === `Pod ${namespace}/${name}`);
  const isRunning =
    pod !== undefined &&
    textAt(pod, '', 'status', 'phase') === 'Running' &&
    conditionOf(pod, 'ContainersReady') === 'True';
  return {
    isRunning,
    isReady: pod !== undefined && isReady(pod),
    listed: listed === undefined ? null : listed.ready ? 'ready' : 'not ready',
    why: pod ? whyNot(pod) : 'the pod does not exist',
  };
}

/** `Pending, container api waits: ImagePullBackOff`. */
function whyNot(pod: KubeObject): string {
  const phase = textAt(pod, 'no phase', 'status', 'phase');
  const waiting = listAt(pod, 'status', 'containerStatuses').flatMap((status) => {
    const reason =
      textAt(status, '', 'state', 'waiting', 'reason') || textAt(status, '', 'state', 'terminated', 'reason');
    return reason === '' ? [] : [`container ${textAt(status, '', 'name')}: ${reason}`];
  });
  const scheduled = listAt(pod, 'status', 'conditions').find((one) => textAt(one, '', 'type') === 'PodScheduled');
  const unscheduled =
    textAt(scheduled, 'True', 'status') === 'True' ? [] : [textAt(scheduled, 'not scheduled', 'message')];
  const containers = conditionOf(pod, 'ContainersReady');
  return [phase, ...(containers === 'True' ? [] : ['its containers are not ready']), ...waiting, ...unscheduled].join(
    ', ',
  );
}

/** Requests, a few at once, counted by the pod that answered. */
async function ask(
  { endpoint: target, path, podHeader, requests, over }: Params,
  http: Needed['http'],
  context: CheckContext,
): Promise<Answers> {
  const byPod = new Map<string, number>();
  const failures = new Map<string, number>();
  let [asked, unnamed] = [0, 0];
  const from = performance.now();
  const header = podHeader.toLowerCase();
  const count = (counts: Map<string, number>, key: string): unknown => counts.set(key, (counts.get(key) ?? 0) + 1);
  const worker = async (): Promise<void> => {
    while (asked < requests && !context.signal.aborted) {
      const due = (asked * durationMs(over)) / requests - (performance.now() - from);
      asked += 1;
      if (due > 0) await context.wait(due);
      const answer = await unlessDown(http.request(addressOf(target, path)));
      // Whoever answered, it counts: an error of a pod that should get nothing is traffic, too.
      const pod = answer.answered ? answer.headers[header] : undefined;
      if (pod !== undefined && pod !== '') count(byPod, pod);
      if (!answer.answered) count(failures, answer.why);
      else if (answer.status < 200 || answer.status > 299) count(failures, `answered ${answer.status}`);
      else if (pod === undefined || pod === '') unnamed += 1;
    }
  };
  context.progress(`asking ${requests} times over ${over}`);
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return { asked, byPod: Object.fromEntries(byPod), failures: Object.fromEntries(failures), unnamed };
}

import type { KubeObject, PodExec } from '../../contract/cluster.ts';
import { kind } from '../../kit/kind.ts';
import { DAEMON_SETS, DEPLOYMENTS, mayList, PODS } from '../../protocols/kubernetes.ts';
import { connectFrom } from '../../protocols/pod-connection.ts';
import { readyPod } from '../../protocols/ready-pod.ts';
import { mayReadNetwork, readNetworkObjects } from '../../protocols/network-objects.ts';
import { agentsOf } from './agents.ts';
import { judge, messages, type Probed, type Seen } from './judge.ts';
import { params, type Params, type Probe } from './params.ts';

export const policyEnforcement = kind('access/policy-enforcement', {
  title: 'The network enforces network policies',
  why: 'The API server stores policies whatever the network plug-in does with them: without one that enforces them, default deny is a text.',
  sees: [
    'Connections from one pod to two Services, by curl: one that policies allow, which must be made, and one that they forbid, which must not.',
    'That policies forbid it, and that a pod behind the forbidden Service is ready.',
    'Known agents of network plug-ins: switched on, and ready on every node.',
  ],
  not: [
    'Every node: the calls are made from one pod each.',
    'Callers in a mesh, whose proxy takes every connection: name pods outside it.',
    'UDP, where silence proves nothing.',
  ],
  needs: ['cluster', 'exec'],
  params,
  required: ['namespace', 'probes'],
  messages,
  rights: ({ namespace }) => [
    ...mayReadNetwork(),
    ...mayList([DAEMON_SETS]),
    ...mayList([DEPLOYMENTS, PODS], namespace),
    // Pods of a Deployment have no name that is known before. Both verbs: see data/server-readiness.
    { namespace, groups: [''], resources: ['pods/exec'], verbs: ['create', 'get'] },
  ],

  async gather(given, { cluster, exec }, { fresh }): Promise<Seen> {
    const { namespace } = given;
    const [objects, daemonSets, deployments, pods] = await Promise.all([
      readNetworkObjects(cluster, fresh),
      cluster.list(DAEMON_SETS, { fresh }),
      cluster.list(DEPLOYMENTS, { namespace, fresh }),
      cluster.list(PODS, { namespace, fresh }),
    ]);
    const probes = await Promise.all(
      given.probes.map((probe) => probed(given, probe, { deployments: deployments.items, pods: pods.items, exec })),
    );
    return { objects, agents: agentsOf(daemonSets.items), probes };
  },

  judge,
});

async function probed(
  given: Params,
  probe: Probe,
  from: { readonly deployments: readonly KubeObject[]; readonly pods: readonly KubeObject[]; readonly exec: PodExec },
): Promise<Probed> {
  const deployment = from.deployments.find(({ metadata }) => metadata.name === probe.from);
  if (!deployment) return { pod: null, why: 'does not exist' };
  const ready = readyPod(deployment, from.pods);
  if (!ready) return { pod: null, why: 'has no ready pod that could call' };
  const pod = ready.metadata.name;
  const { container } = probe;
  const caller = { namespace: given.namespace, pod, ...(container === undefined ? {} : { container }) };
  const [allowed, forbidden] = await Promise.all(
    [probe.allowed, probe.forbidden].map(async ({ name, namespace, port }) => {
      const host = namespace === undefined ? name : `${name}.${namespace}`;
      return await connectFrom(from.exec, caller, host, port, given.timeoutSeconds);
    }),
  );
  if (!allowed || !forbidden) throw new Error('two calls have two answers');
  return { pod, allowed, forbidden };
}

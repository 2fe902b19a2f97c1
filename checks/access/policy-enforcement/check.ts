import type { KubeObject, PodExec } from '../../contract/cluster.ts';
import { shortened } from '../../kit/evidence.ts';
import { kind, ObservationError } from '../../kit/kind.ts';
import { DAEMON_SETS, DEPLOYMENTS, mayList, PODS } from '../../protocols/kubernetes.ts';
import { readyPod } from '../../protocols/ready-pod.ts';
import { mayReadNetwork, readNetworkObjects } from '../network-objects.ts';
import { agentsOf } from './agents.ts';
import { judge, messages, type Called, type Probed, type Seen } from './judge.ts';
import { params, type Params, type Probe, type Target } from './params.ts';

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
  const caller = readyPod(deployment, from.pods);
  if (!caller) return { pod: null, why: 'has no ready pod that could call' };
  const pod = caller.metadata.name;
  const [allowed, forbidden] = await Promise.all(
    [probe.allowed, probe.forbidden].map((target) => connect(given, probe, pod, target, from.exec)),
  );
  if (!allowed || !forbidden) throw new Error('two calls have two answers');
  return { pod, allowed, forbidden };
}

/** Does a connection come about? What is answered on it, if anything, does not matter: the port need not speak HTTP. */
async function connect(
  { namespace, timeoutSeconds }: Params,
  { container }: Probe,
  pod: string,
  to: Target,
  exec: PodExec,
): Promise<Called> {
  const host = to.namespace === undefined ? to.name : `${to.name}.${to.namespace}`;
  const seconds = String(timeoutSeconds);
  const { exitCode, stdout, stderr, ms } = await exec.run(
    { namespace, pod, ...(container === undefined ? {} : { container }) },
    ['curl', '-sS', '-o', '/dev/null', '-m', seconds, '-w', '%{time_connect}', `http://${host}:${to.port}/`],
  );
  const why = shortened(stderr.replace(/\s+/g, ' ').trim(), 150);
  // 126 and 127: the command could not be run (POSIX shell); 2: curl failed to start (its manual page).
  if (exitCode === 126 || exitCode === 127 || exitCode === 2)
    throw new ObservationError('component-missing', `Pod ${namespace}/${pod}: curl could not be run: ${why}`, {
      detail: 'no-curl',
      fix: 'Name a container that has curl in the item, or add curl to the image.',
    });
  return { saw: sawOf(exitCode, Number(stdout.trim())), why, ms: Math.round(ms) };
}

/** By curl's exit code and the seconds until the connection stood, 0 where it never did. */
function sawOf(exitCode: number, connectedAfter: number): Called['saw'] {
  if (exitCode === 7) return 'refused';
  if (exitCode === 0 || connectedAfter > 0) return 'connected';
  return exitCode === 28 ? 'silent' : 'unclear';
}

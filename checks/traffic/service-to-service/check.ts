import type { PodExec } from '../../contract/cluster.ts';
import { shortened } from '../../kit/evidence.ts';
import { kind, ObservationError } from '../../kit/kind.ts';
import { refuseBadExpectations } from '../../protocols/http-answers.ts';
import { DEPLOYMENTS, mayList, PODS } from '../../protocols/kubernetes.ts';
import { readyPod } from '../../protocols/ready-pod.ts';
import { judge, messages, type CallSeen } from './judge.ts';
import { commandOf, params, type Call, type Params } from './params.ts';

export const serviceToService = kind('traffic/service-to-service', {
  title: 'Services reach one another inside the cluster',
  why: 'A service that answers the gate may still be out of reach for its neighbour: a wrong selector, name or network policy shows only between pods.',
  sees: [
    'curl run in a ready pod of each calling Deployment, by the name and port of the Service: its exit code, and the answer against a JSON Schema.',
    'Pairs that must not get through, each beside one that does.',
  ],
  not: ['Every pod of the caller.'],
  needs: ['cluster', 'exec'],
  required: ['namespace', 'calls'],
  params,
  messages,
  rights: ({ namespace }) => [
    ...mayList([DEPLOYMENTS, PODS], namespace),
    // Pods of a Deployment have no name that is known before. Both verbs: see data/server-readiness.
    { namespace, groups: [''], resources: ['pods/exec'], verbs: ['create', 'get'] },
  ],
  judge,

  async gather(given, { cluster, exec }, { fresh }) {
    const { namespace } = given;
    for (const { schema, to } of given.calls) refuseBadExpectations(to.name, schema);
    const deployments = await cluster.list(DEPLOYMENTS, { namespace, fresh });
    const pods = await cluster.list(PODS, { namespace, fresh });
    const calls: CallSeen[] = [];
    for (const call of given.calls) {
      const deployment = deployments.items.find(({ metadata }) => metadata.name === call.from);
      const pod = deployment && readyPod(deployment, pods.items);
      if (pod) calls.push(await make(given, call, pod.metadata.name, exec));
      else calls.push({ caller: deployment ? 'not ready' : 'missing' });
    }
    return { calls };
  },
});

/** What was answered and its status, which a redirect has as well: to curl it is no failure. */
function parted(stdout: string): { readonly stdout: string; readonly status?: number } {
  const [, body, status] = /^(.*)\n(\d{3})\s*$/s.exec(stdout) ?? [];
  return body === undefined ? { stdout } : { stdout: body, status: Number(status) };
}

async function make(given: Params, call: Call, pod: string, exec: PodExec): Promise<CallSeen> {
  const { namespace } = given;
  const target = call.container === undefined ? { namespace, pod } : { namespace, pod, container: call.container };
  const { exitCode, stdout, stderr, ms } = await exec.run(target, commandOf(given, call));
  // 126 and 127: the command could not be run (POSIX shell); 2: curl failed to start (its manual page).
  if (exitCode === 126 || exitCode === 127 || exitCode === 2)
    throw new ObservationError(
      'component-missing',
      `Pod ${namespace}/${pod}: curl could not be run: ${shortened(stderr.trim(), 200)}`,
      { detail: 'no-curl', fix: 'Name a container that has curl in the item, or add curl to the image.' },
    );
  return { caller: 'ready', pod, exitCode, ...parted(stdout), stderr, ms: Math.round(ms) };
}

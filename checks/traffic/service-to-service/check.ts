import { labelRequirements, matchesLabels } from '../../../k8s/semantics/selector.ts';
import type { KubeObject, PodExec } from '../../contract/cluster.ts';
import { defineCheck, ObservationError, type Capabilities, type CheckContext } from '../../kit/define-check.ts';
import { createAjv } from '../../kit/params.ts';
import { shortened } from '../../kit/evidence.ts';
import { at, isRecord, listAt, textAt } from '../../contract/json.ts';
import { DEPLOYMENTS, mayList, PODS, readList } from '../../protocols/kubernetes.ts';
import { judge, messages, type CallSeen, type Gathered } from './judge.ts';
import { commandOf, params, type Call, type Params } from './params.ts';

export const serviceToService = defineCheck({
  meta: {
    kind: 'traffic/service-to-service',
    title: 'Services reach one another inside the cluster',
    why: 'A service that answers the gate may still be out of reach for its neighbour: a wrong selector, name or network policy shows only between pods.',
    sees: 'curl run in a ready pod of each calling Deployment, by the name and port of the Service, its exit code and the answer against a JSON Schema; and pairs that must not get through, each beside one that does. Not: every pod of the caller.',
    needs: ['cluster', 'exec'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: ({ namespace }: Params) => [
    ...mayList([DEPLOYMENTS, PODS], namespace),
    // Pods of a Deployment have no name that is known before. Both verbs: see data/server-readiness.
    { namespace, groups: [''], resources: ['pods/exec'], verbs: ['create', 'get'] },
  ],
  gather,
  judge,
});

async function gather(
  params: Params,
  { cluster, exec }: Pick<Capabilities, 'cluster' | 'exec'>,
  { fresh }: CheckContext,
): Promise<Gathered> {
  refuseBadSchemas(params);
  const { namespace } = params;
  const deployments = await readList(cluster, DEPLOYMENTS, { namespace, fresh });
  const pods = await readList(cluster, PODS, { namespace, fresh });
  const calls: CallSeen[] = [];
  for (const call of params.calls) {
    const deployment = deployments.items.find(({ metadata }) => metadata.name === call.from);
    const pod = deployment && readyPod(deployment, pods.items);
    calls.push(
      pod ? await make(params, call, pod.metadata.name, exec) : { caller: deployment ? 'not ready' : 'missing' },
    );
  }
  return { calls, readings: [deployments.reading, pods.reading] };
}

/** A pod that its Deployment selects, that is ready and stays. */
function readyPod(deployment: KubeObject, pods: readonly KubeObject[]): KubeObject | undefined {
  const selector = labelRequirements(at(deployment, 'spec', 'selector'));
  return pods.find(
    (pod) =>
      matchesLabels(selector, pod.metadata.labels) &&
      pod.metadata.deletionTimestamp === undefined &&
      textAt(pod, '', 'status', 'phase') === 'Running' &&
      listAt(pod, 'status', 'conditions').some(
        (condition) => isRecord(condition) && condition['type'] === 'Ready' && condition['status'] === 'True',
      ),
  );
}

/** What was answered and its status, which a redirect has as well: to curl it is no failure. */
function parted(stdout: string): { readonly stdout: string; readonly status?: number } {
  const [, body, status] = /^(.*)\n(\d{3})\s*$/s.exec(stdout) ?? [];
  return body === undefined ? { stdout } : { stdout: body, status: Number(status) };
}

async function make(params: Params, call: Call, pod: string, exec: PodExec): Promise<CallSeen> {
  const { namespace } = params;
  const target = call.container === undefined ? { namespace, pod } : { namespace, pod, container: call.container };
  const { exitCode, stdout, stderr, ms } = await exec.run(target, commandOf(params, call));
  // 126 and 127: the command could not be run (POSIX shell); 2: curl failed to start (its manual page).
  if (exitCode === 126 || exitCode === 127 || exitCode === 2)
    throw new ObservationError(
      'component-missing',
      `Pod ${namespace}/${pod}: curl could not be run: ${shortened(stderr.trim(), 200)}`,
      { fix: 'Name a container that has curl in the item, or add curl to the image.' },
    );
  return { caller: 'ready', pod, exitCode, ...parted(stdout), stderr, ms: Math.round(ms) };
}

function refuseBadSchemas({ calls }: Params): void {
  for (const { schema, to } of calls) {
    try {
      if (schema) createAjv({ useDefaults: false }).compile(schema);
    } catch (error) {
      const why = error instanceof Error ? error.message : 'not valid';
      throw new ObservationError('misconfigured', `The item's schema for ${to.name} is wrong: ${why}`, {
        fix: 'Correct the item.',
      });
    }
  }
}

/** Running a program in a pod: whether the pod is there and runs comes first, so that it can be judged. */
import type { Capabilities } from '../contract/capabilities.ts';
import type { KubeObject, NonEmptyCommand } from '../contract/cluster.ts';
import type { Permission } from '../contract/plan.ts';
import { ObservationError } from '../contract/capabilities.ts';
import { shortened } from '../kit/evidence.ts';
import { at, listAt, textAt } from '../contract/json.ts';
import { getOrNull, PODS } from './kubernetes.ts';

export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}
export interface InPod {
  /** Of the pod, or "not running (container …)": a pod whose container waits to be started again is Running to the API. */
  readonly phase: string;
  /** Set while the pod is being deleted. */
  readonly deleting: boolean;
  /** Null when the pod was not in a state to run a command. */
  readonly exec: ExecResult | null;
}

/** What is wrong with a pod in which nothing could be run. */
export const podMessages = {
  podMissing: {
    says: '{subject}: does not exist, expected the pod that runs the server.',
    fix: 'See the StatefulSet and its events for why the pod was not made, or correct the name in the item.',
  },
  podNotRunning: {
    says: '{subject}: is {phase}, expected Running.',
    fix: 'See "kubectl describe pod" for why it does not run.',
  },
} as const;

/** The rights that `runInPod` uses. */
export function mayExecIn(namespace: string, pod: string): Permission[] {
  return [
    { namespace, groups: [''], resources: ['pods'], verbs: ['get'], resourceNames: [pod] },
    // The WebSocket's GET is authorised as get by every server, and since 1.35 as create besides (KEP-4006, "Synthetic RBAC
    // CREATE Authorization Check"; feature gate AuthorizePodWebsocketUpgradeCreatePermission, on by default): both are needed.
    { namespace, groups: [''], resources: ['pods/exec'], verbs: ['create', 'get'], resourceNames: [pod] },
  ];
}

/** Runs a command in a pod that runs; null when there is no such pod. Throws `component-missing` for a program that is not there. */
export async function runInPod(
  { cluster, exec }: Pick<Capabilities, 'cluster' | 'exec'>,
  { namespace, pod, container }: { readonly namespace: string; readonly pod: string; readonly container?: string },
  command: NonEmptyCommand,
): Promise<InPod | null> {
  const found = await getOrNull(cluster, PODS, pod, namespace);
  if (!found) return null;
  const before = stateOf(found, container);
  if (before.phase !== 'Running' || before.deleting) return { ...before, exec: null };
  const target = container === undefined ? { namespace, pod } : { namespace, pod, container };
  const answer = await exec.run(target, command).catch((error: unknown) => {
    if (isContainerNotFound(error)) return null;
    throw error;
  });
  if (!answer)
    return { phase: notRunning(containerName(found, container), 'not found by its node'), deleting: false, exec: null };
  const { exitCode, stdout, stderr } = answer;
  // The command could not be run (POSIX shell).
  if (exitCode === 126 || exitCode === 127)
    throw new ObservationError(
      'component-missing',
      `Pod ${namespace}/${pod}: ${command[0]} could not be run: ${shortened(stderr, 200)}`,
      { fix: 'Name the container that holds it in the params of the item.' },
    );
  return { ...before, exec: { exitCode, stdout, stderr } };
}

/** Between two restarts of its container a pod stays Running: the status of the container tells. */
function stateOf(pod: KubeObject, container: string | undefined): Pick<InPod, 'phase' | 'deleting'> {
  const deleting = pod.metadata.deletionTimestamp !== undefined;
  const phase = textAt(pod, 'of unknown phase', 'status', 'phase');
  const name = containerName(pod, container);
  const status = listAt(pod, 'status', 'containerStatuses').find((one) => at(one, 'name') === name);
  const state = ['waiting', 'terminated'].find((kind) => at(status, 'state', kind) !== undefined);
  if (phase !== 'Running' || state === undefined) return { phase, deleting };
  return { phase: notRunning(name, textAt(status, state, 'state', state, 'reason')), deleting };
}

/** The API server takes the only container where none is named. */
function containerName(pod: KubeObject, container: string | undefined): string {
  return container ?? textAt(pod, '', 'spec', 'containers', 0, 'name');
}

const notRunning = (container: string, why: string): string => `not running (container ${container}: ${why})`;

/**
 * The kubelet's own words for a container that does not run at the moment (GetExec in pkg/kubelet/kubelet_pods.go); a container that
 * the pod does not have is refused by the API server in others.
 */
function isContainerNotFound(error: unknown): boolean {
  return error instanceof ObservationError && error.message.includes('container not found (');
}

/** Running a program in a pod: whether the pod is there and runs comes first, so that it can be judged. */
import type { Capabilities, NonEmptyCommand } from '../contract/capabilities.ts';
import type { Permission } from '../contract/plan.ts';
import { ObservationError } from '../define-check.ts';
import { shortened } from './evidence.ts';
import { PODS, textAt } from './kubernetes.ts';

export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}
export interface InPod {
  readonly phase: string;
  /** Set while the pod is being deleted. */
  readonly deleting: boolean;
  /** Null when the pod was not in a state to run a command. */
  readonly exec: ExecResult | null;
}

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
  // The command could not be run (POSIX shell).
  if (exitCode === 126 || exitCode === 127)
    throw new ObservationError(
      'component-missing',
      `Pod ${namespace}/${pod}: ${command[0]} could not be run: ${shortened(stderr, 200)}`,
      { fix: 'Name the container that holds it in the params of the item.' },
    );
  return { phase, deleting, exec: { exitCode, stdout, stderr } };
}

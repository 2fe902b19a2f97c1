import { runAsNonRoot } from '../../../k8s/semantics/pod-security.ts';
import { securityContextKind } from '../security-context.ts';

export const nonRoot = securityContextKind('workloads/non-root', {
  title: 'No container may run as root',
  why: 'Root in a container is root on the node one kernel bug later.',
  sees: [
    'runAsNonRoot and runAsUser, as they take effect, of every container (init and ephemeral ones too) of every pod template and of every pod that runs.',
  ],
  not: ['The user an image names; the kubelet refuses root when runAsNonRoot is true.'],
  fix: 'Set securityContext.runAsNonRoot: true and a runAsUser other than 0, for the pod or for the container.',
  linuxOnly: false,
  rule: runAsNonRoot,
});

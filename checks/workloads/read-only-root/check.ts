import { readOnlyRootFilesystem } from '../../../k8s/semantics/pod-security.ts';
import { securityContextKind } from '../security-context.ts';

export const readOnlyRoot = securityContextKind('workloads/read-only-root', {
  title: 'No container may write to its root file system',
  why: 'What cannot be written cannot be replaced by an attacker, and nothing that matters is kept where a restart loses it.',
  sees: [
    'readOnlyRootFilesystem of every container (init and ephemeral ones too) of every pod template and of every pod that runs.',
  ],
  not: ['Windows pods: they cannot have it and do not count.'],
  fix: 'Set securityContext.readOnlyRootFilesystem: true on the container and mount an emptyDir where it must write.',
  linuxOnly: true,
  rule: readOnlyRootFilesystem,
});

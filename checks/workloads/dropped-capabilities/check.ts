import { capabilitiesDropped } from '../../../k8s/semantics/pod-security.ts';
import { securityContextKind } from '../security-context.ts';

export const droppedCapabilities = securityContextKind('workloads/dropped-capabilities', {
  title: 'Every container drops all capabilities',
  why: 'The capabilities a container gets by default let it forge packets, change owners of files and enter other namespaces.',
  sees: [
    'capabilities.drop of every container (init and ephemeral ones too) of every pod template and of every pod that runs.',
  ],
  not: [
    'Capabilities added back: workloads/restricted-security-context judges them.',
    'Windows pods: they have none and do not count.',
  ],
  fix: 'Set securityContext.capabilities.drop: [ALL] on the container.',
  linuxOnly: true,
  rule: capabilitiesDropped,
});

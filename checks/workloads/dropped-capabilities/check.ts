import { capabilitiesDropped } from '../../../k8s/semantics/pod-security.ts';
import { defineSecurityContextKind } from '../security-context.ts';

export const droppedCapabilities = defineSecurityContextKind({
  kind: 'workloads/dropped-capabilities',
  title: 'Every container drops all capabilities',
  why: 'The capabilities a container gets by default let it forge packets, change owners of files and enter other namespaces.',
  sees: 'capabilities.drop of every container (init and ephemeral ones too) of every pod template and of every pod that runs. Capabilities added back are judged by workloads/restricted-security-context. Windows pods have none and do not count.',
  fix: 'Set securityContext.capabilities.drop: [ALL] on the container.',
  linuxOnly: true,
  rule: capabilitiesDropped,
});

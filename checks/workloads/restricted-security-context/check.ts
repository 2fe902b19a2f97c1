import { restOfRestricted } from '../../../k8s/semantics/pod-security.ts';
import { securityContextKind } from '../security-context.ts';

export const restrictedSecurityContext = securityContextKind('workloads/restricted-security-context', {
  title: 'Workloads meet the rest of the restricted Pod Security Standard',
  why: 'Privilege escalation, host namespaces, host paths and a missing seccomp profile each open a way out of the container.',
  sees: [
    'Every control of the restricted standard, on every pod template and every pod that runs: seccomp, privilege escalation, added capabilities, host namespaces, ports and probes, volume types, sysctls, procMount, SELinux, AppArmor and Windows host processes.',
  ],
  not: ['Running as root and dropping capabilities, which have kinds of their own.'],
  fix: 'Set the field as expected; what the pod really needs goes into exemptions, with the reason.',
  linuxOnly: false,
  rule: restOfRestricted,
});

import { parsePodSecurityVersion, podSecurity } from '../../../k8s/semantics/pod-security.ts';
import { exemptions, namespaceList } from '../../contract/param-schemas.ts';
import { kind } from '../../kit/kind.ts';
import { mayReadWorkloads, readWorkloads } from '../../protocols/workloads.ts';
import { judgeSources, standardVersion, VIOLATES } from '../security-context.ts';

export const podSecurityStandard = kind('workloads/pod-security', {
  title: 'Workloads meet a level of the Pod Security Standards',
  why: 'What the standard forbids lets whoever gets into a container out of it.',
  sees: ['Every control of the level, at the version given, on every pod template and every pod that runs.'],
  not: ['Whether the namespace enforces it: workloads/pod-security-admission does.'],
  needs: ['cluster'],
  required: ['namespaces'],
  params: {
    namespaces: namespaceList,
    exemptions,
    level: {
      type: 'string',
      enum: ['baseline', 'restricted'],
      default: 'restricted',
      description: 'The level to meet.',
    },
    version: standardVersion('The version of the standard, as a namespace pins it: latest or v1.25.'),
  },
  messages: {
    violates: {
      says: VIOLATES,
      fix: 'Set the field as expected; what the pod really needs goes into exemptions, with the reason.',
    },
  },
  rights: ({ namespaces }) => mayReadWorkloads(namespaces),
  gather: ({ namespaces }, { cluster }, context) => readWorkloads(cluster, namespaces, context),
  judge: (given, seen, say) => {
    const minor = parsePodSecurityVersion(given.version) ?? undefined;
    judgeSources(
      { linuxOnly: false, rule: (pod) => podSecurity(pod, given.level, minor).violations },
      given,
      seen,
      say,
    );
  },
});

import { podSecurity } from '../../../k8s/semantics/pod-security.ts';
import { exemptions, namespaceList } from '../../contract/param-schemas.ts';
import type { KubeObject } from '../../contract/cluster.ts';
import {
  defineCheck,
  type Capabilities,
  type CheckContext,
  type Evidence,
  type Finding,
  type FromSchema,
  type JSONSchema,
  type Judgement,
} from '../../kit/define-check.ts';
import { table } from '../../kit/evidence.ts';
import { judgeSources } from '../security-context.ts';
import { mayReadWorkloads, readWorkloads, type Workloads } from '../../protocols/workloads.ts';

const messages = {
  notEnforced: {
    says: '{subject}: enforces {actual}, expected the Pod Security Standard restricted.',
    fix: 'Label it pod-security.kubernetes.io/enforce=restricted; try first what that refuses: kubectl label --dry-run=server --overwrite namespace NAME pod-security.kubernetes.io/enforce=restricted.',
  },
  otherVersion: {
    says: '{subject}: enforces restricted in version {actual}, expected {expected}.',
    fix: 'Set the label pod-security.kubernetes.io/enforce-version as expected, or set version of the item to the one that was agreed.',
  },
  violates: {
    says: '{subject}: {where}{path} is {actual}, expected {expected}.',
    fix: 'Set the field as expected, or the next restart of this pod is refused; what is exempt goes into exemptions, with the reason.',
  },
};
type Id = keyof typeof messages;

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['namespaces'],
  properties: {
    namespaces: namespaceList,
    version: {
      type: 'string',
      pattern: '^(latest|v1\\.[0-9]+)$',
      default: 'latest',
      description:
        'Version of the standard that must be enforced, and that workloads are judged by: latest, or for example v1.31.',
    },
    exemptions,
  },
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;

const NAMESPACES = { apiVersion: 'v1', kind: 'Namespace', resource: 'namespaces' } as const;
const LABEL = 'pod-security.kubernetes.io/enforce';

interface Gathered {
  readonly namespaces: readonly KubeObject[];
  readonly workloads: Workloads;
}

export const podSecurityAdmission = defineCheck({
  meta: {
    kind: 'workloads/pod-security-admission',
    title: 'Pod Security Standards are enforced at level restricted, and every workload meets them',
    why: 'Labels that only warn let a privileged pod in; labels that came after the pods refuse them at their next restart, in the middle of a rollout.',
    sees: 'The labels by which each namespace enforces the standard, and its version; and every pod template and running pod under the whole restricted standard, evaluated here. Not: exemptions of users, runtime classes and namespaces in the configuration of the admission plugin.',
    needs: ['cluster'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: ({ namespaces }: Params) => [
    { groups: [''], resources: ['namespaces'], verbs: ['get'], resourceNames: namespaces },
    ...mayReadWorkloads(namespaces),
  ],
  gather,
  judge,
});

async function gather(
  { namespaces }: Params,
  { cluster }: Pick<Capabilities, 'cluster'>,
  context: CheckContext,
): Promise<Gathered> {
  return {
    namespaces: await Promise.all(namespaces.map((name) => cluster.get(NAMESPACES, name))),
    workloads: await readWorkloads(cluster, namespaces, context),
  };
}

function judge(params: Params, { namespaces, workloads }: Gathered): Judgement<Id> {
  const { version } = params;
  const labels = namespaces.map((namespace) => labelFinding(namespace, version)).filter((one) => one !== null);
  const minor = version === 'latest' ? undefined : Number(version.slice('v1.'.length));
  const rule = {
    linuxOnly: false,
    rule: (pod: Parameters<typeof podSecurity>[0]) => podSecurity(pod, 'restricted', minor).violations,
  };
  const judgement = judgeSources(rule, params, workloads);
  const evidence: readonly [Evidence, ...Evidence[]] = [labelTable(namespaces), ...judgement.evidence];
  const subjects = namespaces.map(({ metadata }) => `Namespace ${metadata.name}`);
  if (judgement.outcome === 'not-applicable') return judgement;
  const others = judgement.outcome === 'fail' ? judgement.findings : [];
  const [first, ...rest] = [...labels, ...others];
  const judgedToo = judgement.outcome === 'inconclusive' ? [] : judgement.subjects;
  if (first) return { outcome: 'fail', findings: [first, ...rest], subjects: [...subjects, ...judgedToo], evidence };
  if (judgement.outcome !== 'pass') return { ...judgement, evidence };
  return { ...judgement, subjects: [...judgement.subjects, ...subjects], evidence };
}

function labelFinding({ metadata: { name, labels = {} } }: KubeObject, version: string): Finding<Id> | null {
  const subject = `Namespace ${name}`;
  const level = labels[LABEL];
  if (level !== 'restricted') return { message: 'notEnforced', subject, data: { actual: level ?? 'no level' } };
  // Without this label the newest version holds.
  const actual = labels[`${LABEL}-version`] ?? 'latest';
  return actual === version ? null : { message: 'otherVersion', subject, data: { actual, expected: version } };
}

function labelTable(namespaces: readonly KubeObject[]): Evidence {
  const modes = ['enforce', 'warn', 'audit'];
  return table(
    'Pod Security labels',
    ['namespace', ...modes, 'resourceVersion'],
    namespaces.map(({ metadata: { name, labels = {}, resourceVersion } }) => [
      name,
      ...modes.map((mode) => {
        const label = `pod-security.kubernetes.io/${mode}`;
        const level = labels[label];
        return level === undefined ? 'not set' : `${level}:${labels[`${label}-version`] ?? 'latest'}`;
      }),
      resourceVersion ?? '',
    ]),
  );
}

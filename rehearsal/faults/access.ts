/** What goes wrong with rights, walls between namespaces, settings and secrets. */
import { NAMESPACE } from '../topology.ts';
import type { Act, ExpectedChange, Fault } from './fault.ts';

const RBAC = 'rbac.authorization.k8s.io/v1';
const RBAC_GROUP = 'rbac.authorization.k8s.io';

interface Named {
  readonly apiVersion: string;
  readonly kind: string;
  readonly resource: string;
  readonly name: string;
}
const patch = (object: Named, change: Readonly<Record<string, unknown>>): Act => ({
  lever: 'objects.patch',
  with: { ...object, namespace: NAMESPACE, patch: change },
});
const remove = (object: Named): Act => ({ lever: 'objects.delete', with: { ...object, namespace: NAMESPACE } });
const apply = (manifest: Readonly<Record<string, unknown>>): Act => ({ lever: 'objects.apply', with: { manifest } });
const core = (kind: string, resource: string, name: string): Named => ({ apiVersion: 'v1', kind, resource, name });

const POD_READER: Named = { apiVersion: RBAC, kind: 'Role', resource: 'roles', name: 'mcp-pod-reader' };
const API_ACCOUNT = { kind: 'ServiceAccount', name: 'mcp-api-sa', namespace: NAMESPACE };
const roleBinding = (name: string, roleRef: object, subject: object): Act =>
  apply({
    apiVersion: RBAC,
    kind: 'RoleBinding',
    metadata: { name, namespace: NAMESPACE },
    roleRef,
    subjects: [subject],
  });

const fails = (item: string, says: RegExp): ExpectedChange => ({ item, outcome: 'fail', says });
/** An object that the manifests describe is another one now. */
const DRIFT = { 'P2-DEP-001': 'The cluster no longer holds what the manifests describe.' } as const;
const NETWORK = { 'P1-NWS-001': 'The same policies decide who may reach whom.' } as const;

export const accessFaults: readonly Fault[] = [
  {
    name: 'cluster-admin-bound',
    title: 'The service account of the API is cluster-admin',
    inject: [
      apply({
        apiVersion: RBAC,
        kind: 'ClusterRoleBinding',
        metadata: { name: 'mcp-api-quick-fix' },
        roleRef: { apiGroup: RBAC_GROUP, kind: 'ClusterRole', name: 'cluster-admin' },
        subjects: [API_ACCOUNT],
      }),
    ],
    changes: [
      fails('P1-RBA-001', /mcp-api-sa: ClusterRoleBinding mcp-api-quick-fix makes it cluster-admin/),
      fails('P1-RBA-002', /mcp-api-sa: is allowed \(.*mcp-api-quick-fix.*\), expected to be refused to list secrets/),
    ],
  },
  {
    name: 'role-with-wildcards',
    title: 'The role of the API allows everything in its namespace',
    inject: [patch(POD_READER, { rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] })],
    changes: [
      fails('P1-RBA-001', /RoleBinding mcp-production\/mcp-pod-reader-binding of Role .* allows every verb/),
      fails('P1-RBA-002', /mcp-api-sa: is allowed .* expected to be refused to list secrets/),
    ],
    mayChange: DRIFT,
  },
  {
    name: 'role-lists-secrets',
    title: 'The role of the API lists Secrets',
    inject: [
      patch(POD_READER, { rules: [{ apiGroups: [''], resources: ['pods', 'secrets'], verbs: ['get', 'list'] }] }),
    ],
    changes: [
      fails('P1-RBA-001', /mcp-api-sa: .* lists or watches Secrets with their values/),
      fails('P1-RBA-002', /expected to be refused to list secrets/),
    ],
    mayChange: DRIFT,
  },
  {
    name: 'token-mounted-for-nothing',
    title: 'The token of an account that may do nothing is mounted by default',
    inject: [patch(core('ServiceAccount', 'serviceaccounts', 'mcp-rust-sa'), { automountServiceAccountToken: true })],
    changes: [fails('P1-RBA-001', /ServiceAccount mcp-production\/mcp-rust-sa: its token is mounted into every pod/)],
    mayChange: DRIFT,
  },
  {
    name: 'role-removed',
    title: 'A role was removed, its binding was not',
    inject: [remove(POD_READER)],
    changes: [
      fails(
        'P1-RBA-002',
        /mcp-pod-reader-binding: refers to Role mcp-production\/mcp-pod-reader, which does not exist/,
      ),
      { item: 'P1-CLU-003', outcome: 'inconclusive', says: /positive control failed: .*mcp-api-sa may not list pods/ },
    ],
    mayChange: DRIFT,
  },
  {
    name: 'binding-of-a-former-account',
    title: 'A binding still names a service account that is gone',
    inject: [
      roleBinding(
        'mcp-former-operator',
        { apiGroup: RBAC_GROUP, kind: 'Role', name: 'mcp-pod-reader' },
        { kind: 'ServiceAccount', name: 'former-operator', namespace: NAMESPACE },
      ),
    ],
    changes: [
      fails(
        'P1-RBA-002',
        /mcp-former-operator: grants to ServiceAccount mcp-production\/former-operator, which does not exist/,
      ),
    ],
  },
  {
    name: 'foreign-account-bound',
    title: 'An account of another namespace may read pods',
    inject: [
      roleBinding(
        'build-reads-pods',
        { apiGroup: RBAC_GROUP, kind: 'Role', name: 'mcp-pod-reader' },
        { kind: 'ServiceAccount', name: 'default', namespace: 'kube-system' },
      ),
    ],
    changes: [
      fails(
        'P1-RBA-003',
        /build-reads-pods: grants Role mcp-pod-reader to ServiceAccount kube-system\/default, which belongs to/,
      ),
    ],
  },
  {
    name: 'default-deny-removed',
    title: 'The network policy that denies by default is gone',
    inject: [
      remove({
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        resource: 'networkpolicies',
        name: 'default-deny',
      }),
    ],
    changes: [fails('P1-RBA-003', /no network policy denies ingress of every pod by default/)],
    mayChange: { ...DRIFT, ...NETWORK },
  },
  {
    name: 'everything-allowed-out',
    title: 'A second network policy allows every pod to call anybody',
    inject: [
      apply({
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: 'debug', namespace: NAMESPACE },
        spec: { podSelector: {}, policyTypes: ['Egress'], egress: [{}] },
      }),
    ],
    changes: [fails('P1-RBA-003', /network policy debug allows all egress of every pod again/)],
    mayChange: NETWORK,
  },
  {
    name: 'quota-removed',
    title: 'The resource quota of the namespace is gone',
    inject: [remove(core('ResourceQuota', 'resourcequotas', 'mcp-quota'))],
    changes: [fails('P1-RBA-003', /Namespace mcp-production: has no ResourceQuota with limits/)],
    mayChange: DRIFT,
  },
  {
    name: 'limit-range-removed',
    title: 'The limit range of the namespace is gone',
    inject: [remove(core('LimitRange', 'limitranges', 'mcp-limits'))],
    changes: [fails('P1-RBA-003', /Namespace mcp-production: has no LimitRange with limits/)],
    mayChange: DRIFT,
  },
  {
    name: 'config-key-removed',
    title: 'A key that the running pods have read is gone from the ConfigMap',
    inject: [patch(core('ConfigMap', 'configmaps', 'mcp-config'), { data: { 'log-level': null } })],
    changes: [fails('P1-CFG-001', /Deployment mcp-production\/mcp-\S+: ConfigMap mcp-config has no key log-level/)],
    mayChange: DRIFT,
  },
  {
    name: 'password-in-config-map',
    title: 'A password stands in a ConfigMap',
    inject: [
      patch(core('ConfigMap', 'configmaps', 'mcp-config'), { data: { 'smtp-password': 'Tr0ub4dor-and-three' } }),
    ],
    changes: [
      fails(
        'P1-SEC-001',
        /ConfigMap mcp-production\/mcp-config: data\["smtp-password"\] holds a written-out credential/,
      ),
    ],
    mayChange: DRIFT,
  },
  {
    name: 'password-in-environment',
    title: 'A job writes a database password out in its environment',
    inject: [apply(jobWithPassword())],
    changes: [
      fails(
        'P1-SEC-001',
        /CronJob mcp-production\/mcp-maintenance: .*\(DATABASE_PASSWORD\) holds a written-out credential/,
      ),
    ],
  },
];

/** In order but for its environment, and suspended: nothing else may notice it. */
function jobWithPassword(): Readonly<Record<string, unknown>> {
  const container = {
    name: 'maintenance',
    image: 'ghcr.io/org/mcp-rust-server:v1.0.0',
    env: [{ name: 'DATABASE_PASSWORD', value: 'Tr0ub4dor-and-three' }],
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { cpu: '100m', memory: '128Mi' } },
  };
  const pod = {
    serviceAccountName: 'default',
    automountServiceAccountToken: false,
    restartPolicy: 'Never',
    securityContext: { runAsNonRoot: true, runAsUser: 10001, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [container],
  };
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'mcp-maintenance', namespace: NAMESPACE },
    spec: { schedule: '0 3 * * *', suspend: true, jobTemplate: { spec: { template: { spec: pod } } } },
  };
}

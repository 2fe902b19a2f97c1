/** What goes wrong in the cluster itself: its API server, its nodes, its rights, its storage, and what was changed by hand. */
import { NAMESPACE, NODES, SERVICES } from '../topology.ts';
import type { Act, ExpectedChange, Fault } from './fault.ts';

const API = SERVICES.typescriptApi;
const RBAC = 'rbac.authorization.k8s.io/v1';
const NODE = { apiVersion: 'v1', kind: 'Node', resource: 'nodes' } as const;
const STORAGE_CLASS = { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', resource: 'storageclasses' } as const;
const CONFIG = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  resource: 'configmaps',
  name: 'mcp-config',
  namespace: NAMESPACE,
};
const DRIFT = { 'P2-DEP-001': 'The cluster no longer holds what the manifests describe.' } as const;

const patch = (target: object, change: object): Act => ({ lever: 'objects.patch', with: { ...target, patch: change } });
/** A ClusterRoleBinding that no manifest knows. */
const bind = (name: string, role: string, subject: object): Act => ({
  lever: 'objects.apply',
  with: {
    manifest: {
      apiVersion: RBAC,
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', ...subject }],
    },
  },
});
/** What a binding of cluster-admin to all of them shows for the accounts of the platform. */
const openBy = (binding: string): readonly [ExpectedChange, ExpectedChange] => [
  {
    item: 'P1-RBA-001',
    outcome: 'fail',
    says: new RegExp(`ClusterRoleBinding ${binding} makes it cluster-admin`),
  },
  {
    item: 'P1-RBA-002',
    outcome: 'fail',
    says: new RegExp(`mcp-api-sa: is allowed .*"${binding}".*expected to be refused to list secrets`),
  },
];

export const clusterFaults: readonly Fault[] = [
  {
    name: 'api-server-unready',
    title: 'The API server answers, but its etcd check fails',
    inject: [{ lever: 'api-server.unready', with: { check: 'etcd' } }],
    changes: [{ item: 'P1-CLU-001', outcome: 'fail', says: /readyz etcd: .*\[-\]etcd failed/ }],
  },
  {
    name: 'kubelet-too-old',
    title: 'One forgotten node runs Kubernetes 1.27',
    inject: [patch({ ...NODE, name: NODES[1] }, { status: { nodeInfo: { kubeletVersion: 'v1.27.16' } } })],
    changes: [
      { item: 'P1-CLU-002', outcome: 'fail', says: /Node rehearsal-node-2: is v1\.27\.16, expected at least 1\.28/ },
    ],
  },
  {
    name: 'kubelet-newer-than-api-server',
    title: 'A node was upgraded before the control plane',
    inject: [patch({ ...NODE, name: NODES[0] }, { status: { nodeInfo: { kubeletVersion: 'v1.37.0' } } })],
    changes: [{ item: 'P1-CLU-002', outcome: 'fail', says: /Node rehearsal-node-1: .* expected a kubelet no newer/ }],
  },
  {
    name: 'strangers-are-admins',
    title: 'Whoever can log in is an administrator of the cluster',
    inject: [bind('everybody-is-admin', 'cluster-admin', { kind: 'Group', name: 'system:authenticated' })],
    changes: [
      { item: 'P1-CLU-003', outcome: 'fail', says: /may get secrets in kube-system .*everybody-is-admin/ },
      ...openBy('everybody-is-admin'),
    ],
  },
  {
    name: 'pods-are-admins',
    title: 'Every service account is an administrator of the cluster',
    inject: [bind('pods-are-admin', 'cluster-admin', { kind: 'Group', name: 'system:serviceaccounts' })],
    changes: [
      { item: 'P1-CLU-003', outcome: 'fail', says: /User system:serviceaccount:default:golive-probe-\S+ may / },
      ...openBy('pods-are-admin'),
    ],
  },
  {
    name: 'gate-loses-its-rights',
    title: "The binding of the gate's own ClusterRole was deleted",
    inject: [
      {
        lever: 'objects.delete',
        with: { apiVersion: RBAC, kind: 'ClusterRoleBinding', resource: 'clusterrolebindings', name: 'golive-gate' },
      },
    ],
    changes: [
      { item: 'P1-CLU-002', outcome: 'error', says: /cannot list resource "nodes"/ },
      { item: 'P1-CLU-005', outcome: 'error', says: /cannot list resource "storageclasses"/ },
    ],
    mayChange: {
      'P1-CLU-003': 'Access reviews need the right to make them.',
      'P1-RBA-001': 'Roles and bindings of the cluster cannot be read.',
      'P1-RBA-002': 'Roles and bindings of the cluster cannot be read.',
      'P1-RBA-003': 'Roles and bindings of the cluster cannot be read.',
      'P1-RBA-004': 'The namespace cannot be read.',
      'P2-DEP-001': 'Objects without a namespace cannot be read or tried.',
    },
  },
  {
    name: 'default-storage-class-removed',
    title: 'The default StorageClass was deleted',
    inject: [{ lever: 'objects.delete', with: { ...STORAGE_CLASS, name: 'standard' } }],
    changes: [{ item: 'P1-CLU-005', outcome: 'fail', says: /expected exactly one/ }],
    mayChange: DRIFT,
  },
  {
    name: 'two-default-storage-classes',
    title: 'A second StorageClass is the default as well',
    inject: [
      {
        lever: 'objects.apply',
        with: {
          manifest: {
            apiVersion: 'storage.k8s.io/v1',
            kind: 'StorageClass',
            metadata: { name: 'fast', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
            provisioner: 'rancher.io/local-path',
          },
        },
      },
    ],
    changes: [{ item: 'P1-CLU-005', outcome: 'fail', says: /are all default .* expected exactly one/ }],
  },
  {
    name: 'claim-without-volume',
    title: 'A claim asks for a class that does not exist',
    inject: [
      {
        lever: 'objects.apply',
        with: {
          manifest: {
            apiVersion: 'v1',
            kind: 'PersistentVolumeClaim',
            metadata: { name: 'uploads-archive', namespace: NAMESPACE },
            spec: {
              accessModes: ['ReadWriteOnce'],
              resources: { requests: { storage: '1Gi' } },
              storageClassName: 'gone',
            },
          },
        },
      },
    ],
    changes: [
      { item: 'P1-CLU-005', outcome: 'fail', says: /uploads-archive: is Pending \(class gone\), expected Bound/ },
    ],
  },
  {
    name: 'configuration-changed-by-hand',
    title: 'Somebody edited the ConfigMap in the cluster',
    inject: [patch(CONFIG, { data: { environment: 'staging' } })],
    changes: [
      {
        item: 'P2-DEP-001',
        outcome: 'fail',
        says: /ConfigMap mcp-production\/mcp-config: data\.environment is "staging", expected "production"/,
      },
    ],
  },
  {
    name: 'deployment-changed-by-hand',
    title: 'The progress deadline of a Deployment was edited in the cluster',
    inject: [
      patch(
        { apiVersion: 'apps/v1', kind: 'Deployment', resource: 'deployments', name: API.app, namespace: NAMESPACE },
        { spec: { progressDeadlineSeconds: 77 } },
      ),
    ],
    changes: [
      {
        item: 'P2-DEP-001',
        outcome: 'fail',
        says: /Deployment mcp-production\/mcp-typescript-api: spec\.progressDeadlineSeconds is 77, expected/,
      },
    ],
  },
  {
    name: 'pod-security-only-warns',
    title: 'The namespace only warns of what it should refuse',
    inject: [
      patch(
        { apiVersion: 'v1', kind: 'Namespace', resource: 'namespaces', name: NAMESPACE },
        { metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'baseline' } } },
      ),
    ],
    changes: [
      {
        item: 'P1-RBA-004',
        outcome: 'fail',
        says: /Namespace mcp-production: enforces baseline, expected .* restricted/,
      },
    ],
    mayChange: DRIFT,
  },
];

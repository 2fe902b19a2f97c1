/**
 * A large cluster behind a slow line: 1,000 nodes, 201 namespaces, 10,011 pods, 100 ms for each request. What the items of a phase that
 * look at all of it cost, over a program that lists each kind once. Needs no cluster: the lists are served from memory.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { writeKubeconfig } from '../harness/kubeconfig.ts';
import { repositoryRoot } from '../harness/repository.ts';
import { listenHttps, selfSigned } from '../harness/servers.ts';
import type { Used, Work } from './cluster-items.ts';
import { median } from './measure.ts';
import type { Benchmark, Figure } from './measure.ts';

const LATENCY_MS = 100;
const ROUNDS = 3;
const PAGE = 500;
const NAMESPACES = Array.from({ length: 201 }, (_, index) => `team-${index}`);
const APPS = 1000;

export const cluster: Benchmark = async () => {
  const pages = pagesOf(LISTS);
  let requests = 0;
  const serve: RequestListener = (incoming, response) => {
    requests += 1;
    const { pathname, searchParams } = new URL(incoming.url ?? '', 'http://here');
    const page = pages.get(pathname)?.[Number(searchParams.get('continue') ?? 0)];
    const body = page ?? (pathname === '/version' ? '{"gitVersion":"v1.36.2"}' : undefined);
    setTimeout(() => {
      response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' }).end(body);
    }, LATENCY_MS);
  };
  const pair = selfSigned();
  const server = await listenHttps(pair, serve);
  const dir = mkdtempSync(join(tmpdir(), 'golive-bench-'));
  const measured = async (args: readonly string[]): Promise<Used & { readonly requests: number }> => {
    requests = 0;
    const program = join(repositoryRoot(), 'dist', 'bench-cluster-items.js');
    const options = { cwd: dir, maxBuffer: 1e8 };
    const { stdout } = await promisify(execFile)(process.execPath, [program, ...args], options);
    return { ...(JSON.parse(stdout) as Used), requests };
  };
  try {
    const kubeconfig = join(dir, 'kubeconfig');
    writeKubeconfig(kubeconfig, { server: server.url, ca: pair.cert, user: { token: 'bench-token' }, context: 'gate' });
    const runs = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const floor = await measured(['floor', ...[...pages.keys()].map((path) => `${server.url}${path}`)]);
      const work: Work = { kubeconfig, runDir: mkdtempSync(join(dir, 'run-')), items: ITEMS };
      writeFileSync(join(dir, 'work.json'), JSON.stringify(work));
      runs.push({ floor, items: await measured(['items', join(dir, 'work.json')]) });
    }
    return figuresOf(runs);
  } finally {
    await server.close();
    pair.remove();
    rmSync(dir, { recursive: true, force: true });
  }
};

type Measured = Used & { readonly requests: number };

function figuresOf(runs: readonly { readonly floor: Measured; readonly items: Measured }[]): readonly Figure[] {
  const of = (side: 'floor' | 'items', name: 'wall' | 'cpu' | 'peakMib' | 'requests'): number =>
    median(runs.map((run) => run[side][name]));
  const over = (name: 'wall' | 'cpu', unit: 's'): Figure => ({
    name: `${name} of ${ITEMS.length} items on a large cluster, over each kind listed once`,
    value: median(runs.map(({ floor, items }) => items[name] / floor[name])),
    unit: '×',
    target: 2.5,
    detail: `${of('items', name).toFixed(1)} ${unit} / ${of('floor', name).toFixed(1)} ${unit}`,
  });
  const told = {
    name: 'of its items',
    detail: `the floor: ${of('floor', 'peakMib').toFixed(0)} MiB, ${of('floor', 'requests')} requests`,
  };
  return [
    over('wall', 's'),
    over('cpu', 's'),
    { ...told, name: 'memory of its items', value: of('items', 'peakMib'), unit: 'MiB', target: 400 },
    { ...told, name: 'requests of its items', value: of('items', 'requests'), unit: 'more', target: 70 },
  ];
}

const namespaces = NAMESPACES;
const ITEMS: Work['items'] = [
  { kind: 'cluster/version', params: { minimum: '1.28' } },
  { kind: 'cluster/storage-classes', params: { claimNamespaces: namespaces } },
  { kind: 'access/namespace-isolation', params: { namespaces, foreignSubjects: [] } },
  { kind: 'access/minimal-privileges', params: { namespaces, exceptions: [] } },
  { kind: 'workloads/pod-security-admission', params: { namespaces, version: 'latest', exemptions: [] } },
  ...['non-root', 'read-only-root', 'dropped-capabilities', 'restricted-security-context'].map((name) => ({
    kind: `workloads/${name}`,
    params: { namespaces, exemptions: [] },
  })),
];

/** The members of each list, by its path. */
const LISTS: Readonly<Record<string, readonly object[]>> = {
  '/api/v1/nodes': many(1000, (index) => ({
    metadata: { name: `node-${index}`, labels: { zone: `z${index % 3}` } },
    status: {
      nodeInfo: { kubeletVersion: 'v1.36.2' },
      conditions: many(5, (n) => ({ type: `T${n}`, status: 'False' })),
    },
  })),
  '/api/v1/namespaces': NAMESPACES.map((name) => ({
    metadata: { name, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
  })),
  '/api/v1/pods': many(10_011, (index) => ({
    metadata: {
      ...named('pod', index),
      ownerReferences: ownedBy('ReplicaSet', index % APPS),
      managedFields: managed(30),
    },
    spec: podSpec(index % APPS, index),
    status: { phase: 'Running', podIP: `10.0.${index >> 8}.${index & 255}` },
  })),
  '/apis/apps/v1/replicasets': many(APPS, (index) => ({
    metadata: { ...named('set', index), uid: uid('ReplicaSet', index), ownerReferences: ownedBy('Deployment', index) },
    spec: { replicas: 10, template: { metadata: {}, spec: podSpec(index, 0) } },
  })),
  '/apis/apps/v1/deployments': many(APPS, (index) => ({
    metadata: { ...named('app', index), uid: uid('Deployment', index) },
    spec: { replicas: 10, template: { metadata: {}, spec: podSpec(index, 0) } },
  })),
  '/apis/apps/v1/statefulsets': [],
  '/apis/apps/v1/daemonsets': [],
  '/apis/batch/v1/jobs': [],
  '/apis/batch/v1/cronjobs': [],
  '/api/v1/serviceaccounts': perNamespace('default', { automountServiceAccountToken: false }),
  '/api/v1/persistentvolumeclaims': perNamespace('data', { status: { phase: 'Bound' } }),
  '/api/v1/resourcequotas': perNamespace('quota', { spec: { hard: { 'limits.cpu': '10', 'limits.memory': '10Gi' } } }),
  '/api/v1/limitranges': perNamespace('limits', {
    spec: { limits: [{ type: 'Container', default: { cpu: '1', memory: '1Gi' } }] },
  }),
  '/apis/networking.k8s.io/v1/networkpolicies': perNamespace('deny', {
    spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
  }),
  '/apis/rbac.authorization.k8s.io/v1/roles': perNamespace('view', { rules: [] }),
  '/apis/rbac.authorization.k8s.io/v1/rolebindings': perNamespace('view', {
    roleRef: { kind: 'Role', name: 'view' },
    subjects: [],
  }),
  '/apis/rbac.authorization.k8s.io/v1/clusterroles': many(70, (index) => ({
    metadata: { name: `c-${index}` },
    rules: [],
  })),
  '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings': many(70, (index) => ({
    metadata: { name: `c-${index}` },
    roleRef: { kind: 'ClusterRole', name: `c-${index}` },
    subjects: [],
  })),
  '/apis/storage.k8s.io/v1/storageclasses': [
    {
      metadata: { name: 'fast', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
      provisioner: 'csi.example',
    },
  ],
};

function many(length: number, make: (index: number) => object): readonly object[] {
  return Array.from({ length }, (_, index) => make(index));
}
function perNamespace(name: string, rest: object): readonly object[] {
  return NAMESPACES.map((namespace) => ({ metadata: { name, namespace }, ...rest }));
}
function named(kind: string, index: number): object {
  return {
    name: `${kind}-${index}`,
    namespace: NAMESPACES[(index % APPS) % NAMESPACES.length],
    labels: { app: `a${index}` },
  };
}
function uid(kind: string, index: number): string {
  return `${kind}-${String(index).padStart(8, '0')}-4111-8111`;
}
function ownedBy(kind: string, index: number): readonly object[] {
  return [{ apiVersion: 'apps/v1', kind, name: `app-${index}`, uid: uid(kind, index), controller: true }];
}
function managed(fields: number): readonly object[] {
  const fieldsV1 = Object.fromEntries(Array.from({ length: fields }, (_, n) => [`f:field-${n}`, { '.': {} }]));
  return [{ manager: 'kubelet', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1 }];
}
function podSpec(app: number, copy: number): object {
  const container = {
    name: 'app',
    image: `registry.example/shop/app-${app}:v1.0.0`,
    env: many(20, (n) => ({ name: `SETTING_${n}`, value: `${copy}-${n} of its settings` })),
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 1000,
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
  };
  return { automountServiceAccountToken: false, containers: [container] };
}

/** Whole pages, as text: the server's own work is not to be measured. */
function pagesOf(lists: typeof LISTS): ReadonlyMap<string, readonly string[]> {
  return new Map(
    Object.entries(lists).map(([path, all]) => {
      const count = Math.max(1, Math.ceil(all.length / PAGE));
      const page = (index: number): string => {
        const left = Math.max(0, all.length - (index + 1) * PAGE);
        const more = left === 0 ? {} : { continue: String(index + 1), remainingItemCount: left };
        const items = all.slice(index * PAGE, (index + 1) * PAGE);
        return JSON.stringify({ kind: 'List', apiVersion: 'v1', metadata: { resourceVersion: '1', ...more }, items });
      };
      return [path, Array.from({ length: count }, (_, index) => page(index))];
    }),
  );
}

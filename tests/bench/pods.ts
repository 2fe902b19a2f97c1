/**
 * Memory of the workers that read a namespace of 10,000 pods of 10 kB: the one that asks the API server and the one that takes its reading.
 * Linux only: it reads /proc.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { GateProject, serveIdentity } from '../harness/gate-project.ts';
import type { Benchmark } from './measure.ts';

const PODS = 10_000;
/** With what its field managers wrote down, which is about half of it, a pod has 10 kB. */
const SETTINGS = 92;
const MANAGED_FIELDS = [
  {
    manager: 'kubelet',
    operation: 'Update',
    apiVersion: 'v1',
    fieldsType: 'FieldsV1',
    fieldsV1: Object.fromEntries(Array.from({ length: 130 }, (_, n) => [`f:field-${n}`, { '.': {}, 'f:value': {} }])),
  },
];
const PODS_OF_ONE = 100;
const LOOK_MS = 50;
const MOST_MIB = 250;

export const pods: Benchmark = async () => {
  const project = await GateProject.make([{ phase: 'phase1', items: [] }], 'report', serveLists);
  try {
    project.write('specs/small/phase1.yaml', PHASE);
    const { child, ended } = project.start([]);
    const watch = { over: false };
    const peak = peakOfWorkers(child.pid ?? 0, watch);
    const { exitCode, output } = await ended;
    watch.over = true;
    if (exitCode !== 0) throw new Error(`the gate did not pass:\n${output}`);
    const peaks = [...(await peak).values()].map((kib) => kib / 1024);
    const detail = `${peaks.map((mib) => mib.toFixed(0)).join(', ')} MiB; ${PODS} pods of ${JSON.stringify(podOf(0)).length} bytes`;
    return [
      {
        name: 'workers that read 10,000 pods, the larger',
        value: Math.max(...peaks),
        unit: 'MiB',
        target: MOST_MIB,
        detail,
      },
    ];
  } finally {
    await project.remove();
  }
};

const PHASE = `apiVersion: golive/v1
phase: phase1
title: phase1
order: parallel
items:
${['workloads/non-root', 'workloads/read-only-root']
  .map(
    (kind, index) => `  - id: P1-POD-00${index + 1}
    title: Containers are as they shall be
    kind: ${kind}
    source: 1
    severity: critical
    owner: platform-team
    params: { namespaces: [default] }
    timeout: 2m`,
  )
  .join('\n')}
`;

/** The largest resident set of each worker of Playwright, in KiB, by its process. */
async function peakOfWorkers(runner: number, watch: { readonly over: boolean }): Promise<ReadonlyMap<number, number>> {
  const peaks = new Map<number, number>();
  while (!watch.over) {
    for (const pid of readdirSync('/proc').map(Number)) {
      if (Number.isNaN(pid) || !isWorkerOf(runner, pid)) continue;
      const kib = Number(/^VmHWM:\s+(\d+) kB/m.exec(textOf(pid, 'status'))?.[1]);
      if (kib > 0) peaks.set(pid, kib);
    }
    await setTimeout(LOOK_MS);
  }
  return peaks;
}

function isWorkerOf(runner: number, pid: number): boolean {
  const parent = Number(/^PPid:\s+(\d+)/m.exec(textOf(pid, 'status'))?.[1]);
  return parent === runner && textOf(pid, 'cmdline').includes('workerProcessEntry');
}

function textOf(pid: number, file: 'status' | 'cmdline'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

/** An API server that lists pods page by page, with the ReplicaSets and Deployments they belong to. */
const serveLists: RequestListener = (request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://here');
  const resource = /\/namespaces\/default\/(\w+)$/.exec(pathname)?.[1];
  if (resource === undefined) {
    serveIdentity(request, response);
    return;
  }
  const all = { pods: PODS, replicasets: PODS / PODS_OF_ONE, deployments: PODS / PODS_OF_ONE }[resource] ?? 0;
  const from = Number(searchParams.get('continue') ?? 0);
  const to = Math.min(all, from + Number(searchParams.get('limit') ?? all));
  const make = { pods: podOf, replicasets: setOf, deployments: deploymentOf }[resource] ?? deploymentOf;
  const items = Array.from({ length: to - from }, (_, index) => make(from + index));
  const metadata = { resourceVersion: '1', ...(to < all ? { continue: String(to) } : {}) };
  response
    .writeHead(200, { 'content-type': 'application/json' })
    .end(JSON.stringify({ kind: 'List', apiVersion: 'v1', metadata, items }));
};

const uidOf = (kind: string, index: number): string => `${kind}-${String(index).padStart(8, '0')}-4111-8111`;
const ownedBy = (kind: string, index: number) => [
  { apiVersion: 'apps/v1', kind, name: `app-${index}`, uid: uidOf(kind, index), controller: true },
];

function podOf(index: number): object {
  const app = Math.floor(index / PODS_OF_ONE);
  const [container] = podSpec(app).containers;
  // Settings of its own, as charts give them.
  const env = Array.from({ length: SETTINGS }, (_, n) => ({
    name: `SETTING_${n}`,
    value: `${index}-${n} of its settings`,
  }));
  return {
    metadata: {
      name: `app-${app}-${index}`,
      namespace: 'default',
      uid: uidOf('Pod', index),
      resourceVersion: String(index),
      labels: { app: `app-${app}` },
      ownerReferences: ownedBy('ReplicaSet', app),
      managedFields: MANAGED_FIELDS,
    },
    spec: { containers: [{ ...container, env }] },
    status: { phase: 'Running', podIP: `10.0.${index >> 8}.${index & 255}` },
  };
}

function podSpec(app: number) {
  return {
    containers: [
      {
        name: 'app',
        image: `ghcr.io/shop/app-${app}:v1.0.0`,
        securityContext: { runAsNonRoot: true, runAsUser: 1000, readOnlyRootFilesystem: true },
      },
    ],
  };
}

const setOf = (index: number): object => ({
  metadata: {
    name: `app-${index}`,
    namespace: 'default',
    uid: uidOf('ReplicaSet', index),
    ownerReferences: ownedBy('Deployment', index),
  },
  spec: { replicas: PODS_OF_ONE, template: { metadata: {}, spec: podSpec(index) } },
});

const deploymentOf = (index: number): object => ({
  metadata: { name: `app-${index}`, namespace: 'default', uid: uidOf('Deployment', index) },
  spec: { replicas: PODS_OF_ONE, template: { metadata: {}, spec: podSpec(index) } },
});

/** Pods that try not to be looked at: each runs as root on the host's namespaces, in a place or a state where a reader may pass it over. */
import { describe, expect, it } from 'vitest';
import type { Capabilities } from '../../checks/contract/capabilities.ts';
import type { KubeObject, ResourceType } from '../../checks/contract/cluster.ts';
import { kinds } from '../../checks/index.ts';
import { validateParams } from '../../checks/kit/params.ts';
import { testContext } from '../harness/context.ts';

const NOW = new Date('2026-01-15T12:00:00Z');
const ROOT = { runAsUser: 0, privileged: true, allowPrivilegeEscalation: true };
const GOOD = {
  runAsNonRoot: true,
  readOnlyRootFilesystem: true,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};
const good = { containers: [{ name: 'app', image: 'shop/app:1', securityContext: GOOD }] };
const root = { hostPID: true, containers: [{ name: 'root', image: 'shop/app:1', securityContext: ROOT }] };
const running = { phase: 'Running' };

type More = Readonly<Record<string, unknown>>;
const object = (kind: string, name: string, spec: object, status: object = {}, metadata: More = {}): KubeObject => ({
  apiVersion: kind === 'Pod' ? 'v1' : kind.endsWith('Job') ? 'batch/v1' : 'apps/v1',
  kind,
  metadata: { name, namespace: 'shop', uid: `uid-${kind}-${name}`, ...metadata },
  spec,
  status,
});
const ofPod = (podSpec: object, more: object = {}): object => ({ ...more, template: { spec: podSpec } });
const controlledBy = ({ kind, metadata }: KubeObject): More => ({
  ownerReferences: [{ apiVersion: 'v1', kind, name: metadata.name, uid: metadata.uid ?? '', controller: true }],
});

const KINDS = [
  'workloads/restricted-security-context',
  'workloads/non-root',
  'workloads/dropped-capabilities',
  'workloads/read-only-root',
  'workloads/pod-security',
  'workloads/pod-security-admission',
] as const;

/** What a kind says of a namespace that holds these objects beside a Deployment that conforms. */
async function judged(name: (typeof KINDS)[number], objects: readonly KubeObject[], more: object = {}) {
  const kind = kinds.get(name);
  if (!kind) throw new Error(`no kind ${name}`);
  const all = [object('Deployment', 'api', ofPod(good, { replicas: 2 })), ...objects];
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  const cluster = {
    list: ({ kind: wanted }: ResourceType) => Promise.resolve({ items: all.filter((one) => one.kind === wanted) }),
    raw: () => Promise.resolve({ status: 200, body: JSON.stringify({ minor: '36' }), ms: 1 }),
    get: () => Promise.resolve({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels } }),
  };
  const validated = validateParams(kind, { namespaces: ['shop'], ...more });
  if (!validated.ok) throw new Error(JSON.stringify(validated.errors));
  const context = testContext({ now: NOW });
  const seen = await kind.gather(validated.params, { cluster } as unknown as Capabilities, context);
  return kind.judge(validated.params, seen, context);
}

const deployment = object('Deployment', 'api', ofPod(good, { replicas: 2 }));
const cron = object('CronJob', 'report', { jobTemplate: { spec: ofPod(good) } });
const bystander = object('Pod', 'bystander', good, running);

const hiding: Readonly<Record<string, readonly KubeObject[]>> = {
  'a pod deleted with a year to go': [
    object('Pod', 'a', root, running, { deletionTimestamp: '2027-01-15T12:00:00Z', deletionGracePeriodSeconds: 3e7 }),
  ],
  'a pod in the last seconds of its grace period': [
    object('Pod', 'a', root, running, { deletionTimestamp: '2026-01-15T12:00:10Z' }),
  ],
  'a pod that hangs on a finalizer': [
    object('Pod', 'a', root, running, { deletionTimestamp: '2026-01-15T11:58:00Z', finalizers: ['adv.test/never'] }),
  ],
  'a pod whose phase says it has ended': [
    object('Pod', 'a', root, { phase: 'Succeeded', containerStatuses: [{ name: 'root', state: { running: {} } }] }),
  ],
  'a pod whose debug container outlives its phase': [
    object('Pod', 'a', root, { phase: 'Failed', ephemeralContainerStatuses: [{ name: 'd', state: { running: {} } }] }),
  ],
  'a pending pod': [object('Pod', 'a', root, { phase: 'Pending' })],
  'a pod of a lost node': [object('Pod', 'a', root, { phase: 'Unknown' })],
  'a pod without a status': [object('Pod', 'a', root)],
  'a static pod': [
    object('Pod', 'a', root, running, {
      annotations: { 'kubernetes.io/config.mirror': 'x' },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'n', controller: true }],
    }),
  ],
  'a pod of a foreign controller': [object('Pod', 'a', root, running, controlledBy(object('Rollout', 'a', {})))],
  'a pod that claims a Deployment': [object('Pod', 'a', root, running, controlledBy(deployment))],
  'an init container': [object('Pod', 'a', { ...good, initContainers: root.containers }, running)],
  'a sidecar': [
    object('Pod', 'a', { ...good, initContainers: [{ ...root.containers[0], restartPolicy: 'Always' }] }, running),
  ],
  'an ephemeral container': [object('Pod', 'a', { ...good, ephemeralContainers: root.containers }, running)],
  'a Deployment scaled to nothing': [object('Deployment', 'a', ofPod(root, { replicas: 0 }))],
  'a paused Deployment': [object('Deployment', 'a', ofPod(root, { paused: true }))],
  'a ReplicaSet left by hand': [object('ReplicaSet', 'a', ofPod(root, { replicas: 1 }))],
  'a ReplicaSet that differs from its Deployment': [
    object('ReplicaSet', 'a', ofPod(root, { replicas: 1 }), {}, controlledBy(deployment)),
  ],
  'a ReplicaSet that names a pod as its controller': [
    bystander,
    object('ReplicaSet', 'a', ofPod(root, { replicas: 1 }), {}, controlledBy(bystander)),
  ],
  'a Job that differs from its CronJob': [cron, object('Job', 'a', ofPod(root), {}, controlledBy(cron))],
  'a suspended Job': [object('Job', 'a', ofPod(root, { suspend: true }))],
  'a suspended CronJob': [object('CronJob', 'a', { suspend: true, jobTemplate: { spec: ofPod(root) } })],
  'a StatefulSet': [object('StatefulSet', 'a', ofPod(root))],
  'a DaemonSet that fits no node': [object('DaemonSet', 'a', ofPod({ ...root, nodeSelector: { no: 'node' } }))],
};

describe.each(KINDS)('%s', (name) => {
  it.each(Object.entries(hiding))('sees %s', async (_, objects) => {
    const { outcome, findings } = await judged(name, objects);
    expect(outcome).toBe('fail');
    expect(findings.every(({ subject }) => subject.name === 'a')).toBe(true);
  });

  it('exempts the pods of a workload, and none that lends itself its name', async () => {
    const agent = object('DaemonSet', 'agent', ofPod(root));
    const set = object('ReplicaSet', 'api-1', ofPod(good, { replicas: 1 }), {}, controlledBy(deployment));
    const exemptions = ['DaemonSet shop/agent', 'Deployment shop/api'].map((workload) => ({
      workload,
      container: '*',
      reason: 'reads the node',
    }));
    const of = (controller: KubeObject, uid = controller.metadata.uid ?? '') =>
      object('Pod', 'a', root, running, controlledBy({ ...controller, metadata: { ...controller.metadata, uid } }));
    const outcomeOf = async (pod: KubeObject) =>
      (await judged(name, [agent, set, bystander, pod], { exemptions })).outcome;
    expect(await outcomeOf(of(agent))).toBe('pass');
    expect(await outcomeOf(of(set))).toBe('pass');
    expect(await outcomeOf(of(agent, 'uid-of-nothing'))).toBe('fail');
    // A Deployment makes ReplicaSets, no pods.
    expect(await outcomeOf(of(deployment))).toBe('fail');
  });

  it('is silent about what has ended, the history of a Deployment and what conforms', async () => {
    const history = object('ReplicaSet', 'api-1', ofPod(root, { replicas: 0 }), {}, controlledBy(deployment));
    const complete = { conditions: [{ type: 'Complete', status: 'True' }] };
    const ended = { phase: 'Failed', containerStatuses: [{ name: 'root', state: { terminated: { exitCode: 1 } } }] };
    const objects = [
      history,
      object('Job', 'import', ofPod(root), complete),
      object('Pod', 'evicted', root, ended),
      cron,
    ];
    expect((await judged(name, objects)).outcome).toBe('pass');
  });
});

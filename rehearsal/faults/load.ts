/** What goes wrong when users come: load that is not carried, replicas that are not added or not replaced, and what it decides. */
import { NAMESPACE, SERVICES } from '../topology.ts';
import type { Act, Fault } from './fault.ts';

const API = SERVICES.typescriptApi.app;
const HPA = {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  resource: 'horizontalpodautoscalers',
  name: `${API}-hpa`,
  namespace: NAMESPACE,
};
const PDB = {
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  resource: 'poddisruptionbudgets',
  name: `${API}-pdb`,
  namespace: NAMESPACE,
};
const DEPLOYMENT = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  resource: 'deployments',
  name: API,
  namespace: NAMESPACE,
};
const patch = (object: object, change: object): Act => ({ lever: 'objects.patch', with: { ...object, patch: change } });
const misbehave = (as: string, more: object): Act => ({
  lever: 'service.misbehave',
  with: { app: API, colour: 'blue', as, ...more },
});

/** Items that ask the service themselves: whether the tenth request is theirs is chance. */
const ASKS = Object.fromEntries(
  [
    'P2-HEA-001 P2-HEA-002 P2-HEA-003 P2-SMO-001 P2-API-001 P2-API-002 P2-API-003 P2-API-004',
    'P2-FLO-001 P2-FLO-002 P2-FLO-003 P2-FLO-004 P3-SCA-001 P3-CHA-001 P3-CHA-002',
    'P5-HEA-001 P5-SEC-003 P5-SEC-004',
  ].flatMap((ids) => ids.split(' ').map((id) => [id, 'It asks the service.'])),
);
const COUNTS = {
  'F-TEC-001': 'It counts the items that passed.',
  'F-TEC-002': 'It counts the security items that passed.',
  'F-TEC-003': 'It counts the targets that are met.',
} as const;
const DRIFT = { 'P2-DEP-001': 'The cluster no longer holds what the manifests describe.' } as const;

/** A load whose generator was late, as on a busy machine, says nothing: there is time to send it again. */
const LOADS_MS = 25_000;

export const loadFaults: readonly Fault[] = [
  {
    name: 'requests-hang-under-load',
    title: 'The API takes requests and answers none of them in time',
    inject: [misbehave('slow', { ms: 30_000 })],
    changes: [
      {
        item: 'P3-LOA-001',
        outcome: 'fail',
        says: /none of \d+ requests was answered|requests at \d+ a second were answered/,
      },
      { item: 'P3-MET-001', outcome: 'fail', says: /were never answered, so P95 has no end/ },
      { item: 'P3-MET-002', outcome: 'fail', says: /were never answered, so P99 has no end/ },
      { item: 'P3-MET-003', outcome: 'fail', says: /successful answers a second, expected >/ },
      { item: 'P3-MET-004', outcome: 'fail', says: /requests failed \(\d+ never answered/ },
      { item: 'F-TEC-001', outcome: 'fail', says: /Item P3-LOA-001: fail/ },
      { item: 'F-TEC-003', outcome: 'fail', says: /Item P3-LOA-001: the target is missed/ },
    ],
    mayChange: { ...ASKS, 'F-TEC-002': COUNTS['F-TEC-002'] },
    settleMs: LOADS_MS,
  },
  {
    name: 'requests-dropped-under-load',
    title: 'The API drops one in ten requests without an answer',
    inject: [misbehave('drop', { ratio: 0.1 })],
    changes: [
      { item: 'P3-MET-004', outcome: 'fail', says: /requests failed \(\d+ never answered/ },
      { item: 'P3-CHA-001', outcome: 'fail', says: /not steady before: .*nothing was deleted/ },
      { item: 'F-TEC-003', outcome: 'fail', says: /Item P3-MET-004: the target is missed/ },
    ],
    mayChange: {
      ...without(ASKS, 'P3-CHA-001'),
      ...without(COUNTS, 'F-TEC-003'),
      'P3-LOA-001': 'The gateway asks another pod before it gives up: how many are lost depends on it.',
      'P3-MET-001': 'The gateway asks another pod before it gives up: that takes its time.',
      'P3-MET-002': 'The gateway asks another pod before it gives up: that takes its time.',
      'P3-MET-003': 'The gateway asks another pod before it gives up: how many are lost depends on it.',
    },
    settleMs: LOADS_MS,
  },
  {
    name: 'slow-under-load',
    title: 'Every answer of the API takes five and a half seconds',
    inject: [misbehave('slow', { ms: 5500 })],
    changes: [
      { item: 'P3-MET-001', outcome: 'fail', says: /P95 (is [\d.]+ ms|has no end), expected < 2000ms/ },
      { item: 'P3-MET-002', outcome: 'fail', says: /P99 (is [\d.]+ ms|has no end), expected < 5000ms/ },
    ],
    mayChange: {
      ...ASKS,
      ...COUNTS,
      'P3-LOA-001': 'More requests are under way than there are connections.',
      'P3-MET-003': 'More requests are under way than there are connections.',
      'P3-MET-004': 'More requests are under way than there are connections.',
    },
    settleMs: LOADS_MS,
  },
  {
    name: 'cpu-burnt',
    title: 'Each pod of the API burns half a core besides its work',
    inject: [misbehave('burn-cpu', { share: 0.5 })],
    changes: [{ item: 'P3-MET-005', outcome: 'fail', says: /mean cpu use under load was [\d.]+ % of its request/ }],
    mayChange: {
      ...ASKS,
      ...COUNTS,
      'P2-DEP-002': 'The autoscaler adds pods, which take their time to be ready.',
      'P3-LOA-001': 'The machine may have too little left for the generator.',
      'P3-MET-001': 'Answers take longer.',
      'P3-MET-002': 'Answers take longer.',
      'P3-MET-003': 'Answers take longer.',
      'P3-MET-004': 'Answers take longer.',
    },
    settleMs: LOADS_MS,
  },
  {
    name: 'memory-leaked',
    title: 'Each pod of the API holds 240 MiB that it never gives back',
    inject: [misbehave('leak-memory', { mb: 240 })],
    changes: [{ item: 'P3-MET-006', outcome: 'fail', says: /memory use under load was [\d.]+ % of its request/ }],
    mayChange: COUNTS,
    settleMs: LOADS_MS,
  },
  {
    name: 'memory-leaked-and-collected',
    title: 'Each pod of the API leaks memory and burns half a core on looking for what it could give back',
    inject: [misbehave('leak-memory', { mb: 240 }), misbehave('burn-cpu', { share: 0.5 })],
    changes: [
      { item: 'P3-MET-005', outcome: 'fail', says: /mean cpu use under load was [\d.]+ % of its request/ },
      { item: 'P3-MET-006', outcome: 'fail', says: /memory use under load was [\d.]+ % of its request/ },
    ],
    mayChange: {
      ...ASKS,
      ...COUNTS,
      'P2-DEP-002': 'The autoscaler adds pods, which take their time to be ready.',
      'P3-LOA-001': 'The machine may have too little left for the generator.',
      'P3-MET-001': 'Answers take longer.',
      'P3-MET-002': 'Answers take longer.',
      'P3-MET-003': 'Answers take longer.',
      'P3-MET-004': 'Answers take longer.',
    },
    settleMs: LOADS_MS,
  },
  {
    name: 'autoscaler-missing',
    title: 'The autoscaler of the API has been deleted',
    inject: [{ lever: 'objects.delete', with: HPA }],
    changes: [{ item: 'P3-SCA-001', outcome: 'fail', says: /HorizontalPodAutoscaler .*: does not exist/ }],
    mayChange: { ...COUNTS, ...DRIFT },
  },
  {
    name: 'autoscaler-of-another',
    title: 'The autoscaler scales a Deployment that does not exist',
    inject: [
      patch(HPA, { spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: `${API}-old` } } }),
    ],
    changes: [{ item: 'P3-SCA-001', outcome: 'fail', says: /scales Deployment \S+-old, expected Deployment/ }],
    mayChange: { ...COUNTS, ...DRIFT },
  },
  {
    name: 'autoscaler-at-its-limit',
    title: 'The autoscaler may not add a replica',
    inject: [patch(HPA, { spec: { maxReplicas: 2 } })],
    changes: [{ item: 'P3-SCA-001', outcome: 'fail', says: /of at most 2 replicas before any load/ }],
    mayChange: { ...COUNTS, ...DRIFT },
  },
  {
    name: 'disruption-budget-without-room',
    title: 'The disruption budget of the API forbids every disruption',
    inject: [patch(PDB, { spec: { minAvailable: 2 } })],
    changes: [{ item: 'P3-CHA-001', outcome: 'fail', says: /allows no disruption, .*nothing was deleted/ }],
    mayChange: { ...COUNTS, ...DRIFT },
  },
  {
    name: 'one-replica',
    title: 'The API runs with a single replica',
    inject: [{ lever: 'objects.delete', with: HPA }, patch(DEPLOYMENT, { spec: { replicas: 1 } })],
    changes: [
      { item: 'P3-SCA-001', outcome: 'fail', says: /HorizontalPodAutoscaler .*: does not exist/ },
      { item: 'P3-CHA-001', outcome: 'fail', says: /1 of 1 replicas are ready, expected all of them, and at least 2/ },
    ],
    mayChange: {
      ...COUNTS,
      ...DRIFT,
      'P2-DEP-002': 'Fewer replicas than it expects.',
      'P3-MET-005': 'One pod has the work of two.',
    },
    settleMs: LOADS_MS,
  },
  {
    name: 'pods-over-quota',
    title: 'The quota leaves no room for another pod',
    inject: [
      {
        lever: 'objects.apply',
        with: {
          manifest: {
            apiVersion: 'v1',
            kind: 'ResourceQuota',
            metadata: { name: 'no-more-pods', namespace: NAMESPACE },
            spec: { hard: { pods: '1' } },
          },
        },
      },
    ],
    changes: [
      { item: 'P3-CHA-001', outcome: 'fail', says: /replicas were ready .* was deleted, expected all of them/ },
    ],
    mayChange: { ...COUNTS, ...DRIFT, 'P3-SCA-001': 'No pod can be added either.', 'P2-DEP-002': 'A pod is missing.' },
    settleMs: LOADS_MS,
  },
];

function without<T>(named: Readonly<Record<string, T>>, ...names: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(named).filter(([name]) => !names.includes(name)));
}

/** What goes wrong with a cutover: before any traffic has moved, and in the middle of it. */
import { NAMESPACE, SERVICES } from '../topology.ts';
import { because } from './consequences.ts';
import type { Act, ExpectedChange, Fault } from './fault.ts';

const { typescriptApi: API, rustServer: RUST } = SERVICES;
const GREEN = `${API.app}-green`;
const ROUTE = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  resource: 'httproutes',
  namespace: NAMESPACE,
  name: 'mcp-api',
} as const;
const LEASE = 'golive-cutover';
const OTHER_CONTROLLER = 'argocd-controller';

/** From that share of users on. */
const from = (percent: number, lever: string, args: object): Act => ({
  lever: 'cutover.at',
  with: { percent, lever, with: args },
});
const blue = (app: string, more: object = {}): object => ({ app, colour: 'blue', ...more });

/** Steps that end because traffic went back; those that had not begun name the same reason. */
const wentBack = (reason: string, ...steps: readonly [string, ...string[]]): Fault['changes'] => {
  const says = new RegExp(`traffic went back( before this step began)?\\..*${reason}`, 'i');
  const [first, ...rest] = steps.map((item): ExpectedChange => ({ item, outcome: 'fail', says }));
  if (!first) throw new RangeError('no step');
  return [first, ...rest];
};
/** Items that look at the whole ladder, of which a part was climbed. */
const LADDER = because('Steps that were never done have no split, and nobody watched them.', [
  'P4-ROU-002',
  'P4-ROU-003',
  'P4-WAT-001',
  'P4-WAT-002',
  'P4-WAT-003',
  'P4-WAT-004',
]);
const STEPS = ['P4-MIG-001', 'P4-MIG-002', 'P4-MIG-003', 'P4-MIG-004'] as const;
/** Nothing of a cutover begins. */
const NO_CUTOVER = { ...because('No traffic moves before what stands in its way is gone.', STEPS), ...LADDER };
/** Items that ask the API of the release that goes live. */
const AT_THE_API = because('They ask the API that is broken.', [
  'P1-NET-003',
  'P2-SMO-001',
  'P2-API-001',
  'P2-API-002',
  'P2-API-003',
  'P2-API-004',
  'P2-FLO-003',
  'P2-FLO-004',
  'P2-HEA-003',
]);
const AT_USERS = because('Users are sent to nobody.', ['P1-NET-003', 'P5-SEC-003', 'P5-SEC-004']);
/** Pods that are not there, or not ready. */
const PODS_AWAY = {
  'P2-DEP-001': 'The manifests describe more replicas.',
  'P2-DEP-002': 'A pod of the Deployment is not available.',
  'P2-HEA-001': 'A service has no pod that is well.',
  'P5-HEA-001': 'A service has no pod that is well.',
  'P1-IMG-005': 'No pod runs whose images could be looked at.',
} as const;

/** Before any traffic moves. */
const inTheWay: readonly Fault[] = [
  {
    name: 'route-missing',
    title: 'The HTTPRoute that splits the traffic was deleted',
    inject: [{ lever: 'objects.delete', with: ROUTE }],
    changes: [{ item: 'P4-ROU-001', outcome: 'fail', says: /HTTPRoute \S+mcp-api: does not exist/ }],
    mayChange: { ...NO_CUTOVER, ...AT_USERS, 'P4-ROL-001': 'There are no weights to set back.' },
  },
  {
    name: 'canary-without-endpoints',
    title: 'The release that goes live has no pod behind its Service',
    inject: [
      {
        lever: 'objects.patch',
        with: {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          resource: 'deployments',
          namespace: NAMESPACE,
          name: API.app,
          patch: { spec: { replicas: 0 } },
        },
      },
    ],
    changes: [
      {
        item: 'P4-ROU-001',
        outcome: 'fail',
        says: /Service \S+mcp-typescript-api-service: none of its \d+ endpoints is ready/,
      },
    ],
    mayChange: { ...NO_CUTOVER, ...AT_THE_API, ...PODS_AWAY },
  },
  {
    name: 'gate-may-not-patch-routes',
    title: 'The gate lost the right to set the weights of the route',
    inject: [
      {
        lever: 'rbac.revoke',
        with: { role: 'golive-gate', group: 'gateway.networking.k8s.io', resource: 'httproutes', verbs: ['patch'] },
      },
    ],
    changes: [{ item: 'P4-ROU-001', outcome: 'fail', says: /may not patch httproutes/ }],
    mayChange: { ...NO_CUTOVER, 'P4-ROL-001': 'It may not set the weights back.' },
  },
  {
    name: 'lease-held',
    title: 'Another cutover holds the Lease, and renews it',
    inject: [{ lever: 'lease.hold', with: { name: LEASE } }],
    changes: [
      { item: 'P4-ROU-001', outcome: 'fail', says: /Lease \S+golive-cutover: another-cutover holds it/ },
      { item: 'P4-ROL-001', outcome: 'fail', says: /cannot begin .*golive-cutover is held by "another-cutover"/ },
    ],
    mayChange: NO_CUTOVER,
  },
  {
    name: 'stable-cannot-be-restored',
    title: 'The release that serves users is paused, and the ReplicaSet of its revision was deleted',
    inject: [{ lever: 'revision.lose', with: { deployment: GREEN } }],
    changes: [
      {
        item: 'P4-ROL-001',
        outcome: 'fail',
        says: /cannot begin .*mcp-typescript-api-green (is paused|has no ReplicaSet)/,
      },
      { item: 'P4-ROU-001', outcome: 'fail', says: /Deployment \S+mcp-typescript-api-green: it is paused/ },
    ],
    mayChange: NO_CUTOVER,
  },
  {
    name: 'unready-backends-served',
    title: 'The gateway sends traffic to pods that are not ready, too',
    inject: [{ lever: 'gateway.serve-unready' }],
    changes: [
      {
        item: 'P4-ROU-003',
        outcome: 'fail',
        says: /\d+ of \d+ requests were answered by Pod \S+, which was not ready/,
      },
    ],
    // The cutover does not begin before it has passed.
    mayChange: NO_CUTOVER,
  },
];

/** While nothing has moved yet: what a trigger would blame on the new release. */
const sickBefore: readonly Fault[] = [
  {
    name: 'users-served-badly-before',
    title: 'The release that serves users fails half of their requests, and is slow',
    inject: [
      { lever: 'service.misbehave', with: { app: API.app, colour: 'green', as: 'slow', ms: 900 } },
      { lever: 'service.misbehave', with: { app: API.app, colour: 'green', as: 'errors', ratio: 0.5 } },
    ],
    changes: [
      { item: 'P4-TRI-001', outcome: 'fail', says: /error-rate was [\d.]+ before any traffic moved/ },
      { item: 'P4-TRI-002', outcome: 'fail', says: /p95 was [\d.]+ before any traffic moved/ },
    ],
    mayChange: {
      ...NO_CUTOVER,
      ...AT_USERS,
      'P4-ROL-001': 'Users are not served well after it, either.',
      'P4-TRI-003': 'A trigger that fires ends the look at all of them.',
    },
  },
  {
    name: 'critical-service-down-before',
    title: 'The rust server of the new release is dead before the cutover begins',
    inject: [{ lever: 'container.kill', with: { ...blue(RUST.app, { keep: true }) } }],
    changes: [
      { item: 'P4-TRI-003', outcome: 'fail', says: /critical-service (was 1 before any traffic moved|had no value)/ },
    ],
    mayChange: {
      ...NO_CUTOVER,
      ...PODS_AWAY,
      ...because('They ask the service that is away.', ['P2-HEA-003', 'P2-API-004', 'P2-SMO-001']),
      'P4-TRI-001': 'A trigger that fires ends the look at all of them.',
      'P4-TRI-002': 'A trigger that fires ends the look at all of them.',
      'P4-ROU-001': 'A Service of the cutover has no ready endpoint.',
    },
  },
];

/** While nothing has moved yet: what Prometheus, the triggers' second source, says or does not say. */
const ofTwoMinds: readonly Fault[] = [
  {
    name: 'prometheus-gone-before',
    title: 'Prometheus, which the triggers ask beside the probes, has crashed before the cutover begins',
    inject: [{ lever: 'prometheus.kill' }],
    changes: [
      { item: 'P4-TRI-001', outcome: 'fail', says: /Prometheus gave no error-rate .*refused/ },
      { item: 'P4-TRI-002', outcome: 'fail', says: /Prometheus gave no p95 .*refused/ },
    ],
    mayChange: {
      ...NO_CUTOVER,
      ...because('It asks Prometheus.', [
        'P1-MON-001',
        'P1-MON-002',
        'P1-MON-003',
        'P5-ALE-001',
        'P5-ALE-002',
        'P5-DAS-002',
      ]),
    },
    // The triggers wait for a value for as long as they may.
    settleMs: 30_000,
  },
  {
    name: 'sources-differ-before',
    title: 'Prometheus counts a replica that fails 4 % of its requests, and to which no user is sent',
    inject: [
      {
        lever: 'prometheus.replica',
        with: { job: API.app, colour: 'blue', perSecond: 2000, errorRatio: 0.04 },
      },
    ],
    changes: [
      {
        item: 'P4-TRI-001',
        outcome: 'fail',
        says: /error-rate was [34]\.\d % by Prometheus and 0\.\d % by the probes/,
      },
    ],
    mayChange: { ...NO_CUTOVER, 'P1-MON-001': 'Prometheus has one target more than there are pods.' },
    // Prometheus finds the replica within six seconds.
    settleMs: 45_000,
  },
];

/** From 25 % on; `asking` are the items that ask it. */
const rustServerAway = (...asking: readonly string[]): Pick<Fault, 'changes' | 'mayChange'> => ({
  changes: wentBack(
    'P4-TRI-003 fired at 25 %: critical services? .*mcp-rust-server',
    'P4-MIG-002',
    'P4-MIG-003',
    'P4-MIG-004',
  ),
  mayChange: { ...LADDER, ...PODS_AWAY, ...because('They ask the service that is away.', asking) },
});

/** While traffic moves. */
const underWay: readonly Fault[] = [
  {
    name: 'weights-ignored',
    title: 'The gateway says that it took the weights, and goes on by the old ones',
    inject: [{ lever: 'gateway.freeze' }],
    changes: [
      ...wentBack('does not split as the weights say', 'P4-MIG-001'),
      { item: 'P4-ROU-002', outcome: 'fail', says: /the new release gave 0 .*expected 5 %/ },
      { item: 'P4-WAT-001', outcome: 'inconclusive', says: /steps that were not done cannot be watched/i },
      { item: 'P4-WAT-002', outcome: 'inconclusive', says: /steps that were not done cannot be watched/i },
    ],
    mayChange: { ...because('Traffic went back before it.', STEPS), ...LADDER },
  },
  {
    name: 'answers-nobody-at-5',
    title: 'From 5 % on the new release breaks every connection without an answer',
    inject: [from(5, 'service.misbehave', blue(API.app, { as: 'drop' }))],
    // By whichever is seen first: its share of the answers is refuted within seconds.
    changes: wentBack('(does not split as the weights say: 0 of|P4-TRI-001 fired at 5 %)', 'P4-MIG-001'),
    mayChange: { ...because('Traffic went back before it.', STEPS), ...LADDER, ...AT_THE_API },
  },
  {
    name: 'error-rate-at-25',
    title: 'From 25 % on the new release answers half of its requests with 500',
    inject: [from(25, 'service.misbehave', blue(API.app, { as: 'errors', ratio: 0.5 }))],
    changes: wentBack(
      'P4-TRI-001 fired at 25 %: error rate [\\d.]+ %, above 5',
      'P4-MIG-002',
      'P4-MIG-003',
      'P4-MIG-004',
    ),
    mayChange: { ...LADDER, ...AT_THE_API },
  },
  {
    name: 'unprobed-errors-at-50',
    title:
      'From 50 % on users ask for a single item, for which the new release has only errors; the probes do not ask for it',
    inject: [
      from(50, 'gateway.visit', { path: '/api/v1/items/1', perSecond: 300 }),
      from(50, 'service.misbehave', blue(API.app, { as: 'errors', path: '/api/v1/items/' })),
    ],
    changes: wentBack(
      'P4-TRI-001 fired at 50 %: error rate [\\d.]+ %, above 5\\.0 % .* the probes saw 0\\.0 %, Prometheus [\\d.]+ %',
      'P4-MIG-003',
      'P4-MIG-004',
    ),
    mayChange: { ...LADDER, ...AT_THE_API },
  },
  {
    name: 'slow-at-50',
    title: 'From 50 % on the new release answers a second and a half late',
    inject: [from(50, 'service.misbehave', blue(API.app, { as: 'slow', ms: 1500 }))],
    changes: wentBack('P4-TRI-002 fired at 50 %: P95 [\\d.]+ m?s, above', 'P4-MIG-003', 'P4-MIG-004'),
    mayChange: { ...LADDER, ...AT_THE_API },
  },
  {
    name: 'critical-service-down-at-25',
    title: 'At 25 % the rust server of the new release dies, and does not come back',
    inject: [from(25, 'container.kill', blue(RUST.app, { keep: true }))],
    ...rustServerAway('P2-HEA-003', 'P2-API-004'),
  },
  {
    name: 'critical-service-hangs-at-25',
    title: 'At 25 % the rust server of the new release takes connections and answers nobody any more',
    inject: [from(25, 'container.stop', blue(RUST.app))],
    ...rustServerAway('P1-MON-001', 'P2-HEA-003', 'P2-API-004'),
  },
  {
    name: 'weights-reverted-at-25',
    title: 'At 25 % another controller sets the weights back, and does so again and again',
    inject: [from(25, 'route.revert', { manager: OTHER_CONTROLLER })],
    changes: wentBack(
      `somebody else set the weights to 100/0 .*${OTHER_CONTROLLER}`,
      'P4-MIG-002',
      'P4-MIG-003',
      'P4-MIG-004',
    ),
    mayChange: LADDER,
  },
];

export const cutoverFaults: readonly Fault[] = [...inTheWay, ...sickBefore, ...ofTwoMinds, ...underWay];

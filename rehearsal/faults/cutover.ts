/** What goes wrong with a cutover: before any traffic has moved, and in the middle of it. */
import { GATE_ROLE, NAMESPACE, SERVICES } from '../topology.ts';
import type { Act, Fault } from './fault.ts';

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

/** As Argo CD keeps it: in sync, and whatever differs is set back within seconds. */
const SELF_HEALING = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Application',
  metadata: { name: 'mcp', namespace: NAMESPACE },
  spec: {
    project: 'default',
    source: { repoURL: 'https://git.mcp.test/mcp/deploy.git', path: 'production', targetRevision: 'main' },
    destination: { server: 'https://kubernetes.default.svc', namespace: NAMESPACE },
    syncPolicy: { automated: { prune: true, selfHeal: true } },
  },
  status: {
    sync: { status: 'Synced' },
    health: { status: 'Healthy' },
    resources: [
      { group: 'gateway.networking.k8s.io', version: 'v1', kind: 'HTTPRoute', namespace: NAMESPACE, name: ROUTE.name },
    ],
  },
} as const;

/** From that share of users on. */
const from = (percent: number, lever: string, args: object): Act => ({
  lever: 'cutover.at',
  with: { percent, lever, with: args },
});
const blue = (app: string, more: object = {}): object => ({ app, colour: 'blue', ...more });

/** Before any traffic moves. */
const inTheWay: readonly Fault[] = [
  {
    name: 'route-missing',
    title: 'The HTTPRoute that splits the traffic was deleted',
    inject: [{ lever: 'objects.delete', with: ROUTE }],
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
  },
  {
    name: 'gate-may-not-patch-routes',
    title: 'The gate lost the right to set the weights of the route',
    inject: [
      {
        lever: 'rbac.revoke',
        with: { role: GATE_ROLE, group: 'gateway.networking.k8s.io', resource: 'httproutes', verbs: ['patch'] },
      },
    ],
  },
  {
    name: 'lease-held',
    title:
      'Another cutover holds the Lease, and renews it; the freeze of last year lasts; Argo CD has taken the route over',
    inject: [
      { lever: 'lease.hold', with: { name: LEASE } },
      { lever: 'objects.apply', with: { manifest: SELF_HEALING } },
      {
        lever: 'documents.edit',
        with: { file: 'changes/freezes.ics', replace: 'DTEND;VALUE=DATE:20260107', with: 'DTEND;VALUE=DATE:20990107' },
      },
    ],
  },
  {
    name: 'stable-cannot-be-restored',
    title: 'The release that serves users is paused, and the ReplicaSet of its revision was deleted',
    inject: [{ lever: 'revision.lose', with: { deployment: GREEN } }],
  },
  {
    name: 'old-release-does-not-suit-the-schema',
    title: 'The release that serves says that it suits another schema than there is',
    inject: [
      {
        lever: 'objects.patch',
        with: {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          resource: 'deployments',
          namespace: NAMESPACE,
          name: GREEN,
          patch: { metadata: { annotations: { 'golive.dev/schema-revisions': '1' } } },
        },
      },
    ],
  },
  {
    name: 'unready-backends-served',
    title: 'The gateway sends traffic to pods that are not ready, too',
    inject: [{ lever: 'gateway.serve-unready' }],
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
  },
  {
    name: 'critical-service-down-before',
    title: 'The rust server of the new release is dead before the cutover begins',
    inject: [{ lever: 'container.kill', with: { ...blue(RUST.app, { keep: true }) } }],
  },
];

/** While nothing has moved yet: what Prometheus, the triggers' second source, says or does not say. */
const ofTwoMinds: readonly Fault[] = [
  {
    name: 'prometheus-gone-before',
    title: 'Prometheus, which the triggers ask beside the probes, has crashed before the cutover begins',
    inject: [{ lever: 'prometheus.kill' }],
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
    // Prometheus finds the replica within six seconds.
    settleMs: 45_000,
  },
];

/** While traffic moves. */
const underWay: readonly Fault[] = [
  {
    name: 'weights-ignored',
    title: 'The gateway says that it took the weights, and goes on by the old ones',
    inject: [{ lever: 'gateway.freeze' }],
  },
  {
    name: 'answers-nobody-at-5',
    title: 'From 5 % on the new release breaks every connection without an answer',
    inject: [from(5, 'service.misbehave', blue(API.app, { as: 'drop' }))],
  },
  {
    name: 'error-rate-at-25',
    title: 'From 25 % on the new release answers half of its requests with 500',
    inject: [from(25, 'service.misbehave', blue(API.app, { as: 'errors', ratio: 0.5 }))],
  },
  {
    name: 'unprobed-errors-at-50',
    title:
      'From 50 % on users ask for a single item, for which the new release has only errors; the probes do not ask for it',
    inject: [
      from(50, 'gateway.visit', { path: '/api/v1/items/1', perSecond: 300 }),
      from(50, 'service.misbehave', blue(API.app, { as: 'errors', path: '/api/v1/items/' })),
    ],
  },
  {
    name: 'revenue-falls-at-100',
    title:
      'At 100 % the new release charges a fiftieth of what things cost and fails no request; from 25 % on it logs what no release has logged before',
    inject: [
      from(100, 'service.misbehave', blue(API.app, { as: 'charges-less', ratio: 0.98 })),
      from(25, 'service.misbehave', blue(API.app, { as: 'log-errors', everyMs: 400 })),
    ],
  },
  {
    name: 'slow-at-50',
    title: 'From 50 % on the new release answers a second and a half late',
    inject: [from(50, 'service.misbehave', blue(API.app, { as: 'slow', ms: 1500 }))],
  },
  {
    name: 'critical-service-down-at-25',
    title: 'At 25 % the rust server of the new release dies, and does not come back',
    inject: [from(25, 'container.kill', blue(RUST.app, { keep: true }))],
  },
  {
    name: 'critical-service-hangs-at-25',
    title: 'At 25 % the rust server of the new release takes connections and answers nobody any more',
    inject: [from(25, 'container.stop', blue(RUST.app))],
  },
  {
    name: 'weights-reverted-at-25',
    title: 'At 25 % another controller sets the weights back, and does so again and again',
    inject: [from(25, 'route.revert', { manager: OTHER_CONTROLLER })],
  },
];

export const cutoverFaults: readonly Fault[] = [...inTheWay, ...sickBefore, ...ofTwoMinds, ...underWay];

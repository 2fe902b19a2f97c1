/** What goes wrong with the services' pods: processes that die, hang or are unwell, images, security contexts, secrets. */
import { pinned } from '../registry/image-manifests.ts';
import { NAMESPACE, RELEASES, SERVICES } from '../topology.ts';
import type { Act, ExpectedChange, Fault } from './fault.ts';

const { typescriptApi: API, learningSystem: LEARNING, rustServer: RUST } = SERVICES;
const HEALTH_ITEMS = ['P2-HEA-001', 'P5-HEA-001'] as const;
const blue = (app: string): Readonly<Record<string, string>> => ({ app, colour: 'blue' });

const health = (says: RegExp): readonly [ExpectedChange, ...ExpectedChange[]] => {
  const [first, ...rest] = HEALTH_ITEMS;
  return [{ item: first, outcome: 'fail', says }, ...rest.map((item) => ({ item, outcome: 'fail' as const, says }))];
};
/** What else asks the service that is away. */
const asks = (...items: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(items.map((item) => [item, 'asks the service that is away']));
/** What else sees that a pod is not ready or not scraped. */
const MISSED = {
  'P2-DEP-002': 'A pod of the Deployment is not available.',
  'P1-MON-001': 'A target of Prometheus is down.',
  'P5-HEA-002': 'Panels of the service are empty.',
  'P5-HEA-003': 'The alert that a service is down may fire.',
  'P5-DAS-001': 'Panels of the service are empty.',
  'F-TEC-004': 'The alert that a service is down may have fired.',
} as const;

/** A Deployment that somebody left behind, scaled to nothing: what it would run is judged all the same. */
function toolbox(
  container: Readonly<Record<string, unknown>>,
  pod: Readonly<Record<string, unknown>> = { runAsNonRoot: true, runAsUser: 10001 },
): Act {
  const labels = { 'app.kubernetes.io/name': 'mcp-toolbox', 'app.kubernetes.io/part-of': 'mcp' };
  return {
    lever: 'objects.apply',
    with: {
      manifest: {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'mcp-toolbox', namespace: NAMESPACE, labels },
        spec: {
          replicas: 0,
          selector: { matchLabels: labels },
          template: {
            metadata: { labels },
            spec: {
              serviceAccountName: 'mcp-rust-sa',
              automountServiceAccountToken: false,
              securityContext: { ...pod, seccompProfile: { type: 'RuntimeDefault' } },
              containers: [
                {
                  name: 'toolbox',
                  image: pinned(`${RUST.image}:${RELEASES.blue}`),
                  resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { cpu: '100m', memory: '128Mi' } },
                  ...container,
                },
              ],
            },
          },
        },
      },
    },
  };
}
const WELL = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
} as const;
const insecure = (change: Readonly<Record<string, unknown>>): Act =>
  toolbox({ securityContext: { ...WELL, ...change } });
/** In the words of the kinds that judge security contexts. */
const violates = (item: string, path: string): ExpectedChange => ({
  item,
  outcome: 'fail',
  says: new RegExp(`^Deployment ${NAMESPACE}/mcp-toolbox: container toolbox: .*${path}.* expected`),
});
/** An object that no manifest describes, and a workload more that others look at. */
const LEFT_BEHIND = {
  'P2-DEP-001': 'No manifest describes the toolbox.',
  'P1-RBA-004': 'The toolbox breaks the standard that the namespace enforces.',
} as const;

function patchSecret(data: Readonly<Record<string, string | null>>): Act {
  const target = { apiVersion: 'v1', kind: 'Secret', resource: 'secrets', namespace: NAMESPACE, name: 'mcp-secrets' };
  return { lever: 'objects.patch', with: { ...target, patch: { data } } };
}
const SECRET_CHANGED = {
  'P2-DEP-001': 'The Secret is not as it was applied.',
} as const;

export const serviceFaults: readonly Fault[] = [
  {
    name: 'learning-system-crashes',
    title: 'The learning system of the new release ends as soon as it has started, again and again',
    inject: [{ lever: 'container.kill', with: { ...blue(LEARNING.app), keep: true } }],
    changes: [
      ...health(/mcp-learning-system-service:\d+: (has 0 ready endpoints|.* not ready|\/health was not answered)/),
      {
        item: 'P2-HEA-003',
        outcome: 'fail',
        says: /mcp-learning-system-service:8001\/health: (the connection was refused|nothing answered in time|the service closed)/,
      },
      { item: 'P2-API-003', outcome: 'fail', says: /POST \/api\/v1\/inference.*answered 50[234], expected 200/ },
      { item: 'P2-DEP-002', outcome: 'fail', says: /mcp-learning-system/ },
    ],
    mayChange: { ...asks('P2-FLO-003'), ...MISSED },
  },
  {
    name: 'rust-server-hangs',
    title: 'The rust server of the new release is there and answers nothing',
    inject: [{ lever: 'container.stop', with: blue(RUST.app) }],
    changes: health(/mcp-rust-server-service:\d+: (has 0 ready endpoints|.* not ready|\/health was not answered)/),
    mayChange: { ...asks('P2-HEA-003', 'P2-API-004'), ...MISSED },
  },
  {
    name: 'rust-server-unhealthy',
    title: 'The rust server of the new release says that it is not well',
    inject: [{ lever: 'service.misbehave', with: { ...blue(RUST.app), as: 'unhealthy' } }],
    changes: health(/mcp-rust-server-service:\d+: \/health answered 503/),
    mayChange: asks('P2-HEA-003'),
  },
  {
    name: 'api-unhealthy',
    title: 'The API of the new release says that it is not well, and serves on',
    inject: [{ lever: 'service.misbehave', with: { ...blue(API.app), as: 'unhealthy' } }],
    changes: [
      ...health(/mcp-typescript-api-service:\d+: \/health answered 503/),
      { item: 'P2-SMO-001', outcome: 'fail', says: /Step "is healthy": GET \/health answered 503, expected 200/ },
      { item: 'P2-API-002', outcome: 'fail', says: /GET \/health: answered 503, expected 200/ },
      { item: 'P1-NET-003', outcome: 'fail', says: /\/health: answered 503 at \S+, expected 200/ },
    ],
  },
  {
    name: 'image-not-there',
    title: 'The API is rolled out with a tag that was never pushed',
    inject: [
      {
        lever: 'deployment.container',
        with: { name: API.app, patch: { image: `${API.image}:v9.9.9` } },
      },
    ],
    changes: [{ item: 'P2-DEP-002', outcome: 'fail', says: /mcp-typescript-api.*(pull|ErrImage|ImagePull)/i }],
    mayChange: {
      'P1-REG-001': 'The image is in no registry.',
      'P1-REG-002': 'The credential is tried on an image that is not there.',
      'P1-IMG-001': 'The image is in no registry.',
      'P1-IMG-003': 'The image is in no registry.',
      'P1-IMG-005': 'The tag is not pinned by a digest.',
      'P2-BLD-001': 'The image is in no registry.',
      'P2-DEP-001': 'The cluster no longer holds what the manifests describe.',
      'P2-HEA-001': 'The new pod is not ready.',
      'P5-HEA-001': 'The new pod is not ready.',
      'P3-SCA-001': 'The autoscaler counts a pod without figures.',
    },
    settleMs: 20_000,
  },
  {
    name: 'no-security-context',
    title: 'A Deployment was left behind from the time before security contexts',
    inject: [toolbox({}, {})],
    changes: [
      violates('P1-CON-002', 'runAsNonRoot'),
      violates('P1-CON-003', 'readOnlyRootFilesystem'),
      violates('P1-CON-004', 'capabilities'),
      violates('P1-CON-005', 'allowPrivilegeEscalation'),
    ],
    mayChange: LEFT_BEHIND,
  },
  {
    name: 'container-runs-as-root',
    title: 'A Deployment was left behind whose container may run as root',
    inject: [insecure({ runAsNonRoot: false })],
    changes: [violates('P1-CON-002', 'runAsNonRoot')],
    mayChange: LEFT_BEHIND,
  },
  {
    name: 'root-filesystem-writable',
    title: 'A Deployment was left behind whose container may write to its root filesystem',
    inject: [insecure({ readOnlyRootFilesystem: false })],
    changes: [violates('P1-CON-003', 'readOnlyRootFilesystem')],
    mayChange: LEFT_BEHIND,
  },
  {
    name: 'capabilities-kept',
    title: 'A Deployment was left behind whose container keeps its capabilities',
    inject: [insecure({ capabilities: { drop: ['NET_RAW'] } })],
    changes: [violates('P1-CON-004', 'capabilities')],
    mayChange: LEFT_BEHIND,
  },
  {
    name: 'privileges-may-grow',
    title: 'A Deployment was left behind whose container may gain privileges',
    inject: [insecure({ allowPrivilegeEscalation: true })],
    changes: [violates('P1-CON-005', 'allowPrivilegeEscalation')],
    mayChange: LEFT_BEHIND,
  },
  {
    name: 'secret-key-missing',
    title: 'The key that signs tokens was taken out of the Secret',
    inject: [patchSecret({ 'jwt-secret': null })],
    changes: [{ item: 'P1-SEC-001', outcome: 'fail', says: /Secret mcp-secrets has no key jwt-secret/ }],
    mayChange: SECRET_CHANGED,
  },
  {
    name: 'secret-placeholder',
    title: 'The Secret holds a password that nobody replaced',
    inject: [patchSecret({ 'api-password': Buffer.from('changeme').toString('base64') })],
    changes: [{ item: 'P1-SEC-001', outcome: 'fail', says: /still holds a placeholder or a well-known value/ }],
    mayChange: SECRET_CHANGED,
  },
  {
    name: 'credential-in-env',
    title: 'A Deployment was left behind with a password written into it',
    inject: [
      toolbox({
        securityContext: WELL,
        // Made up for this: it opens nothing.
        env: [{ name: 'DATABASE_URL', value: 'postgres://admin:Tr0ub4dor-and-3@db.mcp.test:5432/mcp' }],
      }),
    ],
    changes: [{ item: 'P1-SEC-001', outcome: 'fail', says: /mcp-toolbox.*holds a written-out credential/ }],
    mayChange: LEFT_BEHIND,
  },
];

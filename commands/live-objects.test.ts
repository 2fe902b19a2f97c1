/** The same objects give the same answers, whether an API server lists them or files hold them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answer } from '../k8s/semantics/network/question.ts';
import { readNetwork } from '../k8s/semantics/network/world.ts';
import { readObjects, type ReadDocuments } from '../k8s/semantics/objects/read.ts';
import { json, scriptedApi, status } from '../tests/harness/scripted-api.ts';
import { listEverywhere } from './live-objects.ts';
import { fromLists } from './objects.ts';
import { SCANNED } from './scan/kinds.ts';
import { scanObjects } from './scan/run.ts';
import { TYPES } from './scan/scan.ts';

const api = scriptedApi();
const RBAC = 'rbac.authorization.k8s.io/v1';
const apps = ['a', 'b'];
const namespace = fc.constantFrom('x', 'y');
const labels = fc.constantFrom({}, ...apps.map((app) => ({ app })));
const context = fc.constantFrom({}, { runAsNonRoot: true }, { runAsUser: 0 }, { privileged: true });
const pod = fc.record({ namespace, labels, context, hostNetwork: fc.boolean() }).map((one) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace: one.namespace, labels: one.labels },
  spec: {
    hostNetwork: one.hostNetwork,
    containers: [{ name: 'c', securityContext: one.context, ports: [{ containerPort: 80 }] }],
  },
  status: { phase: 'Running', podIP: '10.0.0.1' },
}));
const policy = fc
  .record({ namespace, labels, types: fc.constantFrom(['Ingress'], ['Ingress', 'Egress']) })
  .map((one) => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { namespace: one.namespace },
    spec: {
      podSelector: { matchLabels: one.labels },
      policyTypes: one.types,
      ingress: [{ from: [{ podSelector: { matchLabels: { app: 'a' } } }] }],
    },
  }));
const role = fc.record({
  namespace,
  verbs: fc.constantFrom(['get'], ['*']),
  resource: fc.constantFrom('secrets', 'pods'),
});
const grant = role.chain(({ namespace: place, verbs, resource }) =>
  fc.constantFrom(
    {
      apiVersion: RBAC,
      kind: 'Role',
      metadata: { namespace: place },
      rules: [{ apiGroups: [''], resources: [resource], verbs }],
    },
    {
      apiVersion: RBAC,
      kind: 'RoleBinding',
      metadata: { namespace: place },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'o0' },
      subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: place }],
    },
  ),
);
interface Made {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
}
const world = fc
  .array(fc.oneof(pod, policy, grant), { minLength: 1, maxLength: 8 })
  .map((all) => all.map((one, index): Made => ({ ...one, metadata: { name: `o${index}`, ...one.metadata } })));

/** Lists as an API server gives them: members do not say what they are. */
function serve(objects: readonly Made[]): void {
  api.answer = (request, response) => {
    const [path = ''] = (request.url ?? '').split('?');
    const type = TYPES.find(
      ({ apiVersion, resource }) => path === `/${apiVersion.includes('/') ? 'apis' : 'api'}/${apiVersion}/${resource}`,
    );
    if (type === undefined || type.apiVersion.startsWith('cilium')) {
      status(response, 404, 'NotFound', 'the server could not find the requested resource');
      return;
    }
    const items = objects
      .filter((one) => one.apiVersion === type.apiVersion && one.kind === type.kind)
      .map((one) => ({ ...one, apiVersion: undefined, kind: undefined }));
    json(response, 200, { apiVersion: type.apiVersion, kind: `${type.kind}List`, metadata: {}, items });
  };
}
/** Everything but places, which a cluster does not have. */
async function said(read: ReadDocuments): Promise<unknown> {
  const { judged, findings, doubts } = await scanObjects(
    read,
    SCANNED,
    { level: 'restricted', version: 'latest' },
    () => 'major',
  );
  const texts = [...findings.map(({ kind, says, path }) => `${kind} ${path} ${says}`), ...doubts.map(({ why }) => why)];
  const network = readNetwork(read.objects.map(({ object }) => object));
  const names = [...network.pods.keys()].sort();
  const reached = names.flatMap((from) =>
    names.map((to) => `${from} ${to} ${answer(network, { from, to, port: 80, protocol: 'TCP' }).verdict}`),
  );
  return { judged, texts: texts.sort(), reached };
}

describe('a cluster and files', () => {
  it('agree on the same objects', async () => {
    await fc.assert(
      fc.asyncProperty(world, async (objects) => {
        serve(objects);
        const live = fromLists(await listEverywhere({ path: api.kubeconfig, context: 'gate' }, TYPES));
        const files = readObjects(objects.map((one) => JSON.stringify(one)).join('\n---\n'), 'objects.yaml');
        expect(await said(live)).toEqual(await said(files));
      }),
      { numRuns: 15 },
    );
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadAll } from 'js-yaml';
import { beforeAll, describe, expect, test } from 'vitest';
import { podSecurity } from '../k8s/semantics/pod-security.ts';
import { parseQuantity, quantityToNumber } from '../k8s/semantics/quantity.ts';
import { podReferences } from '../k8s/semantics/references.ts';
import { labelRequirements, matchesLabels } from '../k8s/semantics/selector.ts';
import { startTestPlane } from './api-server/testing.ts';
import { VERSIONS } from './images/services.ts';
import { readManifests, type Manifest } from './manifests.ts';
import { imageDigest, pinned } from './registry/image-manifests.ts';
import { findDist } from '../fixtures/rehearsal-client/start.ts';
import { createStoreSecrets } from './stores/secrets.ts';
import { testPlatform } from './testing/platform.ts';
import { NAMESPACE, RELEASES, SERVICES, STORES } from './topology.ts';

const K8S = join(dirname(findDist()), 'k8s');
const SECRETS = {
  postgresPassword: '0123456789',
  redisPassword: 'null',
  jwtSecret: 'true',
  apiUser: 'ann',
  apiPassword: 'a"b: c',
  apiAdminUser: 'root',
  apiAdminPassword: '~',
};
const manifests = readManifests(K8S, SECRETS, pinned);
let everything: readonly Manifest[];

beforeAll(async () => {
  const platform = testPlatform();
  const stores = createStoreSecrets(platform.context, { postgres: 'a', redis: 'b' });
  everything = [...manifests, ...stores.manifests];
  await platform.close();
});

const record = (value: unknown): Record<string, unknown> => (value ?? {}) as Record<string, unknown>;
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);
const at = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>((node, name) => record(node)[name], value);
const nameOf = (manifest: unknown): string => String(at(manifest, 'metadata', 'name'));
const named = (kind: string): readonly Manifest[] => manifests.filter((manifest) => manifest['kind'] === kind);
const labelsOf = (pod: unknown): Readonly<Record<string, string>> =>
  record(at(pod, 'metadata', 'labels')) as Record<string, string>;
/** Pods as they would be: those of the manifests, and the templates of the Deployments. */
const pods = [
  ...named('Pod').map((pod) => ({ name: nameOf(pod), replicas: 1, pod: pod })),
  ...named('Deployment').map((one) => ({
    name: nameOf(one),
    replicas: Number(at(one, 'spec', 'replicas')),
    pod: at(one, 'spec', 'template'),
  })),
];
const selectedBy = (selector: unknown): readonly string[] => {
  const requirements = labelRequirements(selector);
  return pods.filter(({ pod }) => matchesLabels(requirements, labelsOf(pod))).map(({ name }) => name);
};
const deployments = Object.values(SERVICES).flatMap(({ app }) => [app, `${app}-green`]);

test('the namespace comes first and every other object belongs to it, to no namespace, or is a right of the gate in another one', () => {
  expect(at(manifests[0], 'kind')).toBe('Namespace');
  const namespaces = manifests.map((manifest) => at(manifest, 'metadata', 'namespace'));
  expect(
    new Set(namespaces.filter((name) => name !== undefined && name !== 'kube-system' && name !== 'monitoring')),
  ).toEqual(new Set([NAMESPACE]));
});

test(
  'the API server takes every one of them, and says Pod Security nothing against them',
  { timeout: 30_000 },
  async () => {
    const plane = await startTestPlane();
    try {
      const monitoring = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'monitoring' } };
      for (const manifest of [monitoring, ...everything]) await plane.apply(manifest);
      const deployed = await plane.call('GET', `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`);
      expect(list(deployed.body['items'])).toHaveLength(deployments.length);
      const events = await plane.call('GET', `/api/v1/namespaces/${NAMESPACE}/events`);
      expect(JSON.stringify(events.body)).not.toContain('FailedCreate');
    } finally {
      await plane.close();
    }
  },
);

test('no object is there twice', () => {
  const ids = everything.map((one) => [one['kind'], at(one, 'metadata', 'namespace'), nameOf(one)].join(' '));
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
});

test('secrets are put in as text, and no file holds one', () => {
  expect(at(named('Secret')[0], 'stringData')).toEqual({
    'database-url': 'postgres://mcp_user:0123456789@pgbouncer:6432/mcp_db?sslmode=require&uselibpqcompat=true',
    'postgres-password': '0123456789',
    'redis-url': 'redis://default:null@redis:6379',
    'redis-password': 'null',
    'jwt-secret': 'true',
    'api-user': 'ann',
    'api-password': 'a"b: c',
    'api-admin-user': 'root',
    'api-admin-password': '~',
  });
  const template = readFileSync(join(K8S, 'manifests/secrets.yaml.template'), 'utf8');
  const values = template.split('\n').filter((line) => /^ {2}[a-z-]+:/.test(line) && !/name|labels|part-of/.test(line));
  expect(values.filter((line) => !/: \$\{[A-Z_]+\}$/.test(line))).toEqual([]);
});

describe('what runs', () => {
  test('is the three services in both colours, and the stores', () => {
    expect(pods.map(({ name }) => name).sort()).toEqual(
      [...deployments, ...Object.values(STORES).map(({ pod }) => pod)].sort(),
    );
    const api = pods.filter(({ name }) => name.startsWith('mcp-typescript-api'));
    expect(api.map(({ replicas }) => replicas)).toEqual([2, 2]);
  });

  test('every pod meets the Pod Security Standard restricted, has a read-only root, its own account and no token', () => {
    for (const { pod } of pods) {
      const result = podSecurity({ spec: record(at(pod, 'spec')) }, 'restricted');
      expect([result.detail, result.allowed]).toEqual(['', true]);
      expect(result.containers).toBeGreaterThan(0);
      for (const container of list(at(pod, 'spec', 'containers'))) {
        expect(at(container, 'securityContext', 'readOnlyRootFilesystem')).toBe(true);
      }
      expect(at(pod, 'spec', 'automountServiceAccountToken')).toBe(false);
    }
    const accounts = pods.map(({ pod }) => String(at(pod, 'spec', 'serviceAccountName')));
    // One for each workload: both colours are the same one.
    expect(new Set(accounts).size).toBe(Object.keys(SERVICES).length + Object.keys(STORES).length);
    expect(accounts).not.toContain('default');
    for (const account of named('ServiceAccount')) expect(at(account, 'automountServiceAccountToken')).toBe(false);
  });

  test('every Secret, ConfigMap, account and claim that a pod names exists, with that key', () => {
    const references = pods.flatMap(({ pod }) => podReferences(at(pod, 'spec')));
    expect(references.length).toBeGreaterThan(40);
    for (const { kind, name, key } of references) {
      const target = everything.find((one) => one['kind'] === kind && nameOf(one) === name);
      expect(target, `${kind} ${name}`).toBeDefined();
      const keys = Object.keys(record(target?.['stringData'] ?? target?.['data']));
      if (key !== undefined) expect(keys).toContain(key);
    }
  });

  test('every image is of its colour’s release, pinned, and one the rehearsal can run', () => {
    for (const { name, pod } of pods) {
      const image = String(at(list(at(pod, 'spec', 'containers'))[0], 'image'));
      const [reference = '', digest] = image.split('@');
      const colon = reference.lastIndexOf(':');
      const [repository, tag] = [reference.slice(0, colon), reference.slice(colon + 1)];
      expect(digest).toBe(imageDigest(repository, tag));
      if (!deployments.includes(name)) continue;
      expect(VERSIONS).toContain(tag);
      expect(tag).toBe(name.endsWith('-green') ? RELEASES.green : RELEASES.blue);
      expect(labelsOf(pod)['app.kubernetes.io/version']).toBe(tag);
    }
  });

  test('probes ask what does not depend on a store to decide on life', () => {
    for (const { name, pod } of pods.filter((one) => deployments.includes(one.name))) {
      const container = list(at(pod, 'spec', 'containers'))[0];
      expect([name, at(container, 'livenessProbe', 'httpGet', 'path')]).toEqual([name, '/metrics']);
      expect([name, at(container, 'readinessProbe', 'httpGet', 'path')]).toEqual([name, '/ready']);
    }
  });

  test('the quota holds both colours at their largest, and no container asks for more than the limit of one', () => {
    const quota = at(named('ResourceQuota')[0], 'spec', 'hard');
    const most = at(list(at(named('LimitRange')[0], 'spec', 'limits'))[0], 'max');
    const peak = Number(at(named('HorizontalPodAutoscaler')[0], 'spec', 'maxReplicas'));
    const amount = (value: unknown): number => quantityToNumber(parseQuantity(value));
    const sum = (which: 'requests' | 'limits', resource: 'cpu' | 'memory'): number =>
      pods.reduce((total, { name, replicas, pod }) => {
        const one = amount(at(list(at(pod, 'spec', 'containers'))[0], 'resources', which, resource));
        expect(amount(at(most, resource))).toBeGreaterThanOrEqual(one);
        // With one more while it rolls out.
        const count = name === 'mcp-typescript-api' ? peak + 1 : deployments.includes(name) ? replicas + 1 : replicas;
        return total + one * count;
      }, 0);
    for (const which of ['requests', 'limits'] as const) {
      for (const resource of ['cpu', 'memory'] as const) {
        expect(amount(at(quota, `${which}.${resource}`)), `${which}.${resource}`).toBeGreaterThanOrEqual(
          sum(which, resource),
        );
      }
    }
  });
});

describe('what selects pods', () => {
  test('every Service selects exactly the pods of one workload, on a port that they have', () => {
    const services = named('Service');
    expect(services.length).toBe(deployments.length + Object.keys(STORES).length);
    for (const service of services) {
      const selected = selectedBy({ matchLabels: at(service, 'spec', 'selector') });
      expect([nameOf(service), selected.length]).toEqual([nameOf(service), 1]);
      const pod = pods.find(({ name }) => name === selected[0])?.pod;
      const ports = list(at(pod, 'spec', 'containers')).flatMap((one) =>
        list(at(one, 'ports')).map((port) => at(port, 'containerPort')),
      );
      for (const port of list(at(service, 'spec', 'ports'))) expect(ports).toContain(at(port, 'targetPort'));
    }
    for (const { app, service, port } of Object.values(SERVICES)) {
      for (const [name, workload] of [
        [service, app],
        [`${app}-green-service`, `${app}-green`],
      ]) {
        const found = services.find((one) => nameOf(one) === name);
        expect(selectedBy({ matchLabels: at(found, 'spec', 'selector') })).toEqual([workload]);
        expect(at(list(at(found, 'spec', 'ports'))[0], 'port')).toBe(port);
      }
    }
  });

  test('every Deployment selects its own pods alone, and has a budget that lets nodes be drained', () => {
    for (const one of named('Deployment')) {
      expect(selectedBy(at(one, 'spec', 'selector'))).toEqual([nameOf(one)]);
    }
    const budgets = named('PodDisruptionBudget').map((one) => ({
      of: selectedBy(at(one, 'spec', 'selector')),
      minAvailable: at(one, 'spec', 'minAvailable'),
    }));
    expect(budgets.flatMap(({ of }) => of).sort()).toEqual([...deployments].sort());
    for (const { of, minAvailable } of budgets) {
      const replicas = pods.find(({ name }) => name === of[0])?.replicas ?? 0;
      if (minAvailable !== undefined) expect(Number(minAvailable)).toBeLessThan(replicas);
    }
  });

  test('the autoscaler follows blue’s API', () => {
    const [hpa] = named('HorizontalPodAutoscaler');
    expect(nameOf(hpa)).toBe('mcp-typescript-api-hpa');
    expect(at(hpa, 'spec', 'scaleTargetRef')).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      name: 'mcp-typescript-api',
    });
    expect([at(hpa, 'spec', 'minReplicas'), at(hpa, 'spec', 'maxReplicas')]).toEqual([2, 4]);
    expect(at(hpa, 'spec', 'behavior', 'scaleDown', 'stabilizationWindowSeconds')).toBe(300);
  });
});

describe('who may talk to whom', () => {
  const policies = named('NetworkPolicy');
  const selector = (policy: unknown): unknown => at(policy, 'spec', 'podSelector');

  test('everything is denied first, both ways, and every pod has rules for both', () => {
    const deny = policies.find((policy) => nameOf(policy) === 'default-deny');
    expect(at(deny, 'spec')).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
    const own = policies.filter((policy) => Object.keys(record(selector(policy))).length > 0);
    for (const { name } of pods) {
      const selecting = own.filter((policy) => selectedBy(selector(policy)).includes(name));
      expect([name, selecting.length]).toEqual([name, 1]);
      expect(at(selecting[0], 'spec', 'policyTypes')).toEqual(['Ingress', 'Egress']);
    }
  });

  test('what one may send, the other may receive, and nothing else', () => {
    const flows = (policyType: 'egress' | 'ingress'): readonly string[] =>
      policies.flatMap((policy) =>
        list(at(policy, 'spec', policyType)).flatMap((rule) =>
          list(at(rule, policyType === 'egress' ? 'to' : 'from'))
            .filter((peer) => at(peer, 'namespaceSelector') === undefined)
            .flatMap((peer) => {
              const [own, others] = [selectedBy(selector(policy)), selectedBy(at(peer, 'podSelector'))];
              const [from, to] = policyType === 'egress' ? [own, others] : [others, own];
              const ports = list(at(rule, 'ports')).map((port) => String(at(port, 'port')));
              return from.flatMap((a) => to.flatMap((b) => ports.map((port) => `${a} -> ${b}:${port}`)));
            }),
        ),
      );
    expect([...flows('ingress')].sort()).toEqual([...flows('egress')].sort());
    const blue = flows('egress').filter((flow) => !flow.includes('green'));
    expect([...blue].sort()).toEqual([
      'mcp-learning-system -> redis-0:6379',
      'mcp-typescript-api -> mcp-learning-system:8001',
      'mcp-typescript-api -> mcp-rust-server:8002',
      'mcp-typescript-api -> pgbouncer-0:6432',
      'mcp-typescript-api -> redis-0:6379',
      'pgbouncer-0 -> postgres-primary-0:5432',
    ]);
  });

  test('namespaces are selected by the label that every one has, and no list of peers is empty', () => {
    const text = JSON.stringify(policies);
    expect(text).toContain('"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":');
    expect(text).not.toMatch(/"matchLabels":\{"name":/);
    // An empty peer list means everybody.
    expect(text).not.toMatch(/"(to|from)":\[\]/);
  });
});

test('the platform itself may not read secrets', () => {
  const rules = named('Role')
    .filter((role) => nameOf(role) === 'mcp-pod-reader')
    .flatMap((role) => list(at(role, 'rules')));
  expect(rules.length).toBeGreaterThan(0);
  expect(JSON.stringify(rules)).not.toContain('secrets');
});

test('one `kubectl apply -f k8s/manifests` is enough: what others need stands in a file that is read before', () => {
  const folder = join(K8S, 'manifests');
  const made = new Set<string>();
  for (const file of readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .toSorted())
    for (const object of loadAll(readFileSync(join(folder, file), 'utf8'))) {
      const named = (...path: readonly string[]): string => JSON.stringify(at(object, ...path));
      const [kind, namespace, name] = [named('kind'), named('metadata', 'namespace'), named('metadata', 'name')];
      if (at(object, 'metadata', 'namespace') !== undefined)
        expect(made, `${file}: ${kind} ${name}`).toContain(`"Namespace" ${namespace}`);
      const account = named('spec', 'serviceAccountName');
      if (kind === '"Pod"') expect(made, `${file}: Pod ${name}`).toContain(`"ServiceAccount" ${account}`);
      made.add(`${kind} ${name}`);
    }
});

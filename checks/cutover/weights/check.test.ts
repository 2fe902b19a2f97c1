import { expect, it } from 'vitest';
import { ObservationError, type Capabilities } from '../../kit/kind.ts';
import { readCases } from '../../kit/cases-file.ts';
import { testContext } from '../../kit/testing/cases.ts';
import { validateParams } from '../../kit/params.ts';
import { cutoverWeights } from './check.ts';
import { TRIAL, type Seen } from './judge.ts';

const passing = readCases(import.meta.dirname).find(({ name }) => name === 'pass.ready');
const filled = validateParams(cutoverWeights, passing?.params);
const params = filled.ok ? filled.params : {};
const seen = passing?.gathered as Seen;

/** A cluster that answers as in the case; `over` replaces single answers. */
function cluster(over: Readonly<Record<string, unknown>> = {}): {
  capabilities: Capabilities;
  asked: unknown[];
  dry: unknown[];
} {
  const [asked, dry]: [unknown[], unknown[]] = [[], []];
  const objects: Readonly<Record<string, unknown>> = { HTTPRoute: seen.route, Deployment: seen.deployments[0]?.object };
  const capabilities = {
    cluster: {
      where: 'the test',
      canI: (attributes: unknown) => {
        asked.push(attributes);
        return Promise.resolve({ allowed: true, reason: '' });
      },
      get: ({ kind }: { kind: string }) =>
        objects[kind]
          ? Promise.resolve(objects[kind])
          : Promise.reject(new ObservationError('not-found', `${kind} does not exist`)),
      list: ({ kind }: { kind: string }) =>
        Promise.resolve({
          items: kind === 'HTTPRoute' ? [seen.route, { ...seen.route, metadata: { name: 'other' } }] : [],
          resourceVersion: '9',
          readAt: '2026-01-15T12:00:00Z',
        }),
      dryRunApply: (manifest: unknown) => {
        dry.push(manifest);
        return Promise.resolve({ ...(manifest as object) });
      },
      ...over,
    },
  };
  return { capabilities: capabilities as unknown as Capabilities, asked, dry };
}
const gather = (capabilities: Capabilities) =>
  cutoverWeights.gather(params, capabilities, testContext('2026-01-15T12:00:00Z')) as Promise<Seen>;

it('asks for every right of its Role that the process of the cutover needs, one by one', async () => {
  const { capabilities, asked } = cluster();
  const { rights } = await gather(capabilities);
  expect(rights.map(({ verb, resource }) => `${verb} ${resource}`)).toEqual([
    'get httproutes.gateway.networking.k8s.io api',
    'patch httproutes.gateway.networking.k8s.io api',
    'get leases.coordination.k8s.io golive-cutover',
    'update leases.coordination.k8s.io golive-cutover',
    'create leases.coordination.k8s.io',
    'get deployments.apps green',
    'patch deployments.apps green',
    'get replicasets.apps',
    'list replicasets.apps',
    'get services/proxy green:80',
  ]);
  expect(asked.at(-1)).toEqual({
    verb: 'get',
    group: '',
    resource: 'services',
    subresource: 'proxy',
    namespace: 'shop',
    name: 'green:80',
  });
});

it('tries the whole spec with nothing but the two weights changed', async () => {
  const { capabilities, dry } = cluster();
  const { dryRun } = await gather(capabilities);
  const spec = seen.route?.['spec'] as { parentRefs: unknown; rules: { backendRefs: object[] }[] };
  const [green, blue] = spec.rules[0]?.backendRefs ?? [];
  const backendRefs = [
    { ...green, weight: 95 },
    { ...blue, weight: 5 },
  ];
  const rules = [{ ...spec.rules[0], backendRefs }];
  expect(dry).toMatchObject([
    { kind: 'HTTPRoute', metadata: { name: 'api', namespace: 'shop' }, spec: { ...spec, rules } },
  ]);
  expect(dryRun).toEqual({ weights: { stable: 95, canary: 5 } });
});

it('tries nothing without the right to, and takes a refusal by admission for what it is', async () => {
  const canI = ({ verb }: { verb: string }) => Promise.resolve({ allowed: verb !== 'patch', reason: 'no rule' });
  const without = cluster({ canI });
  expect((await gather(without.capabilities)).dryRun).toBeNull();
  expect(without.dry).toEqual([]);
  const refusing = (code: 'forbidden' | 'unreachable') =>
    cluster({ dryRunApply: () => Promise.reject(new ObservationError(code, 'admission webhook denied the request')) });
  expect((await gather(refusing('forbidden').capabilities)).dryRun).toEqual({
    refused: 'admission webhook denied the request',
  });
});

it('reads the other routes of the namespace', async () => {
  expect((await gather(cluster().capabilities)).routes).toMatchObject([{ metadata: { name: 'other' } }]);
});

it('keeps what it learnt when one request is refused', async () => {
  const list = () => Promise.reject(new ObservationError('forbidden', 'may not list'));
  const found = await gather(cluster({ list }).capabilities);
  expect(found).toMatchObject({ refused: [{ message: 'may not list' }], services: [], dryRun: { weights: TRIAL } });
  const verdict = cutoverWeights.judge(params, found, testContext('2026-01-15T12:00:00Z'));
  expect(verdict).toMatchObject({ outcome: 'error', doubts: [{ reason: 'forbidden' }, { reason: 'too-few-samples' }] });
  const unallowed = { ...found, rights: found.rights.map((right) => ({ ...right, allowed: false })) };
  expect(cutoverWeights.judge(params, unallowed, testContext('2026-01-15T12:00:00Z'))).toMatchObject({
    outcome: 'fail',
    doubts: [{ reason: 'forbidden' }, { reason: 'too-few-samples' }],
  });
});

it('does not ask an API server that is gone again and again', async () => {
  let asked = 0;
  const get = () => Promise.reject(new ObservationError('unreachable', `refused ${(asked += 1)}`));
  expect((await gather(cluster({ get }).capabilities)).refused).toMatchObject([{ message: 'refused 1' }]);
});

/** Which policy cuts pods off, beside those that are there. */
import { expect, it } from 'vitest';
import { partitionPolicy } from './partition.ts';

const pod = (name: string, port: number) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop', labels: { app: name } },
  spec: { containers: [{ name: 'c', ports: [{ containerPort: port }] }] },
});
const objects = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
  pod('api', 8080),
  pod('db', 5432),
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'db', namespace: 'shop' },
    spec: { selector: { app: 'db' }, ports: [{ port: 5432 }] },
  },
];
const allowing = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'db', namespace: 'shop' },
  spec: {
    podSelector: { matchLabels: { app: 'db' } },
    ingress: [{ from: [{ podSelector: { matchLabels: { app: 'api' } } }] }],
  },
};
const cut = {
  namespace: 'shop',
  name: 'cut',
  selector: { matchLabels: { app: 'db' } },
  callers: ['shop/api'],
  service: { name: 'db', port: 5432 },
  hasAdminPolicies: true,
};

it('a NetworkPolicy, where nothing else lets the call through', () => {
  expect(partitionPolicy(objects, cut)).toMatchObject({ kind: 'NetworkPolicy', metadata: { namespace: 'shop' } });
});

it('an AdminNetworkPolicy, where another policy allows the call: policies add up', () => {
  expect(partitionPolicy([...objects, allowing], cut)).toMatchObject({
    kind: 'AdminNetworkPolicy',
    metadata: { name: 'cut' },
  });
});

it('none, where none would cut', () => {
  expect(partitionPolicy([...objects, allowing], { ...cut, hasAdminPolicies: false })).toBeNull();
  expect(partitionPolicy(objects, { ...cut, service: { name: 'db', port: 1 } })).toBeNull();
  expect(partitionPolicy(objects, { ...cut, callers: [] })).toBeNull();
});

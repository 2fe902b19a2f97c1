import { readFileSync } from 'node:fs';
import { load, loadAll } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { matrixOf } from './matrix.ts';
import { answer, UnknownEnd, type Question } from './question.ts';
import { readNetwork } from './world.ts';

interface World {
  readonly name: string;
  readonly why: string;
  readonly objects: string;
  readonly truth: readonly (Question & { readonly is: string })[];
}
const worlds = load(readFileSync(new URL('recorded/worlds.yaml', import.meta.url), 'utf8')) as readonly World[];
const networkOf = (yaml: string) => readNetwork(loadAll(yaml));

describe.each(worlds)('$name', ({ objects, truth, why }) => {
  const world = networkOf(objects);
  it.each(truth)('$from → $to $port/$protocol: $is', ({ is, ...question }) => {
    expect(answer(world, question).verdict, why).toBe(is);
  });
  it('holds whatever the order of the documents', () => {
    const turned = readNetwork(loadAll(objects).reverse());
    for (const { is, ...question } of truth) expect(answer(turned, question).verdict).toBe(is);
  });
});

describe('names of ends', () => {
  const world = networkOf(`
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop}, spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, ports: [{containerPort: 80}]}]}}}}
---
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {selector: {app: web}, ports: [{port: 8000, targetPort: 80}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: by-hand, namespace: shop}, spec: {ports: [{port: 1}]}}
---
{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: both, namespace: shop}, spec: {template: {metadata: {}, spec: {containers: []}}}}
---
{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: both, namespace: shop}, spec: {template: {metadata: {}, spec: {containers: []}}}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: closed, namespace: shop}, spec: {podSelector: {}}}
`);
  const ask = (from: string, to: string, port: number) => answer(world, { from, to, port, protocol: 'TCP' });

  it('a workload goes before a Service of its name', () => {
    expect(ask('10.0.0.1', 'shop/web', 80)).toMatchObject({ verdict: 'deny', ingress: 'deny' });
    expect(ask('10.0.0.1', 'shop/svc/web', 8000).verdict).toBe('deny');
    expect(ask('10.0.0.1', 'svc:shop/web', 80)).toMatchObject({
      verdict: 'deny',
      because: ['Service shop/web has no port 80/TCP, it has 8000/TCP'],
    });
  });
  it('two workloads of one name are told apart by their kind', () => {
    expect(() => ask('shop/both', 'shop/web', 80)).toThrow(
      new UnknownEnd('shop/both is shop/sts/both and shop/ds/both: say which'),
    );
    expect(ask('shop/ds/both', 'shop/web', 80).verdict).toBe('deny');
  });
  it('what is not among the objects is no answer', () => {
    expect(() => ask('shop/nobody', 'shop/web', 80)).toThrow('shop/nobody: nothing of this name');
    expect(() => ask('node:n', 'shop/web', 80)).toThrow('node:n: no node');
    expect(ask('10.0.0.1', 'shop/svc/by-hand', 1)).toMatchObject({ verdict: 'undefined' });
  });
  it('the pods of one workload are several: it is not itself that it reaches', () => {
    expect(ask('shop/web', 'shop/web', 80).verdict).toBe('deny');
    expect(matrixOf(world).cells.flat()).not.toContain('allow');
  });
});

describe('what is refused or not known', () => {
  const policy = (spec: string) => `
{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: x}, spec: {containers: []}, status: {podIP: 10.0.0.1}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: x}, spec: {podSelector: {}, ingress: [${spec}]}}`;
  it.each([
    ['from: [{}]', 'must specify a peer'],
    ['from: [{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}]', 'may not specify both ipBlock and another peer'],
    ['from: [{ipBlock: {cidr: 10.0.0.1}}]', 'must be a valid CIDR value'],
    ['from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/8]}}]', 'must be a strict subset'],
    ['ports: [{endPort: 9}]', 'may not be specified when `port` is not specified'],
    ['ports: [{port: http, endPort: 9}]', 'is non-numeric'],
    ['ports: [{port: 9, endPort: 8}]', 'must be greater than or equal to `port`'],
    ['ports: [{port: 0}]', 'must be between 1 and 65535'],
    ['ports: [{port: 9, protocol: tcp}]', 'Unsupported value: "tcp"'],
    ['from: [{podSelector: {matchExpressions: [{key: a, operator: Is}]}}]', 'not a valid label selector operator'],
  ])('%s', (rule, says) => {
    const world = networkOf(policy(`{${rule}}`));
    expect(world.unread).toMatchObject([{ name: 'NetworkPolicy x/p', isRefused: true }]);
    expect(world.unread[0]?.says).toContain(says);
  });
  it('a policy of a plug-in leaves its namespace open to doubt', () => {
    const foreign = `${policy('')}
---
{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: c, namespace: x}, spec: {}}`;
    const question = { from: '192.0.2.1', to: 'x/a', port: 1, protocol: 'TCP' };
    expect(answer(networkOf(foreign), question).verdict).toBe('undefined');
    expect(answer(networkOf(policy('')), question).verdict).toBe('deny');
  });
  it('labels of a namespace that is not among the objects are not guessed', () => {
    const world =
      networkOf(`${policy('{from: [{namespaceSelector: {matchLabels: {tier: dev}}}, {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: z}}}]}')}
---
{apiVersion: v1, kind: Pod, metadata: {name: b, namespace: y}, spec: {containers: []}}
---
{apiVersion: v1, kind: Pod, metadata: {name: b, namespace: z}, spec: {containers: []}}`);
    expect(answer(world, { from: 'y/b', to: 'x/a', port: 1, protocol: 'TCP' }).verdict).toBe('undefined');
    expect(answer(world, { from: 'z/b', to: 'x/a', port: 1, protocol: 'TCP' }).verdict).toBe('allow');
  });
});

describe('ClusterNetworkPolicy', () => {
  const pods = `
{apiVersion: v1, kind: Namespace, metadata: {name: a, labels: {tier: web}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: a}, spec: {containers: [{name: c, ports: [{name: http, containerPort: 80}]}]}, status: {podIP: 10.0.0.1}}
---
{apiVersion: v1, kind: Pod, metadata: {name: q, namespace: a}, spec: {containers: [{name: c}]}, status: {podIP: 10.0.0.2}}
---
`;
  const spec = (text: string): string =>
    `${pods}{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {name: c}, spec: ${text}}`;
  const ask = (text: string, from: string, to: string, port = 80, protocol = 'TCP') =>
    answer(networkOf(spec(text)), { from, to, port, protocol }).verdict;

  it('meets pods by their addresses, too', () => {
    const text =
      '{tier: Admin, priority: 0, subject: {namespaces: {}}, egress: [{action: Deny, to: [{networks: [10.0.0.0/24]}]}]}';
    expect([ask(text, 'a/p', 'a/q'), ask(text, 'a/p', '10.0.0.9'), ask(text, 'a/p', '10.0.1.9')]).toEqual([
      ...['deny', 'deny', 'allow'],
    ]);
  });
  it('a protocol alone is all of its ports', () => {
    const text =
      '{tier: Baseline, priority: 7, subject: {namespaces: {}}, ingress: [{action: Deny, from: [{namespaces: {}}], protocols: [{tcp: {}}]}]}';
    expect([ask(text, 'a/p', 'a/q', 9), ask(text, 'a/p', 'a/q', 9, 'UDP')]).toEqual(['deny', 'allow']);
  });
  it('a domain name may lead anywhere', () => {
    const text =
      '{tier: Admin, priority: 0, subject: {namespaces: {}}, egress: [{action: Accept, to: [{domainNames: [a.example]}]}, {action: Deny, to: [{networks: [0.0.0.0/0]}]}]}';
    expect(ask(text, 'a/p', '1.2.3.4')).toBe('undefined');
  });
  it.each([
    ['{priority: 0, subject: {namespaces: {}}}', 'spec.tier: Unsupported value'],
    ['{tier: Baseline, subject: {namespaces: {}}}', 'spec.priority: Invalid value'],
    ['{tier: Admin, priority: 1001, subject: {namespaces: {}}}', 'spec.priority: Invalid value'],
    ['{tier: Admin, priority: 1, subject: {}}', 'spec.subject: exactly one'],
    [
      '{tier: Admin, priority: 1, subject: {namespaces: {}}, ingress: [{action: Allow, from: [{namespaces: {}}]}]}',
      'spec.ingress[0].action',
    ],
    [
      '{tier: Admin, priority: 1, subject: {namespaces: {}}, ingress: [{action: Deny}]}',
      'spec.ingress[0].from: Required value',
    ],
    [
      '{tier: Admin, priority: 1, subject: {namespaces: {}}, ingress: [{action: Deny, from: [{networks: [1.0.0.0/8]}]}]}',
      'spec.ingress[0].from[0]: Invalid value',
    ],
    [
      '{tier: Admin, priority: 1, subject: {namespaces: {}}, egress: [{action: Deny, to: [{nodes: {}}], protocols: [{destinationNamedPort: http}]}]}',
      'cannot be set with namedPorts',
    ],
    [
      '{tier: Admin, priority: 1, subject: {namespaces: {}}, egress: [{action: Deny, to: [{nodes: {}}], protocols: [{tcp: {destinationPort: {range: {start: 2, end: 2}}}}]}]}',
      'Start port must be less',
    ],
  ])('%s is refused', (text, says) => {
    const [policy] = networkOf(spec(text)).unread;
    expect(policy).toMatchObject({ isRefused: true, says: expect.stringContaining(says) as string });
  });
  it('of another version is not understood', () => {
    const { unread } = networkOf(spec('{}').replace('v1alpha2', 'v1beta1'));
    expect(unread).toMatchObject([{ isRefused: false }]);
  });
});

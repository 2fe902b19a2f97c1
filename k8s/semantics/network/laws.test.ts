/** What must hold of every network, on networks made at random. */
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { answer } from './question.ts';
import { readNetwork } from './world.ts';

const labels = fc.record({ app: fc.constantFrom('a', 'b', 'c') }, { requiredKeys: [] });
const selector = fc.oneof(
  fc.constant({}),
  labels.map((matchLabels) => ({ matchLabels })),
  fc
    .constantFrom('In', 'NotIn')
    .map((operator) => ({ matchExpressions: [{ key: 'app', operator, values: ['a', 'b'] }] })),
  fc.constantFrom('Exists', 'DoesNotExist').map((operator) => ({ matchExpressions: [{ key: 'app', operator }] })),
);
const namespaces = ['x', 'y', 'z'];
const pods = fc.array(fc.tuple(fc.constantFrom(...namespaces), labels), { minLength: 2, maxLength: 6 }).map((all) =>
  all.map(([namespace, own], index) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `p${index}`, namespace, labels: own },
    spec: { containers: [{ name: 'c', ports: [{ name: 'http', containerPort: 80 }] }] },
    status: { phase: 'Running', podIP: `10.0.0.${index + 1}` },
  })),
);
const peer = fc.oneof(
  selector.map((podSelector) => ({ podSelector })),
  selector.map((namespaceSelector) => ({ namespaceSelector })),
  fc.tuple(selector, selector).map(([podSelector, namespaceSelector]) => ({ podSelector, namespaceSelector })),
  fc.constant({ ipBlock: { cidr: '10.0.0.0/30' } }),
);
const port = fc.constantFrom({ port: 80 }, { port: 'http' }, { port: 1, endPort: 79 }, { protocol: 'UDP' });
const rule = (side: 'from' | 'to') =>
  fc
    .tuple(fc.array(peer, { maxLength: 2 }), fc.array(port, { maxLength: 2 }))
    .map(([peers, ports]) => ({ [side]: peers, ports }));
const policySpec = fc.record({
  podSelector: selector,
  policyTypes: fc.constantFrom(['Ingress'], ['Egress'], ['Ingress', 'Egress'], []),
  ingress: fc.array(rule('from'), { maxLength: 2 }),
  egress: fc.array(rule('to'), { maxLength: 2 }),
});
const policy = fc.tuple(fc.constantFrom(...namespaces), policySpec, fc.nat(999_999)).map(([namespace, spec, id]) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: `n${id}`, namespace },
  spec,
}));
const world = fc.tuple(pods, fc.array(policy, { maxLength: 4 }));

type Verdicts = ReadonlyMap<string, string>;
function verdictsOf(all: readonly object[]): Verdicts {
  const network = readNetwork(all);
  const names = [...network.pods.keys()];
  return new Map(
    names.flatMap((from) =>
      names.flatMap((to) =>
        [80, 81].map(
          (at) => [`${from} ${to} ${at}`, answer(network, { from, to, port: at, protocol: 'TCP' }).verdict] as const,
        ),
      ),
    ),
  );
}
/** Denied, open to doubt, allowed: what an allowing rule may only raise. */
const RANK = ['deny', 'undefined', 'allow'];
const isAtLeast = (after: Verdicts, before: Verdicts): boolean =>
  [...before].every(([key, verdict]) => RANK.indexOf(after.get(key) ?? '') >= RANK.indexOf(verdict));

describe('the laws of NetworkPolicy', () => {
  it('one more rule in a policy never takes reachability away', () => {
    fc.assert(
      fc.property(world, policy, rule('from'), ([all, policies], one, more) => {
        const wider = { ...one, spec: { ...one.spec, ingress: [...one.spec.ingress, more] } };
        return isAtLeast(verdictsOf([...all, ...policies, wider]), verdictsOf([...all, ...policies, one]));
      }),
    );
  });
  it('one more policy never widens what a pod may do beyond the rules of that policy', () => {
    fc.assert(
      fc.property(world, policy, ([all, policies], one) => {
        const silent = { ...one, spec: { ...one.spec, ingress: [], egress: [], policyTypes: ['Ingress', 'Egress'] } };
        return isAtLeast(verdictsOf([...all, ...policies]), verdictsOf([...all, ...policies, silent]));
      }),
    );
  });
  it('the order of the documents is irrelevant', () => {
    fc.assert(
      fc.property(world, ([all, policies]) => {
        const [one, other] = [verdictsOf([...all, ...policies]), verdictsOf([...policies, ...all].reverse())];
        return [...one].every(([key, verdict]) => other.get(key) === verdict);
      }),
    );
  });
  it('without a policy everybody reaches everybody', () => {
    fc.assert(fc.property(pods, (all) => [...verdictsOf(all).values()].every((verdict) => verdict === 'allow')));
  });
});

const selection = fc.oneof(
  selector.map((chosen) => ({ namespaces: chosen })),
  fc
    .tuple(selector, selector)
    .map(([namespaceSelector, podSelector]) => ({ pods: { namespaceSelector, podSelector } })),
);
const numbers = fc.constantFrom({ number: 80 }, { range: { start: 79, end: 81 } }, { range: { start: 1, end: 79 } });
const protocol = fc.oneof(
  numbers.map((destinationPort) => ({ tcp: { destinationPort } })),
  fc.constantFrom({ udp: { destinationPort: { number: 80 } } }, { destinationNamedPort: 'http' }),
);
const adminRule = (side: 'from' | 'to', actions: readonly string[]) =>
  fc
    .tuple(
      fc.constantFrom(...actions),
      fc.array(selection, { minLength: 1, maxLength: 2 }),
      fc.array(protocol, { maxLength: 2 }),
    )
    .map(([action, peers, protocols]) => ({ action, [side]: peers, protocols }));
const clusterPolicy = (tier: 'Admin' | 'Baseline', id: number) => {
  const actions = tier === 'Admin' ? ['Accept', 'Deny', 'Pass'] : ['Accept', 'Deny'];
  return fc
    .record({
      tier: fc.constant(tier),
      priority: tier === 'Admin' ? fc.nat(2) : fc.constant(0),
      subject: selection,
      ingress: fc.array(adminRule('from', actions), { maxLength: 3 }),
      egress: fc.array(adminRule('to', actions), { maxLength: 3 }),
    })
    .map((spec) => ({
      apiVersion: 'policy.networking.k8s.io/v1alpha2',
      kind: 'ClusterNetworkPolicy',
      metadata: { name: `c${id}` },
      spec,
    }));
};
type Protocol = Readonly<Record<string, { destinationPort?: { number?: number; range?: object } } | string>>;
/** The same policy as the API before said it. */
function asBefore({ metadata, spec }: { metadata: object; spec: Readonly<Record<string, unknown>> }): object {
  const portOf = (one: Protocol): object => {
    if (typeof one['destinationNamedPort'] === 'string') return { namedPort: one['destinationNamedPort'] };
    const [[name, of] = ['', {}]] = Object.entries(one);
    const { number, range } = (typeof of === 'string' ? {} : of).destinationPort ?? {};
    const protocol = name.toUpperCase();
    return number === undefined ? { portRange: { protocol, ...range } } : { portNumber: { protocol, port: number } };
  };
  const rules = (list: unknown): readonly object[] =>
    (list as readonly { action: string; protocols: readonly Protocol[] }[]).map(({ action, protocols, ...rest }) => ({
      ...rest,
      action: action === 'Accept' ? 'Allow' : action,
      ports: protocols.map(portOf),
    }));
  const { tier, ingress, egress, ...rest } = spec;
  return {
    apiVersion: 'policy.networking.k8s.io/v1alpha1',
    kind: tier === 'Admin' ? 'AdminNetworkPolicy' : 'BaselineAdminNetworkPolicy',
    metadata,
    spec: { ...rest, ingress: rules(ingress), egress: rules(egress) },
  };
}
const guarded = fc.tuple(world, clusterPolicy('Admin', 1), clusterPolicy('Admin', 2), clusterPolicy('Baseline', 3));

describe('the laws of ClusterNetworkPolicy', () => {
  it('it says what an AdminNetworkPolicy and a baseline said in its place', () => {
    fc.assert(
      fc.property(guarded, ([[all, policies], ...admins]) => {
        const now = verdictsOf([...all, ...policies, ...admins]);
        const before = verdictsOf([...all, ...policies, ...admins.map(asBefore)]);
        return [...now].every(([key, verdict]) => before.get(key) === verdict);
      }),
    );
  });
  it('what nothing in the admin tier names is decided as without it', () => {
    fc.assert(
      fc.property(guarded, ([[all, policies], admin, , baseline]) => {
        const passes = [{ action: 'Pass', from: [{ namespaces: {} }] }];
        const goes = [{ action: 'Pass', to: [{ namespaces: {} }] }];
        const first = { ...admin, spec: { ...admin.spec, priority: 0, subject: { namespaces: {} } } };
        const passing = { ...first, spec: { ...first.spec, ingress: passes, egress: goes } };
        const later = { ...admin, metadata: { name: 'later' }, spec: { ...admin.spec, priority: 9 } };
        const [with_, without] = [[passing, later], []].map((more) =>
          verdictsOf([...all, ...policies, baseline, ...more]),
        );
        return [...(without ?? [])].every(([key, verdict]) => with_?.get(key) === verdict);
      }),
    );
  });
});

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

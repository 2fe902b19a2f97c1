/**
 * What NetworkPolicies (networking.k8s.io/v1) deny and allow. Policies add up and so do their rules: what several of them open
 * together is open, however they share it out. Pure.
 */
import { blockOf, FAMILIES, sizeOf, union, without, type Range } from './addresses.ts';
import { labelRequirements, matchesLabels } from './selector.ts';
import { at, isShape, shapes, text, texts, type Shape } from './shape.ts';

export type Direction = 'ingress' | 'egress';
type Labels = Readonly<Record<string, string>>;

/** What selectors choose from: the pods of the policies' namespace, and the cluster's other namespaces. */
export interface Selectable {
  readonly pods: readonly Labels[];
  readonly otherNamespaces: readonly Labels[];
}

/** Whether every pod is denied everything in that direction that no other policy allows. */
export function deniesByDefault(spec: unknown, direction: Direction): boolean {
  const selector = at(spec, 'podSelector');
  // One whose expressions happen to match all pods today does not count.
  const selectsAll = isShape(selector) && labelRequirements(selector).length === 0;
  return selectsAll && isAbout(spec, direction) && shapes(at(spec, direction)).length === 0;
}

/** Whether they allow every pod to speak to everybody, or everybody to speak to every pod, whatever other policies deny. */
export function allowEverything(specs: readonly unknown[], direction: Direction, among: Selectable): boolean {
  const about = specs
    .filter((spec) => isAbout(spec, direction))
    .map((spec) => ({ selector: at(spec, 'podSelector'), rules: shapes(at(spec, direction)) }))
    .filter(({ rules }) => rules.length > 0);
  // A namespace without pods is judged by one that has no labels: the first pod to come.
  const pods = among.pods.length > 0 ? among.pods : [{}];
  const chosen = pods.map((labels) => about.filter(({ selector }) => isMet(selector, labels)));
  const distinct = new Map(chosen.map((own) => [own.map((one) => about.indexOf(one)).join(), own]));
  return [...distinct.values()].every((own) =>
    isOpen(
      own.flatMap(({ rules }) => rules),
      direction,
      among,
    ),
  );
}

/**
 * Whether a policy isolates pods in that direction. Without policyTypes it does for ingress always, and for egress when it has
 * egress rules (NetworkPolicySpec.policyTypes).
 */
function isAbout(spec: unknown, direction: Direction): boolean {
  const types = texts(at(spec, 'policyTypes'));
  if (types.length === 0) return direction === 'ingress' || shapes(at(spec, 'egress')).length > 0;
  return types.includes(direction === 'ingress' ? 'Ingress' : 'Egress');
}

const PORTS: Range = { from: 1n, to: 65_535n };

/** Whether these rules let everybody through at most ports of TCP: to leave some out is no choice of ports. */
function isOpen(rules: readonly Shape[], direction: Direction, among: Selectable): boolean {
  const peersOf = direction === 'ingress' ? 'from' : 'to';
  const parts = rules.flatMap((rule) =>
    portRanges(shapes(rule['ports'])).map((ports) => ({ ports, peers: shapes(rule[peersOf]) })),
  );
  const cuts = [...new Set([PORTS.from, ...parts.flatMap(({ ports: { from, to } }) => [from, to + 1n])])]
    .filter((cut) => cut >= PORTS.from && cut <= PORTS.to)
    .toSorted((a, b) => (a < b ? -1 : 1));
  const open = cuts.flatMap((from, index) => {
    const there = parts.filter(({ ports }) => ports.from <= from && from <= ports.to);
    const to = (cuts[index + 1] ?? PORTS.to + 1n) - 1n;
    return isEverybody(
      there.map(({ peers }) => peers),
      among,
    )
      ? [{ from, to }]
      : [];
  });
  return sizeOf(open) * 2n > PORTS.to;
}

/** The ports of TCP that a rule is about; a name is one port of each pod. */
function portRanges(ports: readonly Shape[]): readonly Range[] {
  if (ports.length === 0) return [PORTS];
  return ports.flatMap(({ protocol, port, endPort }) => {
    if (protocol !== undefined && protocol !== 'TCP') return [];
    if (port === undefined || port === null) return [PORTS];
    if (typeof port !== 'number') return [];
    return [{ from: BigInt(port), to: BigInt(typeof endPort === 'number' ? endPort : port) }];
  });
}

/** Whether the peers of these rules add up to everybody; a rule without peers is about everybody by itself. */
function isEverybody(rules: readonly (readonly Shape[])[], { otherNamespaces }: Selectable): boolean {
  const peers = rules.flat();
  const wholeNamespaces = peers
    .filter(({ podSelector }) => podSelector === undefined || selectsAnything(podSelector))
    .map(({ namespaceSelector }) => namespaceSelector)
    .filter(isShape);
  return (
    rules.some((own) => own.length === 0) ||
    wholeNamespaces.some(selectsAnything) ||
    // With one other namespace alone, to choose it is no sign of meaning all.
    (otherNamespaces.length > 1 &&
      otherNamespaces.every((labels) => wholeNamespaces.some((selector) => isMet(selector, labels)))) ||
    coversMostAddresses(peers.map(({ ipBlock }) => ipBlock).filter(isShape))
  );
}

/** Set by the API server on every namespace. */
const NAMESPACE_NAME = 'kubernetes.io/metadata.name';

const isMet = (selector: unknown, labels: Labels): boolean =>
  selectsAnything(selector) || (isShape(selector) && matchesLabels(labelRequirements(selector), labels));

/** An empty selector, and one that only excludes or asks for what is always there. */
function selectsAnything(selector: unknown): boolean {
  return (
    isShape(selector) &&
    labelRequirements(selector).every(
      ({ key, operator }) =>
        operator === 'DoesNotExist' || operator === 'NotIn' || (operator === 'Exists' && key === NAMESPACE_NAME),
    )
  );
}

/**
 * Blocks that add up to most addresses of a family. Where a whole private range is left out they are the outside world: pods have
 * their addresses in such a range.
 */
function coversMostAddresses(ipBlocks: readonly Shape[]): boolean {
  return FAMILIES.some(({ bits, privateRanges }) => {
    const blocksIn = (cidrs: readonly (string | undefined)[]): readonly Range[] =>
      cidrs.flatMap((cidr) => blockOf(cidr ?? '') ?? []).filter((block) => block.bits === bits);
    const covered = union(
      ipBlocks.flatMap(({ cidr, except }) =>
        blocksIn([text(cidr)]).flatMap((block) => without(block, blocksIn(texts(except)))),
      ),
    );
    const isLeftOut = ({ from, to }: Range): boolean => covered.every((range) => range.to < from || to < range.from);
    return sizeOf(covered) * 2n >= 2n ** BigInt(bits) && !privateRanges.some(isLeftOut);
  });
}

/**
 * What a NetworkPolicy (networking.k8s.io/v1) denies and allows, as far as its text says. Which pods carry which labels is not known
 * here: a selector that excludes instead of choosing counts as one of everything. Pure.
 */
import { labelRequirements } from './selector.ts';
import { at, isShape, shapes, text, texts } from './shape.ts';

export type Direction = 'ingress' | 'egress';

/** Whether every pod is denied everything in that direction that no other policy allows. */
export function deniesByDefault(spec: unknown, direction: Direction): boolean {
  const selector = at(spec, 'podSelector');
  // One whose expressions happen to match all pods today does not count.
  const selectsAll = isShape(selector) && labelRequirements(selector).length === 0;
  return selectsAll && isAbout(spec, direction) && shapes(at(spec, direction)).length === 0;
}

/** Whether it allows every pod to speak to everybody, or everybody to speak to every pod, whatever other policies deny. */
export function allowsEverything(spec: unknown, direction: Direction): boolean {
  if (!selectsAnything(at(spec, 'podSelector')) || !isAbout(spec, direction)) return false;
  const rules = shapes(at(spec, direction)).filter(({ ports }) => coversAllPorts(shapes(ports)));
  const peersOf = direction === 'ingress' ? 'from' : 'to';
  const peers = rules.map((rule) => shapes(rule[peersOf]));
  return peers.some((one) => one.length === 0) || peers.flat().some(isEveryPod) || coversAllAddresses(peers.flat());
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

/** Set by the API server on every namespace. */
const NAMESPACE_NAME = 'kubernetes.io/metadata.name';

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

function isEveryPod({ namespaceSelector, podSelector }: Readonly<Record<string, unknown>>): boolean {
  return selectsAnything(namespaceSelector) && (podSelector === undefined || selectsAnything(podSelector));
}

/** Blocks that add up to a whole address family; one with exceptions counts for none. */
function coversAllAddresses(peers: readonly unknown[]): boolean {
  const blocks = peers.filter((peer) => texts(at(peer, 'ipBlock.except')).length === 0);
  const cidrs = [...new Set(blocks.map((peer) => text(at(peer, 'ipBlock.cidr')) ?? ''))];
  const families = [/^[\d.]+\/(\d+)$/, /^[\da-f:.]*:[\da-f:.]*\/(\d+)$/i];
  return families.some((form) => {
    const lengths = cidrs.flatMap((cidr) => form.exec(cidr)?.[1] ?? []);
    return lengths.reduce((share, length) => share + 2 ** -Number(length), 0) >= 1;
  });
}

const PORTS = 65_535;

/** No ports are every port; ranges of TCP that add up to all of them are, too. */
function coversAllPorts(ports: readonly Readonly<Record<string, unknown>>[]): boolean {
  if (ports.length === 0) return true;
  const tcp = ports.filter(({ protocol }) => protocol === undefined || protocol === 'TCP');
  const sizes = tcp.map(({ port, endPort }) => {
    if (port === undefined) return PORTS;
    return typeof port === 'number' && typeof endPort === 'number' ? endPort - port + 1 : 1;
  });
  return sizes.reduce((sum, size) => sum + size, 0) >= PORTS;
}

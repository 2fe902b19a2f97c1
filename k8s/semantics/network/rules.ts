/** One rule of any policy, compiled: whom it is about, on which ports. Matching may be unsure: what is not known is never guessed. Pure. */
import { matchesLabels, type Requirement } from '../selector.ts';
import { overlap, type AddressRange } from './address.ts';
import { NAMESPACE_NAME, type NamespaceLabels, type NetworkEnd, type PodClass, type PodEnd } from './ends.ts';

export type Match = 'yes' | 'no' | 'unsure';
export type Direction = 'ingress' | 'egress';

/** Which pods: `namespaces` null is the policy's own namespace, `pods` empty is all of them. */
export interface PodSelection {
  readonly namespaces: readonly Requirement[] | null;
  readonly pods: readonly Requirement[];
}
export type Peer =
  | { readonly type: 'pods'; readonly selection: PodSelection }
  | {
      readonly type: 'block';
      readonly block: AddressRange;
      readonly except: readonly AddressRange[];
      /** Pods are met by their addresses, too, as the API says; else that is left to the network plug-in. */
      readonly coversPods?: true;
    }
  | { readonly type: 'nodes'; readonly nodes: readonly Requirement[] }
  /** A form that this engine does not know: a domain name, a field of a newer version. */
  | { readonly type: 'unknown' };
/** A number or a range of one protocol; a name, which each pod resolves for itself; or every port of a protocol. */
export interface PortMatch {
  /** Undefined for a named port of an admin policy, which stands for any protocol. */
  readonly protocol: string | undefined;
  readonly port: number | string | undefined;
  /** Inclusive. */
  readonly endPort?: number;
}
export interface Rule {
  readonly action: 'Allow' | 'Deny' | 'Pass';
  /** Null is everybody: pods, nodes and every address. */
  readonly peers: readonly Peer[] | null;
  /** Null is every port of every protocol. */
  readonly ports: readonly PortMatch[] | null;
  /** `NetworkPolicy shop/web ingress[0]`. */
  readonly where: string;
}

/** Whether every, some or none of it holds. */
export const either = (matches: readonly Match[]): Match =>
  matches.includes('yes') ? 'yes' : matches.includes('unsure') ? 'unsure' : 'no';
export const both = (a: Match, b: Match): Match =>
  a === 'no' || b === 'no' ? 'no' : a === 'yes' && b === 'yes' ? 'yes' : 'unsure';

/** Selects pods by class; each answer is found once. `home` is the namespace of the policy that asks. */
export class Selections {
  readonly #namespaces: (name: string) => NamespaceLabels;
  readonly #found = new WeakMap<PodSelection, Map<number, Match>>();
  constructor(namespaces: (name: string) => NamespaceLabels) {
    this.#namespaces = namespaces;
  }

  matches(selection: PodSelection, home: string, pod: PodClass): Match {
    let found = this.#found.get(selection);
    if (found === undefined) this.#found.set(selection, (found = new Map<number, Match>()));
    const known = found.get(pod.id);
    if (known !== undefined) return known;
    const match = both(
      this.#inNamespaces(selection.namespaces, home, pod.namespace),
      matchesLabels(selection.pods, pod.labels) ? 'yes' : 'no',
    );
    found.set(pod.id, match);
    return match;
  }

  #inNamespaces(namespaces: readonly Requirement[] | null, home: string, name: string): Match {
    if (namespaces === null) return home === name ? 'yes' : 'no';
    const { labels, isKnown } = this.#namespaces(name);
    if (isKnown) return matchesLabels(namespaces, labels) ? 'yes' : 'no';
    const sure = namespaces.filter(({ key }) => key === NAMESPACE_NAME);
    if (!matchesLabels(sure, labels)) return 'no';
    return sure.length === namespaces.length ? 'yes' : 'unsure';
  }
}

/** Whether a rule is about this peer and this port of `target`, the end that is connected to. */
export function ruleMatches(
  rule: Rule,
  home: string,
  peer: NetworkEnd,
  to: { readonly target: NetworkEnd; readonly port: number; readonly protocol: string },
  selections: Selections,
): Match {
  const ports = rule.ports === null ? 'yes' : either(rule.ports.map((one) => portMatches(one, to)));
  if (ports === 'no' || rule.peers === null) return ports;
  return both(ports, either(rule.peers.map((one) => peerMatches(one, home, peer, selections))));
}

function peerMatches(peer: Peer, home: string, end: NetworkEnd, selections: Selections): Match {
  if (peer.type === 'unknown') return 'unsure';
  if (peer.type === 'block') return blockMatches(peer, end);
  if (peer.type === 'nodes') {
    if (end.type !== 'node') return 'no';
    return end.labels === undefined ? 'unsure' : matchesLabels(peer.nodes, end.labels) ? 'yes' : 'no';
  }
  return end.type === 'pod' ? selections.matches(peer.selection, home, end.class) : 'no';
}

function blockMatches({ block, except, coversPods }: Extract<Peer, { type: 'block' }>, end: NetworkEnd): Match {
  const within = (range: AddressRange): Match => {
    const [inside, outside] = [overlap(range, block), except.map((one) => overlap(range, one))];
    if (inside === 'none' || outside.includes('all')) return 'no';
    return inside === 'all' && outside.every((one) => one === 'none') ? 'yes' : 'unsure';
  };
  if (end.type === 'address') return within(end.range);
  if (end.addresses.length === 0) return 'unsure';
  const match = either(end.addresses.map(within));
  // Whether a block covers pods is left to the network plug-in: Cilium never matches a pod by its address.
  return match === 'yes' && end.type === 'pod' && coversPods !== true ? 'unsure' : match;
}

/** A name is looked up in the pod that is connected to, of that protocol; an address has no names. */
function portMatches(
  match: PortMatch,
  { target, port, protocol }: { readonly target: NetworkEnd; readonly port: number; readonly protocol: string },
): Match {
  if (match.protocol !== undefined && match.protocol !== protocol) return 'no';
  if (match.port === undefined) return 'yes';
  if (typeof match.port === 'number')
    return port === match.port || (port > match.port && port <= (match.endPort ?? match.port)) ? 'yes' : 'no';
  if (target.type !== 'pod') return 'no';
  const named = target.ports.some((one) => one.name === match.port && one.port === port && one.protocol === protocol);
  return named ? 'yes' : 'no';
}

/** What selects a pod, for subjects of policies. */
export const selects = (selection: PodSelection, home: string, pod: PodEnd, selections: Selections): Match =>
  selections.matches(selection, home, pod.class);

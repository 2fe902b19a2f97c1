/**
 * NetworkPolicy (networking.k8s.io/v1), AdminNetworkPolicy and BaselineAdminNetworkPolicy (policy.networking.k8s.io/v1alpha1), compiled.
 * Defaults and refusals are those of the API server: pkg/apis/networking/{v1/defaults,validation/validation}.go. Pure.
 */
import { labelRequirements, SelectorError } from '../selector.ts';
import { at, isShape, namespaceOf, number, shapes, text, texts, type Shape } from '../shape.ts';
import { addressRange, overlap, type AddressRange } from './address.ts';
import { policyName } from './ends.ts';
import type { Direction, Peer, PodSelection, PortMatch, Rule } from './rules.ts';

/** A NetworkPolicy: what it selects it isolates in these directions, but for what its rules allow. */
export interface NetworkPolicy {
  readonly name: string;
  readonly namespace: string;
  readonly subject: PodSelection;
  readonly isolates: Readonly<Record<Direction, boolean>>;
  readonly rules: Readonly<Record<Direction, readonly Rule[]>>;
}
/** An AdminNetworkPolicy or ClusterNetworkPolicy by its priority (a lower number goes first); the baseline is asked last. */
export interface AdminPolicy {
  readonly name: string;
  readonly tier: 'admin' | 'baseline';
  readonly priority: number;
  readonly subject: PodSelection;
  readonly rules: Readonly<Record<Direction, readonly Rule[]>>;
}
/** A policy that an API server refuses (`isRefused`), or one whose kind this engine does not know. */
export interface UnreadPolicy {
  readonly name: string;
  /** Empty for one of the whole cluster. */
  readonly namespace: string;
  readonly isRefused: boolean;
  /** In Kubernetes' words where it is refused. */
  readonly says: string;
}

/** What an API server refuses with 422. */
export class Refused extends Error {}

const DIRECTIONS = { ingress: 'from', egress: 'to' } as const;

/** A NetworkPolicy without a namespace lies in `fallback`. */
export function networkPolicy(object: Shape, fallback: string): NetworkPolicy | UnreadPolicy {
  const namespace = namespaceOf(object) || fallback;
  const name = policyName(object, namespace);
  const spec = object['spec'];
  return unlessRefused(name, namespace, () => {
    const types = texts(at(spec, 'policyTypes'));
    const strange = types.find((type) => type !== 'Ingress' && type !== 'Egress');
    if (strange !== undefined) throw new Refused(`spec.policyTypes: Unsupported value: "${strange}"`);
    const egress = shapes(at(spec, 'egress'));
    const rulesOf = (direction: Direction): readonly Rule[] =>
      shapes(at(spec, direction)).map((rule, index) => ({
        action: 'Allow',
        peers: listOrNull(
          rule[DIRECTIONS[direction]],
          networkPeer,
          `spec.${direction}[${index}].${DIRECTIONS[direction]}`,
        ),
        ports: listOrNull(rule['ports'], networkPort, `spec.${direction}[${index}].ports`),
        where: `${name} ${direction}[${index}]`,
      }));
    return {
      name,
      namespace,
      subject: { namespaces: null, pods: labelRequirements(at(spec, 'podSelector')) },
      // Without policyTypes: ingress always, egress where there is a rule for it.
      isolates: {
        ingress: types.length === 0 || types.includes('Ingress'),
        egress: types.length === 0 ? egress.length > 0 : types.includes('Egress'),
      },
      rules: { ingress: rulesOf('ingress'), egress: rulesOf('egress') },
    };
  });
}

export function adminPolicy(object: Shape): AdminPolicy | UnreadPolicy {
  const name = policyName(object, '');
  const tier = object['kind'] === 'AdminNetworkPolicy' ? 'admin' : 'baseline';
  const spec = object['spec'];
  return unlessRefused(name, '', () => {
    const priority = number(at(spec, 'priority'));
    if (tier === 'admin' && (priority === undefined || priority < 0 || priority > 1000))
      throw new Refused('spec.priority: Invalid value: must be 0 to 1000');
    const subject = adminSelection(at(spec, 'subject'));
    if (subject === undefined) throw new Refused('spec.subject: exactly one of namespaces and pods must be set');
    const rulesOf = (direction: Direction): readonly Rule[] =>
      shapes(at(spec, direction)).map((rule, index) => ({
        action: adminAction(rule['action'], tier, `spec.${direction}[${index}].action`),
        peers: shapes(rule[DIRECTIONS[direction]]).flatMap(adminPeers),
        ports: listOrNull(rule['ports'], adminPort, ''),
        where: `${name} ${direction}[${index}]`,
      }));
    return {
      name,
      tier,
      priority: priority ?? 0,
      subject,
      rules: { ingress: rulesOf('ingress'), egress: rulesOf('egress') },
    };
  });
}

/** The policy that `read` makes, or why an API server refuses it. */
export function unlessRefused<Policy>(name: string, namespace: string, read: () => Policy): Policy | UnreadPolicy {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Refused || error instanceof SelectorError)) throw error;
    return { name, namespace, isRefused: true, says: error.message };
  }
}

/** A missing list and an empty one mean the same, everybody: the API drops empty lists on the way back. */
function listOrNull<Read>(
  list: unknown,
  read: (member: Shape, path: string) => Read,
  path: string,
): readonly Read[] | null {
  const members = shapes(list);
  return members.length === 0 ? null : members.map((member, index) => read(member, `${path}[${index}]`));
}

function networkPeer({ podSelector, namespaceSelector, ipBlock }: Shape, path: string): Peer {
  if (isShape(ipBlock)) {
    if (isShape(podSelector) || isShape(namespaceSelector))
      throw new Refused(`${path}: Forbidden: may not specify both ipBlock and another peer`);
    return blockPeer(ipBlock, path);
  }
  if (!isShape(podSelector) && !isShape(namespaceSelector))
    throw new Refused(`${path}: Required value: must specify a peer`);
  const namespaces = isShape(namespaceSelector) ? labelRequirements(namespaceSelector) : null;
  return { type: 'pods', selection: { namespaces, pods: labelRequirements(podSelector) } };
}

function blockPeer(ipBlock: Shape, path: string): Peer {
  const block = checkedBlock(ipBlock['cidr'], `${path}.ipBlock.cidr`);
  const except = texts(ipBlock['except']).map((cidr, index) => {
    const part = checkedBlock(cidr, `${path}.ipBlock.except[${index}]`);
    const isStrict = overlap(part, block) === 'all' && part.last - part.first < block.last - block.first;
    if (!isStrict)
      throw new Refused(
        `${path}.ipBlock.except[${index}]: Invalid value: "${cidr}": must be a strict subset of \`cidr\``,
      );
    return part;
  });
  return { type: 'block', block, except };
}

/** @throws Refused */
export function checkedBlock(cidr: unknown, path: string): AddressRange {
  const range = text(cidr)?.includes('/') === true ? addressRange(text(cidr) ?? '') : undefined;
  if (range === undefined)
    throw new Refused(
      `${path}: Invalid value: "${text(cidr) ?? ''}": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)`,
    );
  return range;
}

const PROTOCOLS: readonly unknown[] = ['TCP', 'UDP', 'SCTP'];

function networkPort({ protocol, port, endPort }: Shape, path: string): PortMatch {
  if (protocol !== undefined && protocol !== null && !PROTOCOLS.includes(protocol))
    throw new Refused(
      `${path}.protocol: Unsupported value: "${text(protocol) ?? ''}": supported values: "SCTP", "TCP", "UDP"`,
    );
  const numbered = number(port);
  if (numbered !== undefined && !isPort(numbered))
    throw new Refused(`${path}.port: Invalid value: ${numbered}: must be between 1 and 65535, inclusive`);
  const end = number(endPort);
  const named = text(port);
  return {
    protocol: text(protocol) ?? 'TCP',
    port: named ?? numbered,
    ...(end !== undefined && { endPort: checkedEnd(end, numbered, named !== undefined, path) }),
  };
}

export const isPort = (port: number): boolean => port >= 1 && port <= 65_535;

function checkedEnd(end: number, port: number | undefined, isNamed: boolean, path: string): number {
  if (port === undefined)
    throw new Refused(
      `${path}.endPort: Forbidden: may not be specified when \`port\` is ${isNamed ? 'non-numeric' : 'not specified'}`,
    );
  if (end < port || !isPort(end))
    throw new Refused(`${path}.endPort: Invalid value: ${end}: must be greater than or equal to \`port\``);
  return end;
}

function adminAction(action: unknown, tier: AdminPolicy['tier'], path: string): Rule['action'] {
  if (action === 'Allow' || action === 'Deny' || (action === 'Pass' && tier === 'admin')) return action;
  throw new Refused(`${path}: Unsupported value: "${text(action) ?? ''}"`);
}

/** `{namespaces: selector}` or `{pods: {namespaceSelector, podSelector}}`. */
export function adminSelection(of: unknown): PodSelection | undefined {
  const [namespaces, pods] = [at(of, 'namespaces'), at(of, 'pods')];
  if (isShape(namespaces) === isShape(pods)) return undefined;
  if (isShape(namespaces)) return { namespaces: labelRequirements(namespaces), pods: [] };
  return {
    namespaces: labelRequirements(at(pods, 'namespaceSelector')),
    pods: labelRequirements(at(pods, 'podSelector')),
  };
}

function adminPeers(peer: Shape): readonly Peer[] {
  const selection = adminSelection(peer);
  if (selection !== undefined) return [{ type: 'pods', selection }];
  if (isShape(peer['nodes'])) return [{ type: 'nodes', nodes: labelRequirements(peer['nodes']) }];
  const networks = texts(peer['networks']);
  if (networks.length === 0) return [{ type: 'unknown' }];
  return networks.map((cidr) => ({ type: 'block', block: checkedBlock(cidr, 'networks'), except: [] }));
}

function adminPort({ portNumber, portRange, namedPort }: Shape): PortMatch {
  const named = text(namedPort);
  if (named !== undefined) return { protocol: undefined, port: named };
  const of = isShape(portRange) ? portRange : portNumber;
  const port = number(at(of, 'port')) ?? number(at(of, 'start'));
  if (port === undefined) throw new Refused('ports: exactly one of portNumber, portRange and namedPort must be set');
  const endPort = number(at(of, 'end'));
  return { protocol: text(at(of, 'protocol')) ?? 'TCP', port, ...(endPort !== undefined && { endPort }) };
}

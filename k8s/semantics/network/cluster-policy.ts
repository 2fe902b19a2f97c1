/**
 * ClusterNetworkPolicy (policy.networking.k8s.io/v1alpha2), compiled: one kind for both tiers of admin policies. Refusals are those of its
 * CustomResourceDefinition (sigs.k8s.io/network-policy-api v0.3.0). Pure.
 */
import { labelRequirements } from '../selector.ts';
import { at, isShape, number, shapes, text, texts, type Shape } from '../shape.ts';
import { policyName } from './ends.ts';
import {
  adminSelection,
  checkedBlock,
  isPort,
  Refused,
  unlessRefused,
  type AdminPolicy,
  type UnreadPolicy,
} from './policies.ts';
import type { Direction, Peer, PortMatch, Rule } from './rules.ts';

const TIERS: Readonly<Record<string, AdminPolicy['tier']>> = { Admin: 'admin', Baseline: 'baseline' };
/** Unlike in v1alpha1, the baseline may pass, too: to the default, which allows. */
const ACTIONS: Readonly<Record<string, Rule['action']>> = { Accept: 'Allow', Deny: 'Deny', Pass: 'Pass' };
const SIDES = { ingress: 'from', egress: 'to' } as const;
const PEERS = { ingress: ['namespaces', 'pods'], egress: ['namespaces', 'pods', 'nodes', 'networks', 'domainNames'] };
const PROTOCOLS = { tcp: 'TCP', udp: 'UDP', sctp: 'SCTP' } as const;
const MOST = 25;

export function clusterNetworkPolicy(object: Shape): AdminPolicy | UnreadPolicy {
  const name = policyName(object, '');
  const spec = object['spec'];
  return unlessRefused(name, '', () => {
    const tier = TIERS[text(at(spec, 'tier')) ?? ''];
    if (tier === undefined) throw new Refused('spec.tier: Unsupported value: supported values: "Admin", "Baseline"');
    const priority = number(at(spec, 'priority')) ?? -1;
    if (!Number.isInteger(priority) || priority < 0 || priority > 1000)
      throw new Refused('spec.priority: Invalid value: must be 0 to 1000');
    const subject = adminSelection(at(spec, 'subject'));
    if (subject === undefined) throw new Refused('spec.subject: exactly one of namespaces and pods must be set');
    const rulesOf = (direction: Direction): readonly Rule[] =>
      atMost(shapes(at(spec, direction)), `spec.${direction}`).map((rule, index) =>
        ruleOf(rule, direction, `spec.${direction}[${index}]`, `${name} ${direction}[${index}]`),
      );
    return { name, tier, priority, subject, rules: { ingress: rulesOf('ingress'), egress: rulesOf('egress') } };
  });
}

function ruleOf(rule: Shape, direction: Direction, path: string, where: string): Rule {
  const action = ACTIONS[text(rule['action']) ?? ''];
  if (action === undefined)
    throw new Refused(`${path}.action: Unsupported value: supported values: "Accept", "Deny", "Pass"`);
  const side = SIDES[direction];
  const peers = atMost(shapes(rule[side]), `${path}.${side}`);
  // Everybody must be said: `namespaces: {}` or `networks: [0.0.0.0/0, ::/0]`.
  if (peers.length === 0) throw new Refused(`${path}.${side}: Required value: must have at least 1 item`);
  const protocols = atMost(shapes(rule['protocols']), `${path}.protocols`);
  const ports = protocols.map((one, index) => portOf(one, `${path}.protocols[${index}]`));
  const isNamed = protocols.some((one) => 'destinationNamedPort' in one);
  if (isNamed && peers.some((one) => !isShape(one['namespaces']) && !isShape(one['pods'])))
    throw new Refused(`${path}: networks/nodes/domainNames peer cannot be set with namedPorts`);
  return {
    action,
    peers: peers.flatMap((peer, index) => peersOf(peer, PEERS[direction], `${path}.${side}[${index}]`)),
    ports: ports.length === 0 ? null : ports,
    where,
  };
}

function atMost(members: readonly Shape[], path: string): readonly Shape[] {
  if (members.length > MOST) throw new Refused(`${path}: Too many: must have at most ${MOST} items`);
  return members;
}

/** The only field of an object that must have exactly one; what the API does not know it drops. */
function onlyField(of: Shape, fields: readonly string[], path: string): string {
  const [field, ...others] = fields.filter((one) => of[one] !== undefined && of[one] !== null);
  if (field === undefined || others.length > 0)
    throw new Refused(`${path}: Invalid value: exactly one of ${fields.join(', ')} must be set`);
  return field;
}

function peersOf(peer: Shape, fields: readonly string[], path: string): readonly Peer[] {
  const field = onlyField(peer, fields, path);
  const selection = adminSelection(peer);
  if (selection !== undefined) return [{ type: 'pods', selection }];
  if (field === 'nodes') return [{ type: 'nodes', nodes: labelRequirements(peer['nodes']) }];
  // What a name leads to is known to the DNS of that moment alone.
  if (field !== 'networks') return [{ type: 'unknown' }];
  return texts(peer['networks']).map((cidr) => ({
    type: 'block',
    block: checkedBlock(cidr, `${path}.networks`),
    except: [],
    coversPods: true,
  }));
}

function portOf(protocol: Shape, path: string): PortMatch {
  const field = onlyField(protocol, [...Object.keys(PROTOCOLS), 'destinationNamedPort'], path);
  const named = text(protocol['destinationNamedPort']);
  if (named !== undefined) return { protocol: undefined, port: named };
  const of = PROTOCOLS[field as keyof typeof PROTOCOLS];
  const destination = at(protocol[field], 'destinationPort');
  if (!isShape(destination)) return { protocol: of, port: undefined };
  const where = `${path}.${field}.destinationPort`;
  if (onlyField(destination, ['number', 'range'], where) === 'number')
    return { protocol: of, port: checkedPort(destination['number'], where) };
  const [port, endPort] = ['start', 'end'].map((end) => checkedPort(at(destination['range'], end), where));
  if (port === undefined || endPort === undefined || port >= endPort)
    throw new Refused(`${where}.range: Invalid value: Start port must be less than End port`);
  return { protocol: of, port, endPort };
}

function checkedPort(port: unknown, path: string): number {
  const found = number(port) ?? 0;
  if (!isPort(found)) throw new Refused(`${path}: Invalid value: must be between 1 and 65535, inclusive`);
  return found;
}

/** What a policy says without effect, or with more effect than anybody wants. Pure. */
import { isolatingPolicies } from './reach.ts';
import { matchesLabels } from '../selector.ts';
import { NAMESPACE_NAME, type PodEnd } from './ends.ts';
import type { NetworkPolicy } from './policies.ts';
import { selects, type Direction, type Peer, type PortMatch, type Rule } from './rules.ts';
import type { NetworkWorld } from './world.ts';

/**
 * `portNotDeclared`: a number that no container declares, which means little (containerPort is information); a name that no
 * container has (`portNobodyServes`) matches nothing.
 */
export type EffectId =
  'selectsNoPod' | 'peerMatchesNobody' | 'portNobodyServes' | 'portNotDeclared' | 'egressToEverybody';
export interface Effect {
  readonly id: EffectId;
  readonly policy: NetworkPolicy;
  /** JSON path in the policy. */
  readonly path: string;
  /** What is meant, for people: `port metrics/TCP`. */
  readonly what: string;
}

const DIRECTIONS: readonly Direction[] = ['ingress', 'egress'];
const SIDE = { ingress: 'from', egress: 'to' } as const;

/** Of every NetworkPolicy in these namespaces; where pods of other namespaces are not among the objects, peers there are not judged. */
export function effectsOf(world: NetworkWorld, namespaces: readonly string[]): readonly Effect[] {
  const pods = [...world.pods.values()].filter(({ isFinished }) => !isFinished);
  return namespaces.flatMap((namespace) =>
    (world.policies.get(namespace) ?? []).flatMap((policy) => policyEffects(world, policy, pods)),
  );
}

function policyEffects(world: NetworkWorld, policy: NetworkPolicy, pods: readonly PodEnd[]): readonly Effect[] {
  const subjects = pods.filter(
    (pod) =>
      pod.class.namespace === policy.namespace &&
      selects(policy.subject, policy.namespace, pod, world.selections) === 'yes',
  );
  // A default deny may well wait for the pods to come; a policy for some pods that are not there is a slip.
  const isForSome = policy.subject.pods.length > 0;
  if (subjects.length === 0)
    return isForSome
      ? [{ id: 'selectsNoPod', policy, path: 'spec.podSelector', what: 'no pod' }]
      : policy.rules.egress.flatMap((rule, index) => openEgress(policy, rule, `spec.egress[${index}]`));
  return DIRECTIONS.filter((direction) => policy.isolates[direction]).flatMap((direction) =>
    policy.rules[direction].flatMap((rule, index) => {
      const path = `spec.${direction}[${index}]`;
      const targets = direction === 'ingress' ? subjects : targetsOf(world, policy, rule, pods);
      return [
        ...peerEffects(world, policy, rule, pods).map((effect) => ({
          ...effect,
          path: `${path}.${SIDE[direction]}[${effect.index}]`,
        })),
        ...portEffects(policy, rule, path, targets),
        ...(direction === 'egress' ? openEgress(policy, rule, path) : []),
      ];
    }),
  );
}

function peerEffects(world: NetworkWorld, policy: NetworkPolicy, rule: Rule, pods: readonly PodEnd[]) {
  return (rule.peers ?? []).flatMap((peer, index) => {
    if (peer.type !== 'pods' || pods.some((pod) => matches(world, policy, peer, pod) !== 'no')) return [];
    if (isOutOfSight(world, peer, pods)) return [];
    const isElsewhere = peer.selection.namespaces !== null;
    return [
      {
        id: 'peerMatchesNobody' as const,
        policy,
        index,
        what: isElsewhere ? 'no pod of any namespace' : `no pod of ${policy.namespace}`,
      },
    ];
  });
}

/** Files hold a part of a cluster: a namespace that is chosen by its name and is not among them may well have such pods. */
function isOutOfSight(
  world: NetworkWorld,
  { selection }: Extract<Peer, { type: 'pods' }>,
  pods: readonly PodEnd[],
): boolean {
  const { namespaces } = selection;
  // Every cluster has it.
  const isWholeCluster = world.namespaces('kube-system').isKnown;
  if (namespaces === null || isWholeCluster || namespaces.some(({ key }) => key !== NAMESPACE_NAME)) return false;
  const names = new Set(pods.map((pod) => pod.class.namespace));
  return ![...names].some((name) => matchesLabels(namespaces, world.namespaces(name).labels));
}

const matches = (world: NetworkWorld, policy: NetworkPolicy, peer: Extract<Peer, { type: 'pods' }>, pod: PodEnd) =>
  world.selections.matches(peer.selection, policy.namespace, pod.class);

/** Pods that an egress rule leads to; undefined where it leads to addresses, whose ports nobody declares. */
function targetsOf(
  world: NetworkWorld,
  policy: NetworkPolicy,
  { peers }: Rule,
  pods: readonly PodEnd[],
): readonly PodEnd[] | undefined {
  if (peers === null || peers.some((peer) => peer.type !== 'pods')) return undefined;
  return pods.filter((pod) => peers.some((peer) => peer.type === 'pods' && matches(world, policy, peer, pod) !== 'no'));
}

/** A port is served where a container declares it; pods that declare none may serve any number. */
function portEffects(
  policy: NetworkPolicy,
  { ports }: Rule,
  path: string,
  targets: readonly PodEnd[] | undefined,
): readonly Effect[] {
  if (targets === undefined || targets.length === 0) return [];
  const serves = (match: PortMatch, pod: PodEnd): boolean => {
    if (match.port === undefined) return true;
    const { port, endPort = port } = match;
    if (typeof port === 'string')
      return pod.ports.some(({ name, protocol }) => name === port && protocol === match.protocol);
    const isDeclared = pod.ports.some(
      (one) => one.protocol === match.protocol && one.port >= port && one.port <= Number(endPort),
    );
    return isDeclared || pod.ports.length === 0;
  };
  return (ports ?? []).flatMap((match, index) =>
    targets.some((pod) => serves(match, pod))
      ? []
      : [
          {
            id: typeof match.port === 'string' ? ('portNobodyServes' as const) : ('portNotDeclared' as const),
            policy,
            path: `${path}.ports[${index}]`,
            what: `${match.port ?? 'any'}/${match.protocol ?? 'any'}`,
          },
        ],
  );
}

/** Everybody in the world: a rule without peers, or a block of all addresses of a family. Exceptions narrow it, and are accepted. */
function openEgress(policy: NetworkPolicy, { peers, ports }: Rule, path: string): readonly Effect[] {
  const isOpen = (peer: Peer): boolean =>
    peer.type === 'block' && peer.block.first === 0n && peer.except.length === 0 && isWholeFamily(peer);
  const open = peers === null ? [''] : peers.flatMap((peer, index) => (isOpen(peer) ? [`.to[${index}]`] : []));
  const what =
    ports === null
      ? 'every port'
      : ports.map(({ port, protocol }) => `${port ?? 'every port'}/${protocol ?? ''}`).join(', ');
  return open.map((where) => ({ id: 'egressToEverybody' as const, policy, path: path + where, what }));
}

const isWholeFamily = ({ block }: Extract<Peer, { type: 'block' }>): boolean =>
  block.last === (block.family === 4 ? (1n << 32n) - 1n : (1n << 128n) - 1n);

/** Pods that no policy selects in a direction: open to everybody, or to reach everybody. */
export function unselectedPods(
  world: NetworkWorld,
  namespaces: readonly string[],
): readonly { readonly pod: PodEnd; readonly direction: Direction }[] {
  const pods = [...world.pods.values()].filter(
    ({ isFinished, hostNetwork, class: { namespace } }) =>
      !isFinished && !hostNetwork && namespaces.includes(namespace),
  );
  return pods.flatMap((pod) =>
    DIRECTIONS.filter((direction) => isolatingPolicies(world, pod, direction).length === 0).map((direction) => ({
      pod,
      direction,
    })),
  );
}

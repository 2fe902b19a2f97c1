/**
 * Who may reach whom: a connection needs the egress of its source and the ingress of its destination. Admin policies are asked
 * first, by priority; what they pass on or do not name NetworkPolicy decides; the baseline is asked where no NetworkPolicy isolates;
 * else it is allowed. Pure. The cost of a question grows with the policies of two namespaces, never with the pods.
 */
import { matchesLabels } from '../selector.ts';
import type { NetworkEnd, PodEnd } from './ends.ts';
import type { AdminPolicy, NetworkPolicy } from './policies.ts';
import { ruleMatches, selects, type Direction, type Match, type Rule } from './rules.ts';
import type { NetworkService, NetworkWorld } from './world.ts';

/** `undefined`: Kubernetes does not say, or what decides is not among the objects. */
export type Verdict = 'allow' | 'deny' | 'undefined';
export interface Side {
  readonly verdict: Verdict;
  /** The rules that allow or deny it, the policies that isolate, or why nothing can be said. */
  readonly because: readonly string[];
}
export interface Reach {
  readonly verdict: Verdict;
  readonly egress: Side;
  readonly ingress: Side;
}
export interface Connection {
  readonly from: NetworkEnd;
  readonly to: NetworkEnd;
  /** Of the pod, after any Service has been translated. */
  readonly port: number;
  readonly protocol: string;
}

const OPEN: Side = { verdict: 'allow', because: [] };
const unsure = (...because: readonly string[]): Side => ({ verdict: 'undefined', because });

/** Whether this connection is allowed, and which rules say so. */
export function reach(world: NetworkWorld, connection: Connection): Reach {
  const { from, to } = connection;
  if (from === to && !(from.type === 'pod' && from.isWorkload))
    return { verdict: 'allow', egress: OPEN, ingress: { verdict: 'allow', because: ['a pod reaches itself'] } };
  const egress = from.type === 'pod' ? sideOf(world, 'egress', from, to, connection) : OPEN;
  const ingress = to.type === 'pod' ? sideOf(world, 'ingress', to, from, connection) : OPEN;
  return { verdict: together(egress.verdict, ingress.verdict), egress, ingress };
}

export function together(a: Verdict, b: Verdict): Verdict {
  if (a === 'deny' || b === 'deny') return 'deny';
  return a === 'allow' && b === 'allow' ? 'allow' : 'undefined';
}

function sideOf(
  world: NetworkWorld,
  direction: Direction,
  subject: PodEnd,
  peer: NetworkEnd,
  connection: Connection,
): Side {
  if (subject.isFinished) return unsure(`${subject.name} has finished: it has no network`);
  if (peer.type === 'pod' && peer.isFinished) return unsure(`${peer.name} has finished: it has no network`);
  // Probes of the kubelet come from the pod's own node.
  if (direction === 'ingress' && peer.type === 'node' && peer.name === subject.node)
    return { verdict: 'allow', because: [`${subject.name} runs on ${peer.name}`] };
  const foreign = world.unread.filter(
    ({ isRefused, namespace }) => !isRefused && (namespace === '' || namespace === subject.class.namespace),
  );
  if (foreign.length > 0) return unsure(...foreign.map(({ name, says }) => `${name}: ${says}`));
  const ask = { world, direction, subject, peer, connection };
  // Host-networked pods are neither subjects nor peers of admin policies.
  const isAdminsAffair = !subject.hostNetwork && !(peer.type === 'pod' && peer.hostNetwork);
  const admin = isAdminsAffair ? world.adminPolicies : [];
  return tierOf(
    admin.filter(({ tier }) => tier === 'admin'),
    ask,
    () =>
      networkPolicies(ask, () =>
        tierOf(
          admin.filter(({ tier }) => tier === 'baseline'),
          ask,
          () => OPEN,
        ),
      ),
  );
}

interface Ask {
  readonly world: NetworkWorld;
  readonly direction: Direction;
  readonly subject: PodEnd;
  readonly peer: NetworkEnd;
  readonly connection: Connection;
}

const matchOf = ({ world, peer, connection }: Ask, rule: Rule, home: string): Match =>
  ruleMatches(rule, home, peer, { target: connection.to, ...connection }, world.selections);

/** The first rule that matches decides; policies of one priority have no order between them: they must agree. */
function tierOf(policies: readonly AdminPolicy[], ask: Ask, next: () => Side): Side {
  const [first] = policies;
  if (first === undefined) return next();
  const rest = (): Side =>
    tierOf(
      policies.filter(({ priority }) => priority !== first.priority),
      ask,
      next,
    );
  const equals = policies.filter(({ priority }) => priority === first.priority);
  const sides = equals.map((policy) => policySide(policy, ask)).filter((side) => side !== undefined);
  const [one, ...others] = sides.map((side) => side(rest, next));
  if (one === undefined) return rest();
  if (others.every(({ verdict }) => verdict === one.verdict)) return one;
  return unsure(`${equals.map(({ name }) => name).join(' and ')} have the same priority and disagree`);
}

type Decided = (rest: () => Side, next: () => Side) => Side;

function policySide(policy: AdminPolicy, ask: Ask): Decided | undefined {
  const subject = selects(policy.subject, '', ask.subject, ask.world.selections);
  if (subject === 'no') return undefined;
  const matches = policy.rules[ask.direction].map((rule) => ({ rule, match: matchOf(ask, rule, '') }));
  const hits = matches.filter(({ match }) => match !== 'no');
  const sure = hits.findIndex(({ match }) => match === 'yes');
  const relevant = sure === -1 ? hits : hits.slice(0, sure + 1);
  if (relevant.length === 0) return undefined;
  return (rest, next) => {
    const options = relevant.map(({ rule }) => ruleSide(rule, next));
    // What may not match at all, or a policy that may not select the pod, leaves the decision to who comes after.
    const all = sure === -1 || subject === 'unsure' ? [...options, rest()] : options;
    const [one] = all;
    if (one !== undefined && all.every(({ verdict }) => verdict === one.verdict)) return one;
    return unsure(...relevant.filter(({ match }) => match === 'unsure').map(({ rule }) => `${rule.where} may match`));
  };
}

function ruleSide({ action, where }: Rule, next: () => Side): Side {
  if (action !== 'Pass') return { verdict: action === 'Allow' ? 'allow' : 'deny', because: [where] };
  const side = next();
  return { ...side, because: [where, ...side.because] };
}

/** Allowed by any rule of any policy that selects the pod; where none selects it, `next` decides. */
function networkPolicies(ask: Ask, next: () => Side): Side {
  const { subject, peer, direction } = ask;
  const isolating = isolatingPolicies(ask.world, subject, direction);
  if (isolating.length === 0) return next();
  const matches = isolating
    .flatMap(({ rules, namespace }) => rules[direction].map((rule) => ({ rule, namespace })))
    .map(({ rule, namespace }) => ({ rule, match: matchOf(ask, rule, namespace) }));
  const where = (wanted: Match): readonly string[] =>
    matches.flatMap(({ rule, match }) => (match === wanted ? [rule.where] : []));
  // A selector that only happens to match a host-networked pod's labels promises nothing.
  const sure = matches.filter(({ rule, match }) => match === 'yes' && (rule.peers === null || !isOnHostNetwork(peer)));
  if (sure.length > 0) return { verdict: 'allow', because: sure.map(({ rule }) => rule.where) };
  const undecided = [subject, peer].find(isOnHostNetwork);
  if (undecided !== undefined)
    return unsure(
      `${undecided.name} is on its node's network: whether NetworkPolicy holds for it is left to the plug-in`,
    );
  if (matches.some(({ match }) => match === 'unsure'))
    return unsure(
      ...where('unsure').map((one) => `${one} may match: it does not say for pods and namespaces like these`),
    );
  return { verdict: 'deny', because: isolating.map(({ name }) => `${name} allows no such ${direction}`) };
}

const isOnHostNetwork = (end: NetworkEnd): boolean => end.type === 'pod' && end.hostNetwork;

/** The policies that isolate a pod in this direction. */
export function isolatingPolicies(world: NetworkWorld, pod: PodEnd, direction: Direction): readonly NetworkPolicy[] {
  return (world.policies.get(pod.class.namespace) ?? []).filter(
    (policy) =>
      policy.isolates[direction] && selects(policy.subject, policy.namespace, pod, world.selections) === 'yes',
  );
}

/** A pod behind a Service, with the port that a connection to the Service's port ends on; undefined where the pod has none. */
export interface Backend {
  readonly pod: PodEnd;
  readonly port: number | undefined;
}

/** The pods behind a Service's port; undefined where its endpoints do not follow from a selector, or it has no such port. */
export function backends(
  world: NetworkWorld,
  service: NetworkService,
  port: number,
  protocol: string,
): readonly Backend[] | undefined {
  const { selector, namespace, isHeadless } = service;
  const served = service.ports.find((one) => one.port === port && one.protocol === protocol);
  if (selector === null || served === undefined) return undefined;
  const requirements = Object.entries(selector).map(([key, value]) => ({
    key,
    operator: 'In' as const,
    values: [value],
  }));
  const behind = [...world.pods.values()].filter(
    (pod) => !pod.isFinished && pod.class.namespace === namespace && matchesLabels(requirements, pod.class.labels),
  );
  // The name of a headless Service leads to the pods themselves: nothing translates the port.
  const target = isHeadless ? port : served.targetPort;
  return behind.map((pod) => ({
    pod,
    port:
      typeof target === 'number'
        ? target
        : pod.ports.find((one) => one.name === target && one.protocol === protocol)?.port,
  }));
}

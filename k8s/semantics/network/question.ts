/** Questions by name, as people and files ask them, and their answers. Pure. */
import { addressRange } from './address.ts';
import type { NetworkEnd, NodeEnd } from './ends.ts';
import { backends, reach, type Reach, type Side, type Verdict } from './reach.ts';
import type { NetworkService, NetworkWorld } from './world.ts';

export interface Question {
  /** `NS/POD`, `NS/deploy/NAME`, `node:NAME`, an address or a block; a target may be a Service, `NS/svc/NAME` or `svc:NS/NAME`. */
  readonly from: string;
  readonly to: string;
  readonly port: number;
  readonly protocol: string;
}
export interface Answer {
  readonly verdict: Verdict;
  readonly egress: Verdict;
  readonly ingress: Verdict;
  readonly because: readonly string[];
}
/** A name that stands for nothing, or for several things. */
export class UnknownEnd extends Error {
  override readonly name = 'UnknownEnd';
}

const SHORT = ['deploy', 'sts', 'ds', 'rs', 'rc', 'job', 'cj'] as const;

/**
 * Answers one question.
 * @throws UnknownEnd for a name that is not among the objects, or that more than one object has
 */
export function answer(world: NetworkWorld, { from, to, port, protocol }: Question): Answer {
  const source = endOf(world, from);
  const target = targetOf(world, to);
  if (!('selector' in target)) return answered([reach(world, { from: source, to: target, port, protocol })]);
  const behind = backends(world, target, port, protocol);
  if (behind === undefined) return unserved(target, port, protocol);
  if (behind.length === 0) return unclear(`Service ${target.name} selects no pod`);
  const nameless = behind.filter((one) => one.port === undefined).map(({ pod }) => pod.name);
  const served = behind.flatMap(({ pod, port: targetPort }) =>
    targetPort === undefined ? [] : [{ pod, port: targetPort }],
  );
  if (served.length === 0)
    return unclear(`${nameless.join(', ')} do not name the port that Service ${target.name} leads to`);
  return answered(served.map((one) => reach(world, { from: source, to: one.pod, port: one.port, protocol })));
}

const unclear = (why: string): Answer => ({
  verdict: 'undefined',
  egress: 'undefined',
  ingress: 'undefined',
  because: [why],
});

function unserved({ name, selector, ports }: NetworkService, port: number, protocol: string): Answer {
  if (selector === null) return unclear(`Service ${name} has no selector: what it leads to is not among the objects`);
  const has = ports.map((one) => `${one.port}/${one.protocol}`).join(', ');
  const because = [`Service ${name} has no port ${port}/${protocol}, it has ${has || 'none'}`];
  return { verdict: 'deny', egress: 'allow', ingress: 'deny', because };
}

/** Of a Service's pods all must agree: which one a connection ends on is not for the client to say. */
function answered(all: readonly Reach[]): Answer {
  const agreed = (verdicts: readonly Verdict[]): Verdict => {
    const [one = 'undefined', ...others] = verdicts;
    return others.every((verdict) => verdict === one) ? one : 'undefined';
  };
  const [egress, ingress] = [
    agreed(all.map((one) => one.egress.verdict)),
    agreed(all.map((one) => one.ingress.verdict)),
  ];
  const verdict = agreed(all.map((one) => one.verdict));
  // The reasons of what decided: an allowed connection needs both sides, a denied one was stopped by one of them.
  const sides = all.flatMap((one): readonly Side[] => [one.egress, one.ingress]);
  const telling = verdict === 'undefined' ? sides : sides.filter((side) => side.verdict === verdict);
  return { verdict, egress, ingress, because: [...new Set(telling.flatMap(({ because }) => because))] };
}

/** @throws UnknownEnd */
export function endOf(world: NetworkWorld, name: string): NetworkEnd {
  if (name.startsWith('node:')) return nodeOf(world, name.slice('node:'.length));
  const [namespace = '', kind = '', rest, ...more] = name.split('/');
  const range = addressRange(name);
  if (range !== undefined) return addressOwner(world, name) ?? { type: 'address', name, range };
  const known = world.pods.get(name);
  if (known !== undefined) return known;
  if (rest !== undefined || kind === '' || more.length > 0)
    throw new UnknownEnd(`${name}: nothing of this name is among the objects`);
  const workloads = SHORT.flatMap((short) => world.pods.get(`${namespace}/${short}/${kind}`) ?? []);
  const [one, other] = workloads;
  if (one === undefined) throw new UnknownEnd(`${name}: nothing of this name is among the objects`);
  if (other !== undefined)
    throw new UnknownEnd(`${name} is ${workloads.map((each) => each.name).join(' and ')}: say which`);
  return one;
}

/** A target may be a Service, too: after pods and workloads, unless it is named as one. */
function targetOf(world: NetworkWorld, name: string): NetworkEnd | NetworkService {
  const forced = /^svc:(.+)$/.exec(name)?.[1] ?? name.replace(/^([^/]+)\/svc\/([^/]+)$/, '$1/$2');
  const service = world.services.get(forced);
  if (forced !== name) {
    if (service !== undefined) return service;
    throw new UnknownEnd(`${name}: no Service of this name is among the objects`);
  }
  try {
    return endOf(world, name);
  } catch (error) {
    if (service === undefined) throw error;
    return service;
  }
}

function nodeOf(world: NetworkWorld, name: string): NodeEnd {
  const known = world.nodes.get(name);
  if (known !== undefined) return known;
  if ([...world.pods.values()].some(({ node }) => node === name))
    return { type: 'node', name, labels: undefined, addresses: [] };
  throw new UnknownEnd(`node:${name}: no node of this name is among the objects`);
}

/** The pod that has an address now: a finished pod's may be another's already; one of the node's network is its node's. */
function addressOwner(world: NetworkWorld, address: string): NetworkEnd | undefined {
  const range = addressRange(address);
  if (range === undefined || range.first !== range.last) return undefined;
  for (const pod of world.pods.values())
    if (
      !pod.isFinished &&
      !pod.hostNetwork &&
      pod.addresses.some(({ family, first }) => family === range.family && first === range.first)
    )
      return pod;
  return undefined;
}

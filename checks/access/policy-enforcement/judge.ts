import { answer, UnknownEnd } from '../../../k8s/semantics/network/question.ts';
import { backends, type Verdict } from '../../../k8s/semantics/network/reach.ts';
import { readNetwork, type NetworkWorld } from '../../../k8s/semantics/network/world.ts';
import { textAt } from '../../contract/json.ts';
import { table } from '../../kit/evidence.ts';
import { objectSubject, type Say } from '../../kit/kind.ts';
import type { Called } from '../../protocols/pod-connection.ts';
import { isReady } from '../../protocols/ready-pod.ts';
import type { Agent } from './agents.ts';
import { serviceOf, type Params, type Probe, type Target } from './params.ts';

export const messages = {
  reached: {
    says: '{subject}: connects although policies forbid it ({because}), expected the network plug-in to enforce them.',
    fix: 'Install a network plug-in that enforces NetworkPolicy, or switch its policies on. Until then they protect nothing.',
  },
  notForbidden: {
    says: '{subject}: no policy forbids it, expected one to keep the caller out.',
    fix: 'Write the policy that is missing, or name in the item a call that a policy forbids.',
  },
  switchedOff: {
    says: '{subject}: {why}, expected {plugIn} to enforce policies.',
    fix: 'Switch network policies on in the settings of the plug-in.',
  },
  notEverywhere: {
    says: '{subject}: is ready on {ready} of {desired} nodes, expected {plugIn} to enforce policies on every node.',
    fix: 'Find out why its pods are not ready: kubectl describe daemonset. On the other nodes nobody enforces policies.',
  },
} as const;
type Saying = Say<typeof messages>;

export type Probed =
  | { readonly pod: string; readonly allowed: Called; readonly forbidden: Called }
  | { readonly pod: null; readonly why: string };
export interface Seen {
  /** Policies, pods, Services, namespaces. */
  readonly objects: readonly object[];
  readonly agents: readonly Agent[];
  /** In the order of the params. */
  readonly probes: readonly Probed[];
}

export function judge(params: Params, { objects, agents, probes }: Seen, say: Saying): void {
  const world = readNetwork(objects);
  for (const agent of agents) judgeAgent(agent, say);
  params.probes.forEach((probe, index) => {
    const probed = probes[index];
    if (probed !== undefined) judgeProbe({ params, probe, world, objects }, probed, say);
  });
  say.show(
    table(
      'Connections',
      ['from', 'to', 'expected', 'saw', 'ms'],
      params.probes.flatMap((probe, index) => {
        const probed = probes[index];
        if (!probed || probed.pod === null) return [];
        const row = (target: Target, expected: string, { saw, ms }: Called) => [
          `Pod ${params.namespace}/${probed.pod}`,
          addressOf(params, target),
          expected,
          saw,
          ms,
        ];
        return [
          row(probe.allowed, 'connected', probed.allowed),
          row(probe.forbidden, 'refused or silent', probed.forbidden),
        ];
      }),
    ),
    table(
      'Agents that enforce policies',
      ['plug-in', 'DaemonSet', 'ready', 'nodes'],
      agents.map(({ plugIn, namespace, name, ready, desired }) => [
        plugIn,
        `${namespace}/${name}`,
        ready ?? 'not reported',
        desired ?? 'not reported',
      ]),
    ),
  );
}

function judgeAgent({ plugIn, namespace, name, ready, desired, switchedOff }: Agent, say: Saying): void {
  const subject = objectSubject('DaemonSet', { namespace, name });
  say.judged(subject);
  if (switchedOff !== undefined) say.fail('switchedOff', subject, { why: switchedOff, plugIn });
  if (ready === undefined || desired === undefined) say.unknown(subject, 'on how many nodes it is ready');
  else if (ready < desired) say.fail('notEverywhere', subject, { ready, desired, plugIn });
}

interface Asked {
  readonly params: Params;
  readonly probe: Probe;
  readonly world: NetworkWorld;
  readonly objects: readonly object[];
}

const addressOf = (params: Params, target: Target): string => `${serviceOf(params, target)}:${target.port}`;

function judgeProbe(asked: Asked, probed: Probed, say: Saying): void {
  const { params, probe, world } = asked;
  const caller = `Deployment ${params.namespace}/${probe.from}`;
  const subject = `${caller} to ${addressOf(params, probe.forbidden)}`;
  say.judged(subject);
  if (probed.pod === null) return say.unsure('not-found', `${caller}: ${probed.why}.`, { subject });
  const { verdict, because } = forbiddenBy(world, `${params.namespace}/${probed.pod}`, asked);
  if (verdict === 'allow') return say.fail('notForbidden', subject);
  if (probed.forbidden.saw === 'connected') {
    if (isEmpty(asked))
      return say.unsure('no-positive-control', `${subject}: connects, and no pod stands behind it that could answer.`, {
        subject,
      });
    // Whoever gets through needs no control: the connection is the proof.
    return say.fail('reached', subject, { because });
  }
  const doubt = doubtOf(asked, probed);
  if (doubt !== undefined) say.unsure('no-positive-control', `${subject}: ${doubt}.`, { subject });
}

/** What policies say of the forbidden call. Those of a plug-in's own kind leave it open: then the item's word counts. */
function forbiddenBy(
  world: NetworkWorld,
  from: string,
  { params, probe: { forbidden } }: Asked,
): { readonly verdict: Verdict; readonly because: string } {
  const to = `svc:${serviceOf(params, forbidden)}`;
  try {
    const said = answer(world, { from, to, port: forbidden.port, protocol: 'TCP' });
    return { verdict: said.verdict, because: said.because.join('; ') };
  } catch (error) {
    if (error instanceof UnknownEnd) return { verdict: 'undefined', because: error.message };
    throw error;
  }
}

/** Why silence proves nothing; undefined where it does. */
function doubtOf(asked: Asked, { allowed, forbidden }: Extract<Probed, { pod: string }>): string | undefined {
  const { params, probe } = asked;
  const control = addressOf(params, probe.allowed);
  if (allowed.saw !== 'connected')
    return `the call that is allowed, to ${control}, did not connect either (${allowed.why})`;
  if (forbidden.saw === 'unclear') return `what became of the call is not clear (${forbidden.why})`;
  if (!isUp(asked))
    return `no pod behind ${addressOf(params, probe.forbidden)} is ready, so nobody could have answered`;
  return undefined;
}

/** Pods behind the forbidden Service; undefined where there is no such Service, or who is behind it cannot be told. */
function podsBehind({ params, probe: { forbidden }, world }: Asked): readonly string[] | undefined {
  const service = world.services.get(serviceOf(params, forbidden));
  return service && backends(world, service, forbidden.port, 'TCP')?.map(({ pod }) => pod.name);
}

/** Nobody stands behind the Service: whatever took the connection is not what policies protect. */
function isEmpty(asked: Asked): boolean {
  return podsBehind(asked)?.length === 0;
}

/** Is somebody there to answer? */
function isUp(asked: Asked): boolean {
  const behind = podsBehind(asked) ?? [];
  return asked.objects.some(
    (one) =>
      textAt(one, '', 'kind') === 'Pod' &&
      behind.includes(`${textAt(one, '', 'metadata', 'namespace')}/${textAt(one, '', 'metadata', 'name')}`) &&
      isReady(one),
  );
}

import { effectsOf, unselectedPods } from '../../../k8s/semantics/network/effects.ts';
import type { PodEnd } from '../../../k8s/semantics/network/ends.ts';
import { matrixOf, targetText } from '../../../k8s/semantics/network/matrix.ts';
import { answer, UnknownEnd, type Answer, type Question } from '../../../k8s/semantics/network/question.ts';
import type { Verdict } from '../../../k8s/semantics/network/reach.ts';
import { readNetwork, type NetworkWorld } from '../../../k8s/semantics/network/world.ts';
import { table } from '../../kit/evidence.ts';
import { objectSubject, type Say, type Subject } from '../../kit/kind.ts';
import type { Params } from './params.ts';

export const messages = {
  unselected: {
    says: '{subject}: no policy isolates its {direction}, expected every pod to be selected both ways.',
    fix: 'Add a NetworkPolicy with an empty podSelector and policyTypes Ingress and Egress to its namespace.',
  },
  reached: {
    says: '{subject}: reaches {to} on {port}, expected it to be denied ({because}).',
    fix: 'Narrow the rule that allows it: name both the namespace and the pods in one peer.',
  },
  cutOff: {
    says: '{subject}: does not reach {to} on {port}, expected it to ({because}).',
    fix: 'Allow it on both sides: the egress of the source and the ingress of the target, on the port of the pod.',
  },
  selectsNoPod: {
    says: '{subject}: {path} selects no pod, expected a policy to have an effect.',
    fix: 'Correct the labels of the selector, or delete the policy.',
  },
  peerMatchesNobody: {
    says: '{subject}: {path} matches {what}, expected a peer to be there.',
    fix: 'Correct the labels: of namespaces only kubernetes.io/metadata.name is set by itself.',
  },
  portNobodyServes: {
    says: '{subject}: {path} allows {what}, which no pod behind it serves.',
    fix: 'Name the port of the pod, not that of its Service, or correct the name.',
  },
  egressToEverybody: {
    says: '{subject}: {path} lets pods reach every address on {what}, expected named targets.',
    fix: 'Name the addresses or pods that are needed; what must stay open goes into openEgress, with the reason.',
  },
  refused: { says: '{subject}: an API server refuses it: {says}.', fix: 'Correct the policy: it is not in force.' },
} as const;

type Saying = Say<typeof messages>;

/** By the engine of k8s/semantics/network, which answers allow, deny or that nobody can say. */
export function judge(given: Params, { objects }: { readonly objects: readonly object[] }, say: Saying): void {
  const world = readNetwork(objects);
  judgePods(given.namespaces, world, say);
  judgeEffects(given, world, say);
  judgeMatrix(given, world, say);
  showReach(world, say);
  for (const { name, namespace, isRefused, says } of world.unread) {
    const subject = policySubject(name);
    if (isRefused) say.fail('refused', subject, { says });
    else if (namespace === '' || given.namespaces.includes(namespace))
      say.unsure('unknown-value', `${name}: ${says}.`, { subject });
  }
}

function judgePods(namespaces: readonly string[], world: NetworkWorld, say: Saying): void {
  const pods = judgedPods(namespaces, world);
  for (const { name, hostNetwork } of pods) {
    say.judged(podSubject(name));
    if (hostNetwork)
      say.unsure('unknown-value', `${name}: is on its node's network, which policies need not isolate.`, {
        subject: podSubject(name),
      });
  }
  for (const name of namespaces.filter((one) => !pods.some((pod) => pod.class.namespace === one)))
    say.unsure('no-subjects', `Namespace ${name}: has no pod to judge.`, {
      subject: objectSubject('Namespace', { name }),
    });
  for (const { pod, direction } of unselectedPods(world, namespaces))
    if (pods.includes(pod)) say.fail('unselected', podSubject(pod.name), { direction });
}

/** Pods that run, and what a workload will start where none of its pods runs. */
function judgedPods(namespaces: readonly string[], world: NetworkWorld): readonly PodEnd[] {
  const all = [...world.pods.values()].filter(
    ({ isFinished, class: { namespace } }) => !isFinished && namespaces.includes(namespace),
  );
  const running = all.filter(({ isWorkload }) => !isWorkload);
  const isThere = (workload: PodEnd): boolean =>
    running.some(
      (pod) =>
        pod.class.namespace === workload.class.namespace &&
        Object.entries(workload.class.labels).every(([key, value]) => pod.class.labels[key] === value),
    );
  return all.filter((one) => !one.isWorkload || !isThere(one));
}

function judgeEffects({ namespaces, openEgress }: Params, world: NetworkWorld, say: Saying): void {
  const undeclared: Cells[] = [];
  for (const { id, policy, path, what } of effectsOf(world, namespaces)) {
    const isExempt =
      id === 'egressToEverybody' && openEgress.some((one) => policy.name === `NetworkPolicy ${one.policy}`);
    if (id === 'portNotDeclared') undeclared.push([policy.name, path, what]);
    else if (!isExempt) say.fail(id, policySubject(policy.name), { path, what }, { path });
  }
  if (undeclared.length > 0)
    say.show(table('Ports that policies allow and no container declares', ['policy', 'path', 'port'], undeclared));
}
type Cells = readonly [string, string, string];

function judgeMatrix({ matrix }: Params, world: NetworkWorld, say: Saying): void {
  const rows = matrix.map((row) => ({ row, given: ask(world, { ...row }) }));
  for (const { row, given } of rows) {
    const { from, to, want } = row;
    say.judged(`${from} → ${to} ${portText(row)}`);
    const data = {
      to,
      port: portText(row),
      because: typeof given === 'string' ? given : given.because.join('; ') || 'no policy isolates either',
    };
    if (typeof given === 'string') say.unsure('unknown-value', `${given}.`, { subject: { name: from } });
    else if (given.verdict === 'undefined')
      say.unsure('unknown-value', `${from} → ${to} ${portText(row)}: ${data.because}.`, { subject: { name: from } });
    else if (given.verdict !== want) say.fail(want === 'deny' ? 'reached' : 'cutOff', { name: from }, data);
  }
  if (rows.length === 0) return;
  const verdict = (given: Answer | string): Verdict => (typeof given === 'string' ? 'undefined' : given.verdict);
  say.show(
    table(
      'Declared reachability',
      ['from', 'to', 'port', 'wanted', 'holds'],
      rows.map(({ row, given }) => [row.from, row.to, portText(row), row.want, verdict(given)]),
    ),
  );
}

/** Cells of a matrix that people can still read. */
const MOST_CELLS = 2500;

/** Everybody against everybody, by the policies: what is allowed and was never thought of is seen here. */
function showReach(world: NetworkWorld, say: Saying): void {
  const { sources, targets, cells } = matrixOf(world);
  if (sources.length === 0 || targets.length === 0 || sources.length * targets.length > MOST_CELLS) return;
  say.show({ type: 'reach', title: 'Who may reach whom', sources, targets: targets.map(targetText), cells });
}

const portText = ({ port, protocol }: Params['matrix'][number]): string => `${port}/${protocol}`;

function ask(world: NetworkWorld, question: Question): Answer | string {
  try {
    return answer(world, question);
  } catch (error) {
    if (error instanceof UnknownEnd) return error.message;
    throw error;
  }
}

const KINDS: Readonly<Record<string, string>> = {
  deploy: 'Deployment',
  sts: 'StatefulSet',
  ds: 'DaemonSet',
  rs: 'ReplicaSet',
  rc: 'ReplicationController',
  job: 'Job',
  cj: 'CronJob',
};
/** `shop/web-0` is a Pod, `shop/deploy/web` a Deployment. */
function podSubject(end: string): Subject {
  const [namespace = '', kind = '', name] = end.split('/');
  return name === undefined ? { name: kind, kind: 'Pod', namespace } : { name, kind: KINDS[kind] ?? kind, namespace };
}
function policySubject(text: string): Subject {
  const [, kind = '', namespace, name = text] = /^(\S+) (?:([^/]+)\/)?(.+)$/.exec(text) ?? [];
  return { name, kind, ...(namespace === undefined ? {} : { namespace }) };
}

import type { KubeObject } from '../../contract/cluster.ts';
import { at, textAt } from '../../contract/json.ts';
import { table } from '../../kit/evidence.ts';
import { objectSubject, type Say } from '../../kit/kind.ts';
import { istioMode, pastIstio, type Accepts } from './istio.ts';
import { linkerdPolicy, pastLinkerd, type LinkerdObjects } from './linkerd.ts';
import type { Params } from './params.ts';
import { meshPods, textsOf, type MeshPod, type MeshPort } from './pods.ts';

export const messages = {
  plaintext: {
    says: '{subject}: takes plaintext ({mode}, by {by}), expected mutual TLS alone.',
    fix: 'Set the mode STRICT where it is decided, or demand mesh identities of its port; first see that all its clients are in the mesh.',
    also: ['port'],
  },
  noProxy: {
    says: '{subject}: has no proxy of the mesh, so it takes plaintext whatever policies say; expected one.',
    fix: 'Let the mesh inject it and start the pod anew: a proxy is added only when a pod is created.',
  },
  bypassed: {
    says: '{subject}: connections go past the proxy ({annotation}), expected all of them to go through it.',
    fix: 'Remove the port from the annotation.',
    also: ['port'],
  },
  clientPlaintext: {
    says: '{subject}: has clients speak without mutual TLS ({mode}), expected ISTIO_MUTUAL or nothing.',
    fix: 'Remove trafficPolicy.tls, or set its mode to ISTIO_MUTUAL.',
  },
  unmatchedExemption: {
    says: '{subject}: is exempted and takes no plaintext, or is not there; expected exemptions that are needed.',
    fix: 'Remove the exemption, or correct its name.',
  },
} as const;
type Saying = Say<typeof messages>;

export interface Seen {
  readonly namespaces: readonly KubeObject[];
  /** Of the namespaces that are judged. */
  readonly pods: readonly KubeObject[];
  /** Pods of control planes, and proxies elsewhere: `Pod istio-system/istiod-1`. */
  readonly meshAt: readonly string[];
  readonly peerAuthentications: readonly KubeObject[];
  readonly destinationRules: readonly KubeObject[];
  readonly servers: readonly KubeObject[];
  readonly authorizations: readonly KubeObject[];
  readonly linkerdDefault: string | null;
}

export function judge(params: Params, seen: Seen, say: Saying): void {
  const pods = meshPods(seen.pods, seen.namespaces);
  if (seen.meshAt.length === 0 && pods.every(({ mesh }) => mesh === null))
    return say.absent('No control plane of Istio or Linkerd runs here, and no pod has a proxy.');
  for (const name of params.namespaces.filter((one) => !pods.some(({ namespace }) => namespace === one)))
    say.unsure('no-subjects', `Namespace ${name}: has no pod to judge.`);
  const used = new Set<number>();
  const rows = pods.flatMap((pod) => judgePod(params, pod, seen, used, say));
  for (const rule of seen.destinationRules) judgeRule(rule, say);
  params.exemptions.forEach(({ pods: name, port }, index) => {
    if (!used.has(index)) say.fail('unmatchedExemption', `${name}${port === undefined ? '' : `:${port}`}`);
  });
  say.show(table('What pods take', ['pod', 'port', 'mesh', 'mode', 'by'], rows));
}

type Row = readonly (string | number)[];

function judgePod(params: Params, pod: MeshPod, seen: Seen, used: Set<number>, say: Saying): readonly Row[] {
  // A pod that declares no port is judged as a whole.
  const ports: readonly (MeshPort | undefined)[] = pod.ports.length === 0 ? [undefined] : pod.ports;
  return ports.map((port) => {
    const subject = `Pod ${pod.name}${port === undefined ? '' : `:${port.port}`}`;
    say.judged(subject);
    const whose = [pod.name, port?.port ?? '', pod.mesh ?? 'none'];
    const takes = accepted(params, pod, port, seen);
    if (takes === undefined) {
      say.unknown(subject, 'the default policy of the mesh');
      return [...whose, 'not known', ''];
    }
    const exempt = takesPlaintext(takes) && exempted(params, pod, port, used);
    if (!exempt) tell(takes, pod, subject, port?.port, say);
    const { mode, by } = shown(takes);
    return [...whose, exempt ? `${mode} (exempt)` : mode, by];
  });
}

type Takes = Accepts | { readonly past: string } | 'no proxy';

const takesPlaintext = (takes: Takes): boolean => takes === 'no proxy' || 'past' in takes || takes.plaintext;

/** In the table: how it takes connections, and what decides that. */
function shown(takes: Takes): { readonly mode: string; readonly by: string } {
  if (takes === 'no proxy') return { mode: takes, by: '' };
  return 'past' in takes ? { mode: 'goes past the proxy', by: '' } : takes;
}

function tell(takes: Takes, pod: MeshPod, subject: string, port: number | undefined, say: Saying): void {
  const data = port === undefined ? {} : { port };
  if (takes === 'no proxy') {
    const [namespace = '', name = ''] = pod.name.split('/');
    say.fail('noProxy', objectSubject('Pod', { namespace, name }));
  } else if ('past' in takes) say.fail('bypassed', subject, { annotation: takes.past, ...data });
  else if (takes.plaintext) say.fail('plaintext', subject, { mode: takes.mode, by: takes.by, ...data });
}

/** Undefined where nobody says. */
function accepted(params: Params, pod: MeshPod, port: MeshPort | undefined, seen: Seen): Takes | undefined {
  if (pod.mesh === null) return 'no proxy';
  if (pod.mesh === 'linkerd') {
    const linkerd = linkerdObjects(seen);
    const past = port && pastLinkerd(pod, port, linkerd);
    return past === undefined ? linkerdPolicy(pod, port, linkerd) : { past };
  }
  // The proxy of a node takes all ports.
  const past = pod.mesh === 'istio' && port ? pastIstio(pod, port) : undefined;
  return past === undefined ? istioMode(pod, port, seen.peerAuthentications, params.istioNamespace) : { past };
}

const linkerdObjects = ({ servers, authorizations, linkerdDefault, namespaces }: Seen): LinkerdObjects => ({
  servers,
  authorizations,
  defaultPolicy: linkerdDefault,
  namespaces: new Map(namespaces.map(({ metadata }) => [metadata.name, textsOf(metadata.annotations)])),
});

function exempted(params: Params, pod: MeshPod, port: MeshPort | undefined, used: Set<number>): boolean {
  const index = params.exemptions.findIndex(
    (one) =>
      (one.pods.endsWith('*') ? pod.name.startsWith(one.pods.slice(0, -1)) : pod.name === one.pods) &&
      (one.port === undefined || one.port === port?.port),
  );
  if (index >= 0) used.add(index);
  return index >= 0;
}

/** Clients of the mesh speak mutual TLS by themselves unless a rule says otherwise. */
function judgeRule(rule: KubeObject, say: Saying): void {
  const policy = at(rule, 'spec', 'trafficPolicy');
  const subsets = at(rule, 'spec', 'subsets');
  const policies = [policy, ...(Array.isArray(subsets) ? subsets.map((one: unknown) => at(one, 'trafficPolicy')) : [])];
  const levels = policies.flatMap((one) => {
    const perPort = at(one, 'portLevelSettings');
    return [one, ...(Array.isArray(perPort) ? (perPort as readonly unknown[]) : [])];
  });
  const host = textAt(rule, '', 'spec', 'host');
  const modes = levels.map((one) => textAt(one, '', 'tls', 'mode'));
  if (modes.includes('DISABLE'))
    say.fail('clientPlaintext', objectSubject('DestinationRule', rule.metadata), { mode: `DISABLE for ${host}` });
}

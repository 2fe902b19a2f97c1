import type { KubeObject } from '../../contract/cluster.ts';
import { at, listAt } from '../../contract/json.ts';
import type { TlsProber } from '../../contract/network.ts';
import { attempt, kind } from '../../kit/kind.ts';
import { mayList, SERVICES } from '../../protocols/kubernetes.ts';
import { judge, messages, type NodePort, type PortSeen, type Seen } from './judge.ts';
import { hostOf, openPorts, params, type Params, type Target } from './params.ts';

/** Ports asked at once: many at a time look like an attack, and one at a time takes a while where they are silent. */
const AT_ONCE = 16;

export const openPortsCheck = kind('traffic/open-ports', {
  title: 'Firewall rules open what must answer and nothing else',
  why: 'A database port that was opened for a test is found by others within hours.',
  sees: [
    'TCP connections from where the gate runs to each address of each host: ports that must answer, and ports that must not.',
    'Node ports of Services, which the limits of a load balancer do not guard.',
    'That silence means something: a port of the same address, or of a declared control, answers.',
  ],
  not: [
    'What other places see: run the gate from outside the network to see what the world sees.',
    'UDP, whose silence proves nothing.',
    'Ports that are not listed.',
  ],
  needs: ['cluster', 'tls'],
  params,
  required: ['targets', 'nodePortsOf'],
  messages,
  rights: ({ nodePortsOf }) => nodePortsOf.flatMap((namespace) => mayList([SERVICES], namespace)),

  async gather(given, { cluster, tls }, { fresh }): Promise<Seen> {
    const services = await Promise.all(
      given.nodePortsOf.map(async (namespace) => (await cluster.list(SERVICES, { namespace, fresh })).items),
    );
    const nodePorts = services.flat().flatMap(nodePortsOf);
    const found = await Promise.all(given.targets.map((target, index) => asked(target, index, nodePorts, tls)));
    const wanted = found.flatMap(({ ports }) => ports);
    const ports: PortSeen[] = [];
    for (let from = 0; from < wanted.length; from += AT_ONCE)
      ports.push(...(await Promise.all(wanted.slice(from, from + AT_ONCE).map((one) => answered(one, given, tls)))));
    return { ports, unresolved: found.flatMap(({ unresolved }) => unresolved) };
  },

  judge,
});

async function answered({ host, ...one }: Wanted, { timeoutSeconds }: Params, tls: TlsProber): Promise<PortSeen> {
  const { address, port } = one;
  return { ...one, answer: await tls.port({ host, address, port, timeoutMs: timeoutSeconds * 1000 }) };
}

type Wanted = Omit<PortSeen, 'answer'> & { readonly host: string };

/** What is asked at each address of a target. */
async function asked(
  target: Target,
  index: number,
  nodePorts: readonly NodePort[],
  tls: TlsProber,
): Promise<{ readonly ports: readonly Wanted[]; readonly unresolved: Seen['unresolved'] }> {
  const host = hostOf(target);
  const { seen: addresses, refusal } = await attempt(() => tls.addresses(host));
  if (refusal) return { ports: [], unresolved: [{ target: index, refusal }] };
  const open = openPorts(target);
  const closed: readonly { readonly port: number; readonly service?: string }[] = [
    ...target.closed.map((port) => ({ port })),
    ...nodePorts.filter(({ port }) => !open.includes(port) && !target.closed.includes(port)),
  ];
  const ports = addresses.flatMap((address) => [
    ...open.map((port) => ({ target: index, host, address, port, want: 'open' as const })),
    ...closed.map((one) => ({ target: index, host, address, want: 'closed' as const, ...one })),
  ]);
  return { ports, unresolved: [] };
}

/** Node ports over TCP; those of `externalTrafficPolicy: Local` open one for health checks besides. */
function nodePortsOf(service: KubeObject): readonly NodePort[] {
  const { namespace = '', name } = service.metadata;
  const health = at(service, 'spec', 'healthCheckNodePort');
  const numbers = [
    ...listAt(service, 'spec', 'ports')
      .filter((one) => (at(one, 'protocol') ?? 'TCP') === 'TCP')
      .map((one) => at(one, 'nodePort')),
    health,
  ];
  return numbers.flatMap((port) =>
    typeof port === 'number' && port > 0 ? [{ service: `Service ${namespace}/${name}`, port }] : [],
  );
}

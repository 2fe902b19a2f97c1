/** Network plug-ins that are known to enforce NetworkPolicy, by the DaemonSet of their agent. Pure. */
import { at, listAt, textAt } from '../../contract/json.ts';

export interface Agent {
  readonly plugIn: string;
  readonly namespace: string;
  readonly name: string;
  /** Nodes it should run on, and where it is ready; undefined where its status does not say. */
  readonly desired: number | undefined;
  readonly ready: number | undefined;
  /** What switches policies off in it; undefined where nothing does. */
  readonly switchedOff?: string;
}

interface Known {
  readonly plugIn: string;
  /** Why this DaemonSet enforces nothing as it is set up. */
  readonly off?: (daemonSet: unknown) => string | undefined;
}

/** The container is always there; whether it enforces its argument says. */
function awsAgentOff(daemonSet: unknown): string | undefined {
  const agent = containersOf(daemonSet).find((one) => textAt(one, '', 'name') === 'aws-eks-nodeagent');
  if (agent === undefined) return 'it has no container aws-eks-nodeagent';
  const isOn = listAt(agent, 'args').includes('--enable-network-policy=true');
  return isOn ? undefined : 'aws-eks-nodeagent runs without --enable-network-policy=true';
}

const routerOff = (daemonSet: unknown): string | undefined =>
  containersOf(daemonSet).some((one) => listAt(one, 'args').includes('--run-firewall=false'))
    ? 'kube-router runs with --run-firewall=false'
    : undefined;

const KNOWN: Readonly<Record<string, Known>> = {
  'calico-node': { plugIn: 'Calico' },
  canal: { plugIn: 'Calico' },
  cilium: { plugIn: 'Cilium' },
  anetd: { plugIn: 'GKE Dataplane V2' },
  'antrea-agent': { plugIn: 'Antrea' },
  'kube-router': { plugIn: 'kube-router', off: routerOff },
  'weave-net': { plugIn: 'Weave Net' },
  'ovnkube-node': { plugIn: 'OVN-Kubernetes' },
  'aws-node': { plugIn: 'Amazon VPC CNI', off: awsAgentOff },
  'azure-npm': { plugIn: 'Azure Network Policy Manager' },
  'kube-network-policies': { plugIn: 'kube-network-policies' },
};

const containersOf = (daemonSet: unknown): readonly unknown[] =>
  listAt(daemonSet, 'spec', 'template', 'spec', 'containers');
const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);

/** The agents among a cluster's DaemonSets. */
export function agentsOf(daemonSets: readonly unknown[]): readonly Agent[] {
  return daemonSets.flatMap((one) => {
    const name = textAt(one, '', 'metadata', 'name');
    const known = Object.hasOwn(KNOWN, name) ? KNOWN[name] : undefined;
    if (known === undefined) return [];
    const switchedOff = known.off?.(one);
    return [
      {
        plugIn: known.plugIn,
        namespace: textAt(one, '', 'metadata', 'namespace'),
        name,
        desired: numberOf(at(one, 'status', 'desiredNumberScheduled')),
        ready: numberOf(at(one, 'status', 'numberReady')),
        ...(switchedOff === undefined ? {} : { switchedOff }),
      },
    ];
  });
}

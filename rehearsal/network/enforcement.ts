/**
 * The network plug-in of the rehearsal: who may reach whom by the cluster's NetworkPolicies, asked of the same engine that judges them.
 * Service proxies and gateway obey it. Adds the lever `policies.ignore`: policies are still there, and nobody enforces them.
 */
import type { KubeObject, ResourceType } from '../../checks/contract/cluster.ts';
import { NAMESPACES, PODS, SERVICES } from '../../checks/protocols/kubernetes.ts';
import { NETWORK_POLICIES, OTHER_POLICIES } from '../../checks/protocols/network-policies.ts';
import { backends, reach } from '../../k8s/semantics/network/reach.ts';
import { readNetwork, type NetworkWorld } from '../../k8s/semantics/network/world.ts';
import type { ControlPlane } from '../control-plane-types.ts';
import type { Levers } from '../levers.ts';
import type { ServicePort } from './service-names.ts';

export interface Enforcement {
  /** Names of the pods behind a Service's port that a pod, `namespace/name`, may not reach. Whoever is not known yet is not kept out. */
  denied(from: string, service: ServicePort): readonly string[];
  /** Calls whenever answers may be others than before. */
  onChange(changed: () => void): void;
  close(): void;
}

const READ: readonly ResourceType[] = [NAMESPACES, PODS, SERVICES, NETWORK_POLICIES, ...OTHER_POLICIES.slice(0, 1)];

export function enforcePolicies(levers: Levers, planeSoon: Promise<ControlPlane>): Enforcement {
  const objects = new Map<string, readonly KubeObject[]>();
  const listeners: (() => void)[] = [];
  const ends: (() => void)[] = [];
  let world: NetworkWorld | undefined;
  let isIgnored = false;
  let isPlanned = false;
  let isClosed = false;

  const tell = (): void => {
    for (const changed of listeners) changed();
  };
  /** Several objects change in one go: they are read once. */
  const plan = (): void => {
    if (isPlanned || isClosed) return;
    isPlanned = true;
    setImmediate(() => {
      isPlanned = false;
      if (objects.size < READ.length) return;
      world = readNetwork([...objects.values()].flat());
      tell();
    });
  };
  planeSoon.then(
    (plane) => {
      if (isClosed) return;
      for (const type of READ)
        ends.push(
          plane.watchObjects(type, (items) => {
            const { apiVersion, kind } = type;
            objects.set(
              kind,
              items.map((item) => ({ ...item, apiVersion, kind })),
            );
            plan();
          }),
        );
    },
    () => undefined,
  );
  levers.add('policies.ignore', () => {
    isIgnored = true;
    tell();
    return Promise.resolve(() => {
      isIgnored = false;
      tell();
      return Promise.resolve();
    });
  });
  return {
    denied: (from, service) => (isIgnored || world === undefined ? [] : deniedPods(world, from, service)),
    onChange: (changed) => void listeners.push(changed),
    close() {
      isClosed = true;
      for (const end of ends) end();
    },
  };
}

function deniedPods(world: NetworkWorld, from: string, { namespace, name, port }: ServicePort): readonly string[] {
  const source = world.pods.get(from);
  const service = world.services.get(`${namespace}/${name}`);
  if (source === undefined || service === undefined) return [];
  return (backends(world, service, port, 'TCP') ?? []).flatMap(({ pod, port: target }) => {
    if (target === undefined) return [];
    const { verdict } = reach(world, { from: source, to: pod, port: target, protocol: 'TCP' });
    return verdict === 'deny' ? [pod.name.slice(namespace.length + 1)] : [];
  });
}

/** Everybody against everybody: which pods may reach which ports. Pods that share namespace, labels and ports are one row. Pure. */
import type { PodEnd } from './ends.ts';
import { reach, type Verdict } from './reach.ts';
import type { NetworkWorld } from './world.ts';

export interface MatrixTarget {
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
}
export interface ReachMatrix {
  readonly sources: readonly string[];
  readonly targets: readonly MatrixTarget[];
  /** By source, then by target. */
  readonly cells: readonly (readonly Verdict[])[];
}

/** `shop/web-1 8080/TCP`. */
export const targetText = ({ name, port, protocol }: MatrixTarget): string => `${name} ${port}/${protocol}`;

/** One pod of each kind, by name; targets are the ports that containers declare. */
export function matrixOf(world: NetworkWorld): ReachMatrix {
  const groups = new Map<string, PodEnd>();
  for (const pod of [...world.pods.values()].filter(({ isFinished }) => !isFinished)) {
    const key = JSON.stringify([pod.class.id, pod.hostNetwork, pod.ports]);
    if (!groups.has(key)) groups.set(key, pod);
  }
  const sources = [...groups.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const targets = sources.flatMap((pod) => pod.ports.map(({ port, protocol }) => ({ pod, port, protocol })));
  return {
    sources: sources.map(({ name }) => name),
    targets: targets.map(({ pod, port, protocol }) => ({ name: pod.name, port, protocol })),
    cells: sources.map((from) =>
      targets.map(({ pod, port, protocol }) => reach(world, { from, to: pod, port, protocol }).verdict),
    ),
  };
}

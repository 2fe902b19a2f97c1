/**
 * What every system that splits traffic has in common: one object that holds the shares, how they are read out of it and how they are
 * written into it. Pure: who sends what is written, and who counts answers, is elsewhere. What a system does not know it refuses.
 */
import { ObservationError } from '../../contract/capabilities.ts';
import type { KubeObject, ResourceType } from '../../contract/cluster.ts';
import type { TrafficRoute, Weights } from '../../contract/cutover.ts';
import { at, listAt, textAt } from '../../contract/json.ts';

export type RouteName = Omit<TrafficRoute, 'versionHeader' | 'canaryVersion'>;

/** An operation of a JSON patch (RFC 6902). `test` makes the whole patch fail where the value is another. */
export interface JsonPatchOperation {
  readonly op: 'test' | 'add' | 'replace';
  /** JSON pointer (RFC 6901). */
  readonly path: string;
  readonly value: unknown;
}

export interface SplitState {
  /** Of the rule that gives most to the new release: where it is none, nobody is served by it. */
  readonly weights: Weights;
  /** Of each rule that is moved; they are moved together. */
  readonly splits: readonly Weights[];
  readonly generation: number;
  readonly resourceVersion: string;
  /** Whether whoever must obey has said so of this generation; true where the system has no way to say it. */
  readonly accepted: boolean;
  /** Why it is not accepted. */
  readonly why: string | null;
  /** Who wrote the shares last, as `managedFields` has it; null where the server keeps none. */
  readonly lastManager: string | null;
}
/** What is not as declared, and what to do about it. */
export interface RouteProblem {
  readonly what: string;
  readonly fix: string;
}

export interface TrafficSystem {
  /** Of the object that holds the shares. */
  readonly type: ResourceType;
  /** What its answers and connections do at a change of the weights that people must know. */
  readonly atAChange: string;
  /** Objects that decide besides, to be read for `problems`. */
  readonly besides: readonly ResourceType[];
  /** @throws ObservationError `misconfigured` where shares cannot be given by this object */
  state(object: KubeObject, route: RouteName): SplitState;
  /** The patch that gives these shares on exactly this version. @throws ObservationError `misconfigured` */
  operations(object: KubeObject, route: RouteName, wanted: Weights): readonly JsonPatchOperation[];
  /** What would make the shares untrue; `others` are all objects of `besides` and of its own kind. */
  problems(object: KubeObject, route: RouteName, others: readonly KubeObject[]): readonly RouteProblem[];
}

/** How people call the object. */
export const targetOf = ({ type }: TrafficSystem, { namespace, name }: RouteName): string =>
  `${type.kind} ${namespace}/${name}`;

export function refused(target: string, { what, fix }: RouteProblem): ObservationError {
  return new ObservationError('misconfigured', `${target}: ${what}`, { fix });
}

/** The first operation of every patch: it writes on the version that was read, and on no other. */
export const onThisVersion = (object: KubeObject): JsonPatchOperation => ({
  op: 'test',
  path: '/metadata/resourceVersion',
  value: object.metadata.resourceVersion ?? '',
});

/** Share of the new release, from 0 to 1. */
export const shareOf = ({ stable, canary }: Weights): number =>
  stable + canary === 0 ? 0 : canary / (stable + canary);

export function mostOf(splits: readonly Weights[]): Weights {
  return splits.reduce(
    (most, one) => (shareOf(one) > shareOf(most) ? one : most),
    splits[0] ?? { stable: 0, canary: 0 },
  );
}

/** Who wrote the fields below `path` last. Times are whole seconds; of equal ones the last entry is taken. */
export function lastManagerOf(object: KubeObject, path: readonly string[]): string | null {
  let latest: { readonly manager: string; readonly time: string } | null = null;
  for (const entry of listAt(object, 'metadata', 'managedFields')) {
    if (at(entry, 'fieldsV1', ...path) === undefined || textAt(entry, '', 'subresource') !== '') continue;
    const time = textAt(entry, '', 'time');
    if (latest === null || time >= latest.time) latest = { manager: textAt(entry, '', 'manager'), time };
  }
  return latest?.manager ?? null;
}

/** What the object says of both releases, or why shares cannot be given by it. */
export function sharesIn(system: TrafficSystem, object: KubeObject, route: RouteName): SplitState | RouteProblem {
  try {
    return system.state(object, route);
  } catch (error) {
    if (!(error instanceof ObservationError)) throw error;
    return { what: error.message.replace(`${targetOf(system, route)}: `, ''), fix: error.fix ?? '' };
  }
}

/** What the controls of the Pod Security Standards have in common: what they look at, what they find and how they word it. */
import { quote } from './quote.ts';
import type { Shape } from './shape.ts';
import { isShape, shape, shapes, text } from './shape.ts';

/** A pod, or the template of one. */
export interface PodToJudge {
  readonly spec: unknown;
  /** For its annotations. */
  readonly metadata?: unknown;
  /** Where the spec stands in its object, for the paths of violations; `spec` unless told, `spec.template.spec` in a Deployment. */
  readonly specPath?: string;
}

/** One container of any of the three lists, in the order the API server visits them: init, ordinary, ephemeral. */
export interface PodContainer {
  readonly name: string;
  readonly list: 'initContainers' | 'containers' | 'ephemeralContainers';
  /** For example `spec.containers[0]`. */
  readonly path: string;
  readonly fields: Shape;
  /** The container's own securityContext; an empty object when it has none. */
  readonly securityContext: Shape;
}

/** A pod taken apart once for all controls. */
export interface PodView {
  readonly spec: Shape;
  readonly specPath: string;
  readonly securityContext: Shape;
  readonly annotations: Shape;
  readonly annotationsPath: string;
  readonly containers: readonly PodContainer[];
  readonly isWindows: boolean;
  /** The pod has a user namespace of its own (`hostUsers: false`): root in it is nobody on the node. */
  readonly hasUserNamespace: boolean;
}

/** One field that a control does not accept. */
export interface Finding {
  /** Absent when the pod as a whole is meant. */
  readonly container?: string;
  readonly path: string;
  /** The value found; null when the field is not set. */
  readonly actual: unknown;
  /** What would be accepted, in words. */
  readonly expected: string;
}

/** A control: finds what it forbids and words it like the admission plugin, for one finding or for all of a pod. */
export interface Control {
  readonly id: string;
  /** The policy version that introduced it; the first unless told. */
  readonly since?: number;
  /** The baseline control that a restricted one takes the place of, so that nothing is said twice. */
  readonly overrides?: string;
  readonly find: (pod: PodView, minor: number) => readonly Finding[];
  readonly describe: (findings: readonly Finding[]) => { readonly reason: string; readonly detail: string };
}

/** Whether Linux-only rules do not apply to a pod (`spec.os.name: windows`). */
export const isWindowsPod = (spec: unknown): boolean => shape(shape(spec)['os'])['name'] === 'windows';

/** Takes a pod apart. A spec that is no object has no containers: ask for their number before calling it clean. */
export function viewPod({ spec, metadata, specPath = 'spec' }: PodToJudge): PodView {
  const fields = shape(spec);
  return {
    spec: fields,
    specPath,
    securityContext: shape(fields['securityContext']),
    annotations: shape(shape(metadata)['annotations']),
    annotationsPath: specPath.replace(/spec$/, 'metadata.annotations'),
    containers: containersOf(spec, specPath),
    isWindows: isWindowsPod(fields),
    hasUserNamespace: fields['hostUsers'] === false,
  };
}

/** Several kinds judge the same pods: each is taken apart once. */
const takenApart = new WeakMap<object, { readonly specPath: string; readonly containers: readonly PodContainer[] }>();

/** Every container of a pod spec: init, ordinary, ephemeral. */
export function containersOf(spec: unknown, specPath = 'spec'): readonly PodContainer[] {
  const fields = shape(spec);
  const known = takenApart.get(fields);
  if (known?.specPath === specPath) return known.containers;
  const lists = ['initContainers', 'containers', 'ephemeralContainers'] as const;
  const containers = lists.flatMap((list) =>
    shapes(fields[list]).map((container, index) => ({
      name: text(container['name']) ?? '',
      list,
      path: `${specPath}.${list}[${String(index)}]`,
      fields: container,
      securityContext: shape(container['securityContext']),
    })),
  );
  takenApart.set(fields, { specPath, containers });
  return containers;
}

/** Set at all: neither absent nor null. */
export function isSet(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** The settings of an object in both places they may be made, the pod's first: what stands in each, and where. */
export function settingsOf(pod: PodView, field: string): readonly (Finding & { readonly set: boolean })[] {
  const names = field.split('.');
  const place = `.securityContext.${field}`;
  const valueIn = (securityContext: unknown): unknown => fieldAt(securityContext, names) ?? null;
  // Objects of one shape, without spreads: a large cluster has half a million of them.
  const ofPod = valueIn(pod.securityContext);
  return [
    { path: pod.specPath + place, actual: ofPod, expected: '', set: ofPod !== null },
    ...pod.containers.map(({ securityContext, path, name }) => {
      const actual = valueIn(securityContext);
      return { container: name, path: path + place, actual, expected: '', set: actual !== null };
    }),
  ];
}

/** The value at a path, where every step on the way must be an object. */
function fieldAt(from: unknown, names: readonly string[]): unknown {
  let value = from;
  for (const name of names) value = isShape(value) ? value[name] : undefined;
  return value;
}

/** `"a", "b"` */
export function joinQuote(values: readonly string[]): string {
  return values.map((value) => `"${value}"`).join(', ');
}

/** The word in the number that fits. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return count === 1 ? one : many;
}

/** Policy version 1.25 excuses Windows pods (`spec.os`) from what Windows does not have; those before it do not know the field. */
export const isExcused = (pod: PodView, minor: number): boolean => pod.isWindows && minor >= 25;

/** Each value once, in order of first appearance. */
export function unique(values: readonly string[]): readonly string[] {
  return [...new Set(values)];
}

/** Each value once, sorted: how the plugin lists bad values. */
export function sorted(values: readonly string[]): readonly string[] {
  return [...new Set(values)].sort();
}

/** A value as text, for lists of bad values. */
export function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === null || value === undefined ? '' : JSON.stringify(value);
}

/** `container "a"` or `containers "a", "b"`. */
export function containersPhrase(findings: readonly Finding[]): string {
  const names = unique(findings.flatMap(({ container }) => container ?? []));
  return `${plural(names.length, 'container')} ${joinQuote(names)}`;
}

/** Who set something: `pod`, `container "a"` or `pod and containers "a", "b"`. */
export function setters(findings: readonly Finding[]): string {
  const inPod = findings.some(({ container }) => container === undefined) ? ['pod'] : [];
  const inContainers = findings.some(({ container }) => container !== undefined) ? [containersPhrase(findings)] : [];
  return [...inPod, ...inContainers].join(' and ');
}

/** A key with its value, for annotations. */
export function annotationText(key: string, value: unknown): string {
  return `${key}=${quote(asText(value))}`;
}

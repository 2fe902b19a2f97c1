/** Where two states of an object differ, what the API server owns left out. */
import { canonicalJson } from '../../contract/canonical.ts';
import type { KubeObject } from '../../contract/cluster.ts';
import { isRecord } from '../../contract/json.ts';

export interface Difference {
  /** `spec.template.spec.containers[api].env[LOG_LEVEL].value`. */
  readonly path: string;
  /** Undefined where it is absent. */
  readonly applied: unknown;
  readonly live: unknown;
}

/** Written by the server and its controllers, whatever a manifest says. */
const SERVER_META = ['managedFields', 'resourceVersion', 'generation', 'uid', 'creationTimestamp', 'selfLink'];
const SERVER_ANNOTATIONS = ['kubectl.kubernetes.io/last-applied-configuration', 'deployment.kubernetes.io/revision'];

export function differencesOf(live: KubeObject, applied: KubeObject): readonly Difference[] {
  return compare('', authored(live), authored(applied));
}

function authored(object: KubeObject): Readonly<Record<string, unknown>> {
  const { annotations = {}, ...metadata } = object.metadata;
  const own = without(annotations, SERVER_ANNOTATIONS);
  return {
    ...without(object, ['status']),
    metadata: { ...without(metadata, SERVER_META), ...(Object.keys(own).length === 0 ? {} : { annotations: own }) },
  };
}

function without(value: object, names: readonly string[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));
}

function compare(path: string, live: unknown, applied: unknown): readonly Difference[] {
  if (live === undefined && applied === undefined) return [];
  if (live !== undefined && applied !== undefined && canonicalJson(live) === canonicalJson(applied)) return [];
  if (isRecord(live) && isRecord(applied)) {
    return members(live, applied).flatMap((name) =>
      compare(path === '' ? name : `${path}${memberPath(name)}`, own(live, name), own(applied, name)),
    );
  }
  const [named, others] = [byName(live), byName(applied)];
  if (named && others) {
    const differing = members(named, others).flatMap((name) =>
      compare(`${path}[${name}]`, own(named, name), own(others, name)),
    );
    if (differing.length > 0) return differing;
    // The same members in another order.
    return [{ path, live: Object.keys(named), applied: Object.keys(others) }];
  }
  if (Array.isArray(live) && Array.isArray(applied) && live.length === applied.length) {
    return live.flatMap((member, index) => compare(`${path}[${index}]`, member, applied[index]));
  }
  return [{ path, live, applied }];
}

/** A key such as `constructor` may stand on one side only. */
function own(of: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(of, name) ? of[name] : undefined;
}

function members(a: object, b: object): readonly string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])];
}

/** Keys with dots or slashes, as labels have them, in brackets. */
export function memberPath(name: string): string {
  return /^[\w-]+$/.test(name) ? `.${name}` : `['${name}']`;
}

/** The members of a list by their names, where all have one of their own. */
function byName(list: unknown): Readonly<Record<string, unknown>> | undefined {
  if (!Array.isArray(list) || list.length === 0) return undefined;
  const entries = list.map((member: unknown) => [isRecord(member) ? member['name'] : undefined, member] as const);
  if (!entries.every(([name]) => typeof name === 'string')) return undefined;
  const record = Object.fromEntries(entries) as Readonly<Record<string, unknown>>;
  return Object.keys(record).length === list.length ? record : undefined;
}

/**
 * Levers over Kubernetes objects. Each release puts back what was there: not more, as somebody else may have changed the rest meanwhile.
 *
 *   objects.patch  {apiVersion, kind, resource, name, namespace?, patch}   merge patch (RFC 7396); `status` goes to the status subresource
 *   objects.delete {apiVersion, kind, resource, name, namespace?}
 *   objects.apply  {manifest}                                              creates or replaces
 *   api-server.plain-secrets {}                                            Secrets are written as they are from now on
 *   api-server.unready {check?}                                            a check of its /readyz fails, `etcd` unless named
 */
import { pause } from '../checks/contract/pause.ts';
import { isRecord } from '../checks/contract/json.ts';
import type { KubeObject, ResourceType } from '../checks/contract/cluster.ts';
import type { ControlPlane } from './control-plane-types.ts';
import { PUT_BACK } from './api-server/field-managers.ts';
import { addCutoverObstacles } from './cutover-obstacles.ts';
import type { LeverArguments } from '../fixtures/rehearsal-client/control-protocol.ts';
import type { Levers, Release } from './levers.ts';

type Json = Readonly<Record<string, unknown>>;
interface Target {
  readonly name: string;
  readonly namespace?: string;
}
/** What the API server writes itself. */
const SERVER_META = [
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
];
/** How long a deleted object may take to go before it can be made again: a pod's longest grace period here, and some. */
const GONE_MS = 45_000;

/** Adds `objects.patch`, `objects.delete`, `objects.apply`, `api-server.unready`, and what stands in the way of a cutover. */
export function addObjectLevers(levers: Levers, plane: ControlPlane): void {
  addCutoverObstacles(levers, plane);
  levers.add('objects.patch', (args) => patchObject(plane, args));
  levers.add('objects.delete', (args) => deleteObject(plane, args));
  levers.add('objects.apply', (args) => applyObject(plane, args));
  levers.add('api-server.plain-secrets', () => {
    plane.encryptSecrets?.('identity');
    return Promise.resolve(() => Promise.resolve(plane.encryptSecrets?.('aesgcm')));
  });
  levers.add('api-server.unready', ({ check }) => {
    const repair = plane.failCheck?.(typeof check === 'string' ? check : 'etcd');
    if (!repair) return Promise.reject(new Error('this control plane has no checks that can be made to fail'));
    return Promise.resolve(() => Promise.resolve(repair()));
  });
}

async function patchObject(plane: ControlPlane, args: LeverArguments): Promise<Release> {
  const { type, target } = objectOf(args);
  const before = await existing(plane, type, target);
  const patch = recordOf(args, 'patch');
  const inverse = inversePatch(before, patch);
  await write(plane, type, target, patch);
  return () => write(plane, type, target, inverse, { manager: PUT_BACK });
}

/** Writes a patch, its status apart from the rest. */
async function write(
  plane: ControlPlane,
  type: ResourceType,
  target: Target,
  patch: Json,
  options?: { readonly manager: string },
): Promise<void> {
  const { status, ...rest } = patch;
  if (Object.keys(rest).length > 0) await plane.patch(type, target, rest, options);
  if (status !== undefined) await plane.patch(type, { ...target, subresource: 'status' }, { status });
}

/** The merge patch that takes another one back: former values, and null for members that were not there. */
export function inversePatch(before: Json, patch: Json): Json {
  return Object.fromEntries(
    Object.entries(patch).map(([name, value]) => {
      const was = before[name];
      if (was === undefined) return [name, null];
      return [name, isRecord(value) && isRecord(was) ? inversePatch(was, value) : was];
    }),
  );
}

async function deleteObject(plane: ControlPlane, args: LeverArguments): Promise<Release> {
  const { type, target } = objectOf(args);
  const before = await existing(plane, type, target);
  await plane.remove(type, target);
  return () => makeAgain(plane, type, before);
}

/** Makes an object again that was deleted, as its author could have written it, once the deleted one has gone. */
export async function makeAgain(
  plane: Pick<ControlPlane, 'apply' | 'get'>,
  type: ResourceType,
  before: KubeObject,
): Promise<void> {
  await untilGone(plane, type, before.metadata, before.metadata.uid);
  await plane.apply(manifestOf(before));
}

async function untilGone(
  plane: Pick<ControlPlane, 'get'>,
  type: ResourceType,
  { name, namespace }: Target,
  uid: string | undefined,
): Promise<void> {
  for (const until = performance.now() + GONE_MS; performance.now() < until;) {
    const found = await plane.get(type, name, namespace);
    if (found?.metadata.uid !== uid) return;
    await pause(50);
  }
  throw new Error(`${type.kind} ${name} has not gone ${GONE_MS / 1000} s after its deletion`);
}

async function applyObject(plane: ControlPlane, args: LeverArguments): Promise<Release> {
  const manifest = recordOf(args, 'manifest');
  const metadata = recordOf(manifest, 'metadata');
  const type = { apiVersion: textOf(manifest, 'apiVersion'), kind: textOf(manifest, 'kind'), resource: '' };
  const namespace = metadata['namespace'];
  const target = { name: textOf(metadata, 'name'), ...(typeof namespace === 'string' ? { namespace } : {}) };
  const before = await plane.get(type, target.name, target.namespace);
  await plane.apply(manifest);
  return before ? () => plane.apply(manifestOf(before)) : () => plane.remove(type, target);
}

/** An object as its author could have written it. A pod's node is chosen anew. */
function manifestOf(object: KubeObject): Json {
  const manifest = { ...without(object, 'status'), metadata: without(object.metadata, ...SERVER_META) };
  const { spec } = object;
  return object.kind === 'Pod' && isRecord(spec) ? { ...manifest, spec: without(spec, 'nodeName') } : manifest;
}

function without(value: object, ...names: readonly string[]): Json {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));
}

async function existing(plane: ControlPlane, type: ResourceType, { name, namespace }: Target): Promise<KubeObject> {
  const found = await plane.get(type, name, namespace);
  if (found) return found;
  throw new Error(`there is no ${type.kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`);
}

function objectOf(args: LeverArguments): { type: ResourceType; target: Target } {
  const { namespace, resource } = args;
  return {
    type: {
      apiVersion: textOf(args, 'apiVersion'),
      kind: textOf(args, 'kind'),
      resource: typeof resource === 'string' ? resource : '',
    },
    target: { name: textOf(args, 'name'), ...(typeof namespace === 'string' ? { namespace } : {}) },
  };
}

function textOf(args: Json, name: string): string {
  const value = args[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new Error(`the lever needs ${name}, a text`);
}

function recordOf(args: Json, name: string): Json {
  const value = args[name];
  if (isRecord(value)) return value;
  throw new Error(`the lever needs ${name}, an object`);
}

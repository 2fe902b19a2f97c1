/** The control plane's own hands on objects, without HTTP: what the rehearsal's platform applies, follows, changes and removes. */
import type { KubeObject, ResourceType } from '../../checks/contract/cluster.ts';
import type { ControlPlane } from '../control-plane-types.ts';
import { deleteObject } from './deletion.ts';
import { findKind, kindByType, type Kind } from './kinds.ts';
import { record, text, wire, type ApiObject, type Json } from './object.ts';
import { createObject, patchObject, replaceObject } from './resources.ts';
import type { Where } from './where.ts';
import { ApiError } from './status.ts';
import type { Storage } from './storage.ts';

/** Field manager of what the platform itself writes. */
const MANAGER = 'rehearsal';

type Members = Pick<ControlPlane, 'apply' | 'watchObjects' | 'get' | 'patch' | 'remove'>;

/** The members of a control plane that read and write objects, as the administrator. */
export function planeObjects(storage: Storage, log: (line: string) => void): Members {
  return {
    apply: (object) => applyObject(storage, object),
    watchObjects: (type, changed) => watchObjects(storage, kindOf(type), changed, log),
    async get(type, name, namespace) {
      const where = whereOf(type, { name, ...(namespace === undefined ? {} : { namespace }) });
      const found = await storage.get(where.kind, where.namespace, name);
      return found && asSent(found);
    },
    async patch(type, target, change, { manager = MANAGER } = {}) {
      const where = { ...whereOf(type, target), manager };
      const { subresource } = target;
      if (subresource !== undefined && !where.kind.subresources.includes(subresource)) {
        throw new Error(`${where.kind.kind} has no subresource ${subresource}`);
      }
      return asSent(await patchObject(storage, where, 'merge', change, subresource ?? ''));
    },
    async remove(type, target, { orphan = false } = {}) {
      try {
        await deleteObject(storage, whereOf(type, target), orphan ? { propagationPolicy: 'Orphan' } : {});
      } catch (error) {
        // Gone is what was asked for.
        if (!(error instanceof ApiError && error.reason === 'NotFound')) throw error;
      }
    },
  };
}

/** @throws Error when the rehearsal does not serve the type */
function kindOf({ apiVersion, kind, resource }: ResourceType): Kind {
  const [group = '', version = ''] = apiVersion.includes('/') ? apiVersion.split('/', 2) : ['', apiVersion];
  const found = kindByType(apiVersion, kind) ?? findKind(group, version, resource);
  if (!found) throw new Error(`the rehearsal does not serve ${kind} of ${apiVersion}`);
  return found;
}

function whereOf(type: ResourceType, target: { readonly name: string; readonly namespace?: string }): Where {
  const kind = kindOf(type);
  return { kind, namespace: kind.namespaced ? (target.namespace ?? 'default') : '', name: target.name, dryRun: false };
}

/** As a client would get it: times in the API's form. */
function asSent(object: ApiObject): KubeObject {
  return wire(object) as unknown as KubeObject;
}

async function applyObject(storage: Storage, object: Readonly<Record<string, unknown>>): Promise<void> {
  const metadata = record(object['metadata']);
  const type = { apiVersion: text(object['apiVersion']), kind: text(object['kind']), resource: '' };
  const namespace = text(metadata['namespace']);
  const where = whereOf(type, { name: text(metadata['name']), ...(namespace === '' ? {} : { namespace }) });
  const existing = await storage.get(where.kind, where.namespace, where.name);
  if (!existing) {
    await createObject(storage, { ...where, manager: MANAGER }, object);
    return;
  }
  const { resourceVersion } = existing.metadata;
  const body: Json = where.kind.updateNeedsVersion ? { ...object, metadata: { ...metadata, resourceVersion } } : object;
  await replaceObject(storage, { ...where, manager: MANAGER }, body, '');
}

function watchObjects(
  storage: Storage,
  kind: Kind,
  changed: (objects: readonly KubeObject[]) => void,
  log: (line: string) => void,
): () => void {
  let state: 'idle' | 'reading' | 'again' | 'ended' = 'idle';
  const is = (asked: typeof state) => state === asked;
  const read = async (): Promise<void> => {
    do {
      state = 'reading';
      const { items } = await storage.list(kind, '');
      if (is('ended')) return;
      changed(items.map(asSent));
    } while (is('again'));
    if (!is('ended')) state = 'idle';
  };
  const ask = () => {
    if (state === 'reading') state = 'again';
    if (state !== 'idle') return;
    read().catch((error: unknown) => {
      log(`watching ${kind.plural}: ${String(error)}`);
      if (!is('ended')) state = 'idle';
    });
  };
  const unsubscribe = storage.changes.subscribe((change) => {
    if (change.kind === kind) ask();
  });
  ask();
  return () => {
    state = 'ended';
    unsubscribe();
  };
}

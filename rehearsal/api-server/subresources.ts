/** `/scale` of workloads: a view of an object in the shape of autoscaling/v1. */
import { labelRequirements, type Requirement } from '../../k8s/semantics/selector.ts';
import type { Kind } from './kinds.ts';
import { integer, isRecord, record, text, wire, type ApiObject, type Json } from './object.ts';
import { applyPatch, type PatchType } from './patching.ts';
import { readObject } from './resources.ts';
import type { Where } from './where.ts';
import { badRequest, conflict, invalid } from './status.ts';
import type { Storage } from './storage.ts';

const SCALE = { group: 'autoscaling', kind: 'Scale', plural: 'scales' };

export function scaleOf(object: ApiObject): Json {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const spec = record(object['spec']);
  const replicas = integer(spec['replicas']);
  return wire({
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    // Zero is left out, as in every Go struct with omitempty.
    spec: replicas === 0 ? {} : { replicas },
    status: {
      replicas: integer(record(object['status'])['replicas']),
      selector: labelRequirements(spec['selector']).map(selectorText).join(','),
    },
  });
}

/** PUT and PATCH of `/scale`. @throws ApiError 400, 404, 409, 422 */
export async function writeScale(
  storage: Storage,
  where: Where,
  change: { readonly put: unknown } | { readonly type: PatchType; readonly patch: unknown },
): Promise<Json> {
  const existing = await readObject(storage, where);
  const next = 'put' in change ? change.put : applyPatch(change.type, scaleOf(existing), change.patch);
  if (!isRecord(next)) throw badRequest('the object provided is unrecognized (must be of type Scale)');
  const metadata = record(next['metadata']);
  const { replicas = 0 } = record(next['spec']);
  if (metadata['name'] !== undefined && metadata['name'] !== where.name) {
    throw badRequest(
      `the name of the object (${text(metadata['name'])}) does not match the name on the URL (${where.name})`,
    );
  }
  if (typeof replicas !== 'number' || !Number.isInteger(replicas) || replicas < 0) {
    const message = `Invalid value: ${JSON.stringify(replicas)}: must be greater than or equal to 0`;
    throw invalid(SCALE, where.name, [{ field: 'spec.replicas', reason: 'FieldValueInvalid', message }]);
  }
  const asked = metadata['resourceVersion'];
  if (typeof asked === 'string' && asked !== '' && asked !== existing.metadata.resourceVersion) {
    throw conflict(where.kind, where.name);
  }
  const scaled: ApiObject = { ...existing, spec: { ...record(existing['spec']), replicas } };
  return scaleOf(where.dryRun ? scaled : await storage.update(where.kind, scaled));
}

export function hasScale(kind: Kind): boolean {
  return kind.subresources.includes('scale');
}

/** A requirement as the string form of a selector has it. */
export function selectorText({ key, operator, values }: Requirement): string {
  switch (operator) {
    case 'In':
      return values.length === 1 ? `${key}=${values[0] ?? ''}` : `${key} in (${values.join(',')})`;
    case 'NotIn':
      return `${key} notin (${values.join(',')})`;
    case 'Exists':
      return key;
    default:
      return `!${key}`;
  }
}

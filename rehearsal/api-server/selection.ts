/** Label and field selectors of list, watch and deletecollection requests. */
import {
  SelectorError,
  matchesFields,
  matchesLabels,
  parseFieldSelector,
  parseLabelSelector,
} from '../../k8s/semantics/selector.ts';
import { at } from '../../k8s/semantics/shape.ts';
import type { Kind } from './kinds.ts';
import type { ApiObject } from './object.ts';
import { badRequest } from './status.ts';

/** Fields a selector may name besides the object's name and namespace, kind by kind. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  pods: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.nominatedNodeName',
  ],
  namespaces: ['status.phase'],
  nodes: ['spec.unschedulable'],
  secrets: ['type'],
  services: ['spec.clusterIP', 'spec.type'],
  replicasets: ['status.replicas'],
  events: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
};
/** What an absent field counts as, where that is not the empty text. */
const ABSENT: Readonly<Record<string, string>> = { 'spec.unschedulable': 'false', 'spec.hostNetwork': 'false' };
const EVERYWHERE = ['metadata.name', 'metadata.namespace'];

/** Whether an object is selected. */
export type Selection = (object: ApiObject) => boolean;

/** @throws ApiError 400 for a selector that Kubernetes refuses */
export function selectionOf(kind: Kind, query: URLSearchParams): Selection {
  try {
    const labels = parseLabelSelector(query.get('labelSelector') ?? '');
    const fields = parseFieldSelector(query.get('fieldSelector') ?? '');
    const own = FIELDS[kind.plural];
    for (const { field } of fields) {
      if (EVERYWHERE.includes(field) || own?.includes(field)) continue;
      throw badRequest(
        own
          ? `field label not supported: ${field}`
          : `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`,
      );
    }
    return (object) =>
      matchesLabels(labels, object.metadata.labels) &&
      fields.every((one) => matchesFields([one], at(object, one.field) === undefined ? assumed(one.field) : object));
  } catch (error) {
    if (error instanceof SelectorError) throw badRequest(error.message);
    throw error;
  }
}

/** Whether a request narrows by labels or fields at all. */
export function isSelective(query: URLSearchParams): boolean {
  return (query.get('labelSelector') ?? '') !== '' || (query.get('fieldSelector') ?? '') !== '';
}

/** An object with nothing but the field as it counts when it is absent. */
function assumed(field: string): unknown {
  const [parent = '', member = ''] = field.split('.');
  const value = ABSENT[field];
  return value === undefined ? {} : { [parent]: { [member]: value } };
}

/** Requests of a cutover: an API server that is away for a moment is asked again, because a cutover must not end over that. */
import { ObservationError } from '../checks/contract/capabilities.ts';
import type { KubeObject, ResourceType } from '../checks/contract/cluster.ts';
import type { JsonPatchOperation } from '../checks/protocols/traffic/system.ts';
import type { ClusterLink } from '../fixtures/capabilities/cluster-link.ts';
import {
  answered,
  askPatiently,
  pathOf,
  resourceName,
  type ApiRequest,
  type ClusterAccess,
} from '../fixtures/capabilities/cluster-requests.ts';
import { pause } from '../fixtures/capabilities/deadline.ts';
import type { ClusterResponse } from '../fixtures/cluster/types.ts';

/** Who golive is in `managedFields`. */
export const FIELD_MANAGER = 'golive';
/** Attempts where nobody takes the connection, over about three seconds. */
const ATTEMPTS = 5;
/** How often somebody else may write in between before it is given up. */
export const CONFLICTS = 5;

export interface Answered {
  readonly access: ClusterAccess;
  readonly response: ClusterResponse;
}

/**
 * The answer to a request, whatever its status. A request may have been carried out before its connection broke, so only those may be
 * sent that do nothing the second time: reads, and writes with a precondition.
 * @throws ObservationError `unreachable` when it stays away, `timeout`
 */
export async function persist(link: ClusterLink, request: ApiRequest, signal: AbortSignal): Promise<Answered> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const access = await link.access(signal);
      return { access, response: await askPatiently(access, request, signal) };
    } catch (error) {
      const away = error instanceof ObservationError && error.code === 'unreachable';
      if (!away || attempt === ATTEMPTS || signal.aborted) throw error;
    }
    await pause(100 * 2 ** attempt, signal, `${link.where}: ${request.method} ${request.path}`);
  }
}

/** One object, or null where there is none. */
export async function readObject(
  link: ClusterLink,
  type: ResourceType,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<KubeObject | null> {
  const request: ApiRequest = { method: 'GET', path: pathOf(type, namespace, name) };
  const { access, response } = await persist(link, request, signal);
  // A server that does not know the kind answers 404, too, and that is no missing object.
  if (response.status === 404 && namesObject(response.body)) return null;
  return answered(access, request, response, { verb: 'get', resource: resourceName(type), namespace }) as KubeObject;
}

/** A 404 for a path that is not served at all has no details of an object. */
function namesObject(body: string): boolean {
  try {
    const { details } = JSON.parse(body) as { readonly details?: { readonly name?: unknown } };
    return typeof details?.name === 'string' && details.name !== '';
  } catch {
    return false;
  }
}

/** Every object of a kind in a namespace, page by page. */
export async function listObjects(
  link: ClusterLink,
  type: ResourceType,
  namespace: string,
  signal: AbortSignal,
): Promise<readonly KubeObject[]> {
  const items: KubeObject[] = [];
  for (let next = ''; ;) {
    const query = new URLSearchParams({ limit: '500', ...(next === '' ? {} : { continue: next }) });
    const request: ApiRequest = { method: 'GET', path: `${pathOf(type, namespace)}?${query.toString()}` };
    const { access, response } = await persist(link, request, signal);
    const page = answered(access, request, response, { verb: 'list', resource: resourceName(type), namespace }) as {
      readonly items: readonly KubeObject[];
      readonly metadata?: { readonly continue?: string };
    };
    items.push(...page.items);
    next = page.metadata?.continue ?? '';
    if (next === '') return items;
  }
}

/** What became of a patch: the object as it is now, or that a precondition did not hold (409 or 422). */
export type Patched =
  | { readonly done: true; readonly object: KubeObject }
  | { readonly done: false; readonly answer: Answered; readonly request: ApiRequest };

/** Sends a JSON patch; `path` may carry a query. @throws ObservationError for any refusal but 409 and 422 */
export async function patchObject(
  link: ClusterLink,
  type: ResourceType,
  { metadata: { name, namespace } }: KubeObject,
  operations: readonly JsonPatchOperation[],
  signal: AbortSignal,
): Promise<Patched> {
  const request: ApiRequest = {
    method: 'PATCH',
    path: `${pathOf(type, namespace, name)}?fieldManager=${FIELD_MANAGER}`,
    body: operations,
    contentType: 'application/json-patch+json',
  };
  const answer = await persist(link, request, signal);
  const { access, response } = answer;
  // API servers answer 422 to a test that fails, and 409 to a write that lost a race.
  if (response.status === 409 || response.status === 422) return { done: false, answer, request };
  const purpose = { verb: 'patch', resource: resourceName(type), namespace };
  return { done: true, object: answered(access, request, response, purpose) as KubeObject };
}

/** `pods/eviction`: a deletion that asks the PodDisruptionBudgets first, as `kubectl drain` does. */
import { deleteObject } from './deletion.ts';
import { disruptionOf, guards, isReady } from './disruption.ts';
import { BUDGET } from './kinds.ts';
import { integer, record, text, type ApiObject, type Json } from './object.ts';
import { readObject } from './resources.ts';
import { ApiError, badRequest } from './status.ts';
import type { Storage } from './storage.ts';
import type { Where } from './where.ts';

const EVICTED: Json = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
/** One eviction after another: each sees what the ones before it took from a budget. */
const turns = new WeakMap<Storage, Promise<unknown>>();

/** @throws ApiError 400, 404, 429 where a budget has nothing left, 500 where two budgets hold the Pod */
export function evictPod(storage: Storage, where: Where, body: unknown): Promise<Json> {
  const evict = (): Promise<Json> => evictNow(storage, where, record(body));
  const turn = (turns.get(storage) ?? Promise.resolve()).then(evict, evict);
  turns.set(storage, turn);
  return turn;
}

async function evictNow(storage: Storage, where: Where, eviction: Json): Promise<Json> {
  if (eviction['kind'] !== 'Eviction')
    throw badRequest('the object provided is unrecognized (must be of type Eviction)');
  const named = text(record(eviction['metadata'])['name']);
  if (named !== '' && named !== where.name) throw badRequest('name in URL does not match name in Eviction object');
  const options = record(eviction['deleteOptions']);
  const dryRun = where.dryRun || Array.isArray(options['dryRun']);
  const pod = await readObject(storage, where);
  if (!mayGoFreely(pod)) await askBudgets(storage, where.namespace, pod);
  await deleteObject(storage, { ...where, dryRun }, options);
  return EVICTED;
}

/** What serves nobody, or goes already, takes nothing from a budget. */
function mayGoFreely(pod: ApiObject): boolean {
  const phase = text(record(pod['status'])['phase']);
  return /^(?:Succeeded|Failed|Pending)$/.test(phase) || pod.metadata.deletionTimestamp !== undefined;
}

async function askBudgets(storage: Storage, namespace: string, pod: ApiObject): Promise<void> {
  const budgets = (await storage.list(BUDGET, namespace)).items.filter((budget) => guards(budget, pod));
  const [budget, ...others] = budgets;
  if (!budget) return;
  if (others.length > 0) {
    const why = 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.';
    throw new ApiError(500, 'InternalError', `Internal error occurred: ${why}`, { causes: [{ message: why }] });
  }
  const { disruptionsAllowed, currentHealthy, desiredHealthy } = await disruptionOf(storage, budget);
  const isSpare = currentHealthy >= desiredHealthy && desiredHealthy > 0;
  if (!isReady(pod) && (isSpare || record(budget['spec'])['unhealthyPodEvictionPolicy'] === 'AlwaysAllow')) return;
  if (disruptionsAllowed > 0) return;
  const message = `The disruption budget ${text(budget.metadata.name)} needs ${integer(desiredHealthy)} healthy pods and has ${currentHealthy} currently`;
  throw new ApiError(429, 'TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
    causes: [{ reason: 'DisruptionBudget', message }],
  });
}

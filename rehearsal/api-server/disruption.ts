/** How many Pods a PodDisruptionBudget lets go of, by the rules of its controller; and that controller, which writes it into the status. */
import { labelRequirements, matchesLabels } from '../../k8s/semantics/selector.ts';
import { BUDGET, DEPLOYMENT, POD, REPLICA_SET, type Kind } from './kinds.ts';
import { canonical, integer, record, records, text, type ApiObject, type Json } from './object.ts';
import type { Storage } from './storage.ts';

export interface Disruption {
  readonly disruptionsAllowed: number;
  readonly currentHealthy: number;
  readonly desiredHealthy: number;
  readonly expectedPods: number;
}

/** What a budget stands at now. */
export async function disruptionOf(storage: Storage, budget: ApiObject): Promise<Disruption> {
  const { namespace = '' } = budget.metadata;
  const pods = (await storage.list(POD, namespace)).items.filter((pod) => guards(budget, pod));
  const { minAvailable, maxUnavailable } = record(budget['spec']);
  const currentHealthy = pods.filter((pod) => pod.metadata.deletionTimestamp === undefined && isReady(pod)).length;
  const isCounted = maxUnavailable !== undefined || typeof minAvailable === 'string';
  const expectedPods = isCounted ? await expectedOf(storage, namespace, pods) : pods.length;
  const desiredHealthy =
    maxUnavailable === undefined
      ? amount(minAvailable ?? 1, expectedPods)
      : Math.max(0, expectedPods - amount(maxUnavailable, expectedPods));
  const disruptionsAllowed = expectedPods <= 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy);
  return { disruptionsAllowed, currentHealthy, desiredHealthy, expectedPods };
}

/** Whether a Pod is under a budget of its namespace; an absent selector means none, an empty one all. */
export function guards(budget: ApiObject, pod: ApiObject): boolean {
  const { selector } = record(budget['spec']);
  const isSame = budget.metadata.namespace === pod.metadata.namespace;
  return isSame && selector !== undefined && matchesLabels(labelRequirements(selector), pod.metadata.labels);
}

export function isReady(pod: ApiObject): boolean {
  return records(record(pod['status'])['conditions']).some(({ type, status }) => type === 'Ready' && status === 'True');
}

/** Percentages are rounded up, for what must stay as for what may go. */
function amount(value: unknown, total: number): number {
  return typeof value === 'string' ? Math.ceil((Number.parseInt(value, 10) * total) / 100) : integer(value);
}

/** The replicas that the controllers of these Pods are to have, each counted once. */
async function expectedOf(storage: Storage, namespace: string, pods: readonly ApiObject[]): Promise<number> {
  const replicas = new Map<string, number>();
  for (const pod of pods) {
    const set = await ownerOf(storage, REPLICA_SET, namespace, pod);
    const owner = set && ((await ownerOf(storage, DEPLOYMENT, namespace, set)) ?? set);
    if (owner) replicas.set(text(owner.metadata.uid), integer(record(owner['spec'])['replicas']));
  }
  return [...replicas.values()].reduce((sum, one) => sum + one, 0);
}

async function ownerOf(
  storage: Storage,
  kind: Kind,
  namespace: string,
  object: ApiObject,
): Promise<ApiObject | undefined> {
  const owner = object.metadata.ownerReferences?.find((one) => one.controller === true && one.kind === kind.kind);
  return owner?.name === undefined ? undefined : storage.get(kind, namespace, owner.name);
}

/** Keeps the status of every budget; looks as often as the autoscaler does. Runs until the answer is called. */
export function startDisruptionController(storage: Storage, log: (line: string) => void, periodMs = 1000): () => void {
  const timer = setInterval(() => {
    tendAll(storage).catch((error: unknown) => log(`disruption budgets: ${String(error)}`));
  }, periodMs).unref();
  return () => clearInterval(timer);
}

async function tendAll(storage: Storage): Promise<void> {
  for (const budget of (await storage.list(BUDGET, '')).items) {
    const now = await disruptionOf(storage, budget);
    const before = record(budget['status']);
    const status: Json = {
      observedGeneration: budget.metadata.generation,
      ...now,
      conditions: [conditionOf(budget, now, before)],
    };
    if (canonical(status) === canonical(before)) continue;
    await storage.update(BUDGET, { ...budget, status }, { subresource: 'status', skipValidateUpdate: true });
  }
}

function conditionOf({ metadata }: ApiObject, { disruptionsAllowed }: Disruption, before: Json): Json {
  const status = disruptionsAllowed > 0 ? 'True' : 'False';
  const was = records(before['conditions']).find(({ type }) => type === 'DisruptionAllowed');
  return {
    type: 'DisruptionAllowed',
    status,
    observedGeneration: metadata.generation,
    lastTransitionTime:
      was?.['status'] === status ? was['lastTransitionTime'] : `${new Date().toISOString().slice(0, 19)}Z`,
    reason: disruptionsAllowed > 0 ? 'SufficientPods' : 'InsufficientPods',
    message: '',
  };
}

/** The HorizontalPodAutoscaler's controller: looks once a second (a real one every 15 s) and scales through the scale of its target. */
import { labelRequirements, matchesLabels } from '../../k8s/semantics/selector.ts';
import { behaviorOf, measuredPod, metricOf } from './autoscaler-spec.ts';
import { decideReplicas, type Recommendation, type ScaleEvent } from './autoscaler-behavior.ts';
import { proposeReplicas } from './autoscaler-replicas.ts';
import { AUTOSCALER, POD, kindByType, type Kind } from './kinds.ts';
import { integer, record, records, text, type ApiObject, type Json } from './object.ts';
import { patchObject } from './resources.ts';
import type { Storage } from './storage.ts';
import { hasScale, writeScale } from './subresources.ts';
import type { UsageSampler } from './usage-sampler.ts';

const PERIOD_MS = 1000;
/** Longer than any window that can be declared (an hour, divided). */
const REMEMBERED_MS = 60_000;

interface Memory {
  recommendations: Recommendation[];
  events: ScaleEvent[];
}
type Condition = readonly [type: string, status: boolean, reason: string, message: string];
interface Round {
  readonly current: number;
  readonly desired: number;
  readonly currentMetrics?: readonly Json[];
  readonly conditions: readonly Condition[];
  readonly scaled?: boolean;
}

/** Runs until the answer is called. */
export function startAutoscaler(
  storage: Storage,
  sampler: UsageSampler,
  log: (line: string) => void,
  periodMs = PERIOD_MS,
): () => void {
  const memories = new Map<string, Memory>();
  let timer: NodeJS.Timeout | undefined;
  const round = async (): Promise<void> => {
    const { items } = await storage.list(AUTOSCALER, '');
    const uids = new Set(items.map(({ metadata }) => text(metadata.uid)));
    for (const uid of memories.keys()) if (!uids.has(uid)) memories.delete(uid);
    for (const scaler of items) {
      const uid = text(scaler.metadata.uid);
      const memory = memories.get(uid) ?? { recommendations: [], events: [] };
      memories.set(uid, memory);
      await tend(storage, sampler, scaler, memory).catch((error: unknown) => {
        log(`autoscaler ${text(scaler.metadata.namespace)}/${text(scaler.metadata.name)}: ${String(error)}`);
      });
    }
  };
  const again = () => {
    timer = setTimeout(() => {
      round()
        .catch((error: unknown) => log(`autoscaler: ${String(error)}`))
        .finally(() => {
          if (timer) again();
        });
    }, periodMs).unref();
  };
  again();
  return () => {
    clearTimeout(timer);
    timer = undefined;
  };
}

async function tend(storage: Storage, sampler: UsageSampler, scaler: ApiObject, memory: Memory): Promise<void> {
  const { namespace = '' } = scaler.metadata;
  const { kind, target } = await targetOf(storage, scaler);
  const now = Date.now();
  const round =
    kind && target
      ? await look(storage, sampler, scaler, target, memory, now)
      : failed(0, 0, [
          'AbleToScale',
          false,
          'FailedGetScale',
          `the HPA controller was unable to get the target's current scale: ${targetText(scaler)} not found`,
        ]);
  if (kind && target && round.desired !== round.current) {
    const where = { kind, namespace, name: target.metadata.name ?? '', dryRun: false };
    await writeScale(storage, where, { put: { spec: { replicas: round.desired } } });
    memory.events.push({ at: now, change: round.desired - round.current });
  }
  await tell(storage, scaler, round, now);
}

async function targetOf(storage: Storage, scaler: ApiObject): Promise<{ kind?: Kind; target?: ApiObject }> {
  const { apiVersion, kind: name, name: targetName } = record(record(scaler['spec'])['scaleTargetRef']);
  const kind = kindByType(text(apiVersion), text(name));
  if (!kind || !hasScale(kind)) return {};
  const target = await storage.get(kind, scaler.metadata.namespace ?? '', text(targetName));
  return target ? { kind, target } : {};
}

function targetText(scaler: ApiObject): string {
  const { kind, name } = record(record(scaler['spec'])['scaleTargetRef']);
  return `${text(kind)} "${text(name)}"`;
}

async function look(
  storage: Storage,
  sampler: UsageSampler,
  scaler: ApiObject,
  target: ApiObject,
  memory: Memory,
  now: number,
): Promise<Round> {
  const spec = record(scaler['spec']);
  const bounds = { min: integer(spec['minReplicas']) || 1, max: integer(spec['maxReplicas']) };
  const targetSpec = record(target['spec']);
  const current = integer(targetSpec['replicas']);
  memory.recommendations = memory.recommendations.filter(({ at }) => at > now - REMEMBERED_MS);
  memory.events = memory.events.filter(({ at }) => at > now - REMEMBERED_MS);
  const able: Condition = [
    'AbleToScale',
    true,
    'SucceededGetScale',
    "the HPA controller was able to get the target's current scale",
  ];
  if (current === 0) {
    const why = 'scaling is disabled since the replica count of the target is zero';
    return failed(0, 0, able, ['ScalingActive', false, 'ScalingDisabled', why]);
  }
  if (current > bounds.max || current < bounds.min) {
    const desired = current > bounds.max ? bounds.max : bounds.min;
    const reason = current > bounds.max ? 'TooManyReplicas' : 'TooFewReplicas';
    const why = `the replica count of the target was outside ${bounds.min} to ${bounds.max}`;
    return { current, desired, conditions: [able, ['ScalingLimited', true, reason, why]], scaled: true };
  }
  // What was there when this autoscaler came is its first recommendation: it does not scale down at first sight.
  if (memory.recommendations.length === 0) memory.recommendations.push({ at: now, replicas: current });
  const selector = labelRequirements(targetSpec['selector']);
  const pods = (await storage.list(POD, scaler.metadata.namespace ?? '')).items.filter(({ metadata }) =>
    matchesLabels(selector, metadata.labels),
  );
  const asked = records(spec['metrics']).map((metric) => ask(metric, current, pods, sampler, now));
  const errors = asked.flatMap((one) => ('error' in one ? [one.error] : []));
  const proposals = asked.flatMap((one) => ('error' in one ? [] : [one]));
  const best = proposals.reduce<(typeof proposals)[number] | undefined>(
    (most, one) => (most === undefined || one.replicas > most.replicas ? one : most),
    undefined,
  );
  // With a metric missing nobody knows whether fewer would do.
  if (!best || (errors.length > 0 && best.replicas <= current)) {
    const why = `the HPA was unable to compute the replica count: ${errors[0] ?? 'it has no metrics'}`;
    return failed(current, current, able, ['ScalingActive', false, 'FailedGetResourceMetric', why]);
  }
  memory.recommendations.push({ at: now, replicas: best.replicas });
  const decision = decideReplicas(current, best.replicas, bounds, behaviorOf(spec), memory, now);
  const scaled = decision.replicas !== current;
  const success = [
    'SucceededRescale',
    `the HPA controller was able to update the target scale to ${decision.replicas}`,
  ] as const;
  return {
    current,
    desired: decision.replicas,
    currentMetrics: proposals.map(({ status }) => status),
    conditions: [
      ['AbleToScale', true, ...(scaled ? success : decision.able)],
      [
        'ScalingActive',
        true,
        'ValidMetricFound',
        `the HPA was able to successfully calculate a replica count from ${best.what}`,
      ],
      ['ScalingLimited', ...decision.limit],
    ],
    scaled,
  };
}

function failed(current: number, desired: number, ...conditions: readonly Condition[]): Round {
  return { current, desired, conditions };
}

function ask(
  metric: Json,
  current: number,
  pods: readonly ApiObject[],
  sampler: UsageSampler,
  now: number,
): { readonly error: string } | { readonly replicas: number; readonly what: string; readonly status: Json } {
  const wanted = metricOf(metric);
  if ('error' in wanted) return wanted;
  const { resource, target } = wanted;
  const proposal = proposeReplicas(
    current,
    target,
    pods.map((pod) => measuredPod(pod, resource, sampler, now)),
  );
  if ('error' in proposal) return { error: `failed to get ${resource} utilization: ${proposal.error}` };
  const { replicas, averageValue, averageUtilization } = proposal;
  const value = resource === 'cpu' ? `${Math.ceil(averageValue * 1000)}m` : String(Math.ceil(averageValue));
  return {
    replicas,
    what:
      target.type === 'Utilization'
        ? `${resource} resource utilization (percentage of request)`
        : `${resource} resource`,
    status: {
      type: 'Resource',
      resource: {
        name: resource,
        current: { ...(averageUtilization === undefined ? {} : { averageUtilization }), averageValue: value },
      },
    },
  };
}

/** Writes the status; one that says the same as before is no write. */
async function tell(storage: Storage, scaler: ApiObject, round: Round, now: number): Promise<void> {
  const before = records(record(scaler['status'])['conditions']);
  const at = `${new Date(now).toISOString().slice(0, 19)}Z`;
  const conditions = round.conditions.map(([type, holds, reason, message]) => {
    const status = holds ? 'True' : 'False';
    const old = before.find((condition) => condition['type'] === type);
    const lastTransitionTime = old?.['status'] === status ? old['lastTransitionTime'] : at;
    return { type, status, lastTransitionTime, reason, message };
  });
  const others = before.filter(({ type }) => !conditions.some((condition) => condition.type === type));
  const status = {
    currentReplicas: round.current,
    desiredReplicas: round.desired,
    currentMetrics: round.currentMetrics ?? null,
    conditions: [...conditions, ...others],
    ...(round.scaled ? { lastScaleTime: at } : {}),
  };
  const { name = '', namespace = '' } = scaler.metadata;
  await patchObject(storage, { kind: AUTOSCALER, namespace, name, dryRun: false }, 'merge', { status }, 'status');
}

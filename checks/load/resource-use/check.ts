import type { LoadResult, ResourceSample, ResourceSeries } from '../../contract/load.ts';
import { nameList, table } from '../../kit/evidence.ts';
import { kind, objectSubject, ObservationError, type Evidence } from '../../kit/kind.ts';
import type { DoubtReason } from '../../kit/verdict.ts';
import {
  answersDoubt,
  errorRate,
  holds,
  judgedSuccessParam,
  percent,
  runName,
  runParam,
  successes,
  upTo,
} from '../load.ts';

type Resource = 'cpu' | 'memory';

export const resourceUse = kind('load/resource-use', {
  title: 'Pods have room left under load',
  why: 'A pod that runs at its limit is throttled or killed by the next user, and no autoscaler is that quick.',
  sees: [
    'Of each pod behind the selectors of a load run of this gate run: its use over its request, and over its limit where it has one, from samples of the metrics API whose own window lies inside the measured one.',
    'The worst pod and the mean of all.',
    'That the run carried its load with right answers, and that each pod had a share of it, held against the pods of its own selector.',
  ],
  not: ['The nodes.', 'Pods outside the selector.'],
  needs: ['runs'],
  required: ['run', 'resource', 'max'],
  params: {
    run: runParam,
    resource: { type: 'string', enum: ['cpu', 'memory'], description: 'What is judged.' },
    max: { type: 'number', exclusiveMinimum: 0, description: 'Share of the request that may be used, 0.7 for 70 %.' },
    comparison: upTo,
    statistic: {
      type: 'string',
      enum: ['mean', 'highest'],
      default: 'mean',
      description: 'How the samples of a pod become one figure. The pod with the highest figure is judged.',
    },
    minSuccess: judgedSuccessParam,
    idleBelow: {
      type: 'number',
      minimum: 0,
      maximum: 1,
      default: 0.1,
      description:
        'Share of the CPU of the busiest pod, 0 to 1, below which a pod had no load: what it has left says nothing.',
    },
    minSamples: {
      type: 'integer',
      minimum: 1,
      default: 3,
      description: 'Samples each pod must have, measured wholly inside the window of the run.',
    },
  },
  messages: {
    tooMuch: {
      says: '{subject}: {statistic} {resource} use under load was {actual} of its request ({used} of {requested}), expected {comparison} {expected}.',
      fix: 'Add replicas, raise the request to what the pod really needs, or find what uses so much; then run the load again.',
    },
    nearLimit: {
      says: '{subject}: {statistic} {resource} use under load was {actual} of its limit ({used} of {limit}), expected {comparison} {expected}.',
      fix: 'Raise the limit, add replicas, or find what uses so much: at its limit a container is throttled or killed.',
    },
  },

  async gather({ run }, { runs }) {
    const result = await runs.load(run);
    const { resources } = result;
    if (!resources)
      throw new ObservationError('misconfigured', `${runName(result)} watched no pods.`, {
        fix: `Add watch with namespace and selector to the params of ${run}`,
      });
    const { problem, samples } = resources;
    if (problem && samples.length === 0)
      throw new ObservationError(problem.code, `${runName(result)}: the pods could not be watched: ${problem.message}`);
    return { result, resources };
  },

  judge(params, { result, resources }, say) {
    const { minSamples, minSuccess, idleBelow } = params;
    const { namespace, problem } = resources;
    const pods = usesOf(params, result, resources);
    const unsure = (reason: DoubtReason, why: string): void => say.unsure(reason, `${runName(result)}: ${why}`);
    // An autoscaler may add pods while the run measures; those that were there all the time must have been seen.
    const expected = pods.filter(({ samples, came }) => samples >= minSamples || !came);
    const unseen = (expected.length > 0 ? expected : pods).filter(({ samples }) => samples < minSamples);
    say.judged(...expected.map(({ pod }) => objectSubject('Pod', { namespace, name: pod })));
    showUse(params, result, resources, pods, say);
    for (const one of pods) {
      const subject = objectSubject('Pod', { namespace, name: one.pod });
      const tooMuch = excessOf(params, one);
      if (one.request === null)
        say.unknown(subject, `a request of ${params.resource}, of which its use would be a share`);
      if (tooMuch) say.fail('tooMuch', subject, tooMuch);
      const nearLimit = nearLimitOf(params, one);
      if (nearLimit) say.fail('nearLimit', subject, nearLimit);
    }
    if (resources.aheadMs !== undefined)
      unsure(
        'unknown-value',
        `the clock of the cluster is ${(resources.aheadMs / 1000).toFixed(1)} s ahead of this machine's: which samples fall into the window cannot be said. Set both by NTP.`,
      );
    if (pods.length === 0) unsure('no-subjects', 'no pod was seen behind the selector of the run.');
    for (const why of [notLoaded(result, minSuccess), idleText(pods, result, idleBelow)])
      if (why !== null) unsure('no-positive-control', why);
    if (unseen.length === 0) return;
    const names = nameList(unseen.map(({ pod, samples }) => `${pod} (${samples})`));
    const last = problem ? ` The last look that failed: ${problem.message}` : '';
    unsure(
      'too-few-samples',
      `fewer than ${minSamples} samples inside the measured window of ${names}. Let the run last longer than ${minSamples + 1} intervals of the metrics API.${last}`,
    );
  },
});

/** The figures of a pod that came too near its limit; null where it did not, has none, or it cannot be said. */
function nearLimitOf(
  { resource, statistic, max, comparison, minSamples }: Figures & { readonly minSamples: number },
  { used, limit, samples }: PodUse,
) {
  if (used === null || limit === null || samples < minSamples || holds(used / limit, comparison, max)) return null;
  const figures = { actual: percent(used / limit), used: amount(resource, used), limit: amount(resource, limit) };
  return { ...figures, statistic, resource, comparison, expected: percent(max) };
}

/** The figures of a pod that used too much; null where it did not, or where it cannot be said. */
function excessOf(
  { resource, statistic, max, comparison, minSamples }: Figures & { readonly minSamples: number },
  { used, request, samples }: PodUse,
) {
  if (used === null || request === null || samples < minSamples || holds(used / request, comparison, max)) return null;
  const figures = {
    actual: percent(used / request),
    used: amount(resource, used),
    requested: amount(resource, request),
  };
  return { ...figures, statistic, resource, comparison, expected: percent(max) };
}

/** Why the pods had less to do than the run says, or null. */
function notLoaded(result: LoadResult, minSuccess: number): string | null {
  const carried = 1 - errorRate(result);
  const short = `only ${percent(carried)} of the load was answered rightly (at least ${percent(minSuccess)} needed): the rest is work that the pods did not do.`;
  return answersDoubt(result) ?? (carried < minSuccess ? short : null);
}

/** No service answers a request in less: pods that used less CPU than that did not see it. */
const CPU_OF_A_REQUEST = 10e-6;
const FEW_REQUESTS = 100;

/** Names the pods that were there all the time and used hardly any CPU: beside the busiest of their kind, or for what all of them are said to have answered. */
function idleText(pods: readonly PodUse[], result: LoadResult, below: number): string | null {
  const steady = pods.filter(({ came, samples }) => !came && samples > 0);
  const groups = new Map<string, PodUse[]>();
  for (const pod of steady) groups.set(pod.group, [...(groups.get(pod.group) ?? []), pod]);
  const idle = [...groups.values()].flatMap((group) => {
    // Of several services nobody knows which answered how much: what no service at work stays below counts.
    const requests = groups.size > 1 ? FEW_REQUESTS : successes(result);
    const share = (requests * 1000 * CPU_OF_A_REQUEST) / Math.max(1, result.durationMs) / group.length;
    const least = Math.max(below * Math.max(...group.map(({ cpu }) => cpu)), below > 0 ? share : 0);
    return group.filter(({ cpu }) => cpu < least).map(({ pod, cpu }) => `${pod} (${amount('cpu', cpu)})`);
  });
  if (idle.length === 0) return null;
  return `had hardly any load: ${nameList(idle)}. See that the requests reach them, or narrow the selector under watch to what the run loads.`;
}

interface Figures {
  readonly resource: Resource;
  readonly statistic: 'mean' | 'highest';
  readonly max: number;
  readonly comparison: '<' | '<=';
}
interface PodUse {
  readonly pod: string;
  /** Null where it has none, or one of nothing. */
  readonly request: number | null;
  /** Null where it has none. */
  readonly limit: number | null;
  /** The selector that found it. */
  readonly group: string;
  readonly samples: number;
  /** Created while the run measured: it may have come too late for samples of its own. */
  readonly came: boolean;
  /** In the resource's own unit; null without a sample. */
  readonly used: number | null;
  /** Mean of its samples, in cores. */
  readonly cpu: number;
}

/** Every pod that was seen, by its requests or by a sample. */
function usesOf({ resource, statistic }: Figures, result: LoadResult, { requests, samples }: ResourceSeries): PodUse[] {
  const names = [...new Set([...requests, ...samples].map(({ pod }) => pod))].sort();
  return names.map((pod) => {
    const inside = samples.filter((sample) => sample.pod === pod && liesInside(sample, result));
    const values = inside.map((sample) => (resource === 'cpu' ? sample.cpu : sample.memoryBytes));
    const own = requests.find((request) => request.pod === pod);
    return {
      pod,
      ...sizesOf(resource, own),
      group: own?.group ?? '',
      // Kept in whole seconds.
      came: Date.parse(own?.createdAt ?? '') + 1000 > Date.parse(result.startedAt),
      samples: values.length,
      used: values.length === 0 ? null : statistic === 'mean' ? mean(values) : Math.max(...values),
      cpu: mean(inside.map(({ cpu }) => cpu)),
    };
  });
}

/** One of nothing is as good as none. */
function sizesOf(resource: Resource, own: ResourceSeries['requests'][number] | undefined) {
  const [requests, limits] = [own, own?.limits];
  return resource === 'cpu'
    ? { request: requests?.cpu || null, limit: limits?.cpu || null }
    : { request: requests?.memoryBytes || null, limit: limits?.memoryBytes || null };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** A window that began before the load, or outlasted it, is diluted by rest. */
function liesInside({ at, windowMs }: ResourceSample, { startedAt, durationMs }: LoadResult): boolean {
  const [end, from] = [Date.parse(at), Date.parse(startedAt)];
  return end - windowMs >= from && end <= from + durationMs;
}

function showUse(
  { resource, max, comparison, statistic }: Figures,
  result: LoadResult,
  { namespace, samples }: ResourceSeries,
  pods: readonly PodUse[],
  say: { show(...evidence: readonly Evidence[]): void },
): void {
  const shares = pods.flatMap(({ used, request }) => (used === null || !request ? [] : [used / request]));
  const bound = { comparison, value: max * 100 } as const;
  const value = { type: 'value', unit: 'percent' } as const;
  say.show(
    table(
      `${runName(result)}: ${resource} of pods in ${namespace}`,
      ['pod', statistic, 'request', 'share', 'limit', 'samples'],
      pods.map(({ pod, used, request, limit, samples: count, came }) => [
        came ? `${pod} (came during the run)` : pod,
        used === null ? null : amount(resource, used),
        request === null ? null : amount(resource, request),
        used === null || !request ? null : percent(used / request),
        limit === null ? null : amount(resource, limit),
        count,
      ]),
    ),
    {
      type: 'text',
      title: 'Window of the run',
      text: `${result.startedAt}, ${result.durationMs} ms; ${samples.length} samples in all, those wholly inside it count.`,
    },
  );
  if (shares.length > 0)
    say.show(
      { ...value, title: `Worst pod, ${resource}`, value: Math.max(...shares) * 100, bound },
      { ...value, title: `Mean of all pods, ${resource}`, value: mean(shares) * 100 },
    );
}
const amount = (resource: string, value: number): string =>
  resource === 'cpu' ? `${Math.round(value * 1000)}m` : `${(value / 1024 ** 2).toFixed(1)} MiB`;

import type { LoadResult, ResourceSample, ResourceSeries } from '../../contract/load.ts';
import { nameList, table } from '../../kit/evidence.ts';
import { kind, objectSubject, ObservationError, type Evidence } from '../../kit/kind.ts';
import { holds, percent, runName, runParam, upTo } from '../load.ts';

type Resource = 'cpu' | 'memory';

export const resourceUse = kind('load/resource-use', {
  title: 'Pods have room left under load',
  why: 'A pod that runs at its limit is throttled or killed by the next user, and no autoscaler is that quick.',
  sees: [
    'Of each pod behind the selector of a load run of this gate run: its use over its request, from samples of the metrics API whose own window lies inside the measured one.',
    'The worst pod and the mean of all.',
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
    const { resource, max, comparison, minSamples, statistic } = params;
    const { namespace, problem } = resources;
    const pods = usesOf(params, result, resources);
    const unsure = (reason: 'no-subjects' | 'too-few-samples', why: string): void =>
      say.unsure(reason, `${runName(result)}: ${why}`);
    // An autoscaler may add pods while the run measures; those that were there all the time must have been seen.
    const expected = pods.filter(({ samples, came }) => samples >= minSamples || !came);
    const unseen = (expected.length > 0 ? expected : pods).filter(({ samples }) => samples < minSamples);
    const unbounded = pods.filter(({ request }) => request === null || request <= 0).map(({ pod }) => pod);
    say.judged(...expected.map(({ pod }) => objectSubject('Pod', { namespace, name: pod })));
    showUse(params, result, resources, pods, say);
    for (const { pod, used, request, samples } of pods) {
      if (used === null || request === null || request <= 0 || samples < minSamples) continue;
      if (holds(used / request, comparison, max)) continue;
      const figures = {
        actual: percent(used / request),
        used: amount(resource, used),
        requested: amount(resource, request),
      };
      const data = { ...figures, statistic, resource, comparison, expected: percent(max) };
      say.fail('tooMuch', objectSubject('Pod', { namespace, name: pod }), data);
    }
    if (pods.length === 0) unsure('no-subjects', 'no pod was seen behind the selector of the run.');
    if (unbounded.length > 0)
      unsure('no-subjects', `no ${resource} request in ${nameList(unbounded)}: a share of nothing is no figure.`);
    if (unseen.length === 0) return;
    const names = nameList(unseen.map(({ pod, samples }) => `${pod} (${samples})`));
    const last = problem ? ` The last look that failed: ${problem.message}` : '';
    unsure(
      'too-few-samples',
      `fewer than ${minSamples} samples inside the measured window of ${names}. Let the run last longer than ${minSamples + 1} intervals of the metrics API.${last}`,
    );
  },
});

interface Figures {
  readonly resource: Resource;
  readonly statistic: 'mean' | 'highest';
  readonly max: number;
  readonly comparison: '<' | '<=';
}
interface PodUse {
  readonly pod: string;
  readonly request: number | null;
  readonly samples: number;
  /** Created while the run measured: it may have come too late for samples of its own. */
  readonly came: boolean;
  /** In the resource's own unit; null without a sample. */
  readonly used: number | null;
}

/** Every pod that was seen, by its requests or by a sample. */
function usesOf({ resource, statistic }: Figures, result: LoadResult, { requests, samples }: ResourceSeries): PodUse[] {
  const names = [...new Set([...requests, ...samples].map(({ pod }) => pod))].sort();
  return names.map((pod) => {
    const inside = samples.filter((sample) => sample.pod === pod && liesInside(sample, result));
    const values = inside.map((sample) => (resource === 'cpu' ? sample.cpu : sample.memoryBytes));
    const own = requests.find((request) => request.pod === pod);
    const sum = values.reduce((total, value) => total + value, 0);
    return {
      pod,
      request: (resource === 'cpu' ? own?.cpu : own?.memoryBytes) ?? null,
      // Kept in whole seconds.
      came: Date.parse(own?.createdAt ?? '') + 1000 > Date.parse(result.startedAt),
      samples: values.length,
      used: values.length === 0 ? null : statistic === 'mean' ? sum / values.length : Math.max(...values),
    };
  });
}

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
  const mean = (shares.reduce((sum, share) => sum + share, 0) / shares.length) * 100;
  say.show(
    table(
      `${runName(result)}: ${resource} of pods in ${namespace}`,
      ['pod', statistic, 'request', 'share', 'samples'],
      pods.map(({ pod, used, request, samples: count, came }) => [
        came ? `${pod} (came during the run)` : pod,
        used === null ? null : amount(resource, used),
        request === null ? null : amount(resource, request),
        used === null || !request ? null : percent(used / request),
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
      { ...value, title: `Mean of all pods, ${resource}`, value: mean },
    );
}
const amount = (resource: string, value: number): string =>
  resource === 'cpu' ? `${Math.round(value * 1000)}m` : `${(value / 1024 ** 2).toFixed(1)} MiB`;

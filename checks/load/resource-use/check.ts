import type { LoadResult, ResourceSample, ResourceSeries } from '../../contract/load.ts';
import {
  defineCheck,
  ObservationError,
  type Capabilities,
  type Evidence,
  type Finding,
  type FromSchema,
  type JSONSchema,
  type Judgement,
} from '../../kit/define-check.ts';
import { nameList, table } from '../../kit/evidence.ts';
import { judged } from '../../kit/judged.ts';
import { percent, runName, runParam } from '../load.ts';

const messages = {
  tooMuch: {
    says: '{subject}: {statistic} {resource} use under load was {actual} of its request ({used} of {requested}), expected {comparison} {expected}.',
    fix: 'Add replicas, raise the request to what the pod really needs, or find what uses so much; then run the load again.',
  },
};
type Id = keyof typeof messages;

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['run', 'resource', 'max'],
  properties: {
    run: runParam,
    resource: { type: 'string', enum: ['cpu', 'memory'], description: 'What is judged.' },
    max: { type: 'number', exclusiveMinimum: 0, description: 'Share of the request that may be used, 0.7 for 70 %.' },
    comparison: {
      type: 'string',
      enum: ['<', '<='],
      default: '<',
      description: 'Whether the bound itself is allowed.',
    },
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
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;

export const resourceUse = defineCheck({
  meta: {
    kind: 'load/resource-use',
    title: 'Pods have room left under load',
    why: 'A pod that runs at its limit is throttled or killed by the next user, and no autoscaler is that quick.',
    sees: 'Of each pod behind the selector of a load run of this gate run: its use over its request, from samples of the metrics API whose own window lies inside the measured one; the worst pod and the mean of all. Not: the nodes, or pods outside the selector.',
    needs: ['runs'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: () => [],
  gather,
  judge,
});

interface Gathered {
  readonly result: LoadResult;
  readonly resources: ResourceSeries;
}

async function gather({ run }: Params, { runs }: Pick<Capabilities, 'runs'>): Promise<Gathered> {
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

function judge(params: Params, { result, resources }: Gathered): Judgement<Id> {
  const { resource, max, comparison, minSamples, statistic } = params;
  const pods = usesOf(params, result, resources);
  const evidence = evidenceOf(params, result, resources, pods);
  const inconclusive = (reason: 'no-subjects' | 'too-few-samples', why: string): Judgement<Id> => ({
    outcome: 'inconclusive',
    reason,
    why: `${runName(result)}: ${why}`,
    evidence,
  });
  if (pods.length === 0) return inconclusive('no-subjects', 'no pod was seen behind the selector of the run.');
  const unbounded = pods.filter(({ request }) => request === null || request <= 0).map(({ pod }) => pod);
  if (unbounded.length > 0)
    return inconclusive(
      'no-subjects',
      `no ${resource} request in ${nameList(unbounded)}: a share of nothing is no figure.`,
    );
  // An autoscaler may add pods while the run measures; those that were there all the time must have been seen.
  const judgedPods = pods.filter(({ samples, came }) => samples >= minSamples || !came);
  const unseen = (judgedPods.length > 0 ? judgedPods : pods).filter(({ samples }) => samples < minSamples);
  const findings: Finding<Id>[] = pods.flatMap(({ pod, used, request, samples }) => {
    if (used === null || request === null || samples < minSamples) return [];
    const share = used / request;
    if (comparison === '<' ? share < max : share <= max) return [];
    const figures = { actual: percent(share), used: amount(resource, used), requested: amount(resource, request) };
    const data = { ...figures, statistic, resource, comparison, expected: percent(max) };
    return [{ message: 'tooMuch', subject: podName(resources, pod), data }];
  });
  const subjects = judgedPods.map(({ pod }) => podName(resources, pod));
  // Too much is too much, however little is known of the others.
  if (findings.length > 0) return judged(findings, subjects, evidence, '');
  if (unseen.length > 0) {
    const names = nameList(unseen.map(({ pod, samples }) => `${pod} (${samples})`));
    const problem = resources.problem ? ` The last look that failed: ${resources.problem.message}` : '';
    return inconclusive(
      'too-few-samples',
      `fewer than ${minSamples} samples inside the measured window of ${names}. Let the run last longer than ${minSamples + 1} intervals of the metrics API.${problem}`,
    );
  }
  return judged<Id>([], subjects, evidence, '');
}

const podName = ({ namespace }: ResourceSeries, pod: string): string => `Pod ${namespace}/${pod}`;

/** Every pod that was seen, by its requests or by a sample. */
function usesOf({ resource, statistic }: Params, result: LoadResult, { requests, samples }: ResourceSeries): PodUse[] {
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

function evidenceOf(params: Params, result: LoadResult, resources: ResourceSeries, pods: readonly PodUse[]) {
  const { resource, max, comparison, statistic } = params;
  const shares = pods.flatMap(({ used, request }) => (used === null || !request ? [] : [used / request]));
  const bound = { comparison, value: max * 100 } as const;
  const values: Evidence[] =
    shares.length === 0
      ? []
      : [
          { type: 'value', title: `Worst pod, ${resource}`, value: Math.max(...shares) * 100, unit: 'percent', bound },
          {
            type: 'value',
            title: `Mean of all pods, ${resource}`,
            value: (shares.reduce((sum, share) => sum + share, 0) / shares.length) * 100,
            unit: 'percent',
          },
        ];
  const rows = pods.map(({ pod, used, request, samples, came }) => [
    came ? `${pod} (came during the run)` : pod,
    used === null ? null : amount(resource, used),
    request === null ? null : amount(resource, request),
    used === null || !request ? null : percent(used / request),
    samples,
  ]);
  return [
    table(
      `${runName(result)}: ${resource} of pods in ${resources.namespace}`,
      ['pod', statistic, 'request', 'share', 'samples'],
      rows,
    ),
    ...values,
    {
      type: 'text',
      title: 'Window of the run',
      text: `${result.startedAt}, ${result.durationMs} ms; ${resources.samples.length} samples in all, those wholly inside it count.`,
    },
  ] as const satisfies readonly Evidence[];
}

const amount = (resource: string, value: number): string =>
  resource === 'cpu' ? `${Math.round(value * 1000)}m` : `${(value / 1024 ** 2).toFixed(1)} MiB`;

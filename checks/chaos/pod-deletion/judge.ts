import type { LoadResult } from '../../contract/load.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import type { Evidence, Finding, Judgement, NonEmpty } from '../../kit/define-check.ts';
import { table } from '../../kit/evidence.ts';
import { judged, present } from '../../kit/judged.ts';
import { errorRate, percent, percentileOfSent, runEvidence, saturation, wanted } from '../../load/load.ts';
import type { BlastRadius } from './blast-radius.ts';
import type { Params } from './check.ts';

export const messages = {
  tooFewReady: {
    says: '{subject}: {ready} of {desired} replicas are ready, expected all of them, and at least 2; nothing was deleted.',
    fix: 'Run at least two replicas and see that all are ready (workloads/rollout says what is wrong).',
  },
  budgetForbids: {
    says: '{subject}: {budget} allows no disruption, expected room for one pod; nothing was deleted.',
    fix: 'Give the budget room for one pod, or the Deployment another replica: as it is, no node can be drained.',
  },
  down: {
    says: '{subject}: {when} the deletion it accepts no connection ({why}), expected users to be served.',
    fix: 'Start the service, or correct the endpoint.',
  },
  unsteadyBefore: {
    says: '{subject}: not steady before: {what}; nothing was deleted.',
    fix: 'Repair the service first: an experiment on one that fails already shows nothing.',
  },
  notReplaced: {
    says: '{subject}: {ready} of {desired} replicas were ready {within} after {pod} was deleted, expected all of them.',
    fix: 'See the events of the ReplicaSet and of the new pod: a paused Deployment, a quota, no room, a slow start.',
  },
  budgetSpent: {
    says: '{subject}: {actual} of {due} requests failed while {pod} was replaced ({how}), expected at most {expected}.',
    fix: 'Let pods end gracefully: stop accepting before they exit (preStop), and take them out of the load balancing first.',
  },
  unsteadyAfter: {
    says: '{subject}: not steady again after {pod} was replaced: {what}.',
    fix: 'Compare the new pod with the others: a cold cache, a missing connection, another version.',
  },
};
type Id = keyof typeof messages;

export interface Replacement {
  readonly victim: string;
  /** From the deletion until all replicas were ready, another among them; null: not in time. */
  readonly replacedMs: number | null;
  readonly looks: readonly { readonly ms: number; readonly ready: number }[];
  /** The replicas wanted at the last look, where those were fewer than before the deletion. */
  readonly fewer?: number;
}
type Loaded = LoadResult | { readonly why: string };
export interface Gathered {
  readonly radius: BlastRadius;
  readonly before?: Loaded;
  readonly during?: Loaded;
  readonly replacement?: Replacement;
  readonly after?: Loaded;
}

export type Steadiness =
  | { readonly outcome: 'steady' }
  | { readonly outcome: 'unsteady'; readonly what: string }
  | { readonly outcome: 'unknown'; readonly reason: 'generator-saturated' | 'too-few-samples'; readonly why: string };

/** Error rate and P95 within bounds, by a generator that kept up. */
export function steadiness(params: Params, result: LoadResult): Steadiness {
  const saturated = saturation(result, params);
  if (saturated !== null) return { outcome: 'unknown', reason: 'generator-saturated', why: saturated };
  const due = wanted(result);
  if (due < params.minRequests) {
    const why = `${due} requests, at least ${params.minRequests} are needed`;
    return { outcome: 'unknown', reason: 'too-few-samples', why };
  }
  const [errors, p95Ms] = [errorRate(result), percentileOfSent(result, 95) / 1000];
  if (errors > params.maxErrorRate) {
    const what = `${percent(errors)} of ${due} requests failed (${causes(result)}), expected at most ${percent(params.maxErrorRate)}`;
    return { outcome: 'unsteady', what };
  }
  if (p95Ms <= durationMs(params.maxP95)) return { outcome: 'steady' };
  return { outcome: 'unsteady', what: `P95 is ${formatMs(p95Ms)}, expected at most ${params.maxP95}` };
}

/** `3 closed, 2 answered 5xx`. */
function causes(result: LoadResult): string {
  const unsent = wanted(result) - result.sent;
  const parts = [
    ...Object.entries(result.lostBy ?? {}).map(([how, count]) => `${count} ${how}`),
    ...Object.entries(result.statuses).flatMap(([status, count]) =>
      status === '2xx' ? [] : [`${count} answered ${status}`],
    ),
    ...(unsent > 0 ? [`${unsent} not sent in time`] : []),
  ];
  return parts.length === 0 ? 'none' : parts.join(', ');
}

export function judge(params: Params, gathered: Gathered): Judgement<Id> {
  const { radius, before, during, replacement, after } = gathered;
  const subject = radius.deployment;
  const service = `Service at ${params.endpoint.url}`;
  const evidence = evidenceOf(gathered);
  const failed = (findings: readonly Finding<Id>[]): Judgement<Id> => judged(findings, [subject], evidence, '');
  if (radius.refusals.length > 0) return failed(refusalsOf(radius));
  if (before === undefined) throw new RangeError('nothing was measured where a pod may be deleted');
  if ('why' in before)
    return failed([{ message: 'down', subject: service, data: { when: 'before', why: before.why } }]);
  const calm = steadiness(params, before);
  if (calm.outcome === 'unsteady')
    return failed([{ message: 'unsteadyBefore', subject: service, data: { what: calm.what } }]);
  if (calm.outcome === 'unknown') return unknown(calm, 'before the deletion, so nothing was deleted', evidence);
  if (!replacement || !during || !after) throw new RangeError('a steady service was not put to the test');
  const again = 'why' in after ? null : steadiness(params, after);
  const findings = present<Finding<Id>>([
    notReplaced(params, radius, replacement),
    'why' in during
      ? { message: 'down', subject: service, data: { when: 'during', why: during.why } }
      : budgetSpent(params, service, replacement, during),
    'why' in after && { message: 'down', subject: service, data: { when: 'after', why: after.why } },
    again?.outcome === 'unsteady' && {
      message: 'unsteadyAfter',
      subject: service,
      data: { pod: replacement.victim, what: again.what },
    },
  ]);
  if (findings.length > 0) return failed(findings);
  const { replacedMs, fewer } = replacement;
  if (replacedMs === null && fewer !== undefined)
    return {
      outcome: 'inconclusive',
      reason: 'too-few-samples',
      why: `${radius.deployment} was scaled from ${radius.desired} to ${fewer} replicas while ${replacement.victim} was to be replaced, so nothing had to replace it. Run it again when nothing scales the Deployment.`,
      evidence,
    };
  const disturbed = 'why' in during ? null : saturation(during, params);
  if (disturbed !== null)
    return unknown({ reason: 'generator-saturated', why: disturbed }, 'while the pod was replaced', evidence);
  if (again?.outcome === 'unknown') return unknown(again, 'after the replacement', evidence);
  return judged<Id>([], [subject], evidence, '');
}

function unknown(
  { reason, why }: { readonly reason: 'generator-saturated' | 'too-few-samples'; readonly why: string },
  when: string,
  evidence: NonEmpty<Evidence>,
): Judgement<Id> {
  return { outcome: 'inconclusive', reason, why: `The steady state cannot be told ${when}: ${why}.`, evidence };
}

function refusalsOf({ refusals, desired, deployment }: BlastRadius): Finding<Id>[] {
  return refusals.map((refusal) =>
    refusal.because === 'ready'
      ? { message: 'tooFewReady', subject: deployment, data: { ready: refusal.ready, desired } }
      : { message: 'budgetForbids', subject: deployment, data: { budget: refusal.budget } },
  );
}

function notReplaced(
  { replacedWithin, namespace }: Params,
  { desired, deployment }: BlastRadius,
  { victim, replacedMs, looks, fewer }: Replacement,
): Finding<Id> | null {
  if (replacedMs !== null && replacedMs <= durationMs(replacedWithin)) return null;
  const ready = looks.at(-1)?.ready ?? 0;
  if (fewer !== undefined && ready >= fewer) return null;
  const data = { ready, desired, within: replacedWithin, pod: `Pod ${namespace}/${victim}` };
  return { message: 'notReplaced', subject: deployment, data };
}

function budgetSpent(
  { errorBudget, namespace }: Params,
  subject: string,
  { victim }: Replacement,
  during: LoadResult,
): Finding<Id> | null {
  const actual = errorRate(during);
  if (actual <= errorBudget) return null;
  const data = { actual: percent(actual), due: wanted(during), how: causes(during), expected: percent(errorBudget) };
  return { message: 'budgetSpent', subject, data: { ...data, pod: `Pod ${namespace}/${victim}` } };
}

function evidenceOf({ radius, before, during, replacement, after }: Gathered): NonEmpty<Evidence> {
  const runs = [
    ['Before', before],
    ['While the pod was replaced', during],
    ['After', after],
  ] as const;
  return [
    table(
      `Blast radius of ${radius.deployment}`,
      ['fact', 'value'],
      [
        ['replicas wanted', radius.desired],
        ['replicas ready', radius.candidates.length],
        ...(radius.budgets.length === 0 ? [['PodDisruptionBudget', 'none']] : []),
        ...radius.budgets.map(({ name, allowed }) => [name, `allows ${allowed}`]),
        ['deleted', replacement ? replacement.victim : 'nothing'],
        ...(replacement
          ? [
              [
                'replaced',
                replacement.replacedMs === null ? 'not in time' : `after ${formatMs(replacement.replacedMs)}`,
              ],
            ]
          : []),
      ],
    ),
    ...(replacement
      ? [
          {
            type: 'series',
            title: 'Ready replicas since the deletion',
            unit: 'count',
            points: replacement.looks.map(({ ms, ready }) => [Math.round(ms), ready] as const),
          } as const,
        ]
      : []),
    ...runs.flatMap(([when, run]) =>
      run === undefined || 'why' in run
        ? []
        : runEvidence(run).map((evidence) => ({ ...evidence, title: `${when}: ${evidence.title}` })),
    ),
  ];
}

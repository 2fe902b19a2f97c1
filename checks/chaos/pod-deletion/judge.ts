import type { LoadResult } from '../../contract/load.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import { table } from '../../kit/evidence.ts';
import type { Evidence, Say } from '../../kit/kind.ts';
import { errorRate, percent, percentileOfSent, runEvidence, saturation, wanted } from '../../load/load.ts';
import type { Down } from '../../load/run.ts';
import type { BlastRadius } from './blast-radius.ts';
import type { Params } from './params.ts';

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
} as const;

export interface Replacement {
  readonly victim: string;
  /** From the deletion until all replicas were ready, another among them; null: not in time. */
  readonly replacedMs: number | null;
  readonly looks: readonly { readonly ms: number; readonly ready: number }[];
  /** The replicas wanted at the last look, where those were fewer than before the deletion. */
  readonly fewer?: number;
}
export interface Seen {
  readonly radius: BlastRadius;
  readonly before?: LoadResult | Down;
  readonly during?: LoadResult | Down;
  readonly replacement?: Replacement;
  readonly after?: LoadResult | Down;
}

interface Unknown {
  readonly reason: 'generator-saturated' | 'too-few-samples';
  readonly why: string;
}

/** What is not within bounds, error rate or P95, or why that cannot be told; null where users are served steadily. */
export function steadiness(params: Params, result: LoadResult): { readonly what: string } | Unknown | null {
  const saturated = saturation(result, params);
  if (saturated !== null) return { reason: 'generator-saturated', why: saturated };
  const { minRequests, maxErrorRate, maxP95 } = params;
  const [due, errors, p95Ms] = [wanted(result), errorRate(result), percentileOfSent(result, 95) / 1000];
  if (due < minRequests)
    return { reason: 'too-few-samples', why: `${due} requests, at least ${minRequests} are needed` };
  if (errors > maxErrorRate) {
    const failed = `${percent(errors)} of ${due} requests failed (${causes(result)})`;
    return { what: `${failed}, expected at most ${percent(maxErrorRate)}` };
  }
  return p95Ms <= durationMs(maxP95) ? null : { what: `P95 is ${formatMs(p95Ms)}, expected at most ${maxP95}` };
}

/** `3 closed, 2 answered 5xx`. */
function causes(result: LoadResult): string {
  const unsent = wanted(result) - result.sent;
  const parts = [
    ...Object.entries(result.lostBy ?? {}).map(([how, count]) => `${count} ${how}`),
    ...Object.entries(result.wrongBy ?? {}).map(([how, count]) => `${count} answered 2xx, but ${how}`),
    ...Object.entries(result.statuses).flatMap(([status, count]) =>
      status === '2xx' ? [] : [`${count} answered ${status}`],
    ),
    ...(unsent > 0 ? [`${unsent} not sent in time`] : []),
  ];
  return parts.length === 0 ? 'none' : parts.join(', ');
}

export function judge(params: Params, seen: Seen, say: Say<typeof messages>): void {
  const { radius, before, during, replacement, after } = seen;
  const service = `Service at ${params.endpoint.url}`;
  say.judged(radius.deployment);
  say.show(...evidenceOf(seen));
  for (const refusal of radius.refusals)
    if (refusal.because === 'ready')
      say.fail('tooFewReady', radius.deployment, { ready: refusal.ready, desired: radius.desired });
    else if (refusal.because === 'budget') say.fail('budgetForbids', radius.deployment, { budget: refusal.budget });
    else
      say.unsure(
        'no-positive-control',
        `${radius.deployment}: no Service of its namespace sends users to a pod of it, so none was deleted: nobody would have noticed. Name the Deployment that serves the endpoint.`,
      );
  if (radius.refusals.length > 0) return;
  if (before === undefined) throw new RangeError('nothing was measured where a pod may be deleted');
  if ('up' in before) return say.fail('down', service, { when: 'before', why: before.why });
  const restless = steadiness(params, before);
  if (restless && 'what' in restless) return say.fail('unsteadyBefore', service, restless);
  if (restless) return unknown(restless, 'before the deletion, so nothing was deleted', say);
  if (!replacement || !during || !after) throw new RangeError('a steady service was not put to the test');
  judgeReplacement(params, radius, replacement, say);
  if ('up' in during) say.fail('down', service, { when: 'during', why: during.why });
  else judgeDisturbance(params, service, replacement, during, say);
  if ('up' in after) return say.fail('down', service, { when: 'after', why: after.why });
  const still = steadiness(params, after);
  if (still && 'what' in still) say.fail('unsteadyAfter', service, { pod: replacement.victim, what: still.what });
  else if (still) unknown(still, 'after the replacement', say);
}

function unknown({ reason, why }: Unknown, when: string, say: Say<typeof messages>): void {
  say.unsure(reason, `The steady state cannot be told ${when}: ${why}.`);
}

function judgeReplacement(
  { replacedWithin, namespace }: Params,
  { desired, deployment }: BlastRadius,
  { victim, replacedMs, looks, fewer }: Replacement,
  say: Say<typeof messages>,
): void {
  if (replacedMs !== null && replacedMs <= durationMs(replacedWithin)) return;
  const ready = looks.at(-1)?.ready ?? 0;
  const pod = `Pod ${namespace}/${victim}`;
  if (fewer === undefined || ready < fewer)
    return say.fail('notReplaced', deployment, { ready, desired, within: replacedWithin, pod });
  if (replacedMs === null)
    say.unsure(
      'too-few-samples',
      `${deployment} was scaled from ${desired} to ${fewer} replicas while ${victim} was to be replaced, so nothing had to replace it. Run it again when nothing scales the Deployment.`,
    );
}

function judgeDisturbance(
  params: Params,
  service: string,
  { victim }: Replacement,
  during: LoadResult,
  say: Say<typeof messages>,
): void {
  const { errorBudget, namespace } = params;
  const actual = errorRate(during);
  if (actual > errorBudget)
    say.fail('budgetSpent', service, {
      actual: percent(actual),
      due: wanted(during),
      how: causes(during),
      expected: percent(errorBudget),
      pod: `Pod ${namespace}/${victim}`,
    });
  const saturated = saturation(during, params);
  if (saturated !== null) unknown({ reason: 'generator-saturated', why: saturated }, 'while the pod was replaced', say);
}

function evidenceOf({ radius, before, during, replacement, after }: Seen): readonly Evidence[] {
  const runs = [
    ['Before', before],
    ['While the pod was replaced', during],
    ['After', after],
  ] as const;
  const replaced = replacement?.replacedMs;
  return [
    table(
      `Blast radius of ${radius.deployment}`,
      ['fact', 'value'],
      [
        ['replicas wanted', radius.desired],
        ['replicas ready', radius.ready],
        ['of them behind a Service', radius.candidates.length],
        ['PodDisruptionBudgets', radius.budgets.map(({ name, allowed }) => `${name} allows ${allowed}`).join(', ')],
        ['deleted', replacement?.victim ?? 'nothing'],
        ['replaced', replaced === null ? 'not in time' : replaced === undefined ? '' : `after ${formatMs(replaced)}`],
      ],
    ),
    {
      type: 'series',
      title: 'Ready replicas since the deletion',
      unit: 'count',
      points: (replacement?.looks ?? []).map(({ ms, ready }) => [Math.round(ms), ready] as const),
    },
    ...runs.flatMap(([when, run]) =>
      run === undefined || 'up' in run
        ? []
        : runEvidence(run).map((evidence) => ({ ...evidence, title: `${when}: ${evidence.title}` })),
    ),
  ];
}

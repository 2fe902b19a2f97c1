/** What the API server says to the eviction of each pod. */
import type { EvictionAnswer } from '../../contract/cluster.ts';
import { table } from '../../kit/evidence.ts';
import type { Refusal, Say } from '../../kit/kind.ts';

export const messages = {
  budgetSpent: {
    says: '{subject}: may not be evicted: {why}; expected room in its budget.',
    fix: 'Run another replica, see why some are not ready, or give the PodDisruptionBudget room for one pod.',
  },
  twoBudgets: {
    says: '{subject}: has more than one PodDisruptionBudget, expected one: the API server evicts no such pod at all.',
    fix: 'Make the selectors of the budgets such that each pod has one.',
  },
  unmanaged: {
    says: '{subject}: is made by nobody, expected a controller that makes it anew elsewhere.',
    fix: 'Run it as a Deployment or StatefulSet; or name it under madeByHand, with a plan for who moves it.',
  },
} as const;

export interface SeenPod {
  readonly name: string;
  readonly node: string;
  /** Kind of its controller; empty where it has none. */
  readonly owner: string;
  readonly isMadeByHand: boolean;
  readonly ready: boolean;
  readonly answer?: EvictionAnswer;
  readonly refusal?: Refusal | undefined;
}

export function judge(_: unknown, { pods }: { readonly pods: readonly SeenPod[] }, say: Say<typeof messages>): void {
  for (const pod of pods) {
    const { name, owner, isMadeByHand, refusal, answer } = pod;
    // Gone meanwhile: nothing is left to evict.
    if (answer?.code === 404) continue;
    say.judged(name);
    if (owner === '' && !isMadeByHand) say.fail('unmanaged', name);
    if (refusal) say.refused(refusal, name);
    else if (answer) judgeAnswer(name, answer, say);
  }
  say.show(
    table(
      'Evictions, as a dry run',
      ['pod', 'node', 'controller', 'ready', 'answer'],
      pods.map(({ name, node, owner, ready, answer, refusal }) => [
        name,
        node,
        owner,
        ready,
        answer ? `${answer.code} ${answer.causes.join('; ') || answer.message}`.trim() : (refusal?.message ?? null),
      ]),
    ),
  );
}

function judgeAnswer(
  name: string,
  { code, message, causes, retryAfterSeconds }: EvictionAnswer,
  say: Say<typeof messages>,
): void {
  const why = causes.join('; ') || message;
  if (code >= 200 && code <= 299) return;
  // The same code as a budget that is spent, and says nothing about it.
  if (code === 429 && /still being processed/.test(why))
    return say.unsure(
      'unknown-value',
      `${name}: its budget has just been changed and is still being processed. Ask again${retryAfterSeconds === null ? '' : ` in ${retryAfterSeconds} s`}.`,
      { subject: name },
    );
  if (code === 429) return say.fail('budgetSpent', name, { why });
  if (/more than one PodDisruptionBudget/.test(`${message} ${why}`)) return say.fail('twoBudgets', name);
  say.unsure('protocol', `${name}: the API server answers ${code} to its eviction: ${why}`, { subject: name });
}

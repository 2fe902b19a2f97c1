/** What was good at the approval and is not any more, for whoever owns it: told when it begins, and once a day while it lasts. Pure. */
import type { PastOutcome } from '../../checks/contract/history.ts';
import { POST_DEPLOYMENT } from '../../checks/contract/plan.ts';
import type { NotifyEvent, RunSoFar } from './events.ts';

const DAY_MS = 86_400_000;

export function regressions(run: RunSoFar, about: string): readonly NotifyEvent[] {
  const { decision, history } = run;
  if (decision === null || !history?.approved) return [];
  const { approved, since } = history;
  return run.outcomes
    .filter(({ outcome }) => outcome === 'fail')
    .flatMap((failed) => {
      const item = run.plan.items.find(({ id }) => id === failed.item);
      const promised = approved.items.find((one) => one.item === failed.item)?.outcome;
      // What is looked at after the approval alone had no outcome then; what failed then was accepted with it.
      if (item === undefined || (item.phase !== POST_DEPLOYMENT && promised !== 'pass')) return [];
      const begun = failingSince(since, failed.item);
      if (begun !== null && !isNextDay(begun, since, failed)) return [];
      const from = begun?.at ?? failed.startedAt;
      const text = [
        `${failed.item} (${item.title}): ${failed.message}`,
        `Approved at ${approved.at}${promised === undefined ? '' : `, when it was ${promised}`}; so since ${from}.`,
      ];
      return [
        {
          event: 'regression',
          id: `${run.runId}-regression-${failed.item}`,
          subject: `${failed.item} is not as approved: ${about}`,
          text: text.join('\n'),
          severity: item.severity === 'critical' ? 'critical' : 'warning',
          owner: item.owner,
          item: failed.item,
        } as const,
      ];
    });
}

/** The first of the runs before this one in which the item has failed without a pass between; null: it failed in none. */
function failingSince(since: readonly PastOutcome[], item: string): PastOutcome | null {
  const own = since.filter((one) => one.item === item && ['pass', 'fail'].includes(one.outcome));
  const good = own.findLastIndex(({ outcome }) => outcome === 'pass');
  return own[good + 1] ?? null;
}

/** Whether another day of it has begun since the run before. */
function isNextDay(
  begun: PastOutcome,
  since: readonly PastOutcome[],
  { item, startedAt }: Pick<PastOutcome, 'item'> & { readonly startedAt: string },
): boolean {
  const last = since.findLast((one) => one.item === item && one.outcome === 'fail') ?? begun;
  const dayOf = (at: string): number => Math.floor((Date.parse(at) - Date.parse(begun.at)) / DAY_MS);
  return dayOf(startedAt) > dayOf(last.at);
}

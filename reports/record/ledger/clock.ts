/** Whether this machine's clock can be believed: time does not go back behind what the ledger tells of. */
import { CLOCK_SKEW_MS } from '../../decide/freshness.ts';
import { formatMs } from '../../../checks/contract/units.ts';
import type { RunSummary } from './records.ts';

/** `now` is never before what a signed run has told of: else an expired waiver would hold again. `damage`: it is far before. */
export interface Clock {
  readonly now: Date;
  readonly damage: readonly string[];
}

/** By other runs than the one that asks, and by when that one started. `isTrusted` is asked of few. */
export function clockBy(
  others: readonly RunSummary[],
  startedAt: string,
  now: Date,
  isTrusted: (run: RunSummary) => boolean,
): Clock {
  const ahead = others.filter((run) => latest(run) > now.getTime()).sort((a, b) => latest(b) - latest(a));
  const damage = ahead
    .filter((run) => latest(run) > now.getTime() + CLOCK_SKEW_MS)
    .map((run) => {
      const far = formatMs(latest(run) - now.getTime());
      return `run ${run.runId} is dated ${far} after this one: set this machine's clock, or, where that run's was wrong, golive ledger quarantine ${run.runId}`;
    });
  if (Date.parse(startedAt) > now.getTime() + CLOCK_SKEW_MS)
    damage.push(
      `this run started at ${startedAt}, and it is ${now.toISOString()} now: the clock was set back; run again`,
    );
  const newest = ahead.find((run) => latest(run) <= now.getTime() + CLOCK_SKEW_MS && isTrusted(run));
  return { now: newest ? new Date(latest(newest)) : now, damage };
}

/** The latest time that a run's record tells, in milliseconds. */
export function latest({ header, decision }: RunSummary): number {
  const times = [header.startedAt, decision?.decidedAt ?? ''].map((text) => Date.parse(text));
  return Math.max(...times.filter((time) => !Number.isNaN(time)));
}

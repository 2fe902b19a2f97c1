/** The first day after an approval, as the first run that looks back on all of it records it. */
import type { FirstDayRecord } from '../../../checks/contract/ledger.ts';
import { measuredByHour } from '../../../checks/contract/first-day.ts';
import { approvedAt, outcomesOf, standing, type HistoryOptions } from './since-approval.ts';

const DAY_MS = 86_400_000;

/** Null where there is no approval, its first day is not over, nobody measured anything in it, or it has been recorded. */
export function firstDayRecordOf(options: HistoryOptions & { readonly now: Date }): FirstDayRecord | null {
  const { before, since } = standing(options);
  const approval = before.at(-1);
  if (approval === undefined) return null;
  const from = Date.parse(approvedAt(approval));
  if (options.now.getTime() < from + DAY_MS || since.some(({ firstDayOf }) => firstDayOf === approval.runId))
    return null;
  const outcomes = since
    .flatMap((run) => outcomesOf(options.folder, run))
    .filter(({ at, measured }) => measured.length > 0 && Date.parse(at) >= from && Date.parse(at) < from + DAY_MS);
  const items = measuredByHour(outcomes, from);
  return items.length === 0
    ? null
    : {
        record: 'first-day',
        of: approval.runId,
        approvedAt: new Date(from).toISOString(),
        until: new Date(from + DAY_MS).toISOString(),
        items,
      };
}

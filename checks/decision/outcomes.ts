/** What the kinds that judge other items share. */
import type { ItemOutcome } from '../contract/run-reader.ts';
import type { Evidence, OutcomeName } from '../contract/outcome.ts';
import { table } from '../kit/evidence.ts';
import type { Messages, Say } from '../kit/kind.ts';

export const subjectOf = ({ item }: ItemOutcome): string => `Item ${item}`;

/** The first line of its message: what it says is wrong. */
export const saidOf = ({ message }: ItemOutcome): string => message.split('\n', 1)[0] ?? '';

/** `12 pass, 3 planned`. */
export function countsOf(items: readonly ItemOutcome[]): string {
  const counts = new Map<OutcomeName, number>();
  for (const { outcome } of items) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  return [...counts].map(([outcome, count]) => `${count} ${outcome}`).join(', ') || 'none';
}

/** Says of each item whether it passed: a failed one is a finding, and what neither passed nor failed a doubt of its own. */
export function judgeItems(
  items: readonly ItemOutcome[],
  say: Pick<Say<Messages>, 'judged' | 'unsure'>,
  fail: (subject: string, data: { readonly said: string }) => void,
): void {
  for (const item of items) {
    const subject = subjectOf(item);
    const said = saidOf(item);
    say.judged(subject);
    if (item.outcome === 'fail') fail(subject, { said });
    else if (item.outcome !== 'pass')
      say.unsure(
        'too-few-subjects',
        `${subject}: ${item.outcome}${said === '' ? '' : ` (${said.replace(/\.$/, '')})`}.`,
        {
          subject,
          detail: item.outcome,
        },
      );
  }
}

/** A row an item: outcome, what was measured, when and by which run. */
export function outcomesTable(title: string, items: readonly ItemOutcome[]): Evidence {
  return table(
    title,
    ['item', 'title', 'outcome', 'measured', 'judged at', 'run'],
    items.map((item) => [
      item.item,
      item.title,
      item.outcome,
      measuredOf(item) || null,
      item.at ?? null,
      item.runId ?? null,
    ]),
  );
}

/** `P95 of all that were due 12 ms (< 2000)`. */
export function measuredOf({ measured = [] }: ItemOutcome): string {
  const rounded = (value: number): string => String(Number(value.toPrecision(4)));
  return measured
    .map(({ title, value, unit, bound }) => {
      const against = bound ? ` (${bound.comparison} ${rounded(bound.value)})` : '';
      return `${title} ${rounded(value)} ${unit}${against}`;
    })
    .join(', ');
}

/** What the kinds that judge other items share. */
import type { ItemOutcome } from '../contract/run-reader.ts';
import type { OutcomeName } from '../contract/outcome.ts';
import type { Evidence } from '../kit/define-check.ts';
import { table } from '../kit/evidence.ts';

export const subjectOf = ({ item }: ItemOutcome): string => `Item ${item}`;

/** The first line of its message: what it says is wrong. */
export const saidOf = ({ message }: ItemOutcome): string => message.split('\n', 1)[0] ?? '';

/** `12 pass, 3 planned`. */
export function countsOf(items: readonly ItemOutcome[]): string {
  const counts = new Map<OutcomeName, number>();
  for (const { outcome } of items) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  return [...counts].map(([outcome, count]) => `${count} ${outcome}`).join(', ') || 'none';
}

const TOLD = 50;

/** Items that neither passed nor failed, and why: `Item A: error (connection refused); Item B: not-run.` */
export function unsettledText(items: readonly ItemOutcome[]): string {
  const told = items.map((item) => {
    const said = saidOf(item).replace(/\.$/, '');
    return `${subjectOf(item)}: ${item.outcome}${said === '' ? '' : ` (${said})`}`;
  });
  const more = told.length > TOLD ? `; and ${told.length - TOLD} more` : '';
  return `${told.slice(0, TOLD).join('; ')}${more}.`;
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

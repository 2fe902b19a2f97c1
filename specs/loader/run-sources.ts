/** `params.run`: an item that judges another item's load run must name one that comes before it and makes one. */
import type { ChecklistItem } from './load-checklist.ts';
import { phaseIndex } from './phases.ts';
import type { Problem } from './problems.ts';
import { didYouMean } from './suggest.ts';

export function runSourceProblems(
  items: readonly ChecklistItem[],
  params: ReadonlyMap<ChecklistItem, Readonly<Record<string, unknown>>>,
): readonly Problem[] {
  const sources = items.filter((item) => item.kind?.meta.needs.includes('load'));
  const ids = sources.map((item) => String(item.raw['id']));
  return items.flatMap((item) => {
    const run = params.get(item)?.['run'];
    if (!item.kind?.meta.needs.includes('runs') || typeof run !== 'string') return [];
    const pointer = `${item.pointer}/params/run`;
    const source = sources.find((one) => one.raw['id'] === run);
    if (!source) {
      const suggestion = didYouMean(run, ids);
      const known = items.some((one) => one.raw['id'] === run);
      const message = known ? `${run} makes no load run` : `there is no item ${run} in the checklist`;
      return [
        item.yaml.problem(pointer, { message, allowed: ids, ...(suggestion === undefined ? {} : { suggestion }) }),
      ];
    }
    if (isBefore(source, item, items)) return [];
    return [item.yaml.problem(pointer, { message: `${run} runs after this item`, fix: 'Move this item behind it' })];
  });
}

function isBefore(a: ChecklistItem, b: ChecklistItem, items: readonly ChecklistItem[]): boolean {
  const phases = phaseIndex(a.phase) - phaseIndex(b.phase);
  return phases < 0 || (phases === 0 && items.indexOf(a) < items.indexOf(b));
}

/**
 * Queries that give a value also where nothing is measured: `… or vector(0)`, `vector(1)`. Valid, and worth a warning: a metric that was renamed
 * looks like one that is good.
 */
import { isRecord } from '../../checks/contract/json.ts';
import type { PlannedItem } from '../../checks/contract/plan.ts';
import { cannotBeEmpty } from '../../checks/protocols/promql-values.ts';

/** Only what may hold a constant is parsed. */
const CONSTANT = /\b(vector|absent)\s*\(/;
/** Names that stand for a stretch of time until a query is asked. */
const STRETCH = /\$\{?(window|block)\}?/g;
/** A counter of the new release begins at 0: there the constant is meant. */
const MEANT: Readonly<Record<string, RegExp>> = { 'cutover/trigger': /(^|\.)metrics\[\d+\]\.(fresh|stable)$/ };

export interface ConstantQuery {
  readonly item: Pick<PlannedItem, 'id' | 'place'>;
  /** `metrics[2].query`. */
  readonly param: string;
}

/** Each text once, at the first item that asks it. */
export function constantQueries(
  items: readonly Pick<PlannedItem, 'id' | 'place' | 'kind' | 'params'>[],
): readonly ConstantQuery[] {
  const seen = new Set<string>();
  return items.flatMap((item) =>
    textsIn(item.params, '').flatMap(({ param, text }) => {
      if (seen.has(text) || !CONSTANT.test(text) || MEANT[item.kind]?.test(param) === true) return [];
      seen.add(text);
      return cannotBeEmpty(text.replaceAll(STRETCH, '5m')) ? [{ item, param }] : [];
    }),
  );
}

function textsIn(value: unknown, param: string): readonly { readonly param: string; readonly text: string }[] {
  if (typeof value === 'string') return [{ param, text: value }];
  if (Array.isArray(value)) return value.flatMap((one, index) => textsIn(one, `${param}[${index}]`));
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([name, one]) => textsIn(one, param === '' ? name : `${param}.${name}`));
}

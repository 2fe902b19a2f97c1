/** What an item allows nevertheless, each with its reason: shared by the kinds that can be told of exceptions. */
import { table } from '../kit/evidence.ts';
import type { Evidence } from '../kit/kind.ts';

export interface Allowances {
  /** Whether one is declared for these values, in the order of the columns. */
  readonly allows: (...values: readonly string[]) => boolean;
  /** What was declared and whether anything needed it; nothing where none was. Call it last. */
  readonly shown: (title: string) => readonly Evidence[];
}

/** Params that allow something: found by the values of `columns`, so that many of them cost no more each. */
export function allowancesOf<C extends string>(
  declared: readonly (Readonly<Record<C, string>> & { readonly reason: string })[],
  columns: readonly C[],
): Allowances {
  const known = new Set(declared.map((one) => JSON.stringify(columns.map((column) => one[column]))));
  const needed = new Set<string>();
  return {
    allows(...values) {
      const key = JSON.stringify(values);
      if (known.has(key)) needed.add(key);
      return known.has(key);
    },
    shown(title) {
      if (declared.length === 0) return [];
      const rows = declared.map((one) => {
        const values = columns.map((column) => one[column]);
        return [...values, one.reason, needed.has(JSON.stringify(values)) ? 'yes' : 'no: remove it from the item'];
      });
      return [table(title, [...columns, 'reason', 'needed'], rows)];
    },
  };
}

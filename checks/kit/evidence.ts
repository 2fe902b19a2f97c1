/** Evidence that many kinds leave in the same form. */
import { hideCredentials } from '../contract/credentials.ts';
import type { Cell, Evidence } from '../contract/outcome.ts';

/** Rows of a table that are kept; more are counted in its title. */
export const ROWS_KEPT = 200;
/** Characters of an answer's text that are kept. */
export const TEXT_KEPT = 2000;

/** A table of what was judged, at most `ROWS_KEPT` rows; the title says how many more there were. */
export function table(title: string, columns: readonly string[], rows: readonly (readonly Cell[])[]): Evidence {
  const more = rows.length - ROWS_KEPT;
  return {
    type: 'table',
    title: more > 0 ? `${title} (first ${ROWS_KEPT}, ${more} more)` : title,
    columns,
    rows: rows.slice(0, ROWS_KEPT),
  };
}

/** Rows for a table of many things: those that it would not keep are counted, and never made. */
export function rowsOf<T>(things: readonly T[], row: (thing: T) => readonly Cell[]): readonly (readonly Cell[])[] {
  return things.map((thing, index) => (index < ROWS_KEPT ? row(thing) : []));
}

/** A text cut to `TEXT_KEPT` characters, with a mark where it was cut. */
export function shortened(text: string, kept: number = TEXT_KEPT): string {
  if (text.length <= kept) return text;
  // Hidden before it is cut: half a credential has no shape, and is half a credential.
  const shown = hideCredentials(text.slice(0, kept + LONGEST_CREDENTIAL)).slice(0, kept);
  return `${shown}… (${text.length - kept} more characters)`;
}

const LONGEST_CREDENTIAL = 4000;

/** `one, two and three`, at most `kept` of them. */
export function nameList(names: readonly string[], kept = 5): string {
  if (names.length === 0) return 'none';
  if (names.length > kept) return `${names.slice(0, kept).join(', ')} and ${names.length - kept} more`;
  return names.length === 1 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
}

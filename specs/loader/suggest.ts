/** "Did you mean": the nearest allowed word. */

/** Edits between two words, a swap of neighbours counting as one (optimal string alignment); Infinity where they are more than `limit`. */
export function editDistance(a: string, b: string, limit = Infinity): number {
  if (Math.abs(a.length - b.length) > limit) return Infinity;
  let before: readonly number[] = [];
  let previous: readonly number[] = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = nextRow({ a, b, row }, previous, before);
    // A swap looks two rows back, so two rows beyond the limit are needed to give up.
    if (Math.min(...previous) > limit && Math.min(...current) > limit) return Infinity;
    before = previous;
    previous = current;
  }
  const distance = previous.at(-1) ?? 0;
  return distance > limit ? Infinity : distance;
}

function nextRow(
  { a, b, row }: { readonly a: string; readonly b: string; readonly row: number },
  previous: readonly number[],
  before: readonly number[],
): readonly number[] {
  const at = (cells: readonly number[], column: number): number => cells[column] ?? Infinity;
  const current = [row];
  for (let column = 1; column <= b.length; column++) {
    const same = a[row - 1] === b[column - 1];
    const swapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
    const edited = Math.min(at(previous, column), at(current, column - 1)) + 1;
    const kept = at(previous, column - 1) + (same ? 0 : 1);
    current[column] = Math.min(edited, kept, swapped ? at(before, column - 2) + 1 : Infinity);
  }
  return current;
}

const LONGEST_WORD = 100;
/** Among more words none is suggested: a file may ask about each of thousands of words. */
const MOST_WORDS = 500;

/** The allowed word nearest to `word`, if it is near enough to have been meant: a third of its letters, at least one. */
export function didYouMean(word: string, allowed: readonly string[]): string | undefined {
  const lower = word.toLowerCase();
  if (lower.length > LONGEST_WORD || allowed.length > MOST_WORDS) return undefined;
  let limit = Math.max(1, Math.floor(lower.length / 3));
  let best: string | undefined;
  for (const candidate of [...allowed].sort()) {
    const distance = editDistance(lower, candidate.toLowerCase(), limit);
    if (distance > limit) continue;
    best = candidate;
    limit = distance - 1;
  }
  return best;
}

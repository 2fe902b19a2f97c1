/** What a pass has seen and what it has not, as lists. */

export interface Seen {
  readonly seen: readonly string[];
  readonly not: readonly string[];
}

const NOT = 'Not: ';

/** A kind says it as lists, or as a text: parts of what was seen end with a semicolon or a full stop, an omission follows `Not:`. */
export function seenOf(meta: { readonly sees: string | readonly string[]; readonly not?: readonly string[] }): Seen {
  const { sees, not = [] } = meta;
  if (typeof sees !== 'string') return { seen: sees, not };
  const sentences = sees.split(/(?<=\.) (?=\S)/);
  const omissions = sentences.filter((one) => one.startsWith(NOT)).map((one) => one.slice(NOT.length));
  return {
    seen: sentences.filter((one) => !one.startsWith(NOT)).flatMap(partsOf),
    not: [...omissions.map(withoutStop), ...not],
  };
}

/** At semicolons outside of brackets. */
function partsOf(sentence: string): string[] {
  return withoutStop(sentence).split(/; (?![^(]*\))/);
}

function withoutStop(sentence: string): string {
  return sentence.replace(/\.$/, '');
}

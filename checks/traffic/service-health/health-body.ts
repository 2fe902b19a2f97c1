/** What a health answer says of its parts, by the shapes that services give it: words, truth values, codes and lists of errors. */

/** Members whose value is a state. */
const STATES =
  /^(ok|up|alive|live|ready|health|healthy|available|connected|reachable|serving|success|operational|status|state)$/i;
/** Members that hold a part each. */
const PARTS = /^(checks|components|dependencies|parts|services|health|subsystems|probes|connections|indicators)$/i;
/** Parts that stand at the top by their own name. */
const PART = /^(db|database|postgres(ql)?|mysql|mongo(db)?|redis|cache|queue|kafka|rabbit(mq)?|storage|s3|search)$/i;
/** Members that are there when something is wrong, and empty otherwise. */
const FAULTS = /^(errors?|failures?)$/i;
const NO_FAULT = /^(|0|no|none|null|nil|ok|false)$/i;
/** Members whose words are no states: `trend: down`, `logLevel: error`. */
const NO_STATES = /^(trend|direction|colou?r|theme|(log_?)?level|severity|policy|on_?(error|failure))$/i;
const CODES = /^(status|code|status_?code)$/i;
const DEEPEST_PART = 8;

export interface SickPart {
  /** `checks.database`. */
  readonly part: string;
  readonly word: string;
}

/** The first part that is not well; `words` mean that, `ignored` are paths that say nothing of it. */
export function sickPart(
  answer: Readonly<Record<string, unknown>>,
  words: readonly string[],
  ignored: readonly string[],
): SickPart | null {
  const bad = new Set(words.map((word) => word.toLowerCase()));
  const look = (value: unknown, path: readonly string[], isPart: boolean): SickPart | null => {
    const part = path.join('.');
    const key = path.at(-1) ?? '';
    if (ignored.includes(part)) return null;
    if (typeof value !== 'object' || value === null)
      return isSick(key, value, isPart || PART.test(key), bad) ? { part, word: String(value) } : null;
    if (Array.isArray(value) && FAULTS.test(key) && value.length > 0)
      return { part, word: `a list of ${value.length}` };
    if (path.length === DEEPEST_PART) return null;
    for (const [name, member] of Object.entries(value)) {
      const sick = look(member, [...path, name], PARTS.test(key));
      if (sick) return sick;
    }
    return null;
  };
  return look(answer, [], false);
}

function isSick(key: string, value: unknown, isPart: boolean, bad: ReadonlySet<string>): boolean {
  if (value === false) return isPart || STATES.test(key);
  if (value === true) return FAULTS.test(key) || bad.has(key.toLowerCase());
  if (typeof value === 'number') return isBadNumber(key, value);
  if (typeof value !== 'string') return false;
  if (FAULTS.test(key)) return !NO_FAULT.test(value.trim());
  if (NO_STATES.test(key)) return false;
  return isBadWord(value, bad) || (value.toLowerCase() === 'false' && (isPart || STATES.test(key)));
}

/** `up: 0`, `status: 503`. */
function isBadNumber(key: string, value: number): boolean {
  return CODES.test(key) ? value >= 400 : value === 0 && STATES.test(key);
}

/** A word by itself, also at the end of a longer name: `REDIS_DOWN`. A sentence is no state. */
function isBadWord(value: string, bad: ReadonlySet<string>): boolean {
  const word = value.toLowerCase();
  if (bad.has(word)) return true;
  const [first = '', ...others] = word.split(/[_-]/);
  return !/\s/.test(word) && first !== 'no' && bad.has(others.at(-1) ?? '');
}

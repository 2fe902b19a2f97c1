/** What a health answer says, by the shapes that services give it: words, truth values, codes and lists of errors. */
import { at, isRecord, parseJson } from '../../contract/json.ts';

/** Members that say of the whole how it is, where the item names none; the first that is there counts. */
const WHOLE = 'status state health healthy ok alive up ready success serving'.split(' ');
/** Members whose value is a state. */
const STATES =
  /^(is_?)?(ok|up|alive|live|ready(_?state)?|health|healthy|available|connected|reachable|responding|responsive|serving|running|initiali[sz]ed|success|passed|operational|status|state)$/i;
/** Members that hold a part each. */
const PARTS =
  /^(checks|components|dependencies|parts|services|health|subsystems|probes|connections|indicators|upstreams|systems|stores)$/i;
/** Parts that stand at the top by their own name. */
const PART =
  /(^|[._-])(db|database|postgres(ql)?|mysql|mariadb|mongo(db)?|redis|valkey|cache|queue|kafka|nats|rabbit(mq)?|broker|elastic(search)?|storage|s3|search|smtp|vault|ldap)$/i;
/** Members that are there when something is wrong, and empty otherwise. */
const FAULTS =
  /^(errors?|failures?|exceptions?|problems|issues|failed_?(checks|components|dependencies|services|parts))$/i;
const NO_FAULT = /^(|0|no|none|null|nil|ok|false)$/i;
/** Members whose words are no states: `trend: down`, `logLevel: error`. */
const NO_STATES =
  /^(trend|direction|colou?r|theme|(log_?)?level|severity|policy|on_?(error|failure)|type|kind|name|id|description|notes?|message)$/i;
/** Members that count what is in such a state now: `unhealthy: 2`. */
const COUNTS = /^(down|unhealthy|unavailable|unreachable|offline|disconnected)(_?(count|parts|checks|services))?$/i;
const CODES = /^(http_?)?(status_?code|status|code|response_?code)$/i;
/** True here means that it matters, not that it is so. */
const NO_FLAGS = /^(critical|fatal|red|error|fail)$/i;
/** What a driver says of a connection that does not work, also within a sentence. */
const OF_A_PART =
  /\b(not (connected|ready|available|reachable|responding|running|healthy|ok)|refused|timed? ?out|timeout|time-out|econn\w+|etimedout|enotfound|closed|closing|ended|reconnecting|connecting|stopped|crashed|broken|no connection|cannot|could not|unable)\b/i;
const NEGATED = /\b(no|zero|0|without|never)[ _-]+\w+/gi;
const DEEPEST_PART = 8;

/** What a body says of the whole; `member` is empty where it is one word, or one value, by itself. */
export interface WholeState {
  readonly member: string;
  readonly value: unknown;
  /** Empty for a plain word. */
  readonly members: Readonly<Record<string, unknown>>;
}

/** Null for what is no health answer at all: a page, a list, nothing. */
export function wholeState(body: string, field: string | undefined): WholeState | null {
  const parsed = parseJson(body);
  const answer = parsed === undefined ? plainWord(body) : parsed;
  if (isRecord(answer)) {
    const known = WHOLE.map((name) => Object.keys(answer).find((own) => own.toLowerCase() === name));
    const member = field ?? known.find((name) => name !== undefined) ?? 'status';
    return { member, value: at(answer, member), members: answer };
  }
  const isWord = (typeof answer === 'string' && answer.trim() !== '') || typeof answer === 'boolean';
  return isWord && field === undefined ? { member: '', value: answer, members: {} } : null;
}

/** `OK`, `Healthy`: a few words by themselves, no page and no sentence. */
function plainWord(body: string): string | undefined {
  const text = body.trim();
  return /^[\w .!-]{1,40}$/.test(text) ? text.replace(/[.!]+$/, '') : undefined;
}

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
    const members = Object.entries(value);
    if (listsFaults(key, value, bad)) return { part, word: `a list of ${members.length}` };
    if (path.length === DEEPEST_PART) return null;
    for (const [name, member] of members) {
      const sick = look(member, [...path, name], PARTS.test(key) && !NO_STATES.test(name));
      if (sick) return sick;
    }
    return null;
  };
  return look(answer, [], false);
}

/** Errors by themselves, and whatever is listed as failing. An object that stands for an error says something: `{ count: 0 }` does not. */
function listsFaults(key: string, value: object, bad: ReadonlySet<string>): boolean {
  const isFault = (one: unknown): boolean => typeof one === 'string' && !NO_FAULT.test(one.trim());
  if (!Array.isArray(value)) return FAULTS.test(key) && Object.values(value).some(isFault);
  return (FAULTS.test(key) || bad.has(key.toLowerCase())) && value.length > 0;
}

function isSick(key: string, value: unknown, isPart: boolean, bad: ReadonlySet<string>): boolean {
  const isState = STATES.test(key);
  if (value === false) return isPart || isState;
  if (value === true) return !NO_FLAGS.test(key) && (FAULTS.test(key) || bad.has(key.toLowerCase()));
  if (typeof value === 'number') return isBadNumber(key, value);
  return typeof value === 'string' && isBadText(key, value, bad, { isPart, isState });
}

interface Place {
  readonly isPart: boolean;
  readonly isState: boolean;
}
function isBadText(key: string, value: string, bad: ReadonlySet<string>, { isPart, isState }: Place): boolean {
  if (FAULTS.test(key)) return !NO_FAULT.test(value.trim());
  if (NO_STATES.test(key)) return false;
  return isBadWord(value, bad) || ((isPart || isState) && isBadState(value, bad, isPart));
}

/** `up: 0`, `status: 503`, `unhealthy: 2`. */
function isBadNumber(key: string, value: number): boolean {
  if (COUNTS.test(key)) return value > 0;
  return CODES.test(key) ? value >= 400 : value === 0 && STATES.test(key);
}

/** A word by itself, also at the end of a longer name: `REDIS_DOWN`. A sentence is no state. */
function isBadWord(value: string, bad: ReadonlySet<string>): boolean {
  const word = value.trim().toLowerCase();
  if (bad.has(word) || bad.has(word.replaceAll(/[ -]/g, '_'))) return true;
  if (/\s/.test(word) || /^no[_-]/.test(word)) return false;
  return [...bad].some((one) => word.endsWith(`_${one}`) || word.endsWith(`-${one}`));
}

/** Where a state is expected a sentence tells one, too: `DOWN since 10:00`, `Error: ECONNREFUSED`. */
function isBadState(value: string, bad: ReadonlySet<string>, isPart: boolean): boolean {
  const text = value.replace(NEGATED, ' ');
  if (/^(false|no|off|0|n)$/i.test(text.trim())) return true;
  return isPart && (OF_A_PART.test(text) || (text.toLowerCase().match(/[a-z_]+/g) ?? []).some((word) => bad.has(word)));
}

/** `${environment.a.b}`, `${release.version}` and `${rehearsal.NAME}` in YAML values. */
import { REHEARSAL_VALUES, type RehearsalValueName } from '../../checks/contract/environment.ts';
import { isRecord } from '../../checks/contract/json.ts';
import { WINDOW_PLACEHOLDER } from '../../checks/contract/param-schemas.ts';
import { didYouMean } from './suggest.ts';
import { pointerStep } from '../../k8s/semantics/objects/positions.ts';
import type { ProblemText } from './yaml/parse.ts';

const TOKEN = /\$\{([^}]*)\}/g;
const WHOLE = /^\$\{([^}]*)\}$/;
export const REHEARSAL_NAMES = Object.keys(REHEARSAL_VALUES) as readonly RehearsalValueName[];

/** What tokens may name. */
export interface Roots {
  readonly environment: object;
  readonly release: object;
}
/** Told for each problem: where, and what. */
export type Tell = (pointer: string, text: ProblemText) => void;
/** Whether a token stays for whoever uses the value. */
export type Stays = (pointer: string, token: string) => boolean;

/** Calls `visit` for every text in a value, with its pointer, and rebuilds the value from what it returns. */
export function mapTexts(value: unknown, base: string, visit: (text: string, pointer: string) => unknown): unknown {
  if (typeof value === 'string') return visit(value, base);
  if (Array.isArray(value)) return value.map((member, index) => mapTexts(member, base + pointerStep(index), visit));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [name, mapTexts(member, base + pointerStep(name), visit)]),
    );
  }
  return value;
}

/**
 * Puts values of the environment and the release in: a text that is one token takes the value itself, an embedded one its text. Tokens of the rehearsal
 * stay, and those that `stays` names. `used` learns which pointer took which token.
 */
export function substituteEnvironment(
  value: unknown,
  base: string,
  roots: Roots,
  tell: Tell,
  used: Map<string, string>,
  stays: Stays = () => false,
): unknown {
  return mapTexts(value, base, (text, pointer) => {
    const whole = WHOLE.exec(text);
    if (whole && !stays(pointer, text)) return resolveToken(whole[1] ?? '', text, pointer, roots, tell, used);
    return text.replace(TOKEN, (token, inner: string) => {
      if (stays(pointer, token)) return token;
      const found = resolveToken(inner, token, pointer, roots, tell, used);
      if (typeof found === 'object' && found !== null) {
        tell(pointer, {
          message: `${token} is not a text or number and cannot be put into a longer text`,
          fix: `Name one of its members, or let the whole value be "${token}"`,
        });
        return token;
      }
      return String(found);
    });
  });
}

function resolveToken(
  inner: string,
  token: string,
  pointer: string,
  roots: Roots,
  tell: Tell,
  used: Map<string, string>,
): unknown {
  const [root = '', ...path] = inner.split('.');
  if (root === 'rehearsal') {
    tell(pointer, {
      message: `${token} may stand in the rehearsal's environment file only`,
      fix: 'Put it there and use ${environment.…} here',
    });
    return token;
  }
  if (!Object.hasOwn(roots, root) || path.length === 0) {
    tell(pointer, { message: `${token} is not known`, allowed: ['${environment.<path>}', '${release.<name>}'] });
    return token;
  }
  let at: unknown = roots[root as keyof Roots];
  const walked = [root];
  for (const step of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) {
      const names = membersOf(at);
      const suggestion = didYouMean(step, names);
      const message = `${token} does not exist: ${walked.join('.')} has no "${step}"`;
      tell(pointer, { message, allowed: names, ...(suggestion === undefined ? {} : { suggestion }) });
      return token;
    }
    at = (at as Readonly<Record<string, unknown>>)[step];
    walked.push(step);
  }
  used.set(pointer, token);
  return structuredClone(at);
}

const members = new WeakMap<object, readonly string[]>();

/** Names of a value's members; counted once, however many tokens ask. */
function membersOf(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  const names = members.get(value) ?? Object.keys(value);
  members.set(value, names);
  return names;
}

/**
 * Checks the tokens of an environment file itself: `${rehearsal.NAME}` in the rehearsal's, none elsewhere. An override may hold `${window}`:
 * whether its param takes it is known where the item is.
 */
export function checkRehearsalTokens(value: unknown, allowed: boolean, tell: Tell): void {
  mapTexts(value, '', (text, pointer) => {
    for (const [token, inner] of text.matchAll(TOKEN)) {
      if (token === WINDOW_PLACEHOLDER && /^\/overrides\/\d+\/value/.test(pointer)) continue;
      const name = /^rehearsal\.(.+)$/.exec(inner ?? '')?.[1];
      if (name === undefined)
        tell(pointer, { message: `${token} is not known here`, allowed: allowed ? REHEARSAL_NAMES.map(tokenOf) : [] });
      else if (!allowed)
        tell(pointer, { message: `${token} may stand in the rehearsal's file only`, fix: 'Write the value' });
      else if (!(REHEARSAL_NAMES as readonly string[]).includes(name)) {
        const suggestion = didYouMean(name, REHEARSAL_NAMES);
        tell(pointer, {
          message: `the rehearsal gives no value named "${name}"`,
          allowed: REHEARSAL_NAMES,
          ...(suggestion === undefined ? {} : { suggestion }),
        });
      }
    }
    return text;
  });
}

function tokenOf(name: string): string {
  return `\${rehearsal.${name}}`;
}

/** A value to validate with: rehearsal tokens become what a running rehearsal would give, of the right type. */
export function withRehearsalSamples(value: unknown): unknown {
  return mapTexts(value, '', (text) => {
    const whole = /^\$\{rehearsal\.(\w+)\}$/.exec(text);
    if (whole) return sampleOf(whole[1] ?? '');
    return text.replace(/\$\{rehearsal\.(\w+)\}/g, (_, name: string) => String(sampleOf(name)));
  });
}

function sampleOf(name: string): string | number {
  const type = (REHEARSAL_VALUES as Readonly<Record<string, 'string' | 'number'>>)[name];
  return type === 'number' ? 1 : 'http://127.0.0.1:1';
}

/** What the validator filled in, with the original's tokens kept. */
export function keepTokens(validated: unknown, original: unknown): unknown {
  if (typeof original === 'string') return original;
  if (Array.isArray(validated) && Array.isArray(original)) {
    return validated.map((member, index) =>
      index < original.length ? keepTokens(member, original[index]) : (member as unknown),
    );
  }
  if (isRecord(validated) && isRecord(original)) {
    return Object.fromEntries(
      Object.entries(validated).map(([name, member]) => [
        name,
        name in original ? keepTokens(member, original[name]) : member,
      ]),
    );
  }
  return validated;
}

/**
 * Finds credentials written out where anybody who may read a manifest can read them. The rules are precise rather than
 * complete: a finding is worth an SRE's time. They answer where and which rule, never the value.
 */
import { containersOf } from '../../k8s/semantics/pod-security.ts';
import { listAt, textAt } from '../contract/json.ts';

/** A place that holds a credential, and the rule that says so. */
export interface Literal {
  /** `spec.template.spec.containers[0].env[2] (DB_PASSWORD)` or `data["app.properties"] line 7`. */
  readonly place: string;
  readonly rule: string;
}

const SECRET_WORDS =
  '(?:password|passwd|passphrase|secret|token|api[_.-]?key|apikey|private[_.-]?key|access[_.-]?key|signing[_.-]?key|encryption[_.-]?key|credentials?)';
/** Too short to count inside a longer word, and the names that programs of PostgreSQL, MySQL and Redis read. */
const SHORT_NAME = /^(?:PGPASSWORD|requirepass|masterauth|.*[_.-](?:pass|pwd))$/i;
/** Names of secrets; `_KEY` at the end counts in environment variables, where it hardly means anything else. */
const SECRET_NAME = new RegExp(`(?:^|[_.-])${SECRET_WORDS}$`, 'i');
const CAMEL_NAME = /[a-z](?:Password|Secret|Token|ApiKey|PrivateKey|AccessKey)$/;
const KEY_SUFFIX = /_KEY$/;
const PUBLIC_NAME = /(?:public|publishable|site|partition|sort|primary|foreign|cache|idempotency)[_.-]?key$/i;

/**
 * Values that are credentials whatever they are called. What may stand in the middle is bounded: a ConfigMap holds up to a
 * mebibyte, and an unbounded middle would take the square of it.
 */
const VALUE_RULES: readonly { readonly rule: string; readonly matches: RegExp }[] = [
  { rule: 'private key', matches: /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----/ },
  { rule: 'JSON Web Token', matches: /\beyJ[\w-]{8,400}\.eyJ[\w-]{8,}\.[\w-]{16,}/ },
  {
    rule: 'URL with a password',
    matches: /[a-z][a-z0-9+.-]{0,30}:\/\/[^\s/:@"'<>]{0,200}:(?![$*<{])[^\s/@"']{1,200}@[^\s/]/i,
  },
  { rule: 'AWS access key', matches: /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/ },
  { rule: 'GitHub token', matches: /\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{50,})/ },
  { rule: 'Slack token', matches: /\bxox[abprs]-[\w-]{10,}/ },
];

/** Literals in the environment, command and arguments of every container of a pod spec. */
export function literalsInPod(podSpec: unknown, specPath: string): Literal[] {
  return containersOf(podSpec, specPath).flatMap(({ fields, path }) => [
    ...listAt(fields, 'env').flatMap((variable, index) => {
      const name = textAt(variable, '', 'name');
      const value = textAt(variable, '', 'value');
      const rule = isSecretVariable(name) && isWrittenOut(value) ? 'named like a secret' : wholeValueRule(value);
      return rule === null ? [] : [{ place: `${path}.env[${index}] (${name})`, rule }];
    }),
    ...(['command', 'args'] as const).flatMap((field) =>
      literalsInArguments(listAt(fields, field), `${path}.${field}`),
    ),
  ]);
}

/** Literals in the values of a ConfigMap's `data` (or another field of it), line by line. */
export function literalsInConfigMap(data: unknown, field = 'data'): Literal[] {
  if (typeof data !== 'object' || data === null) return [];
  return Object.entries(data).flatMap(([key, value]) => {
    if (typeof value !== 'string') return [];
    const place = `${field}[${JSON.stringify(key)}]`;
    if (!value.trim().includes('\n')) {
      const rule =
        isSecretVariable(key) && isWrittenOut(value) ? 'named like a secret' : (lineRule(value) ?? randomRule(value));
      return rule === null ? [] : [{ place, rule }];
    }
    return value.split('\n').flatMap((line, index) => {
      const rule = lineRule(line);
      return rule === null ? [] : [{ place: `${place} line ${index + 1}`, rule }];
    });
  });
}

function literalsInArguments(values: readonly unknown[], path: string): Literal[] {
  const texts = values.map((value) => (typeof value === 'string' ? value : ''));
  return texts.flatMap((text, index) => {
    const [, flag, inline] = /^--?([\w.-]+)(?:=(.*))?$/s.exec(text) ?? [];
    const next = texts[index + 1] ?? '';
    const value = inline ?? (next.startsWith('-') ? '' : next);
    const rule =
      flag !== undefined && isSecretName(flag) && isWrittenOut(value) ? 'flag named like a secret' : lineRule(text);
    return rule === null ? [] : [{ place: `${path}[${index}]`, rule }];
  });
}

/** redis.conf and its ACL file part names and values by blanks: `requirepass …`, `user name on ~* +@all >password`. */
const REDIS_SETTING = /^\s{0,200}(?:requirepass|masterauth)\s{1,200}(?:"([^"]*)"|(\S+))/i;
const REDIS_USER = /^\s{0,200}user\s{1,200}\S{1,200}\s(?:.{0,500}\s)?>(\S+)/;

function redisRule(line: string): string | null {
  const [, quoted, bare] = REDIS_SETTING.exec(line) ?? [];
  const value = quoted ?? bare ?? REDIS_USER.exec(line)?.[1] ?? '';
  return isWrittenOut(value) ? 'password of Redis' : null;
}

/** The rule by which a text, or a text anywhere in a value, holds a credential; null where none does. */
export function credentialIn(value: unknown): string | null {
  if (typeof value === 'string')
    return value.split('\n').reduce<string | null>((found, line) => found ?? lineRule(line), null);
  if (typeof value !== 'object' || value === null) return null;
  const named = [...Object.entries(value), [textAt(value, '', 'name'), textAt(value, '', 'value')] as const];
  if (named.some(([name, text]) => isSecretVariable(name) && typeof text === 'string' && isWrittenOut(text)))
    return 'named like a secret';
  return Object.values(value).reduce<string | null>((found, member) => found ?? credentialIn(member), null);
}

/** A setting `name: value`, `name=value` or `"name": "value"`, or a value that is a credential by itself. */
function lineRule(line: string): string | null {
  const byValue = valueRule(line) ?? redisRule(line);
  if (byValue !== null) return byValue;
  const [, name = '', quoted, bare] =
    /^[\s{,-]{0,200}(?:export\s+)?["']?([\w.-]{1,200})["']?\s{0,200}[:=]\s*(?:"([^"]*)"|'?([^'",}#\s]*))/.exec(line) ??
    [];
  return isSecretName(name) && isWrittenOut(quoted ?? bare ?? '') ? 'setting named like a secret' : null;
}

function valueRule(value: string): string | null {
  return VALUE_RULES.find(({ matches }) => matches.test(value))?.rule ?? null;
}

/** A value that stands by itself: lines of a longer text, such as a certificate's, are random-looking by nature. */
function wholeValueRule(value: string): string | null {
  return valueRule(value) ?? randomRule(value);
}

const randomRule = (value: string): string | null => (looksRandom(value.trim()) ? 'random-looking value' : null);

/** Characters below which chance makes words of letters, and bits a character above which words do not come. */
const SHORTEST_RANDOM = 24;
const LEAST_ENTROPY = 4;
/** A DER certificate or public key, plain or as base64 of its PEM text: long, random-looking and public. */
const PUBLIC_MATERIAL = /^(?:MI[IGH]|LS0tLS1CRUdJTi(?:BDRVJUSUZJQ0FUR|BQVUJMSUM))/;

/**
 * One word of mixed letters and digits with the Shannon entropy of a generated key. Digests and UUIDs are of lower-case hexadecimal
 * digits, host names and paths have dots and few capitals: none of them is taken for one.
 */
function looksRandom(value: string): boolean {
  if (value.length < SHORTEST_RANDOM || value.length > 512 || !/^[\w+/-]+={0,2}$/.test(value)) return false;
  if (PUBLIC_MATERIAL.test(value) || value.startsWith('/')) return false;
  const counts = ['[a-z]', '[A-Z]', '[0-9]'].map((set) => value.match(new RegExp(set, 'g'))?.length ?? 0);
  if (counts.some((count) => count < 3)) return false;
  return entropy(value) >= LEAST_ENTROPY;
}

/** Bits a character, by how often each occurs (Shannon). */
function entropy(value: string): number {
  const counts = new Map<string, number>();
  for (const character of value) counts.set(character, (counts.get(character) ?? 0) + 1);
  return [...counts.values()].reduce((sum, count) => sum - (count / value.length) * Math.log2(count / value.length), 0);
}

function isSecretName(name: string): boolean {
  return (SECRET_NAME.test(name) || CAMEL_NAME.test(name) || SHORT_NAME.test(name)) && !PUBLIC_NAME.test(name);
}

function isSecretVariable(name: string): boolean {
  return isSecretName(name) || (KEY_SUFFIX.test(name) && !PUBLIC_NAME.test(name));
}

/** A value by itself: no reference to another variable, file, URL or number, and not merely switching something. */
function isWrittenOut(value: string): boolean {
  const text = value.trim();
  if (text.length < 3 || /^(true|false|yes|no|on|off|null|none|enabled|disabled)$/i.test(text)) return false;
  if (/^(?:\$[({]|%[({]|\{\{)/.test(text)) return false;
  return !/^(?:\$\w+$|\/|\.{1,2}\/|[a-z][a-z0-9+.-]*:\/\/|[0-9.]{1,5}(?:[a-z]{1,2})?$)/i.test(text);
}

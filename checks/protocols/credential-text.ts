/**
 * Credentials in a text, by the rule that says so and never the value. The rules are precise rather than complete: a finding is worth
 * an SRE's time. What may stand in the middle of a match is bounded: a ConfigMap holds up to a mebibyte, and an unbounded middle would
 * take the square of it.
 */
import {
  isCredential,
  isCredentialAmidst,
  isCredentialVariable,
  isSecretFlag,
  isSecretName,
  isWrittenOut,
  looksChosen,
} from './credential-names.ts';
import { textAt } from '../contract/json.ts';

interface Rule {
  readonly rule: string;
  readonly matches: RegExp;
  /** Whether what the first group holds is a credential; without it the match is enough. */
  readonly if?: (value: string) => boolean;
}

/** `$(X)`, `${X}` and `$X` stand for a variable, `<…>` and `***` for what was left out. */
const FILLED_IN = String.raw`(?!\$[({]|\$[A-Z_][A-Z0-9_]{0,100}@|[*<{])`;
const afterCommand = (names: string, flag: string): RegExp =>
  new RegExp(String.raw`\b(?:${names})\s(?:[^|;&\n]{0,200}?\s)?${flag}["']?([^\s"']{1,200})`);

/** Values that are credentials whatever they are called. */
const RULES: readonly Rule[] = [
  {
    rule: 'private key',
    matches: /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----|\bAGE-SECRET-KEY-1[0-9A-Z]{50}/,
  },
  { rule: 'JSON Web Token', matches: /\.eyJ(?<=\beyJ[\w-]{8,400}\.eyJ)[\w-]{8,}\.[\w-]{16,}/ },
  {
    rule: 'URL with a password',
    matches: new RegExp(
      String.raw`[a-zA-Z][a-zA-Z0-9+.-]{0,30}:\/\/[^\s/:@"'<>]{0,200}:${FILLED_IN}[^\s/@"']{1,200}@[^\s/]`,
    ),
  },
  {
    rule: 'DSN with a password',
    matches: /(?:^|[\s"'=])[\w.-]{1,100}:([^\s/:@"']{1,200})@(?:tcp|unix)\(/,
    if: isWrittenOut,
  },
  { rule: 'AWS access key', matches: /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/ },
  { rule: 'GitHub token', matches: /\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{50,})/ },
  { rule: 'Slack token', matches: /\bxox[abprs]-[\w-]{10,}/ },
  {
    rule: 'token of a known service',
    matches:
      /\b(?:(?:sk|rk)_live_\w{10,}|glpat-[\w-]{20}|npm_\w{20,}|AIza[\w-]{35}|SG\.[\w-]{16,}\.[\w-]{16,}|hv[sb]\.\w{20,}|dckr_pat_[\w-]{20,}|pypi-[\w-]{50,}|dop_v1_\w{60,}|sk-(?:ant|proj)-[\w-]{20,}|hf_[A-Za-z]{30,})/,
  },
  {
    rule: 'hash of a password',
    matches:
      /\$(?:apr1|1|5|6|2[abxy]|argon2(?:i|d|id))\$[^\s"':]{1,40}\$[^\s"']{10,}|\$2[abxy]\$\d\d\$[./\w]{53}|(?:^|:)\{S?SHA\d*\}[\w+/=]{20,}/,
  },
  {
    rule: 'credential in an Authorization header',
    matches: /\bauthorization["']?[\s:=,]{1,10}["']?(?:basic|bearer|token|apikey)\s{1,10}([\w.~+/=-]{6,400})/i,
    if: isWrittenOut,
  },
  {
    rule: 'credential of HTTP',
    matches: /^\s{0,20}["']?(?:basic|bearer)\s{1,10}([\w.~+/=-]{8,400})["']?\s{0,20}$/i,
    if: looksChosen,
  },
  {
    rule: 'password of a command',
    matches: afterCommand('(?:redis|valkey|keydb)-(?:cli|benchmark)', String.raw`(?:-a|--pass)[\s=]{1,5}`),
    if: isWrittenOut,
  },
  { rule: 'password of a command', matches: afterCommand('(?:mysql|mariadb)[a-z-]{0,20}', '-p'), if: isWrittenOut },
  {
    rule: 'password of a command',
    matches: afterCommand('(?:curl|wget)', String.raw`(?:-u|--user)[\s=]{0,5}["']?[^\s:"']{1,100}:`),
    if: isWrittenOut,
  },
  {
    rule: 'password of a command',
    matches: afterCommand('sshpass|mongo[a-z]{0,12}|docker|podman', String.raw`-p\s{0,5}`),
    if: isPassword,
  },
  { rule: 'password of a command', matches: afterCommand('ldap[a-z]{3,10}', String.raw`-w\s{0,5}`), if: isWrittenOut },
  { rule: 'password of a command', matches: /\s-pass(?:in|out)?\s{1,5}pass:([^\s"']{1,200})/, if: isWrittenOut },
  // .pgpass: host:port:database:user:password.
  {
    rule: 'password of PostgreSQL',
    matches: /^[^\s:#]{1,255}:(?:\d{1,5}|\*):[^\s:]{1,100}:[^\s:]{1,100}:([^\s:]{1,200})\s{0,20}$/,
    if: isWrittenOut,
  },
  {
    rule: 'password of .netrc',
    matches:
      /\b(?:machine|login)\s{1,20}\S{1,255}\s{1,20}(?:login\s{1,20}\S{1,255}\s{1,20})?password\s{1,20}(\S{1,200})/,
    if: isWrittenOut,
  },
  {
    rule: 'password of npm',
    matches: /:_(?:auth|password|authToken)\s{0,5}=\s{0,5}["']?([^\s"']{1,400})/,
    if: isWrittenOut,
  },
  // redis.conf and its ACL file part names and values by blanks, and so do others.
  {
    rule: 'password of Redis',
    matches:
      /^\s{0,200}(?:requirepass|masterauth|sentinel\s{1,20}auth-pass\s{1,20}\S{1,200})\s{1,200}(?:"(?=[^"]*"))?([^\s"]{1,400})/i,
    if: isWrittenOut,
  },
  {
    rule: 'password of Redis',
    matches: /^\s{0,200}user\s{1,200}\S{1,200}\s(?:.{0,500}\s)?>(\S{1,400})/,
    if: isWrittenOut,
  },
];

/** Docker publishes ports by the same letter: `-p 8080:80`. */
function isPassword(value: string): boolean {
  return isWrittenOut(value) && !/^[\d.:]+$/.test(value);
}

/** Names and values in pairs, each with what decides about them. */
const VALUE = String.raw`(?:"([^"\n]{0,400})"|'([^'\n]{0,400})'|([^\s'",;&|}<>#]{1,400}))`;
const NAME = String.raw`([\w.-]{1,100})`;
const PAIRS: readonly {
  readonly rule: string;
  readonly form: RegExp;
  readonly decides: (name: string, value: string) => boolean;
}[] = [
  {
    rule: 'setting named like a secret',
    form: new RegExp(
      String.raw`^[\s{,-]{0,200}(?:export\s{1,10})?["']?${NAME}["']?\s{0,200}[:=]\s{0,200}${VALUE}`,
      'g',
    ),
    decides: isCredential,
  },
  {
    // `{ user: a, password: b }`, `"password":"b"`.
    rule: 'setting named like a secret',
    form: new RegExp(String.raw`[{,]\s{0,20}["']?${NAME}["']?\s{0,10}[:=]\s{0,10}${VALUE}`, 'g'),
    decides: isCredentialAmidst,
  },
  {
    // `PGPASSWORD=b psql`, `host=db password=b`, `?user=a&password=b`, `-Ddb.password=b`.
    rule: 'setting named like a secret',
    form: new RegExp(String.raw`(?<=[\s"'?&;(|=])-{0,2}${NAME}\s{0,3}=\s{0,3}${VALUE}`, 'g'),
    decides: isCredentialAmidst,
  },
  {
    rule: 'flag named like a secret',
    form: new RegExp(String.raw`(?<=\s)--?([a-z][\w-]{1,100})\s{1,5}${VALUE}`, 'g'),
    decides: (name, value) => isSecretFlag(name) && isCredentialAmidst(`-${name}`, value) && !value.startsWith('-'),
  },
  {
    // `- name: DB_PASSWORD`, `value: b`; `<property name="password" value="b"/>`; `{"key":"password","value":"b"}`.
    rule: 'setting named like a secret',
    form: new RegExp(
      String.raw`\b(?:name|key)["']?\s{0,5}[:=]\s{0,5}["']?${NAME}["']?,?\s{0,200}["']?\bvalue["']?\s{0,5}[:=]\s{0,5}${VALUE}`,
      'gi',
    ),
    decides: isCredential,
  },
  {
    // `<password>b</password>`, `<entry key="password">b</entry>`.
    rule: 'element named like a secret',
    form: new RegExp(
      String.raw`<(?:[\w-]{1,50}:)?(?:[\w-]{1,50}\s[^<>]{0,100}?\b(?:name|key)=["'])?${NAME}(?:["'][^<>]{0,100}|\s[^<>]{0,200})?>${VALUE}</`,
      'g',
    ),
    decides: isCredential,
  },
  {
    rule: 'setting named like a secret',
    form: new RegExp(String.raw`^\s{0,200}${NAME}\s{1,200}["']?([^\s"']{1,200})["']?\s{0,20}$`, 'g'),
    decides: (name, value) => isSecretName(name) && isWrittenOut(value) && looksChosen(value),
  },
];

/** What follows such a mark explains, it does not set. */
const COMMENT = /^\s{0,200}(?:#|;|\/\/\s|--\s)/;

/** The rule by which a line, or a value of one line, holds a credential; null where none does. */
export function lineRule(line: string): string | null {
  const byValue = valueRule(line);
  if (byValue !== null || COMMENT.test(line)) return byValue;
  // Of the ways to write a value, one has met.
  for (const { rule, form, decides } of PAIRS)
    for (const [, name = '', ...values] of line.matchAll(form)) if (decides(name, values.join(''))) return rule;
  return null;
}

function valueRule(value: string): string | null {
  const isComment = COMMENT.test(value);
  const found = RULES.find(({ matches, if: decides }) => {
    const match = matches.exec(value);
    return match !== null && (decides === undefined || (!isComment && decides(match[1] ?? '')));
  });
  return found?.rule ?? null;
}

/** The rules of each line of a text that holds a credential; a name on one line may have its value on the next. */
export function lineRules(text: string): readonly { readonly line: number; readonly rule: string }[] {
  let last = '';
  return text.split('\n').flatMap((line, index) => {
    const rule =
      lineRule(line) ?? (/^\s*"?value"?\s*:/.test(line) ? lineRule(`${last.slice(0, 300)} ${line.trim()}`) : null);
    last = line;
    return rule === null ? [] : [{ line: index + 1, rule }];
  });
}

/** The rule by which a text, or a text anywhere in a value, holds a credential; null where none does. */
export function credentialIn(value: unknown): string | null {
  if (typeof value === 'string') return lineRules(value)[0]?.rule ?? null;
  if (typeof value !== 'object' || value === null) return null;
  const named = [...Object.entries(value), [textAt(value, '', 'name'), textAt(value, '', 'value')] as const];
  if (named.some(([name, text]) => typeof text === 'string' && isCredentialVariable(name, text)))
    return 'named like a secret';
  return Object.values(value).reduce<string | null>((found, member) => found ?? credentialIn(member), null);
}

/** A value that stands by itself: lines of a longer text, such as a certificate's, are random-looking by nature. */
export function wholeValueRule(value: string): string | null {
  return lineRules(value)[0]?.rule ?? (looksRandom(value.trim()) ? 'random-looking value' : null);
}

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

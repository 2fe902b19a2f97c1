/** Which names stand for a secret, and which values are written out rather than referred to. */

/** Whatever stands under such a name is a secret. */
const STRONG = 'pass(?:word|wd|wort|phrase|code)';
const WORDS =
  '(?:secret|token|(?:secret[_.-]?)?access[_.-]?key|secret[_.-]?key|api[_.-]?key|private[_.-]?key|account[_.-]?key|signing[_.-]?key|encryption[_.-]?key|credentials?|creds)';
const STRONG_NAME = new RegExp(`${STRONG}s?$`, 'i');
/** Names of secrets; `_KEY` at the end counts in environment variables, where it hardly means anything else. */
const SECRET_NAME = new RegExp(`(?:^|[_.-])${WORDS}$`, 'i');
const CAMEL_NAME = /[a-z](?:Secret|Token|ApiKey|PrivateKey|AccessKey|AccountKey)$/;
/** Too short to count inside a longer word, and the names that programs of PostgreSQL, MySQL and Redis read. */
const SHORT_NAME = /^(?:requirepass|masterauth|.*[_.-](?:pass|pwd))$/i;
const KEY_SUFFIX = /_KEY$/;
const PUBLIC_NAME =
  /(?:(?:public|publishable|site|partition|sort|primary|foreign|cache|idempotency|routing|object|index|lookup|group|message)[_.-]?key|publickeytoken|(?:existing|pull|tls|cert(?:ificate)?)[_.-]?secret|(?:[bs]os|eos|pad|unk|sep|cls|mask|stop|next|page|continue)[_.-]?token)$/i;
/** A secret's name with more behind it, `PASSWORD_DB`: a password, or how one is to be. What its value looks like decides. */
const LEADING_NAME = new RegExp(
  `(?:^|[_.-])(?:${STRONG}|secret|token|api[_.-]?key)[_.-][\\w.-]+$|(?:^|[_.-])auth$`,
  'i',
);
const DESCRIBES =
  /(?:file|path|dir|ttl|url|uri|name|id|ids|length|size|type|policy|hash|expiry|expires?|lifetime|timeout|issuer|audience|algorithm|version|endpoint|host|ref|arn|region|enabled|header|prefix|source|provider|scope|format|mount|store|class|at|hasher|encoder|rules?|pattern|subject|label|field|min|max)$/i;

const STRONG_WORD = new RegExp(STRONG, 'i');

/** `DB_PASSWORD2` is named like `DB_PASSWORD`. */
const bare = (name: string): string => name.replace(/[_.-]?\d{1,2}$/, '');

export function isSecretName(given: string): boolean {
  const name = bare(given);
  const isSecret = [STRONG_NAME, SECRET_NAME, CAMEL_NAME, SHORT_NAME].some((form) => form.test(name));
  return isSecret && !PUBLIC_NAME.test(name);
}

/** `--pass x` is one, `PWD` is a folder. */
export const isSecretFlag = (flag: string): boolean => isSecretName(flag) || isSecretName(`-${flag}`);

/** Whether a value under this name is a credential that is written out: by its name, or by name and looks together. */
export function isCredential(name: string, value: string): boolean {
  if (isSecretName(name)) return isWrittenOut(value);
  if (!LEADING_NAME.test(name) || DESCRIBES.test(name) || !isWrittenOut(value)) return false;
  return STRONG_WORD.test(name) ? looksChosen(value) : kindsIn(value) >= 3 && looksChosen(value);
}

/** The same of an environment variable, or of a key of a ConfigMap. */
export function isCredentialVariable(name: string, value: string): boolean {
  return isCredential(name, value) || (KEY_SUFFIX.test(name) && !PUBLIC_NAME.test(name) && isWrittenOut(value));
}

/** Whether a name in the middle of a text is enough by itself: `secret="db"` may be a label of a metric. */
export function isCredentialAmidst(name: string, value: string): boolean {
  const isStrong = STRONG_NAME.test(bare(name)) || SHORT_NAME.test(name);
  return isCredential(name, value) && (isStrong || looksChosen(value));
}

/** Where a manager of secrets puts the value in, or a program reads it from. */
const REFERENCE = /^(?:(?:vault|arn|env|file|ssm|sm|akv|keyvault|secret|op|ref\+\w+):|ENC[[(]|!vault|`)/i;
/** A call or a member of something, as scripts and configuration in code have it. */
const EXPRESSION =
  /^(?:[a-z_]\w*(?:\.\w+)*[([]|\w+:[x*!]?:\d+:\d+:|(?:os|process|config|env|self|this|req|request|args|ctx|settings|options|params|values)\.)/i;

/** A value by itself: no reference to another variable, file, URL or number, and not merely switching something. */
export function isWrittenOut(value: string): boolean {
  const text = value.trim();
  if (text.length < 3 || /^(true|false|yes|no|on|off|null|none|nil|undefined|enabled|disabled)$/i.test(text))
    return false;
  if (/^(?:\$(?:__\w+)?[({]|%[({]|\{\{)/.test(text) || REFERENCE.test(text) || EXPRESSION.test(text)) return false;
  return !/^(?:\$(?:\w+|[@*])$|\/|\.{1,2}\/|[a-z][a-z0-9+.-]*:\/\/|[0-9.]{1,5}(?:[a-z]{1,2})?$)/i.test(text);
}

const kindsIn = (text: string): number => [/[a-z]/, /[A-Z]/, /\d/, /[^\w.-]/].filter((kind) => kind.test(text)).length;

/** Letters and digits as somebody chooses or generates them; no version, host, path, size or time. */
export function looksChosen(value: string): boolean {
  const text = value.trim();
  if (text.length < 8 || /[\s/\\]|^v?\d+[.:-]\d|^\d+[a-z]{1,2}$/i.test(text) || /\.[a-z]{2,}(?::\d+)?$/i.test(text))
    return false;
  return kindsIn(text) >= 3 || (/\d/.test(text) && /[a-z]/i.test(text) && /[a-z]\d[a-z]|\d[a-z]+\d/i.test(text));
}

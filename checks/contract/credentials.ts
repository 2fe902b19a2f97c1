/**
 * Credentials by their shape. What other systems say (a receiver of Alertmanager, a value that has drifted, an error of a driver) may hold
 * credentials that golive was never given and so cannot know: they are guessed by the forms that their makers chose to be recognised by, and
 * by the names they stand beside. A guess must never take a digest, a name or a figure: forms are narrow, and a name alone hides only what
 * looks random. A rule set kept by others was weighed: it judges files, asynchronously, and here every text is judged where it is written.
 */

const HIDDEN = '[redacted]';

/** Tokens that look as nothing else does. What may stand in the middle is bounded: the time grows with the text. */
const TOKENS: readonly string[] = [
  // private key, also one that was cut off before its end
  String.raw`-----BEGIN (?:[A-Z0-9]+ ){0,4}PRIVATE KEY-----(?:(?!-----END)[^"])*(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----)?`,
  // JSON Web Token
  String.raw`\beyJ[\w-]{6,600}\.[\w-]{6,}(?:\.[\w-]*){1,3}`,
  // AWS access key
  String.raw`\b(?:AKIA|ASIA|AROA|AIDA|ABIA|ACCA)[A-Z0-9]{16}\b`,
  // GitHub token
  String.raw`\b(?:gh[oprsu]|github_pat)_\w{20,}`,
  // GitLab token
  String.raw`\bgl(?:pat|dt|rt|cbt|ptt|ft|soat|agent|imt|oas)-[\w.-]{16,}`,
  // Slack token
  String.raw`\b(?:xox[abceoprs]|xapp|xwfp)-[\w-]{10,}`,
  // Stripe key
  String.raw`\b(?:(?:sk|rk|pk)_(?:live|test)|whsec)_\w{8,}`,
  // key of a model provider
  String.raw`\b(?:sk-(?:[a-z]+-)?\w{20,}|sk-ant-[\w-]{20,}|hf_\w{30,})`,
  // SendGrid key
  String.raw`\bSG\.[\w-]{16,100}\.[\w-]{16,}`,
  // Google key
  String.raw`\b(?:AIza[\w-]{30,}|ya29\.[\w-]{20,}|GOCSPX-[\w-]{20,})`,
  // token of a registry
  String.raw`\b(?:npm_\w{30,}|dckr_[op]at_[\w-]{20,}|pypi-[\w-]{40,})`,
  // Grafana token
  String.raw`\bgl(?:sa|c)_[\w-]{20,}`,
  // Vault token
  String.raw`\bhv[sbr]\.[\w-]{20,}`,
  // key of a cloud service
  String.raw`\b(?:NRAK-[A-Z0-9]{27}|PMAK-[\w-]{40,}|dop_v1_\w{40,}|shp(?:at|ca|pa|ss)_\w{30,}|AGE-SECRET-KEY-1[A-Z0-9]{40,}|lin_api_\w{30,}|(?:key-|dapi|SK)[0-9a-f]{32}\b)`,
];
const TOKEN = new RegExp(TOKENS.join('|'), 'g');

/** Words that end the name of a credential. */
const NAMES =
  'pass(?:word|wd|phrase)?|pwd|secret|token|credentials?|signature|sig|auth' +
  '|(?:api|app|application|access|account|routing|integration|service|private|shared|sharedaccess|accountkey|master|encryption|signing|license)[-_ ]?keys?';

/** A quote, or none; escaped where JSON holds JSON. */
const Q = `\\\\?["']?`;

interface Rule {
  readonly pattern: RegExp;
  /** Cheap, and false of nearly every text: then the pattern is not tried. */
  readonly may?: (text: string) => boolean;
  /** What stands for the match; the match itself where it is no credential. */
  readonly hide: (match: string, before: string, value: string) => string;
}

const always: Rule['hide'] = (_, before) => before + HIDDEN;
const when =
  (is: (value: string) => boolean): Rule['hide'] =>
  (match, before, value) =>
    is(value) ? before + HIDDEN : match;

const RULES: readonly Rule[] = [
  // User and password of an address; those of a database may hold slashes.
  {
    pattern: /(\b(?:https?|wss?|ftp|git|ssh|smtps?|ldaps?):\/\/)([^\s/?#"'<>\\]+)(?=@(?!sha\d))/gi,
    may: hasAddressee,
    hide: when(isOpen),
  },
  {
    pattern:
      /(\b(?!https?:|wss?:|ftp:|git:|ssh:|smtps?:|ldaps?:)[a-z][a-z0-9+.-]{1,30}:\/\/)([^\s"'<>\\@]{0,300}(?:@(?=[^\s"'<>\\@/]{0,300}@)[^\s"'<>\\@]{0,300})?)(?=@(?!sha\d))/gi,
    may: hasAddressee,
    // A reference to an image has no password, only a port or a tag.
    hide: when((value) => isOpen(value) && value.includes(':')),
  },
  // The path of a webhook is its credential.
  { pattern: /(\bhooks?\.[\w.-]+\/)([\w/.-]{8,})/gi, hide: when(isRandom) },
  {
    pattern: /(\/(?:webhooks?(?:b2)?|hooks?|integrations?|enqueue|incoming)\/)([\w@/:.-]{16,})/gi,
    hide: when(isRandom),
  },
  { pattern: /(\/bot)(\d{6,}:[\w-]{20,})/g, hide: always },
  // Query values, connection strings: `sig=…&`, `password=…;`.
  { pattern: new RegExp(`([?&;](?:[\\w-]*[-_])?(?:${NAMES}|code|key)=)([^\\s&;"'<>\\\\]+)`, 'gi'), hide: when(isOpen) },
  { pattern: /(\bX-Amz-(?:Credential|Security-Token|Signature)=)([^\s&"'<>\\]+)/gi, hide: always },
  { pattern: /(\b(?:AccountKey|SharedAccessKey|SharedSecret)=)([^\s;"'<>\\]+)/gi, hide: always },
  { pattern: /((?:password|passwd|passphrase|pwd)\s?=\s?["']?)([^\s,;&"'<>\\(){}[\]]+)/gi, hide: when(isOpen) },
  {
    pattern: /((?:password|passwd|passphrase|pwd)\\?["']?:\s{0,4}\\?["']?)([^\s,;&"'<>\\(){}[\]]{4,})/gi,
    hide: when(isNoWord),
  },
  // Of HTTP.
  { pattern: /(\bBearer\s+)([\w.~+/-]{12,}=*)/gi, hide: when(isMixed) },
  { pattern: /(\bBasic\s+)([A-Za-z0-9+/_-]{6,}={0,2})/gi, hide: when(isBasic) },
  // A name beside it: `"api_key": "…"`, `TOKEN=…`, an environment variable by name and value.
  {
    pattern: new RegExp(`((?:${NAMES})${Q}\\s{0,4}[:=]\\s{0,4}${Q})([A-Za-z0-9_+/.=~-]{12,})`, 'gi'),
    hide: when(isRandom),
  },
  {
    pattern: new RegExp(
      `(name${Q}:\\s{0,4}${Q}[\\w.-]*(?:${NAMES}|key)${Q}(?:[\\s,+-]|\\\\[nt]){1,40}${Q}value${Q}:\\s{0,4}${Q})([^\\s,"'\\\\}]+)`,
      'gi',
    ),
    hide: when(isOpen),
  },
  // The secret half of an AWS key has no mark but its length and its letters.
  {
    pattern: /((?:^|[^\w+/=.-]))([A-Za-z0-9+/]{40})(?![\w+/=-])/g,
    may: (text) => hasRun(text, 40),
    hide: when(isAwsSecret),
  },
];

/** The text without what looks like a credential. */
export function hideCredentials(text: string): string {
  if (text.length < 8) return text;
  return RULES.reduce(
    (rest, { pattern, may, hide }) => (may === undefined || may(rest) ? rest.replace(pattern, hide) : rest),
    text.replace(TOKEN, HIDDEN),
  );
}

function hasAddressee(text: string): boolean {
  return text.includes('@') && text.includes('://');
}

/** Letters, digits, + and / in a row, as long as that. Looks at one character in `length` where there is none. */
function hasRun(text: string, length: number): boolean {
  for (let end = length - 1; end < text.length;) {
    let at = end;
    while (at > end - length && isOfBase64(text.charCodeAt(at))) at -= 1;
    if (at === end - length) return true;
    end = at + length;
  }
  return false;
}
const isOfBase64 = (code: number): boolean =>
  // a to z, A to Z, / to 9, +
  (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 47 && code <= 57) || code === 43;

/** Not hidden already, and no reference to where it comes from. */
function isOpen(value: string): boolean {
  return !/^(?:\[?redacted\b|\*{2}|…|\$\{|\$\(|\{\{|<|=)/i.test(value) && value !== '';
}

function isMixed(value: string): boolean {
  return isOpen(value) && /\d/.test(value) && /[A-Za-z]/.test(value);
}

/** A word of a sentence, a number or a boolean stands there as well. */
function isNoWord(value: string): boolean {
  return isOpen(value) && !/^[A-Za-z][a-z]*[.,;:]?$|^\d+$|^\d+(?:ms|s|m|h|d)$/.test(value);
}

/** Letters and digits as no person names things: not `db-credentials-v2`, `mcp/tls-2026` or `sha256`. */
function isRandom(value: string): boolean {
  if (!isMixed(value) || /^sha\d+[:-]/.test(value)) return false;
  const steps = value.split(/[-/._]/);
  return steps.some((step) => step.length >= 12 && isMixed(step) && (step.match(/\d/g) ?? []).length >= 2);
}

function isBasic(value: string): boolean {
  return /^[\x20-\x7e]*:[\x20-\x7e]*$/.test(Buffer.from(value, 'base64').toString('latin1'));
}

function isAwsSecret(value: string): boolean {
  const count = (pattern: RegExp): number => (value.match(pattern) ?? []).length;
  return count(/[A-Z]/g) >= 6 && count(/[a-z]/g) >= 6 && count(/\d/g) >= 2;
}

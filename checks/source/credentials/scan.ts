/** Credentials in a text: where, and by which rule, never the value. */
import { readObjects } from '../../../k8s/semantics/objects/read.ts';
import { at, isRecord } from '../../contract/json.ts';
import { isCredentialVariable, isWrittenOut } from '../../protocols/credential-names.ts';
import { lineRules, wholeValueRule } from '../../protocols/credential-text.ts';

export interface Found {
  readonly line: number;
  readonly rule: string;
}

/** Files of settings: a name and its value on a line. In a program a name like that mostly holds what another part of it has made. */
const SETTINGS = /(?:^|\/)\.env[\w.-]*$|\.(?:env|properties|ini|conf|cfg|toml|ya?ml|tfvars)$/i;
const MANIFEST = /\.(?:ya?ml|json)$/i;

export async function scanText(path: string, text: string): Promise<readonly Found[]> {
  const found = [
    ...(await bySecretlint(path, text)),
    ...(SETTINGS.test(path) ? lineRules(text) : []),
    ...(MANIFEST.test(path) && /\bSecret\b/.test(text) ? await inSecrets(path, text) : []),
  ];
  // Two rules for one line are one credential.
  return [...new Map(found.map((one) => [one.line, one] as const).reverse()).values()].sort((a, b) => a.line - b.line);
}

/** Whoever wrote the file must not be able to switch the scan off; as many characters, so that places stay right. */
const unsilenced = (text: string): string => text.replace(/secretlint-(disable|enable)/g, 'secretlint+$1');

/** The words that examples put in place of a password. */
const EXAMPLE = /^(?:pass(?:word|wd)?|secret|token|user|changeme|change-me|example|x+|\*+|\.+)$/i;

async function bySecretlint(path: string, text: string): Promise<readonly Found[]> {
  const { lintSource } = await import('@secretlint/core');
  const { creator } = await import('@secretlint/secretlint-rule-preset-recommend');
  const { messages } = await lintSource({
    source: { filePath: path, content: unsilenced(text), contentType: 'text', ext: /\.[^./]*$/.exec(path)?.[0] ?? '' },
    options: {
      noPhysicFilePath: true,
      config: { rules: [{ id: '@secretlint/secretlint-rule-preset-recommend', rule: creator, options: {} }] },
    },
  });
  return messages
    .filter(({ range }) => !isExample(text.slice(range[0], range[1])))
    .map(({ loc, messageId, ruleId }) => ({ line: loc.start.line, rule: messageId || ruleId }));
}

/** `https://user:pass@example.com` and `postgres://${USER}:${PASSWORD}@db` show the form. */
function isExample(text: string): boolean {
  const password = /:\/\/[^\s:/@]*:([^\s@]*)@/.exec(text)?.[1];
  return password !== undefined && (EXAMPLE.test(password) || !isWrittenOut(password));
}

/** The data of a Secret is base64 by definition. What a tool has encrypted stays closed. */
async function inSecrets(path: string, text: string): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (const { object, at: placeOf } of readObjects(text, path).objects) {
    if (object['kind'] !== 'Secret' || object['apiVersion'] !== 'v1') continue;
    for (const [key, value, field] of valuesOfSecret(object)) {
      const rule = await ruleOfValue(key, value);
      if (rule !== null) found.push({ line: placeOf(`${field}["${key}"]`).line, rule });
    }
  }
  return found;
}

function valuesOfSecret(object: unknown): readonly (readonly [key: string, value: string, field: string])[] {
  return [
    ...valuesAt(object, 'data').map(([key, value]) => [key, Buffer.from(value, 'base64').toString(), 'data'] as const),
    ...valuesAt(object, 'stringData').map(([key, value]) => [key, value, 'stringData'] as const),
  ];
}

/** The rule by which a value of a Secret is a credential. */
async function ruleOfValue(key: string, value: string): Promise<string | null> {
  if (/^ENC\[/.test(value) || value.includes('\uFFFD')) return null;
  const [first] = await bySecretlint(key, value);
  const named = isCredentialVariable(key, value) && !EXAMPLE.test(value) ? 'named like a secret' : null;
  return first?.rule ?? named ?? wholeValueRule(value);
}

function valuesAt(object: unknown, field: string): readonly (readonly [string, string])[] {
  const values = at(object, field);
  return Object.entries(isRecord(values) ? values : {}).flatMap(([key, value]) =>
    typeof value === 'string' ? [[key, value] as const] : [],
  );
}

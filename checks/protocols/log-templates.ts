/** Log lines by what they say, whatever they say it of: numbers, names and addresses are left out. Pure. */
import { isRecord, parseJson } from '../contract/json.ts';
import { shortened } from '../kit/evidence.ts';
import { credentialIn } from './credential-text.ts';

/** From the narrowest to the widest: what an earlier one took, a later one does not see. */
const MASKS: readonly (readonly [RegExp, string])[] = [
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?/g, '<time>'],
  [/\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/gi, '<uuid>'],
  [/\b[a-z]+:\/\/[^\s"'<>]+/gi, '<url>'],
  [/\b[\w.+-]+@[\w-]+\.[\w.]+\b/g, '<mail>'],
  [/\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b/g, '<address>'],
  [/\b(?=[0-9a-f]*\d)[0-9a-f]{7,}\b/gi, '<id>'],
  [/"[^"]*"|'[^']*'/g, '<text>'],
  [/(?<![\w<])[-+]?\d+(?:\.\d+)?(?:ms|s|m|h|[kmgt]i?b|%)?(?!\w)/gi, '<number>'],
  // Names that differ by a number alone: pods, shards, hosts.
  [/\d+/g, '<number>'],
];
const MESSAGE = ['message', 'msg', 'event'] as const;
const LEVEL = ['level', 'severity', 'lvl'] as const;
const CAUSE = ['why', 'error', 'err'] as const;

/** `error: request failed: <text>`. Of JSON its level, message and cause; of any other line the whole. */
export function templateOf(line: string): string {
  const json = parseJson(line);
  if (!isRecord(json)) return masked(line);
  const text = (names: readonly string[]): string | undefined => {
    const found = names.map((name) => json[name]).find((one) => one !== undefined);
    if (isRecord(found)) return typeof found['message'] === 'string' ? found['message'] : undefined;
    return typeof found === 'string' ? found : undefined;
  };
  const message = text(MESSAGE);
  if (message === undefined) return masked(line);
  return [text(LEVEL)?.toLowerCase(), message, text(CAUSE)]
    .filter((one) => one !== undefined)
    .map(masked)
    .join(': ');
}

function masked(text: string): string {
  return MASKS.reduce((left, [what, by]) => left.replace(what, by), text)
    .replace(/\s+/g, ' ')
    .trim();
}

/** How often each was written. */
export function templatesOf(lines: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const line of lines) {
    const template = templateOf(line);
    counts.set(template, (counts.get(template) ?? 0) + 1);
  }
  return counts;
}

/** For people. A service that logs a credential must not have golive write it down once more. */
export const shownTemplate = (template: string): string =>
  credentialIn(template) === null ? shortened(template, 200) : '(a line that holds a credential is not shown)';

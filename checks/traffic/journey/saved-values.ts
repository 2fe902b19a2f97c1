/** `{{name}}` in the texts of a journey, and the values behind the names, which are never recorded. */
import { at } from '../../contract/json.ts';

/** Values by the name they were saved by; `nonce` is there from the start. */
export type Saved = ReadonlyMap<string, string | number | boolean>;

const NAME = /\{\{([A-Za-z]\w*)\}\}/g;
const WHOLE = /^\{\{([A-Za-z]\w*)\}\}$/;
/** Shorter values stand in texts by chance. */
const SHORTEST_MASKED = 4;

/** The names in a value, each once. */
export function namesIn(value: unknown): readonly string[] {
  const found = new Set<string>();
  mapTexts(value, (text) => {
    for (const [, name = ''] of text.matchAll(NAME)) found.add(name);
    return text;
  });
  return [...found];
}

/** Puts values in: a text that is one name takes the value with its type, a longer one its text. Unknown names stay. */
export function filledIn(value: unknown, saved: Saved): unknown {
  return mapTexts(value, (text) => {
    const whole = WHOLE.exec(text)?.[1];
    if (whole !== undefined) return saved.get(whole) ?? text;
    return text.replace(NAME, (token, name: string) => String(saved.get(name) ?? token));
  });
}

/** The same for a text that stays one. */
export function filledText(text: string, saved: Saved): string {
  return String(filledIn(text, saved));
}

/** The same for a path: values are encoded, so that none of them can change where the request goes. */
export function filledPath(path: string, saved: Saved): string {
  return path.replace(NAME, (token, name: string) => {
    const value = saved.get(name);
    return value === undefined ? token : encodeURIComponent(String(value));
  });
}

/** The text with the names in the place of their values, the longest value first. */
export function masked(text: string, saved: Saved): string {
  return [...saved]
    .map(([name, value]) => [name, String(value)] as const)
    .filter(([, value]) => value.length >= SHORTEST_MASKED)
    .sort(([, a], [, b]) => b.length - a.length)
    .reduce((rest, [name, value]) => rest.replaceAll(value, `{{${name}}}`), text);
}

/** A value by its dotted path, `items.0.id`; undefined where there is none that can be put into a request. */
export function valueAt(body: unknown, path: string): string | number | boolean | undefined {
  const found = at(body, ...path.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part)));
  if (typeof found === 'number' || typeof found === 'boolean') return found;
  return typeof found === 'string' && found !== '' ? found : undefined;
}

function mapTexts(value: unknown, visit: (text: string) => unknown): unknown {
  if (typeof value === 'string') return visit(value);
  if (Array.isArray(value)) return value.map((member) => mapTexts(member, visit));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, mapTexts(member, visit)]));
}

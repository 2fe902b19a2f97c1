/** Reading what others sent, of which nobody has promised the shape. */
import { isShape as isRecord } from '../../k8s/semantics/shape.ts';

export { isRecord };

/** The parsed JSON, or undefined when the text is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** A member of a record by path, or undefined wherever the path ends. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((node, key) => {
    if (Array.isArray(node)) return typeof key === 'number' ? (node as unknown[])[key] : undefined;
    return isRecord(node) ? node[key] : undefined;
  }, value);
}

/** A member that must be text, or the fallback. */
export function textAt(value: unknown, fallback: string, ...path: readonly (string | number)[]): string {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : fallback;
}

/** What somebody sent where a word was meant, as text: of a list or record its JSON, since its `toString` may be anything. */
export function plainText(value: unknown): string {
  if (value === undefined) return 'nothing';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A member that must be a number, or a text of one; NaN otherwise. */
export function numberAt(value: unknown, ...path: readonly (string | number)[]): number {
  const found = at(value, ...path);
  return typeof found === 'number' || typeof found === 'string' ? Number(found) : Number.NaN;
}

/** A member that must be a list, or an empty one. */
export function listAt(value: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? (found as unknown[]) : [];
}

/** Canonical JSON (RFC 8785: members sorted, no white space) and its digest: what signatures and chains cover. */
import { createHash } from 'node:crypto';

/** Serialises `value` the same way whatever order its members were written in; `undefined` members are left out. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((member) => canonicalJson(member ?? null)).join(',')}]`;
  if (typeof value === 'object' && value !== null) return canonicalObject(value as Readonly<Record<string, unknown>>);
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) throw new TypeError(`canonical JSON cannot hold a ${typeof value}`);
  return text;
}

/** In loops and not in chains of them: each process that reads a plan does this for all of it. */
function canonicalObject(value: Readonly<Record<string, unknown>>): string {
  let members = '';
  for (const name of Object.keys(value).sort()) {
    const member = value[name];
    if (member === undefined) continue;
    members += `${members === '' ? '' : ','}${JSON.stringify(name)}:${canonicalJson(member)}`;
  }
  return `{${members}}`;
}

/** `sha256:` and 64 hex digits of a text. */
export function sha256(text: string | Uint8Array): string {
  return `sha256:${sha256Hex(text)}`;
}

export function sha256Hex(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Digest of a value's canonical JSON. */
export function digestOf(value: unknown): string {
  return sha256(canonicalJson(value));
}

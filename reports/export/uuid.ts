/** UUIDs for formats that want them. They follow from what they name: the same decision exported twice is the same document. */
import { digestOf } from '../../checks/contract/canonical.ts';

/** A name-based UUID, in the form of version 5 (its hash is SHA-256). */
export function uuidOf(...named: readonly unknown[]): string {
  const hex = digestOf(named).slice('sha256:'.length);
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

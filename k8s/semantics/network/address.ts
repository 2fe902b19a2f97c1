/** Addresses and blocks of addresses, IPv4 and IPv6, as intervals of numbers. Pure. */
import { isIP, isIPv4 } from 'node:net';

/** Every address from `first` to `last`, both included; one address is a range of one. */
export interface AddressRange {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
}
/** How two ranges lie to each other: all of the first is in the second, none of it, or a part. */
export type Overlap = 'all' | 'none' | 'part';

/** An address (`10.0.0.7`, `fd00::7`) or a block (`10.0.0.0/8`), host bits ignored; undefined for anything else. */
export function addressRange(text: string): AddressRange | undefined {
  const [address = '', length, ...more] = text.split('/');
  if (isIP(address) === 0 || more.length > 0) return undefined;
  const family = isIPv4(address) ? 4 : 6;
  const bits = family === 4 ? 32 : 128;
  if (length !== undefined && (!/^\d{1,3}$/.test(length) || Number(length) > bits)) return undefined;
  const value = family === 4 ? ipv4(address) : ipv6(address);
  const size = 1n << BigInt(bits - Number(length ?? bits));
  const first = value - (value % size);
  return { family, first, last: first + size - 1n };
}

/** How much of `range` lies in `block`. Families never overlap: a block of IPv4 says nothing of IPv6. */
export function overlap(range: AddressRange, block: AddressRange): Overlap {
  if (range.family !== block.family || range.last < block.first || block.last < range.first) return 'none';
  return block.first <= range.first && range.last <= block.last ? 'all' : 'part';
}

function ipv4(address: string): bigint {
  return address.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
}

function ipv6(address: string): bigint {
  const zoneless = address.split('%')[0] ?? '';
  // The last 32 bits may be written as an IPv4 address.
  const hex = zoneless.replace(/[\d.]+$/, (tail) => {
    if (!tail.includes('.')) return tail;
    const value = ipv4(tail);
    return `${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
  });
  const [head = '', tail] = hex.split('::');
  const groups = (text: string): readonly string[] => text.split(':').filter(Boolean);
  const left = groups(head);
  const right = groups(tail ?? '');
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  return [...left, ...zeros, ...right].reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n);
}

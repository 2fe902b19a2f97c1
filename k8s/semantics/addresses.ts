/** Address blocks as ranges of numbers, to ask what several of them cover together. Pure. */

/** Both ends belong to it. */
export interface Range {
  readonly from: bigint;
  readonly to: bigint;
}
/** An address family: how many bits an address has, and the ranges that are private, where pods have theirs. */
export interface Family {
  readonly bits: number;
  readonly privateRanges: readonly Range[];
}

const addressOf = (text: string): { readonly bits: number; readonly value: bigint } | null => {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text))
    return { bits: 32, value: text.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n) };
  const [head = '', tail, ...more] = text.toLowerCase().split('::');
  const groupsOf = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const [first, last] = [groupsOf(head), groupsOf(tail ?? '')];
  const missing = 8 - first.length - last.length;
  const groups = tail === undefined ? first : [...first, ...Array<string>(Math.max(missing, 0)).fill('0'), ...last];
  if (more.length > 0 || groups.length !== 8 || !groups.every((group) => /^[\da-f]{1,4}$/.test(group))) return null;
  return { bits: 128, value: groups.reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n) };
};

/** The addresses of `10.0.0.0/8` or `fc00::/7`, bits behind the mask left out; null for what is no block. */
export function blockOf(cidr: string): (Range & { readonly bits: number }) | null {
  const [, text = '', length = ''] = /^([\d.]+|[\da-f:]+)\/(\d{1,3})$/i.exec(cidr) ?? [];
  const address = addressOf(text);
  if (!address || Number(length) > address.bits) return null;
  const size = 2n ** BigInt(address.bits - Number(length));
  const from = (address.value / size) * size;
  return { bits: address.bits, from, to: from + size - 1n };
}

const blocks = (...cidrs: readonly string[]): readonly Range[] => cidrs.flatMap((cidr) => blockOf(cidr) ?? []);

export const FAMILIES: readonly Family[] = [
  { bits: 32, privateRanges: blocks('10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10') },
  { bits: 128, privateRanges: blocks('fc00::/7') },
];

/** The same numbers as ranges in order that do not touch. */
export function union(ranges: readonly Range[]): readonly Range[] {
  const merged: Range[] = [];
  for (const range of ranges.toSorted((a, b) => (a.from < b.from ? -1 : 1))) {
    const last = merged.at(-1);
    if (last && range.from <= last.to + 1n)
      merged.splice(-1, 1, { from: last.from, to: range.to > last.to ? range.to : last.to });
    else merged.push(range);
  }
  return merged;
}

/** What of a range is in none of the others. */
export function without(range: Range, others: readonly Range[]): readonly Range[] {
  return others.reduce<readonly Range[]>(
    (rest, { from, to }) =>
      rest.flatMap((one) => [
        ...(one.from < from ? [{ from: one.from, to: one.to < from ? one.to : from - 1n }] : []),
        ...(one.to > to ? [{ from: one.from > to ? one.from : to + 1n, to: one.to }] : []),
      ]),
    [range],
  );
}

/** How many numbers there are in ranges that do not overlap. */
export function sizeOf(ranges: readonly Range[]): bigint {
  return ranges.reduce((sum, { from, to }) => sum + to - from + 1n, 0n);
}

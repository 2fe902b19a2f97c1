/** What checks of a Redis server share. */
import type { RedisReply, RedisStore } from '../contract/stores.ts';
import { ObservationError } from '../kit/kind.ts';

/** `Redis at cache.example:6379`: how evidence names a server. Never the user or the password. */
export function redisName({ host, port }: RedisStore): string {
  return `Redis at ${host}:${port}`;
}

/** Fields of an answer to INFO: lines of `name:value`, headings start with `#`. */
export function infoFields(reply: RedisReply): Readonly<Record<string, string>> {
  if (typeof reply !== 'string') throw new ObservationError('protocol', 'INFO was not answered with text');
  const fields = reply.split(/\r?\n/).flatMap((line): [string, string][] => {
    const colon = line.indexOf(':');
    return line.startsWith('#') || colon < 0 ? [] : [[line.slice(0, colon), line.slice(colon + 1)]];
  });
  return Object.fromEntries(fields);
}

/** A reply of pairs, as CONFIG GET gives one: [name, value, …]. */
export function pairs(reply: RedisReply): Readonly<Record<string, string>> {
  if (!Array.isArray(reply)) throw new ObservationError('protocol', 'CONFIG GET was not answered with a list');
  const members = reply as readonly RedisReply[];
  return Object.fromEntries(
    members.flatMap((name, index) => (index % 2 === 0 ? [[String(name), String(members[index + 1] ?? '')]] : [])),
  );
}

/** Whether the store is reached through TLS: always where it says so, and by default for anything but this machine. */
export function usesTls({ host, tls }: RedisStore): boolean {
  if (tls === false) return false;
  return tls !== undefined || !/^(localhost|::1|127\.[\d.]+)$/.test(host);
}

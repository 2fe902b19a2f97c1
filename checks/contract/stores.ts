/** The capabilities `postgres` and `redis`, as types only: databases and caches, spoken to directly. */
import type { SecretRef } from './secrets.ts';

/** How a PostgreSQL server is reached; part of the environment file. */
export interface PostgresStore {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password?: SecretRef;
  readonly tls?: { readonly caFile?: string; readonly serverName?: string } | false;
}
export interface SqlAnswer {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly rowCount: number;
}
/** One session; statements run in order. Throws `unreachable`, `unauthorized`, `timeout`, `protocol`. */
export interface PostgresSession {
  query(sql: string, values?: readonly unknown[]): Promise<SqlAnswer>;
}
export interface PostgresClient {
  /** Opens a session, hands it over and closes it whatever happens. Open transactions are rolled back. */
  session<T>(store: PostgresStore, use: (session: PostgresSession) => Promise<T>): Promise<T>;
}

/** How a Redis server is reached; `caches` of the environment file. */
export interface RedisStore {
  readonly host: string;
  readonly port: number;
  readonly username?: string;
  readonly password?: SecretRef;
  readonly tls?: { readonly caFile?: string; readonly serverName?: string } | false;
}
/** A reply of the Redis protocol (RESP): bulk strings as text, maps as [key, value, …]. An error reply throws `protocol`. */
export type RedisReply = string | number | null | readonly RedisReply[];
/** One connection; commands run in order. Throws `unreachable`, `unauthorized`, `timeout`, `tls`, `protocol`. */
export interface RedisSession {
  command(name: string, ...args: readonly (string | number)[]): Promise<RedisReply>;
}
export interface RedisClient {
  /** Opens a connection, hands it over and closes it whatever happens. */
  session<T>(store: RedisStore, use: (session: RedisSession) => Promise<T>): Promise<T>;
}

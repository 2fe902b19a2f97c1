/** Everything that an environment declares and that should speak TLS, as params of a kind and as targets of a handshake. */
import type {
  PlaintextAnswer,
  PlaintextTarget,
  TlsAnswer,
  TlsProber,
  TlsTarget,
  TlsVersion,
} from '../contract/network.ts';
import type { PostgresStore, RedisStore } from '../contract/stores.ts';
import type { Endpoint, Registry } from '../contract/environment.ts';
import { endpoint, redisStore, registry, store } from '../contract/param-schemas.ts';
import type { JSONSchema } from '../kit/kind.ts';
import { isDown } from './api-requests.ts';

const map = <const S>(of: S, description: string) =>
  ({ type: 'object', additionalProperties: of, default: {}, description }) as const;

/** Members of a params schema: the maps of the environment file, by the names it gives them. */
export const tlsServers = {
  endpoints: map(endpoint, 'Endpoints by name: ${environment.endpoints}.'),
  stores: map(store, 'PostgreSQL servers by name: ${environment.stores}.'),
  caches: map(redisStore, 'Redis servers by name: ${environment.caches}.'),
  registries: map(registry, 'Container registries by name: ${environment.registries}.'),
} as const;

/** Param of servers that may deviate; `more` are the members that an exemption has besides. */
export const tlsExemptions = <const M extends Readonly<Record<string, JSONSchema>>, const N extends readonly string[]>(
  description: string,
  more: M,
  ...required: N
) =>
  ({
    type: 'array',
    default: [],
    description,
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['server', ...required, 'reason'],
      properties: {
        server: {
          type: 'string',
          minLength: 1,
          description: 'As evidence names it: "endpoint metrics", "store postgres".',
        },
        ...more,
        reason: { type: 'string', minLength: 10, description: 'Why it may, in a sentence.' },
      },
    },
  }) as const;

export interface DeclaredServers {
  readonly endpoints: Readonly<Record<string, Endpoint>>;
  readonly stores: Readonly<Record<string, PostgresStore>>;
  readonly caches: Readonly<Record<string, RedisStore>>;
  readonly registries: Readonly<Record<string, Registry>>;
}

/** A server by the name of its kind and in the environment file: `endpoint public`, `store postgres`. */
interface DeclaredServer {
  readonly name: string;
  /** Absent where the environment declares it without TLS. */
  readonly target?: TlsTarget;
  /** The same without TLS, where it can be tried. */
  readonly plain?: PlaintextTarget;
  /** What is declared instead, for messages. */
  readonly declared?: string;
}

/** Everything that is declared with TLS, at each of its addresses. */
export async function placesWithTls(tls: TlsProber, params: DeclaredServers): Promise<Place[]> {
  const places = [];
  for (const { name, target, plain } of serversOf(params))
    if (target)
      for (const place of await placesOf(tls, name, target)) {
        const { address } = place.target;
        places.push({ ...place, ...(plain && { plain: { ...plain, ...(address === undefined ? {} : { address }) } }) });
      }
  return places;
}

function serversOf(params: DeclaredServers): readonly DeclaredServer[] {
  return [
    ...Object.entries(params.endpoints).map(([name, one]) => atUrl(`endpoint ${name}`, one)),
    ...Object.entries(params.stores).map(([name, one]) => atStore(`store ${name}`, one, plainPostgres(one))),
    ...Object.entries(params.caches).map(([name, one]) => atStore(`cache ${name}`, one, plainRedis(one))),
    ...Object.entries(params.registries).map(([name, one]) => atUrl(`registry ${name}`, one)),
  ];
}

function atUrl(name: string, { url, caFile }: Endpoint): DeclaredServer {
  const { protocol, hostname, port } = new URL(url);
  if (protocol !== 'https:') return { name, declared: `${protocol}//` };
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  return {
    name,
    target: { host, port: port === '' ? 443 : Number(port), ...(caFile === undefined ? {} : { caFile }) },
  };
}

/** The same server, as a client without TLS comes to it. */
export const plainPostgres = ({ host, port, user, database }: PostgresStore): PlaintextTarget => ({
  host,
  port,
  user,
  database,
  protocol: 'postgres',
});
export const plainRedis = ({ host, port }: RedisStore): PlaintextTarget => ({ host, port, protocol: 'redis' });

function atStore(
  name: string,
  { host, port, tls }: PostgresStore | RedisStore,
  plain: PlaintextTarget,
): DeclaredServer {
  if (tls === false) return { name, declared: 'tls: false' };
  const { caFile, serverName } = tls ?? {};
  return {
    name,
    plain,
    target: {
      host,
      port,
      ...(caFile === undefined ? {} : { caFile }),
      ...(serverName === undefined ? {} : { serverName }),
      ...(plain.protocol === 'postgres' ? { startTls: plain.protocol } : {}),
    },
  };
}

/** Servers that are declared without TLS, and as what. */
export function withoutTls(params: DeclaredServers): { readonly server: string; readonly declared: string }[] {
  return serversOf(params).flatMap(({ name, declared }) =>
    declared === undefined ? [] : [{ server: name, declared }],
  );
}

/** One place where a server is reached, and how it is named. */
export interface Place {
  readonly server: string;
  /** `api.example.com:443`. */
  readonly address: string;
  readonly target: TlsTarget;
  readonly plain?: PlaintextTarget;
}

/** Every address that the host of a server has: clients come to each of them. A name that does not resolve is left to the handshake. */
export async function placesOf(tls: TlsProber, server: string, target: TlsTarget): Promise<Place[]> {
  const found = await tls.addresses(target.host).catch((error: unknown) => {
    if (isDown(error)) return [];
    throw error;
  });
  if (found.length < 2) return [{ server, address: addressOf(target), target }];
  return found.map((address) => ({
    server,
    address: `${addressOf(target)} at ${address}`,
    target: { ...target, address },
  }));
}

/** What came of a handshake; a server that does not answer is judged, everything else that goes wrong throws. */
export type Handshake = TlsAnswer | { readonly handshake: 'none'; readonly why: string };

export async function shake(
  tls: TlsProber,
  target: TlsTarget,
  versions: { readonly minVersion?: TlsVersion; readonly maxVersion?: TlsVersion } = {},
): Promise<Handshake> {
  try {
    return await tls.handshake({ ...target, ...versions });
  } catch (error) {
    if (isDown(error)) return { handshake: 'none', why: error.message };
    throw error;
  }
}

/** `api.example.com:443`, with the name asked for where it is another. */
const addressOf = ({ host, port, serverName }: TlsTarget): string =>
  `${host}:${port}${serverName === undefined || serverName === host ? '' : ` as ${serverName}`}`;

/** Begins a session without TLS. A server that does not answer it has not refused it either. */
export async function tryPlaintext(tls: TlsProber, target: PlaintextTarget): Promise<PlaintextAnswer> {
  try {
    return await tls.plaintext(target);
  } catch (error) {
    if (isDown(error)) return { plaintext: 'unclear', why: error.message };
    throw error;
  }
}
export const takesPlaintext = {
  says: '{subject}: takes a session without TLS as well ({why}), expected it to be refused.',
  fix: 'Refuse it on the server: only hostssl lines in pg_hba.conf (rds.force_ssl on RDS), client_tls_sslmode = require in pgbouncer.ini, tls-port instead of port in redis.conf.',
} as const;
/** Judges what became of a session without TLS; `isAllowed` where an exemption covers it. */
export function judgePlaintext(
  say: {
    fail(id: 'takesPlaintext', subject: string, data: { readonly why: string }): void;
    unsure(reason: 'no-positive-control', why: string, about: { readonly subject: string }): void;
  },
  subject: string,
  answer: PlaintextAnswer | undefined,
  isAllowed = false,
): void {
  const { plaintext, why = '' } = answer ?? {};
  if (plaintext === 'accepted' && !isAllowed) say.fail('takesPlaintext', subject, { why });
  if (plaintext === 'unclear')
    say.unsure('no-positive-control', `${subject}: a session without TLS was neither taken nor refused (${why}).`, {
      subject,
    });
}

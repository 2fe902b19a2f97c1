/**
 * Every capability that a check may be handed, as types only; each has its types in a file beside this one. The implementations live in
 * `fixtures/`, one folder a capability; a check names the ones it needs in `meta.needs` and sees no other. Every method obeys the run's
 * AbortSignal and throws `ObservationError` when it could not look; it never answers "nothing" instead.
 */
import type { ClusterChanger, ClusterReader, PodExec } from './cluster.ts';
import type { CutoverReader } from './cutover.ts';
import type { DigestReader, HttpClient } from './http.ts';
import type { HistoryReader } from './history.ts';
import type { LoadGenerator } from './load.ts';
import type { DnsClient, TlsProber } from './network.ts';
import type { IncidentReader, MailSender } from './notify.ts';
import type { ReasonCode } from './outcome.ts';
import type { PeopleReader } from './people.ts';
import type { RunReader } from './run-reader.ts';
import type { SecretReader } from './secrets.ts';
import type { PostgresClient, RedisClient } from './stores.ts';

/**
 * Details by what was asked. They are short and stable: drills and programs match them, people read the message.
 *
 * | detail                                               | what happened                                                       |
 * | ---------------------------------------------------- | ------------------------------------------------------------------- |
 * | `refused`, `reset`, `closed`, `connect-timeout`      | the connection was refused, reset, closed, or not made in time      |
 * | `unresolved`, `no-route`                             | the host has no address, or no way leads to it                      |
 * | `http-401`, `http-404`, `http-503` …                 | the server's status                                                 |
 * | `token-refused`, `token-http-401` …                  | the same of the service that issues a registry's tokens             |
 * | `list nodes`, `get /metrics`                         | the right in the cluster that the gate lacks                        |
 * | `28P01`, `3D000`, `42501` …                          | PostgreSQL's SQLSTATE                                               |
 * | `no-password`, `no-tls`, `no-server-behind`          | PostgreSQL wants a password, offers no TLS; PgBouncer has no server |
 * | `WRONGPASS`, `NOAUTH`, `NOPERM`, `LOADING` …         | the word that Redis' error reply starts with                        |
 * | `ENOTIMP`, `ESERVFAIL` …                             | the DNS server's answer                                             |
 */
/** Why a capability could not look. The engine maps it to the outcome `error` (or `not-run` for `source-missing`). */
export class ObservationError extends Error {
  override readonly name = 'ObservationError';
  readonly code: ReasonCode;
  /** The case within the code, for programs: `refused`, `http-401`, `WRONGPASS`. */
  readonly detail: string | undefined;
  /** What to do about it, in the imperative, where we know. */
  readonly fix: string | undefined;
  constructor(code: ReasonCode, message: string, options: { detail?: string; fix?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.detail = options.detail;
    this.fix = options.fix;
  }
}

/** What Git says of a folder. */
export interface Checkout {
  /** The commit that is checked out, in full. */
  readonly commit: string;
  /** When it was made, RFC 3339. */
  readonly committedAt: string;
  /** Files below the folder that differ from the commit or are not part of it, relative to the project; what Git ignores is not named. */
  readonly changed: readonly string[];
}

/** Reads files of the project. Paths are relative to it and confined to it; throws `not-found`, `misconfigured`. */
export interface ProjectFiles {
  read(path: string): Promise<string>;
  /** Files of a folder, not of those below it, sorted; relative to the project. */
  list(folder: string): Promise<readonly string[]>;
  /** All files below a folder, sorted; not those of folders named in `but`, nor what links lead to. */
  below(folder: string, but: readonly string[]): Promise<readonly string[]>;
  /** What Git says of a folder that it keeps. Throws `misconfigured` when it keeps it not, `component-missing` without Git. */
  checkout(folder: string): Promise<Checkout>;
  /** What `kubectl kustomize` makes of a folder. Throws `misconfigured` with what it says, `component-missing` without kubectl. */
  rendered(folder: string): Promise<string>;
}

/** Every capability by name; `meta.needs` lists a subset. */
export interface Capabilities {
  readonly cluster: ClusterReader;
  readonly secrets: SecretReader;
  readonly exec: PodExec;
  readonly http: HttpClient & DigestReader;
  readonly mail: MailSender;
  readonly incidents: IncidentReader;
  readonly changes: ClusterChanger;
  readonly postgres: PostgresClient;
  readonly redis: RedisClient;
  readonly dns: DnsClient;
  readonly tls: TlsProber;
  readonly files: ProjectFiles;
  readonly load: LoadGenerator;
  readonly runs: RunReader;
  readonly cutover: CutoverReader;
  readonly people: PeopleReader;
  readonly history: HistoryReader;
}
export type CapabilityName = keyof Capabilities;

/** Handed to every check besides what it needs. */
export interface CheckContext {
  readonly item: string;
  readonly signal: AbortSignal;
  /** The one clock of the phase: read once, so that all items judge by the same now. */
  readonly now: Date;
  /** True under `waitFor` and after a mutation: read from the server, not from the phase's shared reading. */
  readonly fresh: boolean;
  /** A line for people who wait; shown live, never recorded. */
  progress(text: string): void;
  wait(ms: number): Promise<void>;
  /** Gives the item more time, as a person holds what it waits for. Absent where nothing is timed. */
  readonly lengthen?: (ms: number) => void;
}

/**
 * What a check may be handed, as types only. The implementations live in `fixtures/`, one folder a capability; a check names
 * the ones it needs in `meta.needs` and sees no other. Every method obeys the run's AbortSignal and throws
 * `ObservationError` when it could not look; it never answers "nothing" instead.
 */
import type { CutoverReader } from './cutover.ts';
import type { Evidence, OutcomeName, ReasonCode } from './outcome.ts';

/** Why a capability could not look. The engine maps it to the outcome `error` (or `not-run` for `source-missing`). */
export class ObservationError extends Error {
  override readonly name = 'ObservationError';
  readonly code: ReasonCode;
  /** What to do about it, in the imperative, where we know. */
  readonly fix: string | undefined;
  constructor(code: ReasonCode, message: string, options: { fix?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.fix = options.fix;
  }
}

/** A Kubernetes object as the API server sent it: nothing dropped, dates left as strings. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly generation?: number;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly {
      readonly kind: string;
      readonly name: string;
      readonly uid: string;
      readonly controller?: boolean;
    }[];
  };
  readonly [field: string]: unknown;
}

/** Names a kind of object; `resource` is its plural, for example `deployments`. */
export interface ResourceType {
  readonly apiVersion: string;
  readonly kind: string;
  readonly resource: string;
}

/** A whole list (all pages) with the version and time it was read at. */
export interface Listing {
  readonly items: readonly KubeObject[];
  readonly resourceVersion: string;
  /** RFC 3339. */
  readonly readAt: string;
}

/** What an access review asks: may this be done? Resource or path attributes, as in authorization.k8s.io/v1. */
export type AccessAttributes =
  | {
      readonly verb: string;
      readonly group: string;
      readonly resource: string;
      readonly subresource?: string;
      readonly namespace?: string;
      readonly name?: string;
    }
  | { readonly verb: string; readonly path: string };

/** Reads from the API server of the environment's kubeconfig context. Read-only by type. */
export interface ClusterReader {
  /** Where it looks, for messages: `context "rehearsal" (https://127.0.0.1:1234)`. Never a credential. */
  readonly where: string;
  /** GET of a path; any HTTP status is an answer, only the transport's failure throws. `ms` is the round trip. */
  raw(path: string): Promise<{ readonly status: number; readonly body: string; readonly ms: number }>;
  /** One object; throws `not-found` on 404, `forbidden` on 403. Always fresh. */
  get(type: ResourceType, name: string, namespace?: string): Promise<KubeObject>;
  /** All objects, paged; shared within the phase unless `fresh`. Never use it for Secrets. */
  list(
    type: ResourceType,
    options?: { readonly namespace?: string; readonly labelSelector?: string; readonly fresh?: boolean },
  ): Promise<Listing>;
  /** The same as PartialObjectMetadata: what Secrets are listed by. */
  listMetadata(type: ResourceType, options?: { readonly namespace?: string }): Promise<Listing>;
  whoAmI(): Promise<{ readonly user: string; readonly groups: readonly string[] }>;
  /** May the gate itself? (SelfSubjectAccessReview) */
  canI(attributes: AccessAttributes): Promise<{ readonly allowed: boolean; readonly reason: string }>;
  /** May somebody else? (SubjectAccessReview) */
  canUser(
    subject: { readonly user: string; readonly groups: readonly string[] },
    attributes: AccessAttributes,
  ): Promise<{ readonly allowed: boolean; readonly reason: string }>;
  /** GET through the API server's proxy of a Service: what a client inside the cluster would get. */
  proxyService(
    service: { readonly namespace: string; readonly name: string; readonly port: number },
    path: string,
  ): Promise<HttpAnswer>;
  /**
   * What the API server would store if this manifest were applied (server-side apply, `dryRun=All`, forced): nothing changes, but
   * the API asks for the right to patch. Throws `forbidden`, `not-found` (its namespace), `protocol` (refused as invalid).
   */
  dryRunApply(manifest: Readonly<Record<string, unknown>>): Promise<KubeObject>;
}

/** Changes to the cluster that a check may make. Each is written to the run's journal before it happens. */
export interface ClusterChanger {
  /** Deletes one pod, this very one (`uid` is a precondition); the grace period is the pod's own unless given. */
  deletePod(
    pod: { readonly namespace: string; readonly name: string; readonly uid: string },
    options?: { readonly gracePeriodSeconds?: number },
  ): Promise<void>;
  /**
   * Creates a pod, hands it over as stored, and deletes it whatever happens, also when the item is aborted; it is gone when this
   * answers. Where deleting fails, so does this, with the pod's name. Give it `activeDeadlineSeconds` for the case that golive is killed.
   */
  createPod<T>(pod: PodManifest, use: (pod: KubeObject) => Promise<T>): Promise<T>;
}
/** A pod to create. */
export interface PodManifest {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: Readonly<Record<string, unknown>>;
}

/** What may be said of a Secret's key without saying its value. */
export interface SecretKeyFacts {
  readonly key: string;
  readonly bytes: number;
  readonly empty: boolean;
  /** The value is a placeholder such as `changeme` or `<base64-encoded-…>`; which rule said so. */
  readonly placeholder: string | null;
  /** Of `.dockerconfigjson` and `.dockercfg`: hosts that it holds a credential for, without scheme and path. */
  readonly registries?: readonly string[];
}
/** Reads Secrets by name; the values never leave it. */
export interface SecretReader {
  /** The keys of one Secret, or null when it does not exist. Throws `forbidden` when the gate may not read it. */
  facts(namespace: string, name: string): Promise<readonly SecretKeyFacts[] | null>;
}

/** Runs a command in a container through the API server. */
export interface PodExec {
  run(
    target: { readonly namespace: string; readonly pod: string; readonly container?: string },
    command: NonEmptyCommand,
  ): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string; readonly ms: number }>;
}
export type NonEmptyCommand = readonly [string, ...string[]];

/** Where a secret's value comes from. The value itself is resolved inside a capability and never returned by one. */
export type SecretRef =
  | { readonly from: 'env'; readonly name: string }
  | { readonly from: 'file'; readonly path: string; readonly key?: string }
  | {
      readonly from: 'kubernetes-secret';
      readonly namespace: string;
      readonly name: string;
      readonly key: string;
    };

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Text, at most 1 MiB; `truncated` says whether more came. */
  readonly body: string;
  readonly truncated: boolean;
  readonly ms: number;
}
export interface HttpRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD' | 'PATCH';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. A member that is a SecretRef is resolved inside and never recorded. */
  readonly json?: Readonly<Record<string, unknown>>;
  /** Sent as it is, instead of `json`; its type is in `headers`. */
  readonly body?: string;
  /** Sent as `Authorization: Bearer …`; a SecretRef, or a token another answer gave. */
  readonly bearer?: SecretRef | string;
  /** Sent as `Authorization: Basic …`. */
  readonly basic?: { readonly username: string; readonly password: SecretRef };
  readonly timeoutMs?: number;
  /** PEM file of the CA to verify with besides the system's. */
  readonly caFile?: string;
  /** Connects to this IP address instead of those the name resolves to; name and certificate are the URL's all the same. */
  readonly address?: string;
}
/**
 * Speaks HTTP(S) to the environment's endpoints, TLS verified, redirects not followed. Throws on transport failures only. Names are
 * resolved by the environment's own DNS servers where it declares some.
 */
export interface HttpClient {
  request(request: HttpRequest): Promise<HttpAnswer>;
}

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

export type DnsRecordType = 'A' | 'AAAA' | 'CNAME';
/** Asks the environment's DNS servers, or the system's where it declares none. */
export interface DnsClient {
  /** The servers asked, for messages. */
  readonly where: string;
  /** Records of a name; empty when the name or the type does not exist (NXDOMAIN, NODATA). Throws `unreachable`, `timeout`, `protocol`. */
  resolve(name: string, type: DnsRecordType): Promise<readonly string[]>;
}

/** What a certificate says of itself. */
export interface CertificateFacts {
  readonly subject: string;
  readonly issuer: string;
  /** `subjectAltName`: `DNS:api.example.com`, `IP:127.0.0.1`. */
  readonly names: readonly string[];
  /** RFC 3339. */
  readonly notBefore: string;
  readonly notAfter: string;
  /** `rsa`, `ec`, `ed25519` …, with its size in bits (of an EC key: of its curve). */
  readonly keyType: string;
  readonly keyBits: number;
  /** As OpenSSL names it, for example `ecdsa-with-SHA256`. */
  readonly signatureAlgorithm: string;
  /** SHA-256 of the certificate, hexadecimal. */
  readonly fingerprint: string;
  readonly isCa: boolean;
}
export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
export interface TlsTarget {
  readonly host: string;
  readonly port: number;
  /** Name for SNI and verification; the host when absent. */
  readonly serverName?: string;
  readonly caFile?: string;
  /** Versions offered; both ends when absent. */
  readonly minVersion?: TlsVersion;
  readonly maxVersion?: TlsVersion;
  /** Asks for TLS in the protocol's own way first (PostgreSQL's SSLRequest). */
  readonly startTls?: 'postgres';
}
export type TlsAnswer =
  | {
      readonly handshake: 'completed';
      readonly protocol: TlsVersion;
      readonly cipher: string;
      /** Whether chain, name and time verify; why not otherwise. The handshake is completed either way, and no data sent. */
      readonly verified: boolean;
      readonly verifyError?: string;
      /** As the server sent it, leaf first. */
      readonly chain: readonly CertificateFacts[];
      readonly ocspStapled: boolean;
      readonly ms: number;
    }
  /** The server answered and refused: an alert, or (for startTls) that it speaks no TLS. */
  | { readonly handshake: 'refused'; readonly why: string; readonly ms: number };
/** Makes TLS handshakes and says what was seen. Throws `unreachable`, `timeout` when nobody answers at all. */
export interface TlsProber {
  handshake(target: TlsTarget): Promise<TlsAnswer>;
}

/** What a pod used at one moment, as the metrics API said. */
export interface ResourceSample {
  /** RFC 3339: the end of the window that the figures are for. */
  readonly at: string;
  /** Length of that window. */
  readonly windowMs: number;
  readonly pod: string;
  /** Cores, 1 = one core fully used. */
  readonly cpu: number;
  readonly memoryBytes: number;
}
/** What was watched while load ran: pods behind selectors, with their requests. */
export interface ResourceSeries {
  readonly namespace: string;
  readonly samples: readonly ResourceSample[];
  /** Requests of each pod that was seen, summed over its containers; null where a container has none. */
  readonly requests: readonly {
    readonly pod: string;
    readonly cpu: number | null;
    readonly memoryBytes: number | null;
    /** RFC 3339, to the second. */
    readonly createdAt?: string;
  }[];
  /** Why samples are missing: the last look that failed. */
  readonly problem?: { readonly code: ReasonCode; readonly message: string };
}

/** A finished load run. Latencies in microseconds, warm-up left out; every request sent is in exactly one class. */
export interface LoadResult {
  readonly item: string;
  readonly url: string;
  readonly model: 'closed' | 'open';
  /** RFC 3339. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly connections: number;
  /** Connections that got no answer in the whole window: the others alone made the figures. */
  readonly silentConnections?: number;
  readonly sent: number;
  readonly answered: number;
  /** Sent but never answered: sent − answered. Counted as errors. */
  readonly lost: number;
  /** Lost requests by class: `refused` (no connection), `reset`, `closed` (FIN before the answer), `timeout`, `tls`, `other`. */
  readonly lostBy?: Readonly<Record<string, number>>;
  /** Open model: requests a second as declared, and intended starts in the window (= sent + not sent in time). */
  readonly declaredRate?: number;
  readonly intended?: number;
  /** Answers by status class `2xx` … `5xx`. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly latencies: {
    readonly count: number;
    readonly minUs: number;
    readonly maxUs: number;
    readonly meanUs: number;
    /** [percentile, µs] for 50 75 90 95 97.5 99 99.9 100, exact within 0.1 %. */
    readonly percentiles: readonly (readonly [number, number])[];
    /** Open model: the same over every intended start; null: so many were never answered that it has no end. */
    readonly ofIntended?: readonly (readonly [number, number | null])[];
  };
  /** Answered requests of each second of the window. */
  readonly perSecond: readonly number[];
  /** Open model, of each second: intended starts, failed requests, P50, P95 and P99 in µs (null without an answer). */
  readonly seconds?: readonly {
    readonly intended: number;
    readonly failed: number;
    readonly p50Us: number | null;
    readonly p95Us: number | null;
    readonly p99Us: number | null;
  }[];
  /** What was watched while it ran. */
  readonly resources?: ResourceSeries;
  /** Share of one core the generator used, 0–1, and its worst event loop delay: is it the bottleneck? */
  readonly generator: {
    readonly cpu: number;
    readonly maxLagMs: number;
    /** Open model: share of the intended starts that it began more than 10 ms late. */
    readonly late?: number;
  };
}
/** Puts load on one URL. */
export interface LoadGenerator {
  closed(options: {
    readonly url: string;
    readonly method?: 'GET' | 'POST';
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
    readonly connections: number;
    readonly durationMs: number;
    readonly warmupMs: number;
  }): Promise<LoadResult>;
  /**
   * Open model: requests start at the declared rate whatever the answers do, and each latency counts from the intended start, so that
   * a stalled server cannot hide (coordinated omission). Over the first half of the warm-up the rate rises to the declared one. `watch` samples the metrics API meanwhile. With `record: false` no
   * other item is meant to judge it.
   */
  open(options: {
    readonly url: string;
    readonly method?: 'GET' | 'POST';
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
    /** Requests a second. */
    readonly rate: number;
    readonly durationMs: number;
    readonly warmupMs: number;
    /** A request without an answer for this long is lost as `timeout`. */
    readonly timeoutMs: number;
    /** Connections at most; intended starts that find none free wait, and the wait counts. */
    readonly maxConnections: number;
    readonly watch?: () => Promise<ResourceSeries>;
    readonly record?: boolean;
    /** Aborts this run alone, before its end: what was measured so far is the result. */
    readonly until?: AbortSignal;
  }): Promise<LoadResult>;
}
/** An item of the plan and what became of it in this run so far, or in the latest run of this release that judged it. */
export interface ItemOutcome {
  readonly item: string;
  readonly phase: string;
  readonly title: string;
  readonly kind: string;
  readonly severity: 'critical' | 'major' | 'minor';
  readonly owner: string;
  readonly source: number;
  /** `not-run` for one that nothing was recorded of, `planned` for one nobody has built. */
  readonly outcome: OutcomeName;
  readonly message: string;
  /** Heading of the group it stands in. */
  readonly section?: string;
  /** Values of its evidence that were held against a bound; none when an earlier run judged it. */
  readonly measured?: readonly Extract<Evidence, { type: 'value' }>[];
  /** RFC 3339, when it was judged. */
  readonly at?: string;
  readonly runId?: string;
}
/** What other items of this run left for this one. Throws `source-missing` (→ `not-run`) when there is nothing. */
export interface RunReader {
  load(item: string): Promise<LoadResult>;
  /** Every other item of the plan. Outcomes of this release and environment only; stale ones are `not-run`. */
  outcomes(): Promise<readonly ItemOutcome[]>;
}

/** Reads files of the project. Paths are relative to it and confined to it; throws `not-found`, `misconfigured`. */
export interface ProjectFiles {
  read(path: string): Promise<string>;
  /** Files of a folder, not of those below it, sorted; relative to the project. */
  list(folder: string): Promise<readonly string[]>;
}

/** Every capability by name; `meta.needs` lists a subset. */
export interface Capabilities {
  readonly cluster: ClusterReader;
  readonly secrets: SecretReader;
  readonly exec: PodExec;
  readonly http: HttpClient;
  readonly changes: ClusterChanger;
  readonly postgres: PostgresClient;
  readonly redis: RedisClient;
  readonly dns: DnsClient;
  readonly tls: TlsProber;
  readonly files: ProjectFiles;
  readonly load: LoadGenerator;
  readonly runs: RunReader;
  readonly cutover: CutoverReader;
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
}

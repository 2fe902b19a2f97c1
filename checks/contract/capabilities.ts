/**
 * What a check may be handed, as types only. The implementations live in `fixtures/`, one folder a capability; a check names
 * the ones it needs in `meta.needs` and sees no other. Every method obeys the run's AbortSignal and throws
 * `ObservationError` when it could not look; it never answers "nothing" instead.
 */
import type { ReasonCode } from './outcome.ts';

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
}

/** What may be said of a Secret's key without saying its value. */
export interface SecretKeyFacts {
  readonly key: string;
  readonly bytes: number;
  readonly empty: boolean;
  /** The value is a placeholder such as `changeme` or `<base64-encoded-…>`; which rule said so. */
  readonly placeholder: string | null;
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
  /** Sent as `Authorization: Bearer …`; a SecretRef, or a token another answer gave. */
  readonly bearer?: SecretRef | string;
  readonly timeoutMs?: number;
  /** PEM file of the CA to verify with besides the system's. */
  readonly caFile?: string;
}
/** Speaks HTTP(S) to the environment's endpoints, TLS verified, redirects not followed. Throws on transport failures only. */
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
  /** Answers by status class `2xx` … `5xx`. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly latencies: {
    readonly count: number;
    readonly minUs: number;
    readonly maxUs: number;
    readonly meanUs: number;
    /** [percentile, µs] for 50 75 90 95 97.5 99 99.9 100, exact within 0.1 %. */
    readonly percentiles: readonly (readonly [number, number])[];
  };
  /** Answered requests of each second of the window. */
  readonly perSecond: readonly number[];
  /** Share of one core the generator used, 0–1, and its worst event loop delay: is it the bottleneck? */
  readonly generator: { readonly cpu: number; readonly maxLagMs: number };
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
}
/** What other items of this run left for this one. Throws `source-missing` (→ `not-run`) when there is nothing. */
export interface RunReader {
  load(item: string): Promise<LoadResult>;
}

/** Every capability by name; `meta.needs` lists a subset. */
export interface Capabilities {
  readonly cluster: ClusterReader;
  readonly secrets: SecretReader;
  readonly exec: PodExec;
  readonly http: HttpClient;
  readonly postgres: PostgresClient;
  readonly load: LoadGenerator;
  readonly runs: RunReader;
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

/** The capabilities `cluster`, `changes` and `exec`, as types only: Kubernetes through its API server. */
import type { HttpAnswer } from './http.ts';

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
  /**
   * GET through the API server's proxy of a Service: what a client inside the cluster would get. Throws `timeout` after `timeoutMs`, 15 s
   * unless said.
   */
  proxyService(
    service: { readonly namespace: string; readonly name: string; readonly port: number },
    path: string,
    options?: { readonly timeoutMs?: number },
  ): Promise<HttpAnswer>;
  /**
   * What the API server would store if this manifest were applied (server-side apply, `dryRun=All`, forced): nothing changes, but
   * the API asks for the right to patch. Throws `forbidden`, `not-found` (its namespace), `protocol` (refused as invalid).
   */
  dryRunApply(manifest: Readonly<Record<string, unknown>>): Promise<KubeObject>;
  /** What the API server would say to the eviction of a pod (`dryRun=All`). Throws `forbidden` without the right; a refusal is an answer. */
  dryRunEvict(pod: { readonly namespace: string; readonly name: string }): Promise<EvictionAnswer>;
}
/** To an eviction: of a body that tells another code than the status line, that of the body. */
export interface EvictionAnswer {
  readonly code: number;
  readonly message: string;
  /** Messages of the Status' causes: what a budget needs and has. */
  readonly causes: readonly string[];
  readonly retryAfterSeconds: number | null;
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
  /** The same for a policy of the network. What a golive that was killed leaves behind `golive janitor` removes. */
  createPolicy<T>(policy: PolicyManifest, use: (policy: KubeObject) => Promise<T>): Promise<T>;
}
/** A policy of the network to create: of a namespace, or an administrator's for the whole cluster. */
export interface PolicyManifest {
  readonly apiVersion: string;
  readonly kind: 'NetworkPolicy' | 'AdminNetworkPolicy';
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: Readonly<Record<string, unknown>>;
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

/** Runs a command in a container through the API server. */
export interface PodExec {
  run(
    target: { readonly namespace: string; readonly pod: string; readonly container?: string },
    command: NonEmptyCommand,
  ): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string; readonly ms: number }>;
}
export type NonEmptyCommand = readonly [string, ...string[]];

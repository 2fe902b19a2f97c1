/** Between the rehearsal's control plane (API server over webernetes) and its platform (processes, PostgreSQL, gateway). */
import type { KubeObject, ResourceType } from '../checks/contract/cluster.ts';

/** A container's real process on loopback. */
export interface ContainerProcess {
  readonly pid: number;
  /** Container port → real port on 127.0.0.1. */
  readonly ports: Readonly<Record<number, number>>;
  /** Settles when the process ends; the container's exit code follows it. */
  readonly exited: Promise<number>;
  /** Asks it to end (SIGTERM), then forces it after `graceMs`. */
  stop(graceMs: number): Promise<void>;
}
export interface ContainerStart {
  readonly namespace: string;
  readonly pod: string;
  readonly podUid: string;
  readonly container: string;
  readonly image: string;
  readonly args: readonly string[];
  /** Literal env and resolved Secret and ConfigMap references. */
  readonly env: Readonly<Record<string, string>>;
  readonly containerPorts: readonly number[];
}
/** An image the rehearsal's nodes can pull: how its container runs and what `exec` in it does. */
export interface ProcessImage {
  /** Exact reference, with or without digest: `ghcr.io/org/mcp-typescript-server:v1.0.0@sha256:…`. Any other one is ImagePullBackOff. */
  readonly reference: string;
  /** `sha256:…` of its manifest; shown in `containerStatuses[].imageID`. */
  readonly digest?: string;
  start(container: ContainerStart): Promise<ContainerProcess>;
  exec(
    container: ContainerStart,
    process: ContainerProcess,
    command: readonly string[],
  ): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }>;
}

/** A line of the audit log, as an API server writes it (audit.k8s.io/v1, level Metadata). */
export interface AuditEvent {
  readonly kind: 'Event';
  readonly apiVersion: 'audit.k8s.io/v1';
  readonly level: 'Metadata';
  readonly auditID: string;
  readonly stage: 'ResponseComplete';
  readonly requestURI: string;
  readonly verb: string;
  readonly user: { readonly username: string; readonly groups: readonly string[] };
  readonly userAgent: string;
  readonly objectRef: Readonly<
    Record<'namespace' | 'resource' | 'name' | 'subresource' | 'apiGroup' | 'apiVersion', string>
  >;
  readonly responseStatus: { readonly code: number };
  /** RFC 3339. */
  readonly stageTimestamp: string;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface ControlPlaneOptions {
  /** Private folder (0700) for its CA, keys and kubeconfig. */
  readonly dir: string;
  readonly images: readonly ProcessImage[];
  readonly nodes: readonly string[];
  /** Folder with `NAMESPACE_POD_CONTAINER.log` of each container, for `pods/log`; without it there are no logs. */
  readonly logs?: string;
  /** How often autoscalers look; every second unless said. A real controller does every 15 s. */
  readonly autoscalerPeriodMs?: number;
  /** For tests: what CronJobs take for the time of day, and how often they look. */
  readonly cronJobs?: { readonly now?: () => Date; readonly lookMs?: number };
  /** Is told what the audit log holds; without it nothing is audited. */
  readonly audit?: (event: AuditEvent) => void;
  /** UID of `kube-system`, which is the cluster's; any one when absent. */
  readonly uid?: string;
  log(line: string): void;
}
/** A ready address behind a Service port. */
export interface BackendAddress {
  readonly pod: string;
  readonly port: number;
}
export interface ControlPlane {
  /** `https://127.0.0.1:PORT` */
  readonly url: string;
  /**
   * Kubeconfig with two contexts: `rehearsal` (the gate: user `golive-gate`, only what k8s/gate/rbac.yaml grants) and
   * `rehearsal-admin` (group system:masters, for people and tests).
   */
  readonly kubeconfig: string;
  /** Creates or replaces an object as the administrator, through the same validation and defaulting as a request. */
  apply(object: Readonly<Record<string, unknown>>): Promise<void>;
  /**
   * Real loopback addresses of a Service's ready endpoints, with `unready` of the others as well; `changed` is called now and on every
   * change.
   */
  watchBackends(
    service: { readonly namespace: string; readonly name: string; readonly port: number },
    changed: (backends: readonly BackendAddress[]) => void,
    options?: { readonly unready?: boolean },
  ): () => void;
  /**
   * All objects of a kind, now and after every change. Called once more after the last of several changes, never concurrently.
   */
  watchObjects(type: ResourceType, changed: (objects: readonly KubeObject[]) => void): () => void;
  get(type: ResourceType, name: string, namespace?: string): Promise<KubeObject | undefined>;
  /** Merge patch (RFC 7396) as the administrator; `status` patches the status subresource. `manager` is who it is said to be. */
  patch(
    type: ResourceType,
    target: { readonly name: string; readonly namespace?: string; readonly subresource?: 'status' },
    change: Readonly<Record<string, unknown>>,
    options?: { readonly manager?: string },
  ): Promise<KubeObject>;
  /** With `orphan` what belongs to it stays (`--cascade=orphan`). */
  remove(
    type: ResourceType,
    target: { readonly name: string; readonly namespace?: string },
    options?: { readonly orphan?: boolean },
  ): Promise<void>;
  /** Containers that run now, with the pid of each one's process and its real ports. */
  containers(): readonly {
    readonly start: ContainerStart;
    readonly pid: number;
    readonly ports?: ContainerProcess['ports'];
  }[];
  /** Has a named check of its /readyz, /livez and /healthz fail until the answer is called. */
  failCheck?(name: string): () => void;
  /** Which provider encrypts Secrets that are written from now on; `identity` does not. */
  encryptSecrets?(provider: 'aesgcm' | 'identity'): void;
  /** Writes of its store so far, for the rehearsal's watchdog: a controller that answers its own writes shows here. */
  writes?(): number;
  close(): Promise<void>;
}
export type StartControlPlane = (options: ControlPlaneOptions) => Promise<ControlPlane>;

/**
 * Where a platform is and what may be changed there: the part of an environment that teams' own specs see. Its types are in the package,
 * so nothing here may be derived from a schema.
 */
import type { SecretRef } from './secrets.ts';
import type { PostgresStore, RedisStore } from './stores.ts';

/** Classes of change an environment may allow to golive. */
export const MUTATIONS = ['build', 'push', 'apply', 'load', 'chaos', 'cutover', 'notify'] as const;
export type Mutation = (typeof MUTATIONS)[number];

export interface Endpoint {
  readonly url: string;
  /** PEM of the CA to trust besides the system's. */
  readonly caFile?: string;
}
export interface Credential {
  readonly username: string;
  readonly password: SecretRef;
}
/** A container registry (OCI distribution spec): where images of a host are really looked up. */
export interface Registry {
  readonly url: string;
  readonly caFile?: string;
  /** Who to ask for tokens as; anonymous when absent. */
  readonly credential?: Credential;
}
/** A parameter changed in this environment only; reports list every one. */
export interface Override {
  readonly item: string;
  /** Name of the parameter, dotted for nested ones. */
  readonly param: string;
  readonly value: unknown;
  readonly why: string;
  /** Outside the rehearsal: who answers for it, and until when it stands (RFC 3339). */
  readonly approver?: string;
  readonly expires?: string;
}
/** What a team's own spec is handed of it, too: where everything is. Secrets are references. */
export interface SpecEnvironment {
  readonly name: string;
  /** The file, relative to the project. */
  readonly file: string;
  /** True for the embedded platform only: nothing in it can reach anything real. */
  readonly rehearsal: boolean;
  readonly kubeconfig: { readonly path: string; readonly context: string };
  readonly namespaces: Readonly<Record<string, string>>;
  readonly endpoints: Readonly<Record<string, Endpoint>>;
  readonly stores: Readonly<Record<string, PostgresStore>>;
  /** Redis servers. */
  readonly caches: Readonly<Record<string, RedisStore>>;
  /** Registries by a name of the environment's choosing. */
  readonly registries: Readonly<Record<string, Registry>>;
  /** DNS servers (`address:port`) that resolve the platform's public names; the system's resolver when absent. */
  readonly dns?: { readonly servers: readonly string[] };
  readonly credentials: Readonly<Record<string, Credential>>;
  /** The key metrics as post-deployment kinds take them; their schema says what is in them. */
  readonly keyMetrics?: readonly Readonly<Record<string, unknown>>[];
  /** Folders that items read, relative to the project: sources, results of tests. */
  readonly folders: Readonly<Record<string, string>>;
  readonly mutations: readonly Mutation[];
  /** `enforce`: phase N+1 runs only on GO of phase N. `report`: it runs anyway and says what would have been refused. */
  readonly preconditions: 'enforce' | 'report';
  readonly overrides: readonly Override[];
  /** Declared windows are divided by this; never network time-outs. 1 outside the rehearsal. */
  readonly compression: number;
}

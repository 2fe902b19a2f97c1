/**
 * An environment: where a checklist is run. The file format is `fixtures/environments/<name>.yaml`; this is its parsed form.
 * In the rehearsal's file a string may hold `${rehearsal.NAME}`: ports and paths that are known only once it runs.
 */
import type { ChangeCalendars } from './change-schemas.ts';
import type { Channels, Contact, IncidentPlan, NotifyRule, OnCallSource } from './notify.ts';
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
export interface Environment {
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
  /** How people are reached, by a name of the environment's choosing; who is called, what an incident opens, who is on call. */
  readonly channels?: Channels;
  readonly contacts?: readonly Contact[];
  readonly incident?: IncidentPlan;
  /** Which channel is told what of a run. */
  readonly notify?: readonly NotifyRule[];
  readonly onCall?: Readonly<Record<string, OnCallSource>>;
  /** When traffic may be moved here, and when not. */
  readonly changes?: ChangeCalendars;
  /** Folders that items read, relative to the project: sources, results of tests. */
  readonly folders: Readonly<Record<string, string>>;
  readonly mutations: readonly Mutation[];
  /** `enforce`: phase N+1 runs only on GO of phase N. `report`: it runs anyway and says what would have been refused. */
  readonly preconditions: 'enforce' | 'report';
  readonly overrides: readonly Override[];
  /** Declared windows are divided by this; never network time-outs. 1 outside the rehearsal. */
  readonly compression: number;
}

/** Names that may stand in `${rehearsal.NAME}` and the type of the value a running rehearsal gives them. */
export const REHEARSAL_VALUES = {
  /** `https://127.0.0.1:PORT` of its API server. */
  apiServer: 'string',
  /** `https://api.mcp.test:PORT`: the platform's public name at the gateway. */
  gateway: 'string',
  /** `https://blue.mcp.test:PORT`: the deployment that goes live, before it has any public traffic. */
  blue: 'string',
  /** Port of the gateway's TLS listener. */
  gatewayPort: 'number',
  /** A port of this machine on which nobody listens: what a firewall keeps shut. */
  closedPort: 'number',
  /** `127.0.0.1:PORT` of the DNS server that knows mcp.test. */
  dnsServer: 'string',
  /** PostgreSQL itself, and PgBouncer in front of it. */
  postgresPort: 'number',
  pgbouncerPort: 'number',
  /** Redis, TLS. */
  redisPort: 'number',
  /** `https://127.0.0.1:PORT` of the container registry. */
  registry: 'string',
  /** `http://127.0.0.1:PORT` each. */
  prometheus: 'string',
  alertmanager: 'string',
  grafana: 'string',
  logs: 'string',
  /** `http://127.0.0.1:PORT` of whoever is notified: chat, pager, mailboxes; and the port of the SMTP server. */
  notified: 'string',
  smtpPort: 'number',
} as const;
export type RehearsalValueName = keyof typeof REHEARSAL_VALUES;
export type RehearsalValues = Readonly<Record<RehearsalValueName, string | number>>;

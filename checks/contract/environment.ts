/**
 * An environment: where a checklist is run. The file format is `fixtures/environments/<name>.yaml`; this is its parsed form.
 * In the rehearsal's file a string may hold `${rehearsal.NAME}`: ports and paths that are known only once it runs.
 */
import type { ChangeCalendars } from './change-schemas.ts';
import type { Channels, Contact, IncidentPlan, NotifyRule, OnCallSource } from './notify.ts';
import type { SpecEnvironment } from './spec-environment.ts';

export { MUTATIONS } from './spec-environment.ts';
export type { Credential, Endpoint, Mutation, Override, Registry } from './spec-environment.ts';

export interface Environment extends SpecEnvironment {
  /** How people are reached, by a name of the environment's choosing; who is called, what an incident opens, who is on call. */
  readonly channels?: Channels;
  readonly contacts?: readonly Contact[];
  readonly incident?: IncidentPlan;
  /** Which channel is told what of a run. */
  readonly notify?: readonly NotifyRule[];
  readonly onCall?: Readonly<Record<string, OnCallSource>>;
  /** When traffic may be moved here, and when not. */
  readonly changes?: ChangeCalendars;
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

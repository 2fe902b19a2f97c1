/**
 * How people are reached, as types only: channels that carry a message, contacts behind them, who is on call. The environment names
 * them; checks send through them, and so does `golive incident`.
 */
import type { FromSchema } from 'json-schema-to-ts';
import type {
  channelSchema,
  contactsSchema,
  incidentSchema,
  NOTIFY_EVENTS,
  notifySchema,
  onCallSchema,
} from './notify-schemas.ts';

export type Channel = FromSchema<typeof channelSchema>;
export type ChannelOf<Type extends Channel['type']> = Extract<Channel, { readonly type: Type }>;
export type Channels = Readonly<Record<string, Channel>>;
export type Contact = FromSchema<typeof contactsSchema>[number];
/** What `golive incident` opens and whom it tells. */
export type IncidentPlan = FromSchema<typeof incidentSchema>;
/** Which emergency asks for what. */
export type DecisionTree = NonNullable<IncidentPlan['tree']>;
export type TreeBranch = DecisionTree['branches'][number];
export type TreeAction = TreeBranch['action'];
/** Where a schedule of who is on call is kept. */
export type OnCallSource = FromSchema<typeof onCallSchema>;

/** What of a run people are told of, and by which channel. */
export type NotifyEventName = (typeof NOTIFY_EVENTS)[number];
export type NotifyRule = FromSchema<typeof notifySchema>[number];

/** What is sent. `id` is unique to it: by it the receipt is found again. */
export interface Message {
  readonly id: string;
  readonly subject: string;
  readonly text: string;
  readonly severity: 'critical' | 'error' | 'warning' | 'info';
  readonly links?: readonly { readonly text: string; readonly href: string }[];
}

/** A message as mail, and the server that takes it over. */
export interface Mail {
  readonly server: ChannelOf<'email'>;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  /** Of the header Message-ID, without its host. */
  readonly id: string;
}
/** What the mail server said at the end: 250 is taken over and not delivered. */
export interface MailAnswer {
  readonly accepted: readonly string[];
  readonly refused: readonly { readonly address: string; readonly code: number; readonly reply: string }[];
}
/** Hands mail to an SMTP server, over verified TLS unless the channel says none. Throws when the server could not be spoken to. */
export interface MailSender {
  send(mail: Mail): Promise<MailAnswer>;
}

/** A step of the emergency procedure and what was seen of it. */
export interface IncidentStep {
  readonly step: 'decide' | 'stop-cutover' | 'bridge' | 'page' | 'contact' | 'resolve';
  /** The channel, contact or cutover that it is about. */
  readonly on: string;
  /** `arrived`, `posted`: seen. `ready`, `resolved`: as it shall be. Everything else did not work. */
  readonly state: 'arrived' | 'posted' | 'ready' | 'resolved' | 'accepted' | 'refused' | 'lost' | 'failed';
  readonly detail: string;
  /** RFC 3339. */
  readonly at: string;
}
/** What `golive incident` did, in `.golive/incidents`; signed by the key that signs the ledger. */
export interface IncidentRecord {
  readonly schema: 'golive/incident/v1';
  readonly id: string;
  readonly drill: boolean;
  readonly summary: string;
  /** `name version`. */
  readonly release: string;
  readonly environment: { readonly name: string; readonly uid: string };
  /** RFC 3339. */
  readonly startedAt: string;
  /** Null while it is under way, and for ever where it was broken off. */
  readonly endedAt: string | null;
  readonly steps: readonly IncidentStep[];
}
/** A record of this environment, and who vouches for it or why nobody does. */
export interface ReadIncident {
  readonly record: IncidentRecord;
  readonly by?: string;
  readonly refused?: string;
}
/** Reads what `golive incident` has recorded of this environment, the oldest first. */
export interface IncidentReader {
  list(): Promise<readonly ReadIncident[]>;
}

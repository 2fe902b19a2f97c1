/**
 * How people are reached, as types only: channels that carry a message, contacts behind them, who is on call. The environment names
 * them; checks send through them, and so does `golive incident`.
 */
import type { FromSchema } from 'json-schema-to-ts';
import type { channelSchema, contactsSchema, incidentSchema, onCallSchema } from './notify-schemas.ts';

export type Channel = FromSchema<typeof channelSchema>;
export type ChannelOf<Type extends Channel['type']> = Extract<Channel, { readonly type: Type }>;
export type Channels = Readonly<Record<string, Channel>>;
export type Contact = FromSchema<typeof contactsSchema>[number];
/** What `golive incident` opens and whom it tells. */
export type IncidentPlan = FromSchema<typeof incidentSchema>;
/** Where a schedule of who is on call is kept. */
export type OnCallSource = FromSchema<typeof onCallSchema>;

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

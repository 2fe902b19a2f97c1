/** Sends a message through a channel and says what was seen of it. Accepted is never delivered: only what is read back has arrived. */
import type { HttpAnswer, HttpClient, HttpRequest } from '../../contract/http.ts';
import { at, parseJson, textAt } from '../../contract/json.ts';
import type { Channel, ChannelOf, Channels, Contact, MailSender, Message } from '../../contract/notify.ts';
import type { SecretRef } from '../../contract/secrets.ts';
import { ObservationError } from '../../kit/kind.ts';
import { apiOf, incidentOf, sendEvent, type Pager } from './pagerduty.ts';

/** What became of a message. */
export type Receipt =
  /** Read back at the far end. */
  | { readonly state: 'arrived'; readonly where: string; readonly ms: number }
  /** The service says that it has put it where people read it. */
  | { readonly state: 'posted'; readonly where: string; readonly ms: number }
  /** Taken over; nobody can see whether it arrived. */
  | { readonly state: 'accepted'; readonly where: string }
  | { readonly state: 'refused'; readonly why: string }
  /** Taken over, and not there when its time was over. */
  | { readonly state: 'lost'; readonly where: string; readonly ms: number };

export interface Means {
  readonly http: HttpClient;
  readonly mail: MailSender;
  readonly now: Date;
  wait(ms: number): Promise<void>;
}

/** The channel by which a contact is reached: mail goes to their own address. */
export function channelTo(
  channels: Channels | undefined,
  { channel: name = '', address }: Contact,
): Channel | undefined {
  const channel = channels?.[name];
  return channel?.type === 'email' && address !== undefined ? { ...channel, to: [address] } : channel;
}

const LOOK_MS = 250;
const accepted = (where: string): Receipt => ({ state: 'accepted', where });
const posted = (where: string, ms: number): Receipt => ({ state: 'posted', where, ms });
const refused = (why: string): Receipt => ({ state: 'refused', why });

/** Sends, and looks for it at the far end for as long as `withinMs`. Throws where the channel could not be spoken to. */
export async function deliver(means: Means, channel: Channel, message: Message, withinMs: number): Promise<Receipt> {
  const look = lookerOf(means, channel, message.id);
  if (await look?.())
    throw new ObservationError('protocol', 'what is read back holds the id of a message that was not sent yet', {
      detail: 'echo',
      fix: 'Name an address in readback that shows messages, and not what it was asked.',
    });
  const sent = await send(means, channel, message);
  if (sent.state !== 'accepted' || look === null) return sent;
  const began = performance.now();
  for (;;) {
    const there = await look();
    const ms = performance.now() - began;
    if (there) return { state: 'arrived', where: sent.where, ms };
    if (ms >= withinMs) return { state: 'lost', where: sent.where, ms };
    await means.wait(LOOK_MS);
  }
}

/** Whether a message that was sent before is there; false where nothing can be read back. Does not wait. */
export async function isThere(means: Means, channel: Channel, id: string): Promise<boolean> {
  return (await lookerOf(means, channel, id)?.()) ?? false;
}

async function send(means: Means, channel: Channel, message: Message): Promise<Receipt> {
  switch (channel.type) {
    case 'slack-webhook':
      return await toWebhookOfSlack(means.http, channel, message);
    case 'slack':
      return await toSlack(means.http, channel, message);
    case 'pagerduty':
      return await toPager(means.http, channel, message);
    case 'email':
      return await toMail(means.mail, channel, message);
    default:
      return await toWebhook(means, channel, message);
  }
}

function lookerOf({ http }: Means, channel: Channel, id: string): (() => Promise<boolean>) | null {
  if (channel.type === 'pagerduty') return async () => (await incidentOf(http, apiOf(channel), id)) !== null;
  if (!('readback' in channel)) return null;
  const { url, bearer, caFile } = channel.readback;
  return async () => {
    const answer = await http.request({
      url: url.replaceAll('{id}', encodeURIComponent(id)),
      ...(bearer === undefined ? {} : { bearer }),
      ...(caFile === undefined ? {} : { caFile }),
    });
    if (answer.status !== 200) throw unexpected('what has arrived cannot be read back', answer);
    return answer.body.includes(id);
  };
}

/** Slack escapes these three, and wants no others escaped. */
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

function chatText({ subject, text, links = [], id }: Message): string {
  const lines = links.map(({ text: label, href }) => `<${href}|${escaped(label)}>`);
  return [`*${escaped(subject)}*`, escaped(text), ...lines, `\`${escaped(id)}\``].join('\n');
}

async function toWebhookOfSlack(
  http: HttpClient,
  { url, path, caFile }: ChannelOf<'slack-webhook'>,
  message: Message,
): Promise<Receipt> {
  const answer = await post(http, { url, secretPath: path, json: { text: chatText(message) }, ...caOf(caFile) });
  // A bare word: `ok`, or what is wrong.
  if (answer.status === 200 && answer.body.trim() === 'ok') return posted('the channel of the webhook', answer.ms);
  if (answer.status === 200) throw unexpected('the webhook did not say ok', answer);
  return refused(`the webhook answered ${answer.status} (${shortly(answer.body)})`);
}

async function toSlack(
  http: HttpClient,
  { url, token, channel, caFile }: ChannelOf<'slack'>,
  message: Message,
): Promise<Receipt> {
  const target = `${url.replace(/\/$/, '')}/api/chat.postMessage`;
  const json = { channel, text: chatText(message) };
  const answer = await post(http, { url: target, bearer: token, json, ...caOf(caFile) });
  const said = parseJson(answer.body);
  // Its failures come under 200.
  if (at(said, 'ok') === true) return posted(`channel ${textAt(said, channel, 'channel')}`, answer.ms);
  if (at(said, 'ok') === false) return refused(`chat.postMessage answered ${textAt(said, 'no reason', 'error')}`);
  throw unexpected('chat.postMessage answered something else than Slack does', answer);
}

async function toPager(http: HttpClient, pager: Pager, message: Message): Promise<Receipt> {
  const why = await sendEvent(http, pager, 'trigger', message.id, message);
  return why === null ? accepted('the pager') : refused(why);
}

async function toMail(mail: MailSender, server: ChannelOf<'email'>, message: Message): Promise<Receipt> {
  const { subject, text, links = [], id } = message;
  const body = [text, ...links.map(({ text: label, href }) => `${label}: ${href}`), `(${id})`].join('\n\n');
  const answer = await mail.send({ server, to: server.to, subject, text: body, id });
  const final = answer.refused.filter(({ code }) => code >= 500 || code === 0);
  if (final.length > 0)
    return refused(final.map(({ address, reply }) => `${address}: ${reply || 'refused'}`).join('; '));
  const [later] = answer.refused;
  // 4xx: greylisting is usual at a first contact, and no verdict.
  if (later)
    throw new ObservationError('unreachable', `mail to ${later.address}: not now (${later.reply})`, {
      detail: `smtp-${later.code}`,
      fix: 'Try again in a few minutes.',
    });
  return accepted(`mail to ${server.to.join(', ')}`);
}

async function toWebhook(
  { http, now }: Means,
  { url, path, secret, caFile }: ChannelOf<'webhook'>,
  message: Message,
): Promise<Receipt> {
  const answer = await post(http, {
    url,
    ...(path === undefined ? {} : { secretPath: path }),
    json: { ...message, type: 'golive.message' },
    webhook: { secret, id: message.id, at: now },
    ...caOf(caFile),
  });
  if (answer.status >= 200 && answer.status <= 299) return accepted('the webhook');
  return refused(`the webhook answered ${answer.status} (${shortly(answer.body)})`);
}

async function post(http: HttpClient, request: Omit<HttpRequest, 'method'>): Promise<HttpAnswer> {
  const answer = await http.request({ method: 'POST', ...request });
  if (answer.status === 429 || answer.status >= 502) throw unexpected('it does not take messages now', answer);
  return answer;
}

const caOf = (caFile: string | undefined) => (caFile === undefined ? {} : { caFile });
const shortly = (body: string): string => body.replace(/\s+/g, ' ').trim().slice(0, 120);

function unexpected(what: string, { status, body }: HttpAnswer): ObservationError {
  const code =
    status === 401 ? 'unauthorized' : status === 403 ? 'forbidden' : status >= 429 ? 'unreachable' : 'protocol';
  return new ObservationError(code, `${what}: it answered ${status} (${shortly(body)})`, { detail: `http-${status}` });
}

/** Every reference to a secret in a value: what the gate must be allowed to read. */
export function secretsIn(value: unknown): readonly SecretRef[] {
  if (Array.isArray(value)) return value.flatMap(secretsIn);
  if (typeof value !== 'object' || value === null) return [];
  if (typeof (value as { readonly from?: unknown }).from === 'string' && !('type' in value))
    return [value as SecretRef];
  return Object.values(value).flatMap(secretsIn);
}

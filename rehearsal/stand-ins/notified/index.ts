/** Whoever is notified in the rehearsal, besides Alertmanager's receivers: chat, pager, mail, a signed webhook. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { secretPath, writeAtomically } from '../../../fixtures/rehearsal-client/state-file.ts';
import { isRecord, parseJson, textAt } from '../../../checks/contract/json.ts';
import type { LeverArguments } from '../../../fixtures/rehearsal-client/control-protocol.ts';
import type { Levers, Pull } from '../../levers.ts';
import type { PlatformContext } from '../../platform-types.ts';
import { readText, type Mounted, type Receiver } from '../receiver.ts';
import { send, sendJson } from '../serve.ts';
import { startMailbox, type Lossy } from './mailbox.ts';
import { pagerStandIn, type Misbehaviour, type PagerStandIn } from './pager.ts';

const KEPT = 200;

/** Files of `secrets/` that the environment names. */
const FILES = {
  routingKey: 'pager-routing-key',
  token: 'pager-token',
  chatPath: 'chat-webhook-path',
  password: 'smtp-password',
  webhookKey: 'webhook-key',
} as const;

export interface Notified {
  /** `http://127.0.0.1:PORT`: `/chat`, `/pager`, `/mail`, `/hook`, and Alertmanager's receivers. */
  readonly url: string;
  readonly smtpPort: number;
  stop(): Promise<void>;
}

/** Levers: `notified.answer {channel, status, body}`, `pager.misbehave {as}`, `pager.incident {title}`, `notified.lose`:
 * mail and webhook take messages over, and none is there. */
export async function startNotified(context: PlatformContext, receiver: Receiver): Promise<Notified> {
  const keys = makeKeys(context.dir);
  const mailbox = await startMailbox(context, keys.password);
  const pager = pagerStandIn(keys);
  const webhook = hook(keys.webhookKey);
  const parts: Readonly<Record<string, Mounted>> = {
    pager: pager.handler,
    mail: mailbox.handler,
    chat: chat(keys.chatPath),
    hook: webhook.handler,
  };
  const refusing = new Map<string, { readonly status: number; readonly body: string }>();
  for (const [name, handler] of Object.entries(parts))
    receiver.mount(name, (request, response, url) => {
      const refusal = refusing.get(name);
      if (refusal) return send(response, refusal.status, 'text/html', refusal.body);
      return handler(request, response, url);
    });
  addLevers(context.levers, { refusing, pager, lossy: [mailbox, webhook] });
  return { url: receiver.url, smtpPort: mailbox.port, stop: () => mailbox.stop() };
}

type Keys = Readonly<Record<keyof typeof FILES, string>>;

function makeKeys(dir: string): Keys {
  const hex = (bytes: number): string => randomBytes(bytes).toString('hex');
  const keys: Keys = {
    routingKey: hex(16),
    token: hex(10),
    chatPath: `/services/T${hex(4).toUpperCase()}/B${hex(4).toUpperCase()}/${hex(12)}`,
    password: hex(18),
    webhookKey: `whsec_${randomBytes(32).toString('base64')}`,
  };
  mkdirSync(secretPath(dir, ''), { recursive: true, mode: 0o700 });
  for (const [name, file] of Object.entries(FILES)) writeAtomically(secretPath(dir, file), keys[name as keyof Keys]);
  return keys;
}

function addLevers(
  levers: Levers,
  parts: {
    readonly refusing: Map<string, { readonly status: number; readonly body: string }>;
    readonly pager: PagerStandIn;
    readonly lossy: readonly Lossy[];
  },
): void {
  const until = (back: () => unknown) =>
    Promise.resolve(() => {
      back();
      return Promise.resolve();
    });
  const add = (name: string, pull: (args: LeverArguments) => ReturnType<Pull>): void => levers.add(name, pull);
  add('notified.answer', ({ channel, status, body }) => {
    const name = String(channel);
    parts.refusing.set(name, { status: Number(status), body: typeof body === 'string' ? body : '' });
    return until(() => parts.refusing.delete(name));
  });
  add('pager.misbehave', ({ as }) => until(parts.pager.misbehave(as as Misbehaviour)));
  add('pager.incident', ({ title }) => until(parts.pager.openIncident(String(title))));
  add('notified.lose', () => {
    const back = parts.lossy.map((one) => one.lose());
    return until(() => back.map((find) => find()));
  });
}

/** Slack's incoming webhook: the path is the credential, answers are bare words. */
function chat(path: string): Mounted {
  return async (request, response, url) => {
    const word = (status: number, body: string): void => send(response, status, 'text/html', body);
    if (url.pathname !== path) return word(404, 'no_service');
    const said = parseJson(await readText(request));
    if (!isRecord(said)) return word(400, 'invalid_payload');
    return textAt(said, '', 'text') === '' ? word(400, 'no_text') : word(200, 'ok');
  };
}

/** Takes what is signed by Standard Webhooks; `GET /?id=…` lists what came. */
function hook(secret: string): Lossy & { readonly handler: Mounted } {
  let losing = false;
  const taken: { readonly id: string; readonly subject: string }[] = [];
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const handler: Mounted = async (request, response, url) => {
    if (request.method === 'GET') {
      const id = url.searchParams.get('id');
      return sendJson(response, 200, { messages: taken.filter((one) => one.id === id && !losing) });
    }
    const body = await readText(request);
    const header = (name: string): string => String(request.headers[`webhook-${name}`] ?? '');
    const id = header('id');
    const wanted = createHmac('sha256', key)
      .update(`${id}.${header('timestamp')}.${body}`)
      .digest();
    const isSigned = header('signature')
      .split(' ')
      .map((one) => Buffer.from(one.replace(/^v1,/, ''), 'base64'))
      .some((given) => given.length === wanted.length && timingSafeEqual(given, wanted));
    if (!isSigned) return sendJson(response, 401, { message: 'not signed by the key' });
    if (!losing) taken.push({ id, subject: textAt(parseJson(body), '', 'subject') });
    if (taken.length > KEPT) taken.shift();
    return sendJson(response, 200, {});
  };
  return {
    handler,
    lose() {
      losing = true;
      return () => (losing = false);
    },
  };
}

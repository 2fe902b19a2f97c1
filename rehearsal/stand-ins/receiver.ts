/**
 * Stands in for whoever is notified: takes what Alertmanager's webhooks send and keeps it, so that a receipt can be shown. One path a
 * receiver, `POST /NAME`; `GET /NAME` lists what arrived there, newest last.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isRecord, listAt, parseJson, textAt } from '../../checks/contract/json.ts';
import { serveLoopback } from '../monitoring/loopback.ts';

const KEPT = 500;
const MOST_BYTES = 1024 * 1024;

export interface Receipt {
  /** RFC 3339. */
  readonly at: string;
  readonly receiver: string;
  readonly status: string;
  /** Alerts of the group that were not sent along. */
  readonly truncatedAlerts: number;
  readonly alerts: readonly { readonly status: string; readonly labels: Readonly<Record<string, unknown>> }[];
}
export interface Receiver {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  receipts(name: string): readonly Receipt[];
  /** Hands requests below `/PREFIX/` to somebody else. */
  mount(prefix: string, handler: Mounted): void;
  stop(): Promise<void>;
}

/** Serves a request by its path below the prefix. */
export type Mounted = (request: IncomingMessage, response: ServerResponse, url: URL) => Promise<void> | void;

export async function startReceiver(): Promise<Receiver> {
  const received = new Map<string, Receipt[]>();
  const mounted = new Map<string, Mounted>();
  const server = await serveLoopback((request, response) => {
    const name = (request.url ?? '/').slice(1).replace(/\?.*$/, '');
    const other = mounted.get(name.replace(/\/.*$/, ''));
    if (other) return void serveMounted(other, request, response);
    const answer = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    if (request.method === 'GET') {
      answer(200, received.get(name) ?? []);
      return;
    }
    readText(request).then(
      (text) => {
        const receipt = receiptOf(text);
        if (receipt) received.set(name, [...(received.get(name) ?? []), receipt].slice(-KEPT));
        answer(receipt ? 200 : 400, {});
      },
      () => answer(400, {}),
    );
  });
  return {
    url: server.url,
    receipts: (name) => received.get(name) ?? [],
    mount: (prefix, handler) => mounted.set(prefix, handler),
    stop: () => server.close(),
  };
}

async function serveMounted(handler: Mounted, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL((request.url ?? '/').replace(/^\/[^/?]*/, ''), 'http://receiver');
  try {
    await handler(request, response, url);
  } catch {
    if (response.headersSent) response.destroy();
    else response.writeHead(500).end();
  }
}

function receiptOf(text: string): Receipt | undefined {
  const body = parseJson(text);
  if (!isRecord(body)) return undefined;
  const alerts = listAt(body, 'alerts').map((alert) => {
    const labels = isRecord(alert) ? alert['labels'] : undefined;
    return { status: textAt(alert, '', 'status'), labels: isRecord(labels) ? labels : {} };
  });
  const at = new Date().toISOString();
  const left = body['truncatedAlerts'];
  return {
    at,
    receiver: textAt(body, '', 'receiver'),
    status: textAt(body, '', 'status'),
    truncatedAlerts: typeof left === 'number' ? left : 0,
    alerts,
  };
}

/** The body of a request, as text. Rejects when it is longer than anything that is sent here. */
export async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw new Error('too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

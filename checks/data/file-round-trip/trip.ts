/** Writes, reads, overwrites and removes a file through an HTTP API. */
import { createHash, randomBytes } from 'node:crypto';
import type { HttpAnswer, HttpClient } from '../../contract/http.ts';
import { addressOf, isDown, logIn } from '../../protocols/api-requests.ts';
import type { Params } from './params.ts';

/** What an answer said of a file, never the file itself. */
export interface Answer {
  readonly step: string;
  /** `PUT /api/v1/files/golive-…`. */
  readonly request: string;
  readonly status: number;
  readonly ms: number;
  /** SHA-256 in hexadecimal digits: of what was sent (PUT) or received (GET). */
  readonly digest?: string;
  readonly bytes?: number;
  /** As the server sent it, without quotes and weakness mark. */
  readonly etag?: string;
}
export interface Gathered {
  /** Why the login gave no token. */
  readonly loginDown?: string;
  readonly answers: readonly Answer[];
  /** The step that got no answer, and why; later ones were not made. */
  readonly down?: { readonly step: string; readonly why: string };
  /** Answers to names that would leave the storage. */
  readonly escapes: readonly Answer[];
  /** What is left behind and why; null when all is gone. */
  readonly left: string | null;
}

type Method = 'PUT' | 'GET' | 'DELETE';
/** The steps of a whole round trip; each PUT is of other bytes. */
export const STEPS: readonly (readonly [string, Method])[] = [
  ['write', 'PUT'],
  ['read', 'GET'],
  ['overwrite', 'PUT'],
  ['read again', 'GET'],
  ['remove', 'DELETE'],
  ['read what was removed', 'GET'],
];

export async function roundTrip(params: Params, http: HttpClient): Promise<Gathered> {
  const session = await logIn(params.endpoint, params.login, http);
  if ('down' in session) return { loginDown: session.down, answers: [], escapes: [], left: null };
  const send = (method: Method, path: string, body?: string): Promise<HttpAnswer> =>
    http.request({
      ...addressOf(params.endpoint, path),
      method,
      bearer: session.bearer,
      ...(body === undefined ? {} : { body, headers: { 'content-type': 'application/octet-stream' } }),
    });
  const ask = async (step: string, method: Method, path: string, body?: string): Promise<Answer> => {
    const { status, ms, headers, body: said } = await send(method, path, body);
    const content = method === 'GET' && status === 200 ? said : body;
    const etag = headers['etag']?.replace(/^W\//, '').replaceAll('"', '');
    return {
      step,
      request: `${method} ${path}`,
      status,
      ms: Math.round(ms),
      ...(content === undefined ? {} : { digest: digestOf(content), bytes: Buffer.byteLength(content) }),
      ...(etag === undefined ? {} : { etag }),
    };
  };

  const file = `${params.path}/golive-${randomBytes(8).toString('hex')}.txt`;
  /** What was written, or may have been. */
  const written = new Set<string>();
  const [answers, escapes]: [Answer[], Answer[]] = [[], []];
  let step = '';
  let down: Gathered['down'];
  let left: string | null = null;
  try {
    for (const [name, method] of STEPS) {
      step = name;
      if (method === 'PUT') written.add(file);
      answers.push(await ask(step, method, file, method === 'PUT' ? randomText(params.bytes) : undefined));
    }
    step = 'leave the storage';
    for (const beginning of params.escapes) {
      const path = `${params.path}/${beginning}${randomBytes(4).toString('hex')}`;
      const answer = await ask(step, 'PUT', path, 'golive: this file must not have been stored\n');
      if (answer.status < 300) written.add(path);
      escapes.push(answer);
    }
  } catch (error) {
    if (!isDown(error)) throw error;
    down = { step, why: error.message };
  } finally {
    left = await cleanUp(written, send);
  }
  return { answers, escapes, left, ...(down ? { down } : {}) };
}

/** Removes what was written and looks whether it is gone. Never throws: what is left must be reported. */
async function cleanUp(
  paths: Iterable<string>,
  send: (method: Method, path: string) => Promise<HttpAnswer>,
): Promise<string | null> {
  const left: string[] = [];
  for (const path of paths)
    try {
      await send('DELETE', path);
      const { status } = await send('GET', path);
      if (status < 400) left.push(`${path} is still there`);
      else if (status >= 500) left.push(`${path}: reading it answers ${status}`);
    } catch (error) {
      left.push(`${path}: ${error instanceof Error ? error.message : 'no reason given'}`);
    }
  return left.length === 0 ? null : left.join('; ');
}

/** Random bytes as text: 4 characters for 3 bytes. */
const randomText = (length: number): string =>
  randomBytes(Math.ceil((length * 3) / 4))
    .toString('base64')
    .slice(0, length);

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

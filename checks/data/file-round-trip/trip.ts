/** Writes, reads, overwrites and removes a file through an HTTP API. */
import { createHash, randomBytes } from 'node:crypto';
import type { HttpClient, HttpRequest } from '../../contract/http.ts';
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

const MEDIA_TYPE = 'application/octet-stream';
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
  return await new Trip(params, http, session.bearer).run();
}

class Trip {
  readonly #params: Params;
  readonly #http: HttpClient;
  readonly #bearer: string;
  readonly #name = `golive-${randomBytes(8).toString('hex')}.txt`;
  readonly #answers: Answer[] = [];
  readonly #escapes: Answer[] = [];
  /** Names that were written, or may have been. */
  readonly #written = new Set<string>();

  constructor(params: Params, http: HttpClient, bearer: string) {
    this.#params = params;
    this.#http = http;
    this.#bearer = bearer;
  }

  async run(): Promise<Gathered> {
    let down: Gathered['down'];
    let left: string | null = null;
    try {
      down = await this.#steps();
    } finally {
      left = await this.#cleanUp();
    }
    return { answers: this.#answers, escapes: this.#escapes, left, ...(down ? { down } : {}) };
  }

  async #steps(): Promise<Gathered['down']> {
    let step = '';
    try {
      for (const [name, method] of STEPS) {
        step = name;
        if (method === 'PUT') this.#written.add(this.#name);
        this.#answers.push(await this.#ask(name, method, this.#name, method === 'PUT' ? this.#content() : undefined));
      }
      for (const beginning of this.#params.escapes) {
        step = 'leave the storage';
        const name = `${beginning}${randomBytes(4).toString('hex')}`;
        const answer = await this.#ask(step, 'PUT', name, 'golive: this file must not have been stored\n');
        if (answer.status < 300) this.#written.add(name);
        this.#escapes.push(answer);
      }
    } catch (error) {
      if (isDown(error)) return { step, why: error.message };
      throw error;
    }
    return undefined;
  }

  /** Random bytes as text: 4 characters for 3 bytes. */
  #content(): string {
    return randomBytes(Math.ceil((this.#params.bytes * 3) / 4))
      .toString('base64')
      .slice(0, this.#params.bytes);
  }

  async #ask(step: string, method: Method, name: string, body?: string): Promise<Answer> {
    const path = `${this.#params.path}/${name}`;
    const answer = await this.#http.request(this.#requestOf(method, path, body));
    const content = method === 'GET' && answer.status === 200 ? answer.body : body;
    const etag = answer.headers['etag']?.replace(/^W\//, '').replaceAll('"', '');
    return {
      step,
      request: `${method} ${path}`,
      status: answer.status,
      ms: Math.round(answer.ms),
      ...(content === undefined ? {} : { digest: digestOf(content), bytes: Buffer.byteLength(content) }),
      ...(etag === undefined ? {} : { etag }),
    };
  }

  #requestOf(method: Method, path: string, body?: string): HttpRequest {
    return {
      ...addressOf(this.#params.endpoint, path),
      method,
      bearer: this.#bearer,
      ...(body === undefined ? {} : { body, headers: { 'content-type': MEDIA_TYPE } }),
    };
  }

  /** Removes what was written and looks whether it is gone. Never throws: what is left must be reported. */
  async #cleanUp(): Promise<string | null> {
    const left: string[] = [];
    for (const name of this.#written) {
      const path = `${this.#params.path}/${name}`;
      try {
        await this.#http.request(this.#requestOf('DELETE', path));
        const after = await this.#http.request(this.#requestOf('GET', path));
        if (after.status < 400) left.push(`${path} is still there`);
        else if (after.status >= 500) left.push(`${path}: reading it answers ${after.status}`);
      } catch (error) {
        left.push(`${path}: ${error instanceof Error ? error.message : 'no reason given'}`);
      }
    }
    return left.length === 0 ? null : left.join('; ');
  }
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

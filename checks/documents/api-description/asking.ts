/** Asks for an operation without changing anything: what may be read is read, and what is protected must refuse. */
import type { HttpClient } from '../../contract/http.ts';
import { parseJson } from '../../contract/json.ts';
import { attempt, type Refusal } from '../../kit/kind.ts';
import { schemaProblem } from '../../protocols/http-answers.ts';
import type { Operation } from './openapi.ts';

/** How an operation was looked at. */
export interface Answer {
  readonly method: string;
  readonly path: string;
  /**
   * `read`: a public GET. `without-credential`: a protected one that must refuse. `allow`: another method of its path was asked, which
   * tells what it allows. `no-example`: a required parameter has no example.
   */
  readonly asked: 'read' | 'without-credential' | 'allow' | 'no-example';
  readonly status?: number;
  /** The header Allow of a 405. */
  readonly allow?: string;
  /** What does not meet the schema; never a value. */
  readonly problem?: string | null;
  readonly refusal?: Refusal | undefined;
}

interface Target {
  readonly endpoint: { readonly url: string; readonly caFile?: string | undefined };
  readonly headers: Readonly<Record<string, string>>;
}

/** One request. A method that changes something is sent only where it must be refused, without a body and about nothing that exists. */
export async function askOperation(
  http: HttpClient,
  target: Target,
  operation: Operation,
  all: readonly Operation[],
): Promise<Answer> {
  const { method, path, schema } = operation;
  const request = requestOf(operation, all);
  if (request === null) return { method, path, asked: 'no-example' };
  const { endpoint, headers } = target;
  const { seen, refusal } = await attempt(() =>
    http.request({
      method: request.method,
      url: endpoint.url.replace(/\/$/, '') + request.where,
      headers,
      ...(endpoint.caFile === undefined ? {} : { caFile: endpoint.caFile }),
    }),
  );
  const about = { method, path, asked: request.asked };
  if (!seen) return { ...about, refusal };
  const { status } = seen;
  if (request.asked === 'allow') return { ...about, status, ...allowOf(seen.headers) };
  const isBody = request.asked === 'read' && method === 'GET' && status >= 200 && status < 300;
  return { ...about, status, problem: isBody && schema ? bodyProblem(schema, seen.body) : null };
}

interface Request {
  readonly method: Operation['method'];
  readonly where: string;
  readonly asked: Exclude<Answer['asked'], 'no-example'>;
}

function requestOf(
  { method, path, isProtected, example, nobodys }: Operation,
  all: readonly Operation[],
): Request | null {
  if (isProtected) return { method, where: nobodys, asked: 'without-credential' };
  if (method === 'GET' || method === 'HEAD') return example === null ? null : { method, where: example, asked: 'read' };
  const others: readonly string[] = all.filter((one) => one.path === path).map((one) => one.method);
  return { method: others.includes('GET') ? 'HEAD' : 'GET', where: nobodys, asked: 'allow' };
}

const allowOf = ({ allow }: Readonly<Record<string, string>>) => (allow === undefined ? {} : { allow });

function bodyProblem(schema: object, body: string): string | null {
  const value = parseJson(body);
  if (value === undefined) return 'no JSON';
  try {
    return schemaProblem(schema, value);
  } catch (error) {
    return `its schema cannot be used (${error instanceof Error ? error.message : 'not valid'})`;
  }
}

/** Asks for an operation without changing anything: what may be read is read, and what is protected must refuse. */
import type { HttpClient, HttpRequest } from '../../contract/http.ts';
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
  readonly refusal?: Refusal;
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
  const { method, path, isProtected, example, nobodys, schema } = operation;
  const about = { method, path };
  const ask = (how: Pick<HttpRequest, 'method'>, where: string) =>
    attempt(() =>
      http.request({
        ...how,
        url: target.endpoint.url.replace(/\/$/, '') + where,
        headers: target.headers,
        ...(target.endpoint.caFile === undefined ? {} : { caFile: target.endpoint.caFile }),
      }),
    );
  if (isProtected) {
    const { seen, refusal } = await ask({ method }, nobodys);
    return { ...about, asked: 'without-credential', ...statusOf(seen), ...(refusal ? { refusal } : {}) };
  }
  if (method === 'GET' || method === 'HEAD') {
    if (example === null) return { ...about, asked: 'no-example' };
    const { seen, refusal } = await ask({ method }, example);
    const isGood = seen !== undefined && seen.status >= 200 && seen.status < 300;
    const problem = isGood && schema && method === 'GET' ? bodyProblem(schema, seen.body) : null;
    return { ...about, asked: 'read', ...statusOf(seen), problem, ...(refusal ? { refusal } : {}) };
  }
  const others: readonly string[] = all.filter((one) => one.path === path).map((one) => one.method);
  const safe = (['GET', 'HEAD'] as const).find((one) => !others.includes(one)) ?? 'HEAD';
  const { seen, refusal } = await ask({ method: safe }, nobodys);
  const allow = seen?.headers['allow'];
  return {
    ...about,
    asked: 'allow',
    ...statusOf(seen),
    ...(allow === undefined ? {} : { allow }),
    ...(refusal ? { refusal } : {}),
  };
}

const statusOf = (answer: { readonly status: number } | undefined) => (answer ? { status: answer.status } : {});

function bodyProblem(schema: object, body: string): string | null {
  const value = parseJson(body);
  if (value === undefined) return 'no JSON';
  try {
    return schemaProblem(schema, value);
  } catch (error) {
    return `its schema cannot be used (${error instanceof Error ? error.message : 'not valid'})`;
  }
}

/** What kinds that speak to an HTTP API share: its addresses, its login, and which failures are the service's own. */
import type { HttpAnswer, HttpClient } from '../contract/http.ts';
import type { SecretRef } from '../contract/secrets.ts';
import { credential } from '../contract/param-schemas.ts';
import { ObservationError } from '../contract/capabilities.ts';
import type { JSONSchema } from '../kit/kind.ts';
import { parseJson, textAt } from '../contract/json.ts';
import { isSuccess } from './http-answers.ts';

/** Where the token of authenticated requests comes from. */
export const login = {
  type: 'object',
  additionalProperties: false,
  required: ['credential'],
  description: 'Where the token of authenticated requests comes from.',
  properties: {
    credential,
    path: { type: 'string', pattern: '^/', default: '/auth/login', description: 'Path of the login.' },
    tokenField: { type: 'string', minLength: 1, default: 'token', description: 'Member of its answer.' },
  },
} as const satisfies JSONSchema;

interface Endpoint {
  readonly url: string;
  readonly caFile?: string;
}
interface Login {
  readonly credential: { readonly username: string; readonly password: SecretRef };
  readonly path: string;
  readonly tokenField: string;
}
/** An answer, or why there is none. */
export type Answered = ({ readonly answered: true } & HttpAnswer) | { readonly answered: false; readonly why: string };
/** A token, or why the service that gives one out is down. */
export type Session = { readonly bearer: string } | { readonly down: string };

/** Address and CA of a path of the endpoint, for a request. */
export function addressOf({ url, caFile }: Endpoint, path: string): { readonly url: string; readonly caFile?: string } {
  return { url: `${url.replace(/\/$/, '')}${path}`, ...(caFile === undefined ? {} : { caFile }) };
}

/**
 * The answer; a service that cannot be reached or does not answer in time is for `judge`, everything else throws. A Secret that
 * could not be read, or a proxy of ours that is down, never comes as `unreachable` or `timeout` of the service.
 */
export async function unlessDown(asking: Promise<HttpAnswer>): Promise<Answered> {
  try {
    return { answered: true, ...(await asking) };
  } catch (error) {
    if (isDown(error)) return { answered: false, why: error.message };
    throw error;
  }
}

/** Whether the service that was asked is down: it cannot be reached, or does not answer in time. */
export function isDown(error: unknown): error is ObservationError {
  return error instanceof ObservationError && (error.code === 'unreachable' || error.code === 'timeout');
}

/**
 * The token, or why the login is down: the service does not answer, or with a 5xx. A refused credential is the gate's own, and
 * any other answer says that the item describes the login wrongly.
 */
export async function logIn(
  endpoint: Endpoint,
  { credential, path, tokenField }: Login,
  http: HttpClient,
): Promise<Session> {
  const { username, password } = credential;
  const answer = await unlessDown(
    http.request({ ...addressOf(endpoint, path), method: 'POST', json: { username, password } }),
  );
  if (!answer.answered) return { down: `gave no answer (${answer.why})` };
  const { status } = answer;
  if (status >= 500) return { down: `answered ${status}` };
  if (status === 401 || status === 403)
    throw new ObservationError(
      'unauthorized',
      `The login at ${path} refused the credential of ${username} (${status}).`,
      {
        fix: 'Correct user name and password of the credential in the environment file.',
      },
    );
  const token = isSuccess(status) ? textAt(parseJson(answer.body), '', tokenField) : '';
  if (token === '')
    throw new ObservationError(
      'misconfigured',
      `The login at ${path} answered ${status} without a token in "${tokenField}".`,
      {
        fix: 'Correct path and tokenField of params.login; traffic/authentication judges the login itself.',
      },
    );
  return { bearer: token };
}

import type { HttpAnswer, HttpClient } from '../../contract/capabilities.ts';
import { credential, duration, endpoint } from '../../contract/param-schemas.ts';
import {
  defineCheck,
  ObservationError,
  type Capabilities,
  type FromSchema,
  type JSONSchema,
} from '../../define-check.ts';
import { createAjv } from '../../params.ts';
import { mayReadSecrets, parseJson, textAt } from '../../support/kubernetes.ts';
import { judge, messages, type Exchange, type Gathered } from './judge.ts';

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['endpoint', 'requests'],
  properties: {
    endpoint,
    requests: {
      type: 'array',
      minItems: 1,
      description: 'What is asked, in this order, and what the answers must be.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['path'],
        // The kind is read-only, so a POST is for its author to vouch for.
        dependencies: { json: ['method'] },
        if: { required: ['method'], properties: { method: { const: 'POST' } } },
        then: { required: ['changesNothing'] },
        properties: {
          method: { type: 'string', enum: ['GET', 'POST'], description: 'GET is sent when this is absent.' },
          path: { type: 'string', pattern: '^/', description: 'Path, and query if any.' },
          changesNothing: {
            const: true,
            description:
              'Required with POST: this request stores and triggers nothing (a query, an inference, a refused one).',
          },
          json: { type: 'object', description: 'Body, sent as JSON.' },
          authenticated: { type: 'boolean', default: false, description: 'Sent with the token of params.login.' },
          status: { type: 'integer', minimum: 100, maximum: 599, default: 200, description: 'Status expected.' },
          schema: {
            type: 'object',
            description: 'JSON Schema (2020-12) the answer, a JSON type, must meet. Absent: any body.',
          },
          headers: {
            type: 'object',
            additionalProperties: { type: 'string' },
            default: {},
            description: 'Headers the answer must have; each value is a regular expression.',
          },
        },
      },
    },
    maxLatency: duration('Longest time an answer may take, connecting included.', '2s'),
    login: {
      type: 'object',
      additionalProperties: false,
      required: ['credential'],
      description: 'Where the token of authenticated requests comes from.',
      properties: {
        credential,
        path: { type: 'string', pattern: '^/', default: '/auth/login', description: 'Path of the login.' },
        tokenField: { type: 'string', minLength: 1, default: 'token', description: 'Member of its answer.' },
      },
    },
  },
} as const satisfies JSONSchema;
export type Params = FromSchema<typeof params>;

export const httpEndpoint = defineCheck({
  meta: {
    kind: 'traffic/http-endpoint',
    title: 'Endpoints answer as their clients expect',
    why: 'A release that answers 200 with another shape breaks every client and no health check.',
    sees: 'Status, headers, time and body of each answer, the body against a JSON Schema. Not: more than the one answer to each request.',
    needs: ['http'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: ({ login }: Params) => mayReadSecrets([login?.credential.password]),
  gather,
  judge,
});

async function gather(params: Params, { http }: Pick<Capabilities, 'http'>): Promise<Gathered> {
  refuseBadPatterns(params);
  const { requests, login } = params;
  const session = requests.some(({ authenticated }) => authenticated)
    ? await logIn(params, login, http)
    : { bearer: '' };
  const exchanges: Exchange[] = [];
  for (const request of requests) {
    if (request.authenticated && 'down' in session)
      exchanges.push({ answered: false, asked: false, why: 'not asked: the login gave no token' });
    else exchanges.push(await exchange(params.endpoint, request, 'bearer' in session ? session.bearer : '', http));
  }
  return 'down' in session ? { exchanges, loginDown: session.down } : { exchanges };
}

/** The item's own schemas and patterns: wrong ones are the item's fault, not the service's. */
function refuseBadPatterns({ requests }: Params): void {
  for (const { path, schema, headers } of requests) {
    try {
      if (schema) createAjv({ useDefaults: false }).compile(schema);
      for (const pattern of Object.values(headers)) new RegExp(pattern);
    } catch (error) {
      const why = error instanceof Error ? error.message : 'not valid';
      throw new ObservationError('misconfigured', `The item's schema or header pattern for ${path} is wrong: ${why}`, {
        fix: 'Correct the item.',
      });
    }
  }
}

/**
 * The token, or why the login is down: the service does not answer, or with a 5xx. A refused credential is the gate's own, and
 * any other answer says that the item describes the login wrongly.
 */
async function logIn(
  { endpoint }: Params,
  login: Params['login'],
  http: HttpClient,
): Promise<{ readonly bearer: string } | { readonly down: string }> {
  if (!login)
    throw new ObservationError('misconfigured', 'A request is authenticated, but the item has no params.login.', {
      fix: 'Add login with its credential to the item.',
    });
  const { username, password } = login.credential;
  const answer = await unlessDown(
    http.request({ ...at(endpoint, login.path), method: 'POST', json: { username, password } }),
  );
  if (!answer.answered) return { down: `gave no answer (${answer.why})` };
  const { status } = answer;
  if (status >= 500) return { down: `answered ${status}` };
  if (status === 401 || status === 403)
    throw new ObservationError(
      'unauthorized',
      `The login at ${login.path} refused the gate's credential (${status}).`,
      {
        fix: 'Correct user name and password of the credential in the environment file.',
      },
    );
  const token = status >= 200 && status < 300 ? textAt(parseJson(answer.body), '', login.tokenField) : '';
  if (token === '')
    throw new ObservationError(
      'misconfigured',
      `The login at ${login.path} answered ${status} without a token in "${login.tokenField}".`,
      { fix: 'Correct path and tokenField of params.login; traffic/authentication judges the login itself.' },
    );
  return { bearer: token };
}

function at({ url, caFile }: Params['endpoint'], path: string) {
  return { url: `${url.replace(/\/$/, '')}${path}`, ...(caFile === undefined ? {} : { caFile }) };
}

async function exchange(
  endpoint: Params['endpoint'],
  { method, path, json, authenticated }: Params['requests'][number],
  bearer: string,
  http: HttpClient,
): Promise<Exchange> {
  return await unlessDown(
    http.request({
      ...at(endpoint, path),
      method: method ?? 'GET',
      ...(json ? { json } : {}),
      ...(authenticated ? { bearer } : {}),
    }),
  );
}

/** The answer; a service that cannot be reached or does not answer in time is judged, everything else throws. */
async function unlessDown(asking: Promise<HttpAnswer>): Promise<Exchange> {
  try {
    return { answered: true, ...(await asking) };
  } catch (error) {
    if (error instanceof ObservationError && (error.code === 'unreachable' || error.code === 'timeout'))
      return { answered: false, why: error.message };
    throw error;
  }
}

import type { HttpClient } from '../../contract/http.ts';
import { duration, endpoint } from '../../contract/param-schemas.ts';
import {
  defineCheck,
  ObservationError,
  type Capabilities,
  type CheckContext,
  type FromSchema,
  type JSONSchema,
} from '../../kit/define-check.ts';
import { createAjv } from '../../kit/params.ts';
import { addressOf, logIn, login, unlessDown, type Session } from '../../protocols/api-requests.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
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
        dependencies: { json: ['method'], body: ['method'] },
        not: { required: ['json', 'body'] },
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
          body: {
            type: 'string',
            description: 'Body, sent as it is and said to be JSON, instead of json: for one that is none.',
          },
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
          samples: {
            type: 'integer',
            minimum: 1,
            maximum: 1000,
            default: 1,
            description: 'How often it is asked, one after the other; every answer must be right.',
          },
          maxMs: {
            type: 'integer',
            minimum: 1,
            description: 'Milliseconds that the 95th percentile of the samples may take; of fewer than 20 the slowest.',
          },
        },
      },
    },
    maxLatency: duration('Longest time an answer may take, connecting included.', '2s'),
    login,
  },
} as const satisfies JSONSchema;
export type Params = FromSchema<typeof params>;

export const httpEndpoint = defineCheck({
  meta: {
    kind: 'traffic/http-endpoint',
    title: 'Endpoints answer as their clients expect',
    why: 'A release that answers 200 with another shape breaks every client and no health check.',
    sees: 'Status, headers, time and body of each answer, the body against a JSON Schema. With samples also the P95 of its latency. Not: more answers than those, nor what happens under load.',
    needs: ['http'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: ({ login }: Params) => mayReadSecrets([login?.credential.password]),
  gather,
  judge,
});

async function gather(params: Params, { http }: Pick<Capabilities, 'http'>, context: CheckContext): Promise<Gathered> {
  refuseBadPatterns(params);
  const { requests } = params;
  const session = requests.some(({ authenticated }) => authenticated) ? await sessionOf(params, http) : { bearer: '' };
  const exchanges: Exchange[] = [];
  const repeats: Exchange[][] = [];
  for (const request of requests) {
    if (request.authenticated && 'down' in session) {
      exchanges.push({ answered: false, asked: false, why: 'not asked: the login gave no token' });
      repeats.push([]);
      continue;
    }
    const bearer = 'bearer' in session ? session.bearer : '';
    const first = await exchange(params.endpoint, request, bearer, http);
    exchanges.push(first);
    repeats.push(await repeated(first, request, () => exchange(params.endpoint, request, bearer, http), context));
  }
  return { exchanges, repeats, ...('down' in session ? { loginDown: session.down } : {}) };
}

/** The other samples. One without an answer is the last: a service that hangs would be waited for as often as it is asked. */
async function repeated(
  first: Exchange,
  { path, samples }: Params['requests'][number],
  ask: () => Promise<Exchange>,
  context: CheckContext,
): Promise<Exchange[]> {
  const others: Exchange[] = [];
  let last = first;
  while (last.answered && others.length < samples - 1) {
    last = await ask();
    others.push(last);
    if (others.length % 10 === 0) context.progress(`${path}: ${others.length + 1} of ${samples} asked`);
  }
  return others;
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

async function sessionOf({ endpoint, login }: Params, http: HttpClient): Promise<Session> {
  if (!login)
    throw new ObservationError('misconfigured', 'A request is authenticated, but the item has no params.login.', {
      fix: 'Add login with its credential to the item.',
    });
  return await logIn(endpoint, login, http);
}

async function exchange(
  endpoint: Params['endpoint'],
  { method, path, json, body, authenticated }: Params['requests'][number],
  bearer: string,
  http: HttpClient,
): Promise<Exchange> {
  return await unlessDown(
    http.request({
      ...addressOf(endpoint, path),
      method: method ?? 'GET',
      ...(json ? { json } : {}),
      ...(body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } }),
      ...(authenticated ? { bearer } : {}),
    }),
  );
}

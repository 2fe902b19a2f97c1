import type { HttpAnswer, HttpClient } from '../../contract/http.ts';
import { credential, endpoint } from '../../contract/param-schemas.ts';
import { defineCheck, type Capabilities, type FromSchema, type JSONSchema } from '../../kit/define-check.ts';
import { isDown } from '../../protocols/api-requests.ts';
import { parseJson, textAt } from '../../contract/json.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { judge, messages, type Attempt, type Identity, type Gathered } from './judge.ts';
import { tamperedTokens } from './tampered-tokens.ts';

const path = (description: string, byDefault: string) =>
  ({ type: 'string', pattern: '^/', default: byDefault, description }) as const;
const field = (description: string, byDefault: string) =>
  ({ type: 'string', minLength: 1, default: byDefault, description }) as const;

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['endpoint', 'credential'],
  properties: {
    endpoint,
    credential,
    loginPath: path('Path that takes user name and password by POST and answers a token.', '/auth/login'),
    usernameField: field('Member of the login request that holds the user name.', 'username'),
    passwordField: field('Member of the login request that holds the password.', 'password'),
    tokenField: field('Member of the login answer that holds the token.', 'token'),
    protectedPath: path('Path that answers 2xx only with a good token.', '/api/v1/me'),
    identityField: {
      type: 'string',
      minLength: 1,
      description:
        'Member of that answer that must be the user name of the credential. Absent: whose token it is is not judged.',
    },
  },
} as const satisfies JSONSchema;
export type Params = FromSchema<typeof params>;

export const authentication = defineCheck({
  meta: {
    kind: 'traffic/authentication',
    title: 'Good credentials are let in and bad ones are not',
    why: 'A token check that was switched off, or accepts alg "none", opens everything to everybody and no dashboard shows it.',
    sees: 'A login whose token opens a protected path (the positive control) and, with identityField, stands for that user; and the same path and login refused with 401: without a token, with signature, expiry or subject changed, with alg "none", signed with a well-known key, with a wrong password. Not: a token that expired by itself, and not who may do what.',
    needs: ['http'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: ({ credential }: Params) => mayReadSecrets([credential.password]),
  gather,
  judge,
});

/** A password that nobody has; one try only, so that no account is locked. */
const WRONG_PASSWORD = 'golive-wrong-password';

async function gather(params: Params, { http }: Pick<Capabilities, 'http'>): Promise<Gathered> {
  const { endpoint, credential, usernameField, passwordField, tokenField, loginPath, protectedPath } = params;
  const ask = asker(http, endpoint);
  const logIn = (password: Params['credential']['password'] | string) =>
    ask(`POST ${loginPath}`, {
      method: 'POST',
      path: loginPath,
      json: { [usernameField]: credential.username, [passwordField]: password },
    });
  try {
    const login = await logIn(credential.password);
    const token = tokenIn(login, tokenField);
    const open = (bearer?: string) =>
      ask(`GET ${protectedPath}`, { path: protectedPath, ...(bearer === undefined ? {} : { bearer }) });
    const opened = token === null ? null : await open(token);
    const control = opened === null ? null : attempt('the token of the login', opened);
    const refusals = [
      attempt('a wrong password', await logIn(WRONG_PASSWORD)),
      attempt('no token', await open()),
      attempt('a token that is none', await open('golive-no-token')),
    ];
    for (const { what, token: tampered } of token === null ? [] : tamperedTokens(token))
      refusals.push(attempt(what, await open(tampered)));
    return {
      up: true,
      login: attempt('the right password', login),
      tokenGiven: token !== null,
      control,
      ...(opened === null ? {} : { identity: identityIn(opened, params) }),
      refusals,
    };
  } catch (error) {
    if (isDown(error)) return { up: false, why: error.message };
    throw error;
  }
}

type Asked = HttpAnswer & { readonly request: string };

function asker(http: HttpClient, { url, caFile }: Params['endpoint']) {
  return async (
    request: string,
    { path, ...rest }: Omit<Parameters<HttpClient['request']>[0], 'url'> & { readonly path: string },
  ): Promise<Asked> => {
    const answer = await http.request({
      ...rest,
      url: `${url.replace(/\/$/, '')}${path}`,
      ...(caFile === undefined ? {} : { caFile }),
    });
    return { ...answer, request };
  };
}

function tokenIn({ status, body }: HttpAnswer, tokenField: string): string | null {
  const token = status >= 200 && status < 300 ? textAt(parseJson(body), '', tokenField) : '';
  return token === '' ? null : token;
}

/** Whose token it is, without the name: the answer may hold a customer's. */
function identityIn({ body }: HttpAnswer, { identityField, credential }: Params): Identity {
  if (identityField === undefined) return 'not asked';
  const found = textAt(parseJson(body), '', identityField);
  if (found === '') return 'missing';
  return found === credential.username ? 'the same' : 'another user';
}

/** What is kept of an answer: never its body, which may hold a token. */
function attempt(what: string, { request, status, ms }: Asked): Attempt {
  return { what, request, status, ms: Math.round(ms) };
}

import type { HttpAnswer, HttpRequest } from '../../contract/http.ts';
import { parseJson, textAt } from '../../contract/json.ts';
import { credential, endpoint, secretRef } from '../../contract/param-schemas.ts';
import type { SecretRef } from '../../contract/secrets.ts';
import { kind } from '../../kit/kind.ts';
import { addressOf, isDown } from '../../protocols/api-requests.ts';
import { isSuccess } from '../../protocols/http-answers.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { badAttempts, noted, ownAttempts, type Attempt, type Open } from './attempts.ts';
import { judge, messages, type Seen } from './judge.ts';

const path = (description: string, byDefault: string) =>
  ({ type: 'string', pattern: '^/', default: byDefault, description }) as const;
const field = (description: string, byDefault: string) =>
  ({ type: 'string', minLength: 1, default: byDefault, description }) as const;

/** A password that nobody has; one try only, so that no account is locked. */
const WRONG_PASSWORD = 'golive-wrong-password';

export const authentication = kind('traffic/authentication', {
  title: 'Good credentials are let in and bad ones are not',
  why: 'A token check that was switched off, or accepts alg "none", opens everything to everybody and no dashboard shows it.',
  sees: [
    'A login whose token opens a protected path (the positive control) and, with identityField, stands for that user.',
    'The same path refused with 401: without a token, with signature, expiry or subject changed, with alg "none", signed with a well-known key.',
    'With signingKey: refused although it is rightly signed, when expired, not yet valid, for another audience or of another issuer.',
    'With expiredToken or logoutPath: refused as well, a token that expired by itself, and one that was logged out.',
    'The login refused with 401 for a wrong password.',
  ],
  not: ['Without signingKey or expiredToken: a token that expired by itself.', 'Who may do what.'],
  needs: ['http'],
  required: ['endpoint', 'credential'],
  params: {
    endpoint,
    credential,
    loginPath: path('Path that takes user name and password by POST and answers a token.', '/auth/login'),
    usernameField: field('Member of the login request that holds the user name.', 'username'),
    passwordField: field('Member of the login request that holds the password.', 'password'),
    tokenField: field('Member of the login answer that holds the token.', 'token'),
    protectedPath: path('Path that answers 2xx only with a good token.', '/api/v1/me'),
    signingKey: {
      ...secretRef,
      description:
        'Key that the service signs its JSON Web Tokens with: a shared secret or a private key in PEM. It signs bad ones, inside the gate.',
    },
    expiredToken: { ...secretRef, description: 'A token of the service that has expired, kept from an earlier day.' },
    logoutPath: {
      type: 'string',
      pattern: '^/',
      description: 'Path that ends a token by POST. Absent: whether a logout ends anything is not judged.',
    },
    identityField: {
      type: 'string',
      minLength: 1,
      description:
        'Member of that answer that must be the user name of the credential. Absent: whose token it is is not judged.',
    },
  },
  messages,
  rights: ({ credential, signingKey, expiredToken }) => mayReadSecrets([credential.password, signingKey, expiredToken]),
  judge,

  async gather(params, { http }, { now }): Promise<Seen> {
    const { endpoint, credential, usernameField, passwordField, loginPath, protectedPath, logoutPath } = params;
    const ask = async (path: string, how: Omit<HttpRequest, 'url'> = {}): Promise<HttpAnswer> =>
      await http.request({ ...how, ...addressOf(endpoint, path) });
    const logIn = (password: SecretRef | string) =>
      ask(loginPath, { method: 'POST', json: { [usernameField]: credential.username, [passwordField]: password } });
    const open: Open = async (what, bearer) =>
      noted(what, `GET ${protectedPath}`, await ask(protectedPath, bearer === undefined ? {} : { bearer }));
    const logOut = async (bearer: string): Promise<readonly Attempt[]> => {
      if (logoutPath === undefined || bearer === '') return [];
      const left = await ask(logoutPath, { method: 'POST', bearer });
      const logout = noted('the token of the login', `POST ${logoutPath}`, left);
      return [logout, ...(isSuccess(left.status) ? [await open('a token that was logged out', bearer)] : [])];
    };
    try {
      const login = await logIn(credential.password);
      const token = isSuccess(login.status) ? textAt(parseJson(login.body), '', params.tokenField) : '';
      const opened = token === '' ? null : await ask(protectedPath, { bearer: token });
      const wrong = noted('a wrong password', `POST ${loginPath}`, await logIn(WRONG_PASSWORD));
      const bad = await badAttempts(open, token, params.expiredToken);
      const own = await ownAttempts(open, token, params.signingKey, now);
      const [logout = null, ...after] = await logOut(token);
      return {
        ...own,
        up: true,
        login: noted('the right password', `POST ${loginPath}`, login),
        tokenGiven: token !== '',
        control: opened && noted('the token of the login', `GET ${protectedPath}`, opened),
        logout,
        identity: opened ? identityIn(opened, params.identityField, credential.username) : 'not asked',
        refusals: [wrong, ...bad, ...own.refusals, ...after],
      };
    } catch (error) {
      if (isDown(error)) return { up: false, why: error.message };
      throw error;
    }
  },
});

/** Whose token it is, without the name: the answer may hold a customer's. */
function identityIn({ body }: HttpAnswer, field: string | undefined, username: string): string {
  if (field === undefined) return 'not asked';
  const found = textAt(parseJson(body), '', field);
  if (found === '') return 'missing';
  return found === username ? 'the user that logged in' : 'another user';
}

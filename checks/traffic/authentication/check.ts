import type { HttpAnswer, HttpRequest } from '../../contract/http.ts';
import { parseJson, textAt } from '../../contract/json.ts';
import { credential, endpoint, secretRef } from '../../contract/param-schemas.ts';
import type { SecretRef } from '../../contract/secrets.ts';
import { table } from '../../kit/evidence.ts';
import { attempt, kind } from '../../kit/kind.ts';
import { addressOf, isDown } from '../../protocols/api-requests.ts';
import { isSuccess } from '../../protocols/http-answers.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { ownTokens, tamperedTokens } from './tampered-tokens.ts';

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
  messages: {
    down: {
      says: '{subject}: does not answer ({why}), expected a login.',
      fix: 'Start the service, or open the way to it from where the gate runs.',
    },
    loginBroken: {
      says: '{subject}: the login answered {status}{missing}, expected 2xx and a token in {field}.',
      fix: 'Read the log of the service for that request; correct loginPath or tokenField if the API differs.',
    },
    tokenRefused: {
      says: '{subject}: the token it gave was answered {status} at {path}, expected 2xx.',
      fix: 'Check that the services that give tokens and those that check them share keys and clocks.',
    },
    otherIdentity: {
      says: '{subject}: at {path} the token of the login stands for {actual} by {field}, expected the user that logged in.',
      fix: 'Find whose session the login hands out (a cache, a shared token, a default user) before anybody else logs in.',
    },
    logoutBroken: {
      says: '{subject}: the logout answered {status}, expected 2xx.',
      fix: 'Read the log of the service for that request; correct logoutPath if the API differs.',
    },
    notRefused: {
      says: '{subject}: {request} with {what} was answered {status}, expected 401.',
      fix: 'Repair the token check of the service before anything goes live: what it lets in, everybody can send.',
    },
  },
  rights: ({ credential, signingKey, expiredToken }) => mayReadSecrets([credential.password, signingKey, expiredToken]),

  async gather(params, { http }, { now }) {
    const { endpoint, credential, usernameField, passwordField, loginPath, protectedPath } = params;
    const ask = async (path: string, how: Omit<HttpRequest, 'url'> = {}): Promise<HttpAnswer> =>
      await http.request({ ...how, ...addressOf(endpoint, path) });
    // What is kept of an answer: never its body, which may hold a token.
    const noted = (what: string, request: string, { status, ms }: HttpAnswer) => ({
      what,
      request,
      status,
      ms: Math.round(ms),
    });
    const logIn = (password: SecretRef | string) =>
      ask(loginPath, { method: 'POST', json: { [usernameField]: credential.username, [passwordField]: password } });
    const open = async (what: string, bearer?: HttpRequest['bearer']) =>
      noted(what, `GET ${protectedPath}`, await ask(protectedPath, bearer === undefined ? {} : { bearer }));
    try {
      const login = await logIn(credential.password);
      const token = isSuccess(login.status) ? textAt(parseJson(login.body), '', params.tokenField) : '';
      const opened = token === '' ? null : await ask(protectedPath, { bearer: token });
      const refusals = [
        noted('a wrong password', `POST ${loginPath}`, await logIn(WRONG_PASSWORD)),
        await open('no token'),
        await open('a token that is none', 'golive-no-token'),
      ];
      for (const tampered of token === '' ? [] : tamperedTokens(token))
        refusals.push(await open(tampered.what, tampered.token));
      const { signingKey: signedBy, expiredToken, logoutPath } = params;
      const own = signedBy && token !== '' ? ownTokens(token, now) : null;
      // A key that cannot be read must not discard what the tampered tokens showed.
      const trial =
        own && signedBy && (await attempt(() => open('a token signed by the gate', { ...own.good, signedBy })));
      const signed = trial?.seen ?? null;
      if (own && signedBy && signed && isSuccess(signed.status))
        for (const one of own.bad) refusals.push(await open(one.what, { ...one.token, signedBy }));
      if (expiredToken) refusals.push(await open('a token kept from an earlier day', expiredToken));
      const logout =
        logoutPath === undefined || token === ''
          ? null
          : noted(
              'the token of the login',
              `POST ${logoutPath}`,
              await ask(logoutPath, { method: 'POST', bearer: token }),
            );
      if (logout && isSuccess(logout.status)) refusals.push(await open('a token that was logged out', token));
      return {
        up: true as const,
        login: noted('the right password', `POST ${loginPath}`, login),
        tokenGiven: token !== '',
        /** The protected path with the token of the login; null when there was none. */
        control: opened && noted('the token of the login', `GET ${protectedPath}`, opened),
        /** By signingKey, with nothing wrong; null where it was not tried. */
        signed,
        unsigned: trial?.refusal ?? null,
        logout,
        identity: opened ? identityIn(opened, params.identityField, credential.username) : 'not asked',
        refusals,
      };
    } catch (error) {
      if (isDown(error)) return { up: false as const, why: error.message };
      throw error;
    }
  },

  judge({ endpoint, tokenField, protectedPath, identityField, signingKey }, seen, say) {
    const subject = `Authentication at ${endpoint.url}`;
    if (!seen.up) {
      say.judged(subject);
      return say.fail('down', subject, { why: seen.why });
    }
    const { login, tokenGiven, control, signed, unsigned, logout, identity, refusals } = seen;
    const letIn = [login, control, signed, logout].filter((one) => one !== null);
    say.judged(...[...letIn, ...refusals].map(({ request, what }) => `${request} with ${what}`));
    say.show(
      table(
        'Attempts',
        ['request', 'with', 'expected', 'status', 'ms'],
        [...letIn, ...refusals].map((one, index) => [
          one.request,
          one.what,
          index < letIn.length ? '2xx' : '401',
          one.status,
          one.ms,
        ]),
      ),
      { type: 'text', title: 'The token stands for', text: identity },
    );
    for (const { what, request, status } of refusals)
      if (status !== 401) say.fail('notRefused', subject, { what, request, status });
    if (logout && !isSuccess(logout.status)) say.fail('logoutBroken', subject, { status: logout.status });
    if (unsigned) say.refused(unsigned, subject);
    else if (signingKey && tokenGiven && !signed)
      say.unsure('no-positive-control', `${subject}: its token is no JSON Web Token, which signingKey could sign.`);
    else if (signed && !isSuccess(signed.status))
      say.unsure(
        'no-positive-control',
        `${subject}: a token signed by the gate was answered ${signed.status}: signingKey is not the key of the service, so bad ones signed by it prove nothing.`,
      );
    if (!tokenGiven && isRefusal(login.status))
      say.unsure(
        'no-positive-control',
        `${subject}: the login answered ${login.status}: either the gate's credential is wrong or nobody gets in, so refusals prove nothing.`,
      );
    else if (!tokenGiven)
      say.fail('loginBroken', subject, {
        status: login.status,
        missing: isSuccess(login.status) ? ' without a token' : '',
        field: tokenField,
      });
    if (control?.status === 403)
      say.unsure(
        'no-positive-control',
        `${subject}: the token was answered 403 at ${protectedPath}: the user may not see it, so refusals there prove nothing. Name a path this user may see.`,
      );
    else if (control && !isSuccess(control.status))
      say.fail('tokenRefused', subject, { status: control.status, path: protectedPath });
    else if (control && identityField !== undefined && identity !== 'the user that logged in')
      say.fail('otherIdentity', subject, {
        path: protectedPath,
        field: identityField,
        actual: identity === 'another user' ? identity : 'nobody',
      });
  },
});

const isRefusal = (status: number): boolean => status === 401 || status === 403;

/** Whose token it is, without the name: the answer may hold a customer's. */
function identityIn({ body }: HttpAnswer, field: string | undefined, username: string): string {
  if (field === undefined) return 'not asked';
  const found = textAt(parseJson(body), '', field);
  if (found === '') return 'missing';
  return found === username ? 'the user that logged in' : 'another user';
}

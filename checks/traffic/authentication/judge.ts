/** Whether good credentials are let in and bad ones are not. */
import type { Say, Refusal } from '../../kit/kind.ts';
import { table } from '../../kit/evidence.ts';
import { isSuccess } from '../../protocols/http-answers.ts';
import type { Attempt } from './attempts.ts';

export const messages = {
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
} as const;

export type Seen =
  | { readonly up: false; readonly why: string }
  | {
      readonly up: true;
      readonly login: Attempt;
      readonly tokenGiven: boolean;
      /** The protected path with the token of the login; null when there was none. */
      readonly control: Attempt | null;
      /** By signingKey, with nothing wrong; null where it was not tried, `unsigned` where it could not be. */
      readonly signed: Attempt | null;
      readonly unsigned: Refusal | null;
      readonly logout: Attempt | null;
      readonly identity: string;
      readonly refusals: readonly Attempt[];
    };
interface Params {
  readonly endpoint: { readonly url: string };
  readonly tokenField: string;
  readonly protectedPath: string;
  readonly identityField?: string;
  readonly signingKey?: object;
}
type Speaks = Say<typeof messages>;
type Up = Extract<Seen, { up: true }>;

export function judge(params: Params, seen: Seen, say: Speaks): void {
  const subject = `Authentication at ${params.endpoint.url}`;
  if (!seen.up) {
    say.judged(subject);
    return say.fail('down', subject, { why: seen.why });
  }
  for (const { what, request, status } of seen.refusals)
    if (status !== 401) say.fail('notRefused', subject, { what, request, status });
  if (seen.logout && !isSuccess(seen.logout.status)) say.fail('logoutBroken', subject, { status: seen.logout.status });
  judgeSigned(params, seen, subject, say);
  if (!seen.tokenGiven) judgeLogin(params, seen, subject, say);
  if (seen.control) judgeControl(params, seen.control, seen.identity, subject, say);
  show(seen, say);
}

function judgeSigned({ signingKey }: Params, { signed, unsigned, tokenGiven }: Up, subject: string, say: Speaks): void {
  const doubt = (why: string): void => say.unsure('no-positive-control', `${subject}: ${why}`);
  if (unsigned) say.refused(unsigned, subject);
  else if (signingKey && tokenGiven && !signed) doubt('its token is no JSON Web Token, which signingKey could sign.');
  else if (signed && !isSuccess(signed.status))
    doubt(
      `a token signed by the gate was answered ${signed.status}: signingKey is not the key of the service, so bad ones signed by it prove nothing.`,
    );
}

/** A login that gave no token. */
function judgeLogin({ tokenField }: Params, { login: { status } }: Up, subject: string, say: Speaks): void {
  if (status === 401 || status === 403)
    say.unsure(
      'no-positive-control',
      `${subject}: the login answered ${status}: either the gate's credential is wrong or nobody gets in, so refusals prove nothing.`,
    );
  else
    say.fail('loginBroken', subject, {
      status,
      missing: isSuccess(status) ? ' without a token' : '',
      field: tokenField,
    });
}

function judgeControl(
  { protectedPath: path, identityField: field }: Params,
  { status }: Attempt,
  identity: string,
  subject: string,
  say: Speaks,
): void {
  if (status === 403)
    say.unsure(
      'no-positive-control',
      `${subject}: the token was answered 403 at ${path}: the user may not see it, so refusals there prove nothing. Name a path this user may see.`,
    );
  else if (!isSuccess(status)) say.fail('tokenRefused', subject, { status, path });
  else if (field !== undefined && identity !== 'the user that logged in')
    say.fail('otherIdentity', subject, { path, field, actual: identity === 'another user' ? identity : 'nobody' });
}

function show({ login, control, signed, logout, identity, refusals }: Up, say: Speaks): void {
  const letIn = [login, control, signed, logout].filter((one) => one !== null);
  const row = (expected: string) => (one: Attempt) => [one.request, one.what, expected, one.status, one.ms] as const;
  say.judged(...[...letIn, ...refusals].map(({ request, what }) => `${request} with ${what}`));
  say.show(
    table(
      'Attempts',
      ['request', 'with', 'expected', 'status', 'ms'],
      [...letIn.map(row('2xx')), ...refusals.map(row('401'))],
    ),
    { type: 'text', title: 'The token stands for', text: identity },
  );
}

/** How the attempts to get in are judged. */
import type { Evidence, Finding, Judgement } from '../../kit/define-check.ts';
import { table } from '../../kit/evidence.ts';
import { judged } from '../../kit/judged.ts';
import type { Params } from './check.ts';

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
  notRefused: {
    says: '{subject}: {request} with {what} was answered {status}, expected 401.',
    fix: 'Repair the token check of the service before anything goes live: what it lets in, everybody can send.',
  },
};
type Id = keyof typeof messages;

export interface Attempt {
  readonly what: string;
  readonly request: string;
  readonly status: number;
  readonly ms: number;
}
/** Whose token it was by the answer of the protected path. */
export type Identity = 'the same' | 'another user' | 'missing' | 'not asked';
export type Gathered =
  | { readonly up: false; readonly why: string }
  | {
      readonly up: true;
      readonly login: Attempt;
      readonly tokenGiven: boolean;
      /** The protected path with the token of the login; null when there was none. */
      readonly control: Attempt | null;
      readonly identity?: Identity;
      readonly refusals: readonly Attempt[];
    };

const good = (status: number): boolean => status >= 200 && status < 300;

export function judge(
  { endpoint, tokenField, protectedPath, identityField }: Params,
  gathered: Gathered,
): Judgement<Id> {
  const subject = `Authentication at ${endpoint.url}`;
  if (!gathered.up)
    return judged<Id>(
      [{ message: 'down', subject, data: { why: gathered.why } }],
      [subject],
      [{ type: 'text', title: subject, text: gathered.why }],
      '',
    );
  const { login, tokenGiven, control, refusals } = gathered;
  const findings: Finding<Id>[] = refusals
    .filter(({ status }) => status !== 401)
    .map(({ what, request, status }) => ({ message: 'notRefused' as const, subject, data: { what, request, status } }));
  if (!tokenGiven && login.status !== 401 && login.status !== 403) {
    const missing = good(login.status) ? ' without a token' : '';
    findings.push({ message: 'loginBroken', subject, data: { status: login.status, missing, field: tokenField } });
  }
  if (control && !good(control.status) && control.status !== 403)
    findings.push({ message: 'tokenRefused', subject, data: { status: control.status, path: protectedPath } });
  const { identity = 'not asked' } = gathered;
  if (identityField !== undefined && control && good(control.status) && identity !== 'the same') {
    const actual = identity === 'another user' ? identity : 'nobody';
    findings.push({ message: 'otherIdentity', subject, data: { path: protectedPath, field: identityField, actual } });
  }
  const evidence = evidenceOf(gathered);
  if (findings.length === 0 && !(control && good(control.status)))
    return {
      outcome: 'inconclusive',
      reason: 'no-positive-control',
      why: control
        ? `${subject}: the token was answered 403 at ${protectedPath}: the user may not see it, so refusals there prove nothing. Name a path this user may see.`
        : `${subject}: the login answered ${login.status}: either the gate's credential is wrong or nobody gets in, so refusals prove nothing.`,
      evidence,
    };
  const subjects = [login, ...(control ? [control] : []), ...refusals].map(
    ({ request, what }) => `${request} with ${what}`,
  );
  return judged(findings, subjects, evidence, '');
}

function evidenceOf({
  login,
  control,
  refusals,
  identity = 'not asked',
}: Gathered & { up: true }): readonly [Evidence, ...Evidence[]] {
  const row = (expected: string) => (entry: Attempt) => [entry.request, entry.what, expected, entry.status, entry.ms];
  return [
    table(
      'Attempts',
      ['request', 'with', 'expected', 'status', 'ms'],
      [...[login, ...(control ? [control] : [])].map(row('2xx')), ...refusals.map(row('401'))],
    ),
    {
      type: 'text',
      title: 'The token stands for',
      text: identity === 'the same' ? 'the user that logged in' : identity,
    },
  ];
}

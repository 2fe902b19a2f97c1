/** How the attempts of subjects are held against the declared matrix. */
import type { Evidence, Finding, Judgement } from '../../kit/define-check.ts';
import { nameList, table } from '../../kit/evidence.ts';
import { judged } from '../../kit/judged.ts';
import { ANONYMOUS, type Params, type Rule } from './params.ts';

export const messages = {
  loginDown: {
    says: '{subject}: the login {why}, expected tokens for the subjects.',
    fix: 'Repair the service that logs people in, or the way to it; the credential of the gate was not refused.',
  },
  noAnswer: {
    says: '{subject}: {request} got no answer ({why}), expected {expected}.',
    fix: 'Start the service, or open the way to it from where the gate runs.',
  },
  notAllowed: {
    says: '{subject}: {request} was answered {status}, expected {expected}: it may do this.',
    fix: 'Restore the grant of that role; after a 5xx read the log of the service.',
  },
  notDenied: {
    says: '{subject}: {request} was answered {status}, expected {expected}: it may not do this.',
    fix: 'Repair the authorisation check of the service before anything goes live, and see in its log who has used it.',
  },
};
type Id = keyof typeof messages;

export interface Attempt {
  readonly subject: string;
  /** `GET /api/v1/admin/stats`. */
  readonly request: string;
  /** Null without an answer; `why` then says why. */
  readonly status: number | null;
  readonly ms: number | null;
  readonly why?: string;
}
export interface Gathered {
  readonly loginDown?: string;
  /** Rule by rule, first the allowed, then the denied. */
  readonly attempts: readonly Attempt[];
}
/** An attempt with what it should have come to. */
interface Expected {
  readonly attempt: Attempt;
  readonly allowed: boolean;
  readonly statuses: readonly number[];
}

const requestOf = ({ method, path }: Rule): string => `${method ?? 'GET'} ${path}`;
const subjectOf = (name: string): string => (name === ANONYMOUS ? 'Somebody without a token' : `Subject "${name}"`);
const isAsExpected = ({ attempt, statuses }: Expected): boolean =>
  attempt.status !== null && statuses.includes(attempt.status);

export function judge(params: Params, { loginDown, attempts }: Gathered): Judgement<Id> {
  const expected = expectedOf(params.rules, attempts);
  const evidence = evidenceOf(params, expected, loginDown);
  if (loginDown !== undefined) {
    const subject = `Login at ${params.endpoint.url}${params.login.path}`;
    return judged<Id>([{ message: 'loginDown', subject, data: { why: loginDown } }], [subject], evidence, '');
  }
  const findings = expected.flatMap(findingOf);
  const doubt = findings.length === 0 ? doubtOf(params, attempts, expected) : null;
  if (doubt !== null) return { outcome: 'inconclusive', ...doubt, evidence };
  const subjects = attempts.map(({ subject, request }) => `${request} by ${subject}`);
  return judged(findings, subjects, evidence, 'No request was made.');
}

function expectedOf(rules: readonly Rule[], attempts: readonly Attempt[]): Expected[] {
  let next = 0;
  return rules.flatMap((rule) =>
    [...rule.allowed, ...rule.denied].flatMap((name, index): Expected[] => {
      const attempt = attempts[next];
      next += 1;
      // A row of something else is no answer to this one.
      if (attempt?.subject !== name || attempt.request !== requestOf(rule)) return [];
      const allowed = index < rule.allowed.length;
      const refusal = name === ANONYMOUS ? rule.anonymousStatus : rule.deniedStatus;
      return [{ attempt, allowed, statuses: allowed ? rule.allowedStatus : refusal }];
    }),
  );
}

function findingOf(row: Expected): Finding<Id>[] {
  if (isAsExpected(row)) return [];
  const { attempt, allowed, statuses } = row;
  const subject = subjectOf(attempt.subject);
  const data = { request: attempt.request, expected: statuses.join(' or ') };
  if (attempt.status === null)
    return [{ message: 'noAnswer', subject, data: { ...data, why: attempt.why ?? 'no reason given' } }];
  return [{ message: allowed ? 'notAllowed' : 'notDenied', subject, data: { ...data, status: attempt.status } }];
}

/** A subject that is let in nowhere may be locked, or its token worth nothing: its refusals prove no rule. */
function doubtOf({ rules }: Params, attempts: readonly Attempt[], expected: readonly Expected[]) {
  const total = rules.reduce((sum, { allowed, denied }) => sum + allowed.length + denied.length, 0);
  if (expected.length < total || attempts.length < total)
    return { reason: 'too-few-subjects', why: `${expected.length} of ${total} requests were made.` } as const;
  const letIn = new Set(expected.filter(({ allowed }) => allowed).map(({ attempt }) => attempt.subject));
  const never = [...new Set(expected.map(({ attempt }) => attempt.subject))].filter(
    (name) => name !== ANONYMOUS && !letIn.has(name),
  );
  if (never.length > 0)
    return {
      reason: 'no-positive-control',
      why: `${nameList(never)} may do nothing by these rules, so refusals prove little: add a request it may make.`,
    } as const;
  return null;
}

function evidenceOf(
  { endpoint }: Params,
  rows: readonly Expected[],
  loginDown: string | undefined,
): readonly [Evidence, ...Evidence[]] {
  return [
    table(
      `Requests to ${endpoint.url}`,
      ['request', 'by', 'may', 'expected', 'status', 'ms'],
      rows.map(({ attempt: { request, subject, status, ms, why }, allowed, statuses }) => [
        request,
        subject,
        allowed,
        statuses.join(' or '),
        status ?? why ?? null,
        ms,
      ]),
    ),
    ...(loginDown === undefined ? [] : [{ type: 'text', title: 'Login', text: loginDown } as const]),
  ];
}

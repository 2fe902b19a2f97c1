import { nameList, table } from '../../kit/evidence.ts';
import { kind, ObservationError, type Say } from '../../kit/kind.ts';
import { addressOf, logIn, unlessDown, type Answered } from '../../protocols/api-requests.ts';
import { isSuccess } from '../../protocols/http-answers.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { ANONYMOUS, params, type Params, type Rule } from './params.ts';
import { otherSpellings, pathOfNothing, type Way } from './ways-round.ts';

interface Attempt {
  readonly subject: string;
  /** `GET /api/v1/admin/stats`. */
  readonly request: string;
  /** Null without an answer; `why` then says why. */
  readonly status: number | null;
  readonly ms: number | null;
  readonly why?: string;
  /** Of a way round: the request that is refused. */
  readonly refused?: string;
}
interface Seen {
  readonly loginDown?: string;
  readonly attempts: readonly Attempt[];
  readonly ways?: readonly Attempt[];
}

const messages = {
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
  wayRound: {
    says: '{subject}: {request} was answered {status}, though {refused} is refused; expected a refusal however it is written.',
    fix: 'Have the authorisation check take paths and methods as the router does: case, slashes, encoding, HEAD.',
  },
} as const;
type Ask = (subject: string, what: Pick<Rule, 'path' | 'json'> & Partial<Way>) => Promise<Answered>;

export const authorization = kind('traffic/authorization', {
  title: 'Everybody may do what is declared and nothing else',
  why: 'A role check that was dropped lets every user administer, and no log shows anything but 200.',
  sees: [
    'Each declared request made by each declared subject, logged in as itself or without a token: allowed or refused with the declared status.',
    'Each refusal beside somebody else whom the same request let in.',
    'Each refused GET once more as HEAD, and with its path spelt otherwise (slash, case, encoding, path parameter): not let in.',
  ],
  not: ['Requests and roles that no rule names.'],
  needs: ['http'],
  required: ['endpoint', 'subjects', 'rules'],
  params,
  messages,
  rights: ({ subjects }) => mayReadSecrets(subjects.map(({ credential }) => credential.password)),

  async gather(given, { http }): Promise<Seen> {
    refuseMistakes(given);
    const { endpoint, subjects, login } = given;
    const tokens = new Map<string, string>();
    const attempts: Attempt[] = [];
    for (const { name, credential } of subjects) {
      const session = await logIn(endpoint, { credential, ...login }, http);
      if ('down' in session) return { loginDown: session.down, attempts };
      tokens.set(name, session.bearer);
    }
    const ask: Ask = async (subject, { method = 'GET', path, json }) => {
      const bearer = tokens.get(subject);
      const how = { method, ...(json ? { json } : {}), ...(bearer === undefined ? {} : { bearer }) };
      return await unlessDown(http.request({ ...addressOf(endpoint, path), ...how }));
    };
    for (const { rule, subject } of expectedOf(given)) {
      const answer = await ask(subject, rule);
      // Never the body: it is what only some may see.
      const said = answer.answered
        ? { status: answer.status, ms: Math.round(answer.ms) }
        : { status: null, ms: null, why: answer.why };
      attempts.push({ subject, request: requestOf(rule), ...said });
    }
    const ways: Attempt[] = [];
    for (const { rule, subject } of expectedOf(given).filter(isRefusedGet))
      ways.push(...(await waysRound(rule, subject, ask)));
    return { attempts, ways };
  },

  judge(given, { loginDown, attempts, ways = [] }: Seen, say) {
    if (loginDown !== undefined) {
      const subject = `Login at ${given.endpoint.url}${given.login.path}`;
      say.judged(subject);
      return say.fail('loginDown', subject, { why: loginDown });
    }
    const expected = expectedOf(given);
    const rows = expected.flatMap((one, index) => {
      const attempt = attempts[index];
      // A row of something else is no answer to this one.
      return attempt?.subject === one.subject && attempt.request === requestOf(one.rule) ? [{ ...one, attempt }] : [];
    });
    for (const { attempt, allowed, statuses } of rows) {
      const { request, status, why = 'no reason given' } = attempt;
      const data = { request, expected: statuses.join(' or ') };
      const subject = whoOf(attempt);
      say.judged(`${request} by ${attempt.subject}`);
      if (status === null) say.fail('noAnswer', subject, { ...data, why });
      else if (!statuses.includes(status)) say.fail(allowed ? 'notAllowed' : 'notDenied', subject, { ...data, status });
    }
    // What is open as it is written needs no way round.
    const open = rows.filter(({ allowed, attempt }) => !allowed && isSuccess(attempt.status ?? 0));
    judgeWays(
      ways,
      open.map(({ attempt }) => attempt),
      say,
    );
    if (rows.length < expected.length)
      say.unsure('too-few-subjects', `${rows.length} of ${expected.length} requests were made.`);
    // A subject that is let in nowhere may be locked, or its token worth nothing: its refusals prove no rule.
    const letIn = new Set([ANONYMOUS, ...expected.filter(({ allowed }) => allowed).map(({ subject }) => subject)]);
    const never = [...new Set(expected.map(({ subject }) => subject))].filter((name) => !letIn.has(name));
    if (never.length > 0)
      say.unsure(
        'no-positive-control',
        `${nameList(never)} may do nothing by these rules, so refusals prove little: add a request it may make.`,
      );
    say.show(
      table(
        `Requests to ${given.endpoint.url}`,
        ['request', 'by', 'may', 'expected', 'status', 'ms'],
        [...rows, ...ways.map((attempt) => ({ attempt, allowed: false, statuses: ['no 2xx'] }))].map(
          ({ attempt: { request, subject, status, ms, why }, allowed, statuses }) => [
            request,
            subject,
            allowed,
            statuses.join(' or '),
            status ?? why ?? null,
            ms,
          ],
        ),
      ),
    );
  },
});

const isRefusedGet = ({ rule, allowed }: { readonly rule: Rule; readonly allowed: boolean }): boolean =>
  !allowed && (rule.method ?? 'GET') === 'GET' && rule.allowedStatus.some(isSuccess);

/** A refused GET, written otherwise. */
async function waysRound(rule: Rule, subject: string, ask: Ask): Promise<readonly Attempt[]> {
  const { path } = rule;
  const everything = await isLetIn(ask(subject, { path: pathOfNothing(path) }));
  const spelt = everything ? [] : otherSpellings(path).map((one): Way => ({ method: 'GET', path: one }));
  const ways: Attempt[] = [];
  for (const way of [{ method: 'HEAD', path } as const, ...spelt]) {
    const answer = await ask(subject, way);
    if (!answer.answered) continue;
    const [request, refused] = [requestOf(way), requestOf(rule)];
    ways.push({ subject, request, refused, status: answer.status, ms: Math.round(answer.ms) });
  }
  return ways;
}

function judgeWays(ways: readonly Attempt[], open: readonly Attempt[], say: Say<typeof messages>): void {
  for (const { subject, request, refused = '', status } of ways) {
    const isOpen = open.some((one) => one.subject === subject && one.request === refused);
    if (status !== null && isSuccess(status) && !isOpen)
      say.fail('wayRound', whoOf({ subject }), { request, refused, status });
  }
}

const whoOf = ({ subject }: Pick<Attempt, 'subject'>): string =>
  subject === ANONYMOUS ? 'Somebody without a token' : `Subject "${subject}"`;
const isLetIn = async (asked: Promise<Answered>): Promise<boolean> => {
  const answer = await asked;
  return answer.answered && isSuccess(answer.status);
};
const requestOf = ({ method, path }: Pick<Rule, 'path'> & Partial<Way>): string => `${method ?? 'GET'} ${path}`;

/** Rule by rule, first who may, then who may not: what is asked, and what each should be answered. */
function expectedOf({ rules }: Pick<Params, 'rules'>) {
  return rules.flatMap((rule) => [
    ...rule.allowed.map((subject) => ({ rule, subject, allowed: true, statuses: rule.allowedStatus })),
    ...rule.denied.map((subject) => ({
      rule,
      subject,
      allowed: false,
      statuses: subject === ANONYMOUS ? rule.anonymousStatus : rule.deniedStatus,
    })),
  ]);
}

function refuseMistakes({ subjects, rules }: Params): void {
  const names = [ANONYMOUS, ...subjects.map(({ name }) => name)];
  for (const { path, allowed, denied } of rules) {
    const unknown = [...allowed, ...denied].find((name) => !names.includes(name));
    if (unknown !== undefined)
      throw mistake(`${path} names the subject "${unknown}", which params.subjects does not have`);
    const both = allowed.find((name) => denied.includes(name));
    if (both !== undefined) throw mistake(`"${both}" is both allowed and denied ${path}`);
  }
}

function mistake(what: string): ObservationError {
  return new ObservationError('misconfigured', `The item's rules are wrong: ${what}.`, { fix: 'Correct the item.' });
}

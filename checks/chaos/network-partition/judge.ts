import { parseJson } from '../../contract/json.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import { shortened, table } from '../../kit/evidence.ts';
import type { Say } from '../../kit/kind.ts';
import type { Answered } from '../../protocols/api-requests.ts';
import { schemaProblem } from '../../protocols/http-answers.ts';
import type { Expectation, Params, Request } from './params.ts';

export const messages = {
  unsteadyBefore: {
    says: '{subject}: is not as it should be before anything is cut: {what}; nothing was done.',
    fix: 'Repair the service first: an experiment on one that fails already shows nothing.',
  },
  notAsDeclared: {
    says: '{subject}: while the network was cut {count} of {of} answers were not as declared: {what}, expected {expected}.',
    fix: 'Have the caller answer as declared when the service behind it is out of reach: an honest refusal, or what it can say without it.',
  },
  harmed: {
    says: '{subject}: {count} of {of} answers were wrong while the network was cut: {what}; expected that nobody notices.',
    fix: 'Find out why it needs the service that was cut off: a shared pool, a check of health, a call that waits.',
  },
  slow: {
    says: '{subject}: took {actual} while the network was cut, expected at most {expected}.',
    fix: 'Give calls to the service behind it a short time limit: what waits for it fills up the caller.',
  },
  notRecovered: {
    says: '{subject}: {within} after the policy was removed it is still wrong: {what}.',
    fix: 'Find out what keeps it from connecting again: a pool of dead connections, a breaker that does not close.',
  },
} as const;
type Saying = Say<typeof messages>;

/** What is kept of an answer. */
export type Kept = { readonly status: number; readonly body: string; readonly ms: number } | { readonly why: string };
export interface Round {
  /** Since the cut was felt. */
  readonly ms: number;
  /** In the order of the requests. */
  readonly answers: readonly Kept[];
}
export interface Seen {
  /** `AdminNetworkPolicy golive-partition-x`, or why there is none that would cut. */
  readonly policy: string | null;
  readonly pods: readonly string[];
  readonly before: readonly Kept[];
  /** From the policy until the call was cut; null: not in time. Absent where nothing was cut. */
  readonly feltMs?: number | null;
  readonly rounds?: readonly Round[];
  /** From the removal until all answers were normal; null: not in time. */
  readonly recoveredMs?: number | null;
  readonly after?: readonly Kept[];
}

const BODY_KEPT = 4000;
export const keptOf = (answer: Answered): Kept =>
  answer.answered
    ? { status: answer.status, body: shortened(answer.body, BODY_KEPT), ms: Math.round(answer.ms) }
    : { why: answer.why };

/** What is wrong with an answer; null when it is as expected. */
export function problemOf({ status, schema }: Expectation, answer: Kept | undefined): string | null {
  if (answer === undefined) return 'not asked';
  if ('why' in answer) return answer.why;
  if (answer.status !== status) return `status ${answer.status} instead of ${status}`;
  if (schema === undefined) return null;
  const value = parseJson(answer.body);
  return value === undefined ? 'the answer is no JSON' : schemaProblem(schema, value);
}

export const nameOf = ({ method, path }: Request): string => `${method} ${path}`;

/** The first request that is not answered as it normally is. */
export const isSteady = (requests: readonly Request[], answers: readonly Kept[]): boolean =>
  requests.every(({ normally }, index) => problemOf(normally, answers[index]) === null);

export function judge(params: Params, seen: Seen, say: Saying): void {
  const { requests } = params;
  const cut = `Deployment ${params.namespace}/${params.deployment}`;
  say.judged(...requests.map(nameOf));
  requests.forEach((request, index) => {
    const what = problemOf(request.normally, seen.before[index]);
    if (what !== null) say.fail('unsteadyBefore', nameOf(request), { what });
  });
  if (!isSteady(requests, seen.before)) return;
  if (seen.policy === null)
    return say.unsure(
      'misconfigured',
      `${cut}: no policy that golive may write would cut it off: other policies allow the call, and the cluster has no AdminNetworkPolicy.`,
      { subject: cut },
    );
  if (seen.feltMs === undefined || seen.feltMs === null)
    return say.unsure(
      'no-positive-control',
      `${cut}: ${seen.policy} stood for ${params.feltWithin}, and the call from ${params.from} still got through: nobody enforces it.`,
      { subject: cut },
    );
  requests.forEach((request, index) => judgeRequest(params, request, index, seen, say));
  show(params, { ...seen, feltMs: seen.feltMs }, say);
}

function judgeRequest(params: Params, request: Request, index: number, seen: Seen, say: Saying): void {
  const subject = nameOf(request);
  const { meanwhile, normally } = request;
  const limit = durationMs(params.answersWithin);
  // Whoever notices may take a moment; whoever does not notice has no moment to take.
  const from = meanwhile === undefined ? 0 : durationMs(params.degradesWithin);
  const judged = (seen.rounds ?? []).filter(({ ms }) => ms >= from).map(({ answers }) => answers[index]);
  const problems = judged.flatMap((answer) => problemOf(meanwhile ?? normally, answer) ?? []);
  if (judged.length === 0)
    say.unsure('too-few-samples', `${subject}: was not asked while the network was cut.`, { subject });
  const [what] = problems;
  if (what !== undefined) {
    const data = { count: problems.length, of: judged.length, what };
    if (meanwhile === undefined) say.fail('harmed', subject, data);
    else say.fail('notAsDeclared', subject, { ...data, expected: `status ${meanwhile.status}` });
  }
  const slowest = Math.max(0, ...judged.flatMap((answer) => (answer && 'ms' in answer ? [answer.ms] : [])));
  if (slowest > limit) say.fail('slow', subject, { actual: formatMs(slowest), expected: params.answersWithin });
  const still = problemOf(normally, seen.after?.[index]);
  if (still !== null) say.fail('notRecovered', subject, { within: params.recoversWithin, what: still });
}

function show(params: Params, seen: Seen & { readonly feltMs: number }, say: Saying): void {
  const rounds = seen.rounds ?? [];
  say.show(
    table(
      `${seen.policy ?? ''} on ${seen.pods.join(', ')}`,
      ['what', 'after'],
      [
        ['the call was cut', formatMs(seen.feltMs)],
        ['rounds of requests meanwhile', String(rounds.length)],
        ['all normal again once it was removed', seen.recoveredMs == null ? 'never' : formatMs(seen.recoveredMs)],
      ],
    ),
    table(
      'Answers while the network was cut',
      ['after', ...params.requests.map(nameOf)],
      rounds.map(({ ms, answers }) => [
        formatMs(ms),
        ...answers.map((one) => ('why' in one ? one.why : `${one.status} in ${formatMs(one.ms)}`)),
      ]),
    ),
  );
}

/** How answers are held against what their clients expect. */
import { parseJson } from '../../contract/json.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import { table } from '../../kit/evidence.ts';
import { Say } from '../../kit/kind.ts';
import type { Answered } from '../../protocols/api-requests.ts';
import { schemaProblem, withJsonType, wrongHeaders } from '../../protocols/http-answers.ts';
import type { Params, Request } from './params.ts';

export const messages = {
  noAnswer: {
    says: '{subject}: no answer ({why}), expected {expected}.',
    fix: 'Start the service, or open the way to it from where the gate runs.',
  },
  loginDown: {
    says: '{subject}: the login {why}, expected a token; {count} of {total} requests need one and were not made.',
    fix: 'Repair the service that logs people in, or the way to it; the credential of the gate was not refused.',
  },
  wrongStatus: {
    says: '{subject}: answered {actual}, expected {expected}.',
    fix: 'Read the log of the service for that request; look at what it depends on after a 5xx, at the request in the item after a 4xx, at the proxy before it after a 3xx.',
  },
  notJson: {
    says: '{subject}: answered something that is no JSON ({type}), expected JSON that meets its schema.',
    fix: 'Check the path: an error or start page is answering, or the answer was cut off.',
  },
  wrongShape: {
    says: '{subject}: {problems}, expected an answer that meets its schema.',
    fix: 'Restore the shape clients rely on, or release the change to them first.',
  },
  wrongHeader: {
    says: '{subject}: header {header} is {actual}, expected {expected}.',
    fix: 'Set the header in the service or in the proxy before it.',
  },
  leavesTls: {
    says: '{subject}: redirects to {location}, expected an address with https, as it was asked for.',
    fix: 'Have the proxy or the service build its redirects with https: what comes next is sent in the clear.',
  },
  tooSlow: {
    says: '{subject}: took {actual}, expected at most {expected}.',
    fix: 'Find where the time goes before load is put on it.',
  },
  slowTail: {
    says: '{subject}: the P95 of {samples} answers is {actual} (worst {worst}), expected at most {expected}.',
    fix: 'Find where the time goes: compare with the latency that the service itself measures, then with what it waits for.',
  },
} as const;

/** `asked` is false where the request was not made: its token is missing; `at` is the address of a host that has several. */
export type Exchange = (Answered | { readonly answered: false; readonly why: string; readonly asked?: false }) & {
  readonly at?: string;
};
type Answer = Answered & { answered: true };
interface Seen {
  /** The samples of each request, in its order. */
  readonly exchanges: readonly (readonly Exchange[])[];
  /** Why there is no token: what the service that logs in answered instead. */
  readonly loginDown?: string;
}
interface Row {
  readonly request: Request;
  readonly all: readonly Exchange[];
}
type Speaks = Say<typeof messages>;

export function judge(params: Params, { exchanges, loginDown }: Seen, say: Speaks): void {
  const { requests } = params;
  const rows = requests.flatMap((request, index): Row[] => {
    const all = exchanges[index] ?? [];
    return all.length > 0 ? [{ request, all }] : [];
  });
  const made = rows.filter(({ all }) => !all.some(wasNotAsked));
  say.judged(...requests.map(nameOf));
  if (loginDown !== undefined)
    say.fail('loginDown', `POST ${params.login?.path ?? ''}`, {
      why: loginDown,
      count: rows.length - made.length,
      total: rows.length,
    });
  if (rows.length < requests.length || (loginDown === undefined && made.length < rows.length))
    say.unsure('no-subjects', `${made.length} of ${requests.length} requests were made.`);
  for (const { request, all } of made) {
    if (all.length < request.samples && all.every(({ answered }) => answered))
      say.unsure('too-few-samples', `${nameOf(request)} was asked ${all.length} times, expected ${request.samples}.`, {
        subject: nameOf(request),
      });
    judgeWorst({ request, all }, params.maxLatency, say);
    judgeTail({ request, all }, say);
    const location = all.map((one) => leavingTls(params.endpoint.url, one)).find((one) => one !== undefined);
    if (location !== undefined) say.fail('leavesTls', nameOf(request), { location });
  }
  say.show(evidenceOf(params, rows));
}

const wasNotAsked = (exchange: Exchange): boolean => 'asked' in exchange;
const nameOf = ({ method, path }: Request): string => `${method ?? 'GET'} ${path}`;

/** What is wrong with the first answer that is wrong; one wrong answer among many right ones says so. */
function judgeWorst({ request, all }: Row, maxLatency: string, say: Speaks): void {
  const wrong = all.filter((exchange) => !isAsExpected(request, exchange, maxLatency));
  const [first] = wrong;
  if (!first) return;
  const name = `${nameOf(request)}${first.at === undefined ? '' : ` at ${first.at}`}`;
  const subject = all.length === 1 ? name : `${name} (${wrong.length} of ${all.length} answers)`;
  judgeAnswer(subject, request, first, maxLatency, say);
}

/** Judges it for itself: nothing of it is kept. */
function isAsExpected(request: Request, exchange: Exchange, maxLatency: string): boolean {
  const trial = new Say(messages);
  judgeAnswer('', request, exchange, maxLatency, trial);
  return trial.verdict().findings.length === 0;
}

/** Where an answer over https sends its client without; undefined where it does not. The query may hold a secret. */
function leavingTls(url: string, exchange: Exchange): string | undefined {
  const location = exchange.answered ? (exchange.headers['location'] ?? '') : '';
  return url.startsWith('https:') && /^http:/i.test(location) ? location.replace(/[?#].*$/s, '') : undefined;
}

function judgeAnswer(subject: string, request: Request, exchange: Exchange, maxLatency: string, say: Speaks): void {
  const expected = request.status;
  if (!exchange.answered) return say.fail('noAnswer', subject, { why: exchange.why, expected });
  const { status, ms, headers } = exchange;
  const isExpected = status === expected;
  if (!isExpected) say.fail('wrongStatus', subject, { actual: status, expected });
  // The body of another status is not what the schema is about.
  if (isExpected && request.schema) judgeBody(subject, request.schema, exchange, say);
  for (const wrong of wrongHeaders(
    isExpected ? withJsonType(request.headers, request.schema) : request.headers,
    headers,
  ))
    say.fail('wrongHeader', subject, wrong);
  if (ms > durationMs(maxLatency)) say.fail('tooSlow', subject, { actual: formatMs(ms), expected: maxLatency });
}

function judgeBody(subject: string, schema: object, { body, truncated, headers }: Answer, say: Speaks): void {
  const value = truncated ? undefined : parseJson(body);
  if (value === undefined) return say.fail('notJson', subject, { type: headers['content-type'] ?? 'no content type' });
  const problems = schemaProblem(schema, value);
  if (problems !== null) say.fail('wrongShape', subject, { problems });
}

function judgeTail({ request, all }: Row, say: Speaks): void {
  const tail = tailOf(all);
  if (request.maxMs === undefined || tail === null || tail.p95 <= request.maxMs) return;
  say.fail('slowTail', nameOf(request), {
    samples: tail.count,
    actual: formatMs(tail.p95),
    worst: formatMs(tail.worst),
    expected: formatMs(request.maxMs),
  });
}

/** 95th percentile by nearest rank (the slowest of fewer than 20) and the slowest; null without an answer. */
function tailOf(exchanges: readonly Exchange[]) {
  const times = exchanges.flatMap((exchange) => (exchange.answered ? [exchange.ms] : [])).sort((a, b) => a - b);
  const worst = times.at(-1);
  if (worst === undefined) return null;
  return { count: times.length, p95: times[Math.ceil(times.length * 0.95) - 1] ?? worst, worst };
}

/** Bodies are not kept: they may hold customers' data. */
function evidenceOf({ endpoint, maxLatency }: Params, rows: readonly Row[]) {
  return table(
    `Answers of ${endpoint.url} (at most ${maxLatency} each)`,
    ['request', 'expected', 'status', 'ms', 'samples', 'P95 ms', 'worst ms', 'content type', 'bytes', 'schema'],
    rows.map(({ request, all }) => {
      const [first] = all;
      const answer = first?.answered ? first : null;
      const tail = tailOf(all);
      return [
        nameOf(request),
        request.status,
        answer?.status ?? (first && !first.answered ? first.why : null),
        answer && Math.round(answer.ms),
        all.length,
        tail && Math.round(tail.p95),
        tail && Math.round(tail.worst),
        answer?.headers['content-type'] ?? null,
        answer && answer.body.length,
        request.schema ? 'required' : 'none',
      ];
    }),
  );
}

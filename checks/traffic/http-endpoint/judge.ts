/** How answers are held against what their clients expect. */
import type { HttpAnswer } from '../../contract/http.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import type { Evidence, Finding, Judgement } from '../../kit/define-check.ts';
import { createAjv } from '../../kit/params.ts';
import { shortened, table } from '../../kit/evidence.ts';
import { judged, present } from '../../kit/judged.ts';
import { parseJson } from '../../contract/json.ts';
import { schemaProblems } from '../../kit/schema-problems.ts';
import type { Params } from './check.ts';

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
  tooSlow: {
    says: '{subject}: took {actual}, expected at most {expected}.',
    fix: 'Find where the time goes before load is put on it.',
  },
  slowTail: {
    says: '{subject}: the P95 of {samples} answers is {actual} (worst {worst}), expected at most {expected}.',
    fix: 'Find where the time goes: compare with the latency that the service itself measures, then with what it waits for.',
  },
};
type Id = keyof typeof messages;
type Request = Params['requests'][number];

export type Exchange =
  | ({ readonly answered: true } & HttpAnswer)
  | {
      readonly answered: false;
      readonly why: string;
      /** Set where the request was not made: its token is missing. */
      readonly asked?: false;
    };
export interface Gathered {
  /** One for each request, in its order. */
  readonly exchanges: readonly Exchange[];
  /** The other samples of each request, in its order; none where it was asked once. */
  readonly repeats?: readonly (readonly Exchange[])[];
  /** Why there is no token: what the service that logs in answered instead. */
  readonly loginDown?: string;
}

export function judge(params: Params, { exchanges, repeats, loginDown }: Gathered): Judgement<Id> {
  const pairs = exchanges.flatMap((exchange, index): Pair[] => {
    const request = params.requests[index];
    return request ? [{ request, exchange, all: [exchange, ...(repeats?.[index] ?? [])] }] : [];
  });
  const evidence = evidenceOf(params, pairs);
  if (pairs.length < params.requests.length || (loginDown === undefined && exchanges.some(wasNotAsked)))
    return {
      outcome: 'inconclusive',
      reason: 'no-subjects',
      why: `${pairs.length} of ${params.requests.length} requests were made.`,
      evidence,
    };
  const short = pairs.find(({ request, all }) => all.length < request.samples && all.every(({ answered }) => answered));
  if (short)
    return {
      outcome: 'inconclusive',
      reason: 'too-few-samples',
      why: `${nameOf(short.request)} was asked ${short.all.length} times, expected ${short.request.samples}.`,
      evidence,
    };
  const login: Finding<Id>[] =
    loginDown === undefined
      ? []
      : [
          {
            message: 'loginDown',
            subject: `POST ${params.login?.path ?? ''}`,
            data: { why: loginDown, count: exchanges.filter(wasNotAsked).length, total: exchanges.length },
          },
        ];
  return judged(
    [...login, ...pairs.flatMap((pair) => [...worstFindings(pair, params.maxLatency), ...tailFindings(pair)])],
    params.requests.map(nameOf),
    evidence,
    '',
  );
}

const wasNotAsked = (exchange: Exchange): boolean => !exchange.answered && exchange.asked === false;

const nameOf = ({ method, path }: Request): string => `${method ?? 'GET'} ${path}`;

/** What is wrong with the first answer that is wrong; one wrong answer among many right ones says so. */
function worstFindings({ request, all }: Pair, maxLatency: string): Finding<Id>[] {
  const wrong = all.map((exchange) => findingsOf(request, exchange, maxLatency)).filter((found) => found.length > 0);
  if (all.length === 1 || wrong.length === 0) return wrong[0] ?? [];
  const count = `${nameOf(request)} (${wrong.length} of ${all.length} answers)`;
  return (wrong[0] ?? []).map((finding) => ({ ...finding, subject: count }));
}

function tailFindings({ request, all }: Pair): Finding<Id>[] {
  const tail = tailOf(all);
  if (request.maxMs === undefined || tail === null || tail.p95 <= request.maxMs) return [];
  const data = {
    samples: tail.count,
    actual: formatMs(tail.p95),
    worst: formatMs(tail.worst),
    expected: formatMs(request.maxMs),
  };
  return [{ message: 'slowTail', subject: nameOf(request), data }];
}

/** 95th percentile by nearest rank (the slowest of fewer than 20) and the slowest; null without an answer. */
function tailOf(exchanges: readonly Exchange[]) {
  const times = exchanges.flatMap((exchange) => (exchange.answered ? [exchange.ms] : [])).sort((a, b) => a - b);
  const worst = times.at(-1);
  if (worst === undefined) return null;
  return { count: times.length, p95: times[Math.ceil(times.length * 0.95) - 1] ?? worst, worst };
}

function findingsOf(request: Request, exchange: Exchange, maxLatency: string): Finding<Id>[] {
  const subject = nameOf(request);
  const expected = request.status;
  // Told once, by the login.
  if (wasNotAsked(exchange)) return [];
  if (!exchange.answered) return [{ message: 'noAnswer', subject, data: { why: exchange.why, expected } }];
  const { status, ms } = exchange;
  return present<Finding<Id>>([
    status !== expected && { message: 'wrongStatus', subject, data: { actual: status, expected } },
    // The body of another status is not what the schema is about.
    status === expected && bodyFinding(subject, request, exchange),
    ...headerFindings(subject, status === expected ? withJsonType(request) : request, exchange),
    ms > durationMs(maxLatency) && {
      message: 'tooSlow',
      subject,
      data: { actual: formatMs(ms), expected: maxLatency },
    },
  ]);
}

function bodyFinding(
  subject: string,
  { schema }: Request,
  { body, truncated, headers }: HttpAnswer,
): Finding<Id> | null {
  if (!schema) return null;
  const value = truncated ? undefined : parseJson(body);
  if (value === undefined)
    return { message: 'notJson', subject, data: { type: headers['content-type'] ?? 'no content type' } };
  const validate = createAjv({ useDefaults: false }).compile(schema);
  if (validate(value)) return null;
  return { message: 'wrongShape', subject, data: { problems: schemaProblems(validate.errors) } };
}

/** A JSON media type (RFC 6839: also `…+json`), which a schema implies; an item that names another has the last word. */
const JSON_TYPE = '^application/([a-z0-9.-]+\\+)?json *(;|$)';

/** Clients parse by the content type: JSON that calls itself a page or a text is no JSON to them. */
function withJsonType(request: Request): Request {
  const named = Object.keys(request.headers).some((name) => name.toLowerCase() === 'content-type');
  if (!request.schema || named) return request;
  return { ...request, headers: { ...request.headers, 'content-type': JSON_TYPE } };
}

function headerFindings(subject: string, request: Request, answer: HttpAnswer): Finding<Id>[] {
  return Object.entries(request.headers).flatMap(([name, pattern]): Finding<Id>[] => {
    const actual = answer.headers[name.toLowerCase()];
    if (actual !== undefined && new RegExp(pattern).test(actual)) return [];
    const shown = actual === undefined ? 'missing' : shortened(actual, 100);
    return [{ message: 'wrongHeader', subject, data: { header: name, actual: shown, expected: pattern } }];
  });
}

const roundedOrNull = (ms: number | undefined): number | null => (ms === undefined ? null : Math.round(ms));

interface Pair {
  readonly request: Request;
  readonly exchange: Exchange;
  /** Every sample, the first one too. */
  readonly all: readonly Exchange[];
}

/** Bodies are not kept: they may hold customers' data. */
function evidenceOf({ endpoint, maxLatency }: Params, pairs: readonly Pair[]): readonly [Evidence, ...Evidence[]] {
  return [
    table(
      `Answers of ${endpoint.url} (at most ${maxLatency} each)`,
      ['request', 'expected', 'status', 'ms', 'samples', 'P95 ms', 'worst ms', 'content type', 'bytes', 'schema'],
      pairs.map(({ request, exchange, all }) => [
        nameOf(request),
        request.status,
        exchange.answered ? exchange.status : exchange.why,
        exchange.answered ? Math.round(exchange.ms) : null,
        all.length,
        roundedOrNull(tailOf(all)?.p95),
        roundedOrNull(tailOf(all)?.worst),
        exchange.answered ? (exchange.headers['content-type'] ?? null) : null,
        exchange.answered ? exchange.body.length : null,
        request.schema ? 'required' : 'none',
      ]),
    ),
  ];
}

/** What the two kinds that make a load run share: its messages, and a service that is down before there is a run. */
import type { ExpectedAnswer, LoadResult, ProfileLoad } from '../contract/load.ts';
import { duration } from '../contract/param-schemas.ts';
import { DURATION_PATTERN, durationMs } from '../contract/units.ts';
import { ObservationError } from '../kit/kind.ts';
import { refuseBadExpectations } from '../protocols/http-answers.ts';
import type { Say } from '../kit/verdict.ts';
import { percent, successes, wrongText } from './load.ts';

export const runMessages = {
  down: {
    says: '{subject}: does not accept connections ({why}), expected a service that carries load.',
    fix: 'Start the service, or open the way to it from where the gate runs; correct the endpoint if the address is wrong.',
  },
  wrongAnswers: {
    says: '{subject}: only {actual} of the answers were 2xx with what is expected of them{wrong}, expected at least {expected}.',
    fix: 'See what the service answers under load, and check path, method, body and expect of the run: a load on an error or maintenance page measures nothing.',
  },
  stalled: {
    says: '{subject}: nothing was answered in {seconds} of {total} seconds, expected answers in each.',
    fix: 'Find what stood still: restarts, a full pool, garbage collection, a lock.',
  },
} as const;
/** A kind may share some of them alone. */
type OwnSay<Id extends keyof typeof runMessages> = Pick<Say<Pick<typeof runMessages, Id>>, 'fail' | 'judged' | 'show'>;

interface Request {
  readonly endpoint: { readonly url: string };
  readonly path: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly json?: Readonly<Record<string, unknown>>;
  readonly expect?: ExpectedAnswer;
}

/** What the generator sends, from the params of the run. */
export function requestOf({ endpoint, path, method, headers, json, expect }: Request) {
  refuseBadExpectations('the answers under load', expect?.schema);
  return {
    url: urlOf(endpoint.url, path),
    method,
    ...(expect ? { expect } : {}),
    headers: json ? { 'content-type': 'application/json', ...headers } : headers,
    ...(json ? { body: JSON.stringify(json) } : {}),
  };
}

const urlOf = (base: string, path: string): string => `${base.replace(/\/$/, '')}${path}`;

/** No connection could be made from the beginning: there is no run, and what shall carry load is down. */
export interface Down {
  readonly up: false;
  readonly why: string;
}

export async function unlessDown<T>(run: () => Promise<T>): Promise<T | Down> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof ObservationError && error.code === 'unreachable') return { up: false, why: error.message };
    throw error;
  }
}

/** `subject`: what was to be loaded. */
export function judgeDown(subject: string, { why }: Down, say: OwnSay<'down'>): void {
  say.judged(subject);
  say.show({ type: 'text', title: subject, text: why });
  say.fail('down', subject, { why });
}

/** What is to be loaded. Without the query: a run's result names its URL without values, too. */
export const serviceAt = ({ endpoint, path }: Pick<Request, 'endpoint' | 'path'>): string =>
  `Service at ${urlOf(endpoint.url, path.replace(/\?.*$/, ''))}`;

export function judgeAnswers(
  subject: string,
  result: LoadResult,
  minSuccess: number,
  say: OwnSay<'wrongAnswers'>,
): void {
  const success = result.answered === 0 ? 0 : successes(result) / result.answered;
  if (result.answered > 0 && success < minSuccess)
    say.fail('wrongAnswers', subject, {
      actual: percent(success),
      expected: percent(minSuccess),
      wrong: result.wrong ? ` (${wrongText(result)})` : '',
    });
}

export function judgeSilence(subject: string, { perSecond }: LoadResult, say: OwnSay<'stalled'>): void {
  const seconds = perSecond.filter((count) => count === 0).length;
  if (seconds > 0) say.fail('stalled', subject, { seconds, total: perSecond.length });
}

const optionalDuration = (description: string) => ({ type: 'string', pattern: DURATION_PATTERN, description }) as const;

/** A profile in place of one request, and what this item changes of it. */
export const profileParams = {
  profile: {
    type: 'string',
    pattern: '\\.ya?ml$',
    description:
      'File of a load profile, relative to the project: what users do, in place of one request over and over.',
  },
  rate: {
    type: 'number',
    exclusiveMinimum: 0,
    maximum: 50_000,
    description: "Arrivals a second in place of the profile's; where its rate changes, the highest.",
  },
  weights: {
    type: 'object',
    minProperties: 1,
    additionalProperties: { type: 'number', minimum: 0 },
    description: "Weights of flows in place of the profile's, by name.",
  },
  duration: optionalDuration("How long is measured, in place of the profile's."),
  warmup: optionalDuration("How long load runs before measuring starts, in place of the profile's."),
  requestTimeout: duration('A request without an answer for this long is lost.', '10s'),
  maxConnections: {
    type: 'integer',
    minimum: 1,
    maximum: 10_000,
    default: 256,
    description: 'Connections at most, to each target; users at most of k6.',
  },
} as const;

/** What the run changes of its profile. */
export function profileLoadOf(params: {
  readonly profile?: string;
  readonly rate?: number;
  readonly weights?: Readonly<Record<string, number>>;
  readonly duration?: string;
  readonly warmup?: string;
  readonly requestTimeout: string;
  readonly maxConnections: number;
}): ProfileLoad {
  const { profile = '', rate, weights, maxConnections, requestTimeout } = params;
  return {
    file: profile,
    ...(rate === undefined ? {} : { rate }),
    ...(weights === undefined ? {} : { weights }),
    ...(params.duration === undefined ? {} : { durationMs: durationMs(params.duration) }),
    ...(params.warmup === undefined ? {} : { warmupMs: durationMs(params.warmup) }),
    timeoutMs: durationMs(requestTimeout),
    maxConnections,
  };
}

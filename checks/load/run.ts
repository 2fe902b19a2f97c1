/** What the two kinds that make a load run share: its messages, and a service that is down before there is a run. */
import type { ExpectedAnswer, LoadResult } from '../contract/load.ts';
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
type OwnSay = Pick<Say<typeof runMessages>, 'fail' | 'judged' | 'show'>;

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

export function judgeDown({ endpoint, path }: Pick<Request, 'endpoint' | 'path'>, { why }: Down, say: OwnSay): void {
  // Without the query: a run's result names its URL without values, too.
  const subject = `Service at ${urlOf(endpoint.url, path.replace(/\?.*$/, ''))}`;
  say.judged(subject);
  say.show({ type: 'text', title: subject, text: why });
  say.fail('down', subject, { why });
}

export function judgeAnswers(subject: string, result: LoadResult, minSuccess: number, say: OwnSay): void {
  const success = result.answered === 0 ? 0 : successes(result) / result.answered;
  if (result.answered > 0 && success < minSuccess)
    say.fail('wrongAnswers', subject, {
      actual: percent(success),
      expected: percent(minSuccess),
      wrong: result.wrong ? ` (${wrongText(result)})` : '',
    });
}

export function judgeSilence(subject: string, { perSecond }: LoadResult, say: OwnSay): void {
  const seconds = perSecond.filter((count) => count === 0).length;
  if (seconds > 0) say.fail('stalled', subject, { seconds, total: perSecond.length });
}

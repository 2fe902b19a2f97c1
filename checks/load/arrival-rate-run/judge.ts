import type { LoadResult } from '../../contract/load.ts';
import type { Evidence, Finding, Judgement } from '../../kit/define-check.ts';
import { judged, present } from '../../kit/judged.ts';
import { percent, runEvidence, runName, saturation, successes, wanted } from '../load.ts';
import type { Params } from './check.ts';

export const messages = {
  down: {
    says: '{subject}: does not accept connections ({why}), expected a service that carries load.',
    fix: 'Start the service, or open the way to it from where the gate runs; correct the endpoint if the address is wrong.',
  },
  noAnswer: {
    says: '{subject}: none of {due} requests was answered, expected answers.',
    fix: 'Check that the service runs and that the URL is the one it answers at.',
  },
  wrongAnswers: {
    says: '{subject}: only {actual} of the answers were 2xx, expected at least {expected}.',
    fix: 'Check the path, method and body of the run: a load on an error page measures nothing.',
  },
  notCarried: {
    says: '{subject}: {actual} of {due} requests at {rate} a second were answered ({how}), expected at least {expected}.',
    fix: 'Find where requests stay: restarts, full accept queues or pools, time-outs in a proxy; or add replicas.',
  },
  stalled: {
    says: '{subject}: nothing was answered in {seconds} of {total} seconds, expected answers in each.',
    fix: 'Find what stood still: restarts, a full pool, garbage collection, a lock.',
  },
};
type Id = keyof typeof messages;

/** No connection could be made from the beginning: there is no run, and what shall carry load is down. */
interface Down {
  readonly up: false;
  readonly why: string;
}
/** A run, and why those before it said nothing and were made again. */
export type Gathered = (LoadResult & { readonly discarded?: readonly string[] }) | Down;

export const urlOf = (base: string, path: string): string => `${base.replace(/\/$/, '')}${path}`;

export function judge(params: Params, result: Gathered): Judgement<Id> {
  if ('up' in result) return judgeDown(params, result);
  const subject = runName(result);
  const [figures, ...more] = runEvidence(result);
  const evidence = [figures, ...more, ...discardedEvidence(result.discarded)] as const;
  const certain = certainFindings(params, result, subject);
  if (certain.length > 0) return judged(certain, [subject], evidence, '');
  const saturated = saturation(result, params);
  if (saturated !== null)
    return {
      outcome: 'inconclusive',
      reason: 'generator-saturated',
      why: `${subject}: ${saturated}; the figures are the generator's, not the service's. Lower the rate, or run it on a machine with nothing else to do.`,
      evidence,
    };
  const findings = timingFindings(params, result, subject);
  if (findings.length > 0) return judged(findings, [subject], evidence, '');
  if (wanted(result) < params.minRequests)
    return {
      outcome: 'inconclusive',
      reason: 'too-few-samples',
      why: `${subject}: ${wanted(result)} requests, at least ${params.minRequests} are needed. Let it run longer or at a higher rate.`,
      evidence,
    };
  return judged<Id>([], [subject], evidence, '');
}

/** Whoever reads a pass sees that it was not the first run. */
function discardedEvidence(discarded: readonly string[] = []): Evidence[] {
  if (discarded.length === 0) return [];
  return [{ type: 'text', title: 'Runs that said nothing and were made again', text: discarded.join('\n') }];
}

function judgeDown(params: Params, { why }: Down): Judgement<Id> {
  // Without the query: a run's result names its URL without values, too.
  const subject = `Service at ${urlOf(params.endpoint.url, params.path.replace(/\?.*$/, ''))}`;
  const evidence = [{ type: 'text', title: subject, text: why }] as const;
  return judged<Id>([{ message: 'down', subject, data: { why } }], [subject], evidence, '');
}

/** What a slow generator cannot cause. */
function certainFindings(params: Params, result: LoadResult, subject: string): Finding<Id>[] {
  const { answered } = result;
  const due = wanted(result);
  const success = answered === 0 ? 0 : successes(result) / answered;
  const { timeout = 0 } = result.lostBy ?? {};
  const turnedAway = result.lost - timeout;
  return present<Finding<Id>>([
    due > 0 && answered === 0 && { message: 'noAnswer', subject, data: { due } },
    answered > 0 &&
      success < params.minSuccess && {
        message: 'wrongAnswers',
        subject,
        data: { actual: percent(success), expected: percent(params.minSuccess) },
      },
    answered > 0 && turnedAway / due > 1 - params.minAnswered && notCarried(params, result, subject),
  ]);
}

/** What looks the same when the generator stood still. */
function timingFindings(params: Params, result: LoadResult, subject: string): Finding<Id>[] {
  const { answered, perSecond } = result;
  const due = wanted(result);
  const silent = perSecond.filter((count) => count === 0).length;
  return present<Finding<Id>>([
    due > 0 && answered / due < params.minAnswered && notCarried(params, result, subject),
    // At less than ten a second a second without an answer is chance.
    (result.declaredRate ?? 0) >= 10 &&
      silent > 0 && { message: 'stalled', subject, data: { seconds: silent, total: perSecond.length } },
  ]);
}

function notCarried({ minAnswered, rate }: Params, result: LoadResult, subject: string): Finding<Id> {
  const due = wanted(result);
  const unsent = due - result.sent;
  const how = [
    ...Object.entries(result.lostBy ?? {}).map(([name, count]) => `${count} ${name}`),
    ...(unsent > 0 ? [`${unsent} found no connection in time`] : []),
  ].join(', ');
  const data = { actual: percent(result.answered / due), due, rate, how, expected: percent(minAnswered) };
  return { message: 'notCarried', subject, data };
}

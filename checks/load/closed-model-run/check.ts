import type { LoadResult } from '../../contract/load.ts';
import { duration, endpoint } from '../../contract/param-schemas.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import {
  defineCheck,
  ObservationError,
  type Capabilities,
  type CheckContext,
  type Finding,
  type FromSchema,
  type JSONSchema,
  type Judgement,
} from '../../kit/define-check.ts';
import { judged, present } from '../../kit/judged.ts';
import {
  generatorLimits,
  minSuccessParam,
  percent,
  requestParams,
  runEvidence,
  runName,
  saturation,
  successes,
} from '../load.ts';

const messages = {
  down: {
    says: '{subject}: does not accept connections ({why}), expected a service that carries load.',
    fix: 'Start the service, or open the way to it from where the gate runs; correct the endpoint if the address is wrong.',
  },
  noAnswer: {
    says: '{subject}: none of {sent} requests was answered, expected answers.',
    fix: 'Check that the service runs and that the URL is the one it answers at.',
  },
  wrongAnswers: {
    says: '{subject}: only {actual} of the answers were 2xx, expected at least {expected}.',
    fix: 'Check the path, method and body of the run: a load on an error page measures nothing.',
  },
  starved: {
    says: '{subject}: {silent} of {connections} clients got no answer at all, expected all of them to be served.',
    fix: 'Find what keeps them waiting: a limit on connections, a full accept queue, a proxy that holds them back.',
  },
  stalled: {
    says: '{subject}: nothing was answered in {seconds} of {total} seconds, expected answers in each.',
    fix: 'Find what stood still: restarts, a full pool, garbage collection, a lock.',
  },
};
type Id = keyof typeof messages;

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['endpoint', 'path'],
  properties: {
    endpoint,
    ...requestParams,
    connections: {
      type: 'integer',
      minimum: 1,
      maximum: 10_000,
      default: 50,
      description: 'Clients at once; each sends its next request when the last was answered.',
    },
    duration: duration('How long is measured, after the warm-up.', '60s'),
    warmup: duration('How long load runs before measuring starts.', '10s'),
    minAnswered: {
      type: 'integer',
      minimum: 1,
      default: 1000,
      description: 'Answers without which the run is too small to judge; 1,000 are needed for a P99.',
    },
    minSuccess: minSuccessParam,
    ...generatorLimits,
  },
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;

/** No connection could be made from the beginning: there is no run, and what shall carry load is down. */
interface Down {
  readonly up: false;
  readonly why: string;
}
type Gathered = LoadResult | Down;

export const closedModelRun = defineCheck({
  meta: {
    kind: 'load/closed-model-run',
    title: 'The service answered a load run throughout',
    why: 'What holds for one request may not hold for fifty at once; other items judge the figures this run leaves.',
    sees: 'A closed loop of so many clients, warm-up left out: requests sent, answered and lost, exact latencies, answers to every client and in each second, and whether the generator was the bottleneck. Not: how the service fares when requests arrive faster than it answers.',
    needs: ['load'],
    effect: 'mutating',
    mutation: 'load',
    params,
    messages,
  },
  permissions: () => [],
  gather,
  judge,
});

async function gather(
  { endpoint, path, method, headers, json, connections, duration, warmup }: Params,
  { load }: Pick<Capabilities, 'load'>,
  context: CheckContext,
): Promise<Gathered> {
  const url = urlOf(endpoint.url, path);
  context.progress(`${connections} clients on ${url} for ${formatMs(durationMs(warmup) + durationMs(duration))}`);
  const run = load.closed({
    url,
    method,
    headers: json ? { 'content-type': 'application/json', ...headers } : headers,
    ...(json ? { body: JSON.stringify(json) } : {}),
    connections,
    durationMs: durationMs(duration),
    warmupMs: durationMs(warmup),
  });
  try {
    return await run;
  } catch (error) {
    if (error instanceof ObservationError && error.code === 'unreachable') return { up: false, why: error.message };
    throw error;
  }
}

const urlOf = (base: string, path: string): string => `${base.replace(/\/$/, '')}${path}`;

function judge(params: Params, result: Gathered): Judgement<Id> {
  if ('up' in result) {
    const { why } = result;
    // Without the query: a run's result names its URL without values, too.
    const subject = `Service at ${urlOf(params.endpoint.url, params.path.replace(/\?.*$/, ''))}`;
    const evidence = [{ type: 'text', title: subject, text: why }] as const;
    return judged<Id>([{ message: 'down', subject, data: { why } }], [subject], evidence, '');
  }
  const subject = runName(result);
  const evidence = runEvidence(result);
  const { sent, answered, perSecond, connections, silentConnections: starved = 0 } = result;
  const success = answered === 0 ? 0 : successes(result) / answered;
  const silent = perSecond.filter((count) => count === 0).length;
  const findings: Finding<Id>[] = present([
    sent > 0 && answered === 0 && { message: 'noAnswer' as const, subject, data: { sent } },
    answered > 0 &&
      success < params.minSuccess && {
        message: 'wrongAnswers' as const,
        subject,
        data: { actual: percent(success), expected: percent(params.minSuccess) },
      },
    // In a closed loop the clients that are served hide those that wait: they send little and are hardly counted as lost.
    answered > 0 && starved > 0 && { message: 'starved' as const, subject, data: { silent: starved, connections } },
    answered > 0 &&
      silent > 0 && { message: 'stalled' as const, subject, data: { seconds: silent, total: perSecond.length } },
  ]);
  if (findings.length > 0) return judged(findings, [subject], evidence, '');
  const saturated = saturation(result, params);
  if (saturated !== null)
    return {
      outcome: 'inconclusive',
      reason: 'generator-saturated',
      why: `${subject}: ${saturated}; the figures are the generator's, not the service's. Use fewer connections or another machine.`,
      evidence,
    };
  if (answered < params.minAnswered)
    return {
      outcome: 'inconclusive',
      reason: 'too-few-samples',
      why: `${subject}: ${answered} answers, at least ${params.minAnswered} are needed. Let it run longer or with more connections.`,
      evidence,
    };
  return judged<Id>([], [subject], evidence, '');
}

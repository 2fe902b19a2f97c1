import type { LoadResult } from '../../contract/load.ts';
import { endpoint, kubernetesName } from '../../contract/param-schemas.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import { kind, ObservationError, type Say } from '../../kit/kind.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { mayReadPodUse, readPodUse } from '../../protocols/pod-metrics.ts';
import { couldHold, expectParam, generatorLimits, minSuccessParam, percent, requestParams } from '../load.ts';
import { runEvidence, runName, saturation, successes, wanted, warmupDoubt } from '../load.ts';
import {
  judgeAnswers,
  judgeDown,
  judgeSilence,
  profileLoadOf,
  profileParams,
  requestOf,
  runMessages,
  serviceAt,
  unlessDown,
} from '../run.ts';
import {
  askServer,
  disagreement,
  serverEvidence,
  serverParam,
  throttlingEvidence,
  type ServerParams,
  type ServerSeen,
} from './server.ts';

export const arrivalRateRun = kind('load/arrival-rate-run', {
  title: 'The service carried the declared load',
  why: 'Users do not wait for one another: they come at their own rate, also while the service stands still, and then all at once.',
  sees: [
    'One request over and over, or a profile of what users do: weighted flows of requests with bodies, logins and values taken from answers.',
    'An open model: requests begun at the declared rate whatever the answers did, each latency counted from when its request was due, warm-up left out.',
    'Each 2xx answer held against what is expected of it; one that is something else, a maintenance page, is a failure.',
    'Every request answered, lost (refused, reset, closed, timed out, TLS) or not sent in time.',
    'Exact percentiles, each second for itself, and what the pods used.',
    'Whether the generator kept up; runs in which it did not are told and made again.',
    'Where the item names it, the service’s own histogram beside what was measured, and what throttled its pods.',
  ],
  not: ['How much more the service could take.'],
  needs: ['load', 'cluster', 'http'],
  changes: 'load',
  params: {
    endpoint,
    ...requestParams,
    expect: expectParam,
    ...profileParams,
    minAnswered: {
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 1,
      default: 0.99,
      description: 'Share of the requests that must be answered for the rate to have been carried.',
    },
    minSuccess: minSuccessParam,
    minRequests: {
      type: 'integer',
      minimum: 1,
      default: 1000,
      description: 'Requests without which the run is too small to judge; 1,000 are needed for a P99.',
    },
    attempts: {
      type: 'integer',
      minimum: 1,
      maximum: 5,
      default: 2,
      description:
        'Runs at most. One in which the generator itself was too slow says nothing of the service, and is made again; any other counts.',
    },
    watch: {
      type: 'object',
      additionalProperties: false,
      required: ['namespace', 'selector'],
      description: 'Pods whose use of CPU and memory is sampled meanwhile, for load/resource-use.',
      properties: {
        namespace: kubernetesName('Namespace of the pods.'),
        selector: {
          type: ['string', 'array'],
          minLength: 1,
          minItems: 1,
          items: { type: 'string', minLength: 1 },
          description: 'Label selector of the pods; several where the load goes through several services.',
        },
      },
    },
    server: serverParam,
    ...generatorLimits,
  },
  rules: {
    oneOf: [
      {
        required: ['profile'],
        not: { anyOf: [{ required: ['endpoint'] }, { required: ['path'] }, { required: ['expect'] }] },
      },
      { required: ['endpoint', 'path', 'expect', 'rate'], not: { required: ['profile'] } },
    ],
  },
  messages: {
    ...runMessages,
    noAnswer: {
      says: '{subject}: none of {due} requests was answered, expected answers.',
      fix: 'Check that the service runs and that the URL is the one it answers at.',
    },
    notCarried: {
      says: '{subject}: {actual} of {due} requests at {rate} a second were answered ({how}), expected at least {expected}.',
      fix: 'Find where requests stay: restarts, full accept queues or pools, time-outs in a proxy; or add replicas.',
    },
  },
  rights: ({ watch, server }) => [...(watch ? mayReadPodUse(watch.namespace) : []), ...mayReadSecrets([server?.token])],

  async gather(params, { load, cluster, http }, context) {
    const { watch } = params;
    const watching = watch ? { watch: () => readPodUse(cluster, selectionOf(watch)) } : {};
    const single = params.profile === undefined ? singleRequest(params) : undefined;
    const send = (): Promise<LoadResult> =>
      single === undefined
        ? load.profile({ ...profileLoadOf(params), ...watching })
        : load.open({
            ...single,
            timeoutMs: durationMs(params.requestTimeout),
            maxConnections: params.maxConnections,
            ...watching,
          });
    // Why the runs before this one said nothing: whoever reads a pass sees that it was not the first.
    const discarded: string[] = [];
    return await unlessDown(async (): Promise<Measured> => {
      for (;;) {
        const again = discarded.length === 0 ? '' : ', again, as the generator was too slow';
        context.progress(
          single === undefined
            ? `the load of ${params.profile ?? ''}${again}`
            : `${single.rate} requests a second on ${single.url} for ${formatMs(single.warmupMs + single.durationMs)}${again}`,
        );
        const result = await send();
        const useless = isCertain(params, result) ? null : saturation(result, params);
        if (useless === null || discarded.length + 1 >= params.attempts) {
          if (!params.server) return { ...result, discarded };
          const server = await askServer(params.server, result, http, (ms) => context.wait(ms));
          return { ...result, discarded, server };
        }
        discarded.push(saturatedText(result, useless, params));
      }
    });
  },

  judge(params, result, say) {
    if ('up' in result) return judgeDown(whatIsLoaded(params), result, say);
    const subject = runName(result);
    const { answered } = result;
    const due = wanted(result);
    const { discarded = [] } = result;
    say.judged(subject);
    say.show(...runEvidence(result), ...throttlingEvidence(result.server, result));
    if (discarded.length > 0)
      say.show({ type: 'text', title: 'Runs that said nothing and were made again', text: discarded.join('\n') });
    if (due > 0 && answered === 0) say.fail('noAnswer', subject, { due });
    judgeAnswers(subject, result, params.minSuccess, say);
    const saturated = saturation(result, params);
    const notCarried = due > 0 && answered / due < params.minAnswered;
    // Requests that are late or unanswered look the same when the generator stood still; those turned away do not.
    if (answered > 0 && (turnedAway(params, result) || (saturated === null && notCarried)))
      say.fail('notCarried', subject, carried(params.minAnswered, result));
    if (saturated !== null) return say.unsure('generator-saturated', saturatedText(result, saturated, params));
    // At less than ten a second a second without an answer is chance.
    if (!isCertain(params, result) && (result.declaredRate ?? 0) >= 10) judgeSilence(subject, result, say);
    judgeServer(params.server, result, subject, say);
    for (const { reason, why } of windowDoubts(result, params.minRequests))
      say.unsure(reason, `${subject}: ${why}`, { subject });
  },
});

/** Whether the service saw what was measured; an answer that is missing is a doubt. */
function judgeServer(
  declared: ServerParams | undefined,
  result: Measured,
  subject: string,
  say: Pick<Say<typeof runMessages>, 'unsure' | 'unknown' | 'refused' | 'show'>,
): void {
  if (!declared) return;
  const { server } = result;
  if (!server) return say.unknown(subject, 'what the service’s own histogram says');
  say.show(...serverEvidence(declared, server));
  for (const refusal of server.refusals) say.refused(refusal, subject);
  if (server.us === undefined) return;
  const why = disagreement(declared, result, server);
  if (why === null) return;
  if (server.us === null) say.unknown(subject, why);
  else say.unsure('unknown-value', `${subject}: ${why}.`, { subject });
}

/** Why the window is not one of the declared load. */
function windowDoubts(result: LoadResult, minRequests: number) {
  const cold = warmupDoubt(result);
  const due = wanted(result);
  const few = `${due} requests, at least ${minRequests} are needed. Let it run longer or at a higher rate.`;
  return [
    ...(cold === null ? [] : [{ reason: 'unknown-value', why: cold } as const]),
    ...(result.aborted === undefined
      ? []
      : [{ reason: 'too-few-samples', why: `ended early: ${result.aborted}.` } as const]),
    ...(due < minRequests ? [{ reason: 'too-few-samples', why: few } as const] : []),
  ];
}

const saturatedText = (result: LoadResult, saturated: string, limits: Parameters<typeof couldHold>[1]): string =>
  `${runName(result)}: ${saturated}; the figures are the generator's, not the service's. It could hold about ${couldHold(result, limits)} requests a second: lower the rate, or run it on a machine with nothing else to do.`;

interface Measured extends LoadResult {
  readonly discarded?: readonly string[];
  readonly server?: ServerSeen;
}

/** Held for so long where neither the item nor a profile says it. */
const PLAIN = { duration: '60s', warmup: '10s' } as const;

type Single = Partial<Parameters<typeof requestOf>[0]> & {
  readonly rate?: number;
  readonly duration?: string;
  readonly warmup?: string;
};

function singleRequest(params: Single) {
  const { endpoint: to, path, expect, rate, method = 'GET', headers = {} } = params;
  if (!to || path === undefined || !expect || rate === undefined)
    throw new ObservationError('misconfigured', 'neither a profile nor endpoint, path, expect and rate are given');
  const { duration = PLAIN.duration, warmup = PLAIN.warmup, json } = params;
  const times = { durationMs: durationMs(duration), warmupMs: durationMs(warmup) };
  return { ...requestOf({ endpoint: to, path, expect, method, headers, ...(json ? { json } : {}) }), rate, ...times };
}

const selectionOf = ({
  namespace,
  selector,
}: {
  readonly namespace: string;
  readonly selector: string | readonly string[];
}) => ({
  namespace,
  selectors: typeof selector === 'string' ? [selector] : selector,
});

const whatIsLoaded = ({ endpoint: to, path = '', profile }: Single & { readonly profile?: string }): string =>
  to ? serviceAt({ endpoint: to, path }) : `Load profile ${profile ?? ''}`;

interface Limits {
  readonly minAnswered: number;
  readonly minSuccess: number;
}

/** More were refused, reset or closed than may be lost: a slow generator cannot cause that. */
function turnedAway({ minAnswered }: Limits, result: LoadResult): boolean {
  const { timeout = 0 } = result.lostBy ?? {};
  return (result.lost - timeout) / wanted(result) > 1 - minAnswered;
}

/** Does the run show something that no generator, however slow, can cause? Then it counts. */
function isCertain(limits: Limits, result: LoadResult): boolean {
  const { answered } = result;
  if (answered === 0) return wanted(result) > 0;
  return successes(result) / answered < limits.minSuccess || turnedAway(limits, result);
}

function carried(minAnswered: number, result: LoadResult) {
  const due = wanted(result);
  const unsent = due - result.sent;
  const how = [
    ...Object.entries(result.lostBy ?? {}).map(([name, count]) => `${count} ${name}`),
    ...(unsent > 0 ? [`${unsent} found no connection in time`] : []),
  ].join(', ');
  const rate = result.declaredRate ?? 0;
  return { actual: percent(result.answered / due), due, rate, how, expected: percent(minAnswered) };
}

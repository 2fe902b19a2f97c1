import type { LoadResult } from '../../contract/load.ts';
import { duration, kubernetesName } from '../../contract/param-schemas.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import { kind, type Permission, type Say } from '../../kit/kind.ts';
import { mayList, PODS } from '../../protocols/kubernetes.ts';
import { minSuccessParam, percent, percentileOfSent, runEvidence, samplesNeeded, successes, wanted } from '../load.ts';
import { judgeAnswers, profileLoadOf, profileParams, runMessages } from '../run.ts';

const messages = {
  wrongAnswers: runMessages.wrongAnswers,
  noAnswer: {
    says: '{subject}: none of {due} requests was answered, expected answers.',
    fix: 'Check that the service runs and that the profile names its endpoint.',
  },
  tooManyErrors: {
    says: '{subject}: {actual} of {due} requests failed ({lost} never answered, {wrong} answered otherwise than expected), expected at most {expected}.',
    fix: 'See the status classes in the evidence and the logs of the service for the same minutes, and repair the cause.',
  },
  tooSlow: {
    says: '{subject}: {percentile} % of the requests took up to {actual}, expected at most {expected}.',
    fix: 'Look at the slowest requests of these minutes: CPU throttling, pool waits, database.',
  },
  thresholdCrossed: {
    says: '{subject}: the threshold of {metric} was crossed, expected the thresholds of the script to hold.',
    fix: 'See the metric in the output of k6 and repair its cause, or correct the threshold.',
  },
} as const;

export const loadByK6 = kind('load/k6', {
  title: 'The load is carried when k6 sends it, too',
  why: 'Two generators that share no code do not share a mistake; and teams have scripts for k6 already.',
  sees: [
    'The profile sent by k6 from golive’s own script, or a team’s script in TypeScript or JavaScript, with certificates verified.',
    'The raw output of k6: each request with its status and its time, waiting for a connection included; arrivals that it dropped are a doubt, as nobody knows whether k6 or the service was too slow.',
    'Where one machine is not enough the pods of a TestRun of the k6-operator: each of them ended, the raw outputs of all as one.',
    'Thresholds that the script declares, when they were crossed; that they held is no evidence.',
  ],
  not: ['Summaries that a script writes.', 'How late k6 began a request: it does not say.'],
  needs: ['load'],
  changes: 'load',
  params: {
    ...profileParams,
    script: {
      type: 'string',
      minLength: 1,
      description: 'A script of the team in place of a profile, relative to the project.',
    },
    endpoint: {
      type: 'string',
      minLength: 1,
      default: 'public',
      description: 'Endpoint of the environment whose URL the script finds in BASE_URL.',
    },
    testRun: {
      type: 'object',
      additionalProperties: false,
      required: ['namespace', 'parallelism'],
      description: 'Pods of the k6-operator that share the load, where one machine is not enough.',
      properties: {
        namespace: kubernetesName('Namespace in which they run.'),
        parallelism: { type: 'integer', minimum: 1, maximum: 500, description: 'How many pods.' },
        image: { type: 'string', minLength: 1, default: 'grafana/k6:1.1.0', description: 'Image of k6.' },
      },
    },
    maxErrors: {
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 1,
      default: 0.01,
      description: 'Share of the requests, 0 to 1, that may fail.',
    },
    percentile: {
      type: 'number',
      enum: [50, 75, 90, 95, 97.5, 99, 99.9],
      default: 95,
      description: 'Percentile of the latency that is judged.',
    },
    maxLatency: duration('What that percentile may be at most.', '2s'),
    minSuccess: minSuccessParam,
    maxGeneratorCpu: {
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 1,
      default: 0.95,
      description: 'Share of all cores of this machine, 0 to 1, from which k6 counts as saturated.',
    },
  },
  rules: {
    oneOf: [
      { required: ['profile'] },
      { required: ['script'], not: { anyOf: [{ required: ['profile'] }, { required: ['testRun'] }] } },
    ],
  },
  messages,
  rights: ({ testRun }) => (testRun ? rightsOf(testRun.namespace) : []),

  async gather(params, { load }, context) {
    const requestTimeoutMs = durationMs(params.requestTimeout);
    const { profile, script, endpoint } = params;
    context.progress(`k6 on ${script ?? profile ?? ''}`);
    if (script !== undefined) return await load.k6({ script, endpoint, requestTimeoutMs });
    const { testRun } = params;
    return await load.k6({ profile: profileLoadOf(params), requestTimeoutMs, ...(testRun ? { testRun } : {}) });
  },

  judge(params, result, say) {
    const subject = `k6 run ${result.item} on ${result.url}`;
    const { sent, answered, k6 } = result;
    const dropped = wanted(result) - sent;
    say.judged(subject);
    say.show(...runEvidence(result));
    if (sent > 0 && answered === 0) return say.fail('noAnswer', subject, { due: sent });
    if (dropped > wanted(result) * MAX_DROPPED)
      say.unsure('generator-saturated', droppedText(subject, dropped, result), { subject });
    judgeAnswers(subject, result, params.minSuccess, say);
    judgeErrors(params, result, subject, say);
    judgeLatency(params, result, subject, say);
    for (const metric of k6?.crossed ?? []) say.fail('thresholdCrossed', subject, { metric });
    if (k6 === undefined) return say.unknown(subject, 'how k6 ended');
    if (k6.exitCode === 99 && k6.crossed.length === 0)
      say.fail('thresholdCrossed', subject, { metric: 'a metric that k6 does not name' });
    const { cpu } = result.generator;
    if (cpu >= params.maxGeneratorCpu)
      say.unsure('generator-saturated', `${subject}: k6 used ${percent(cpu)} of all cores; its figures are its own.`, {
        subject,
      });
  },
});

/** To run the load in pods: what it makes is removed again. */
const rightsOf = (namespace: string): Permission[] => [
  { namespace, groups: ['k6.io'], resources: ['testruns'], verbs: ['create', 'get', 'delete'] },
  { namespace, groups: [''], resources: ['configmaps', 'secrets'], verbs: ['create', 'get', 'delete'] },
  ...mayList([PODS], namespace),
  { namespace, groups: [''], resources: ['pods/log'], verbs: ['get'] },
];

type OwnSay = Say<typeof messages>;
interface Bounds {
  readonly maxErrors: number;
  readonly percentile: number;
  readonly maxLatency: string;
}

function judgeErrors({ maxErrors }: Bounds, result: LoadResult, subject: string, say: OwnSay): void {
  const due = result.sent;
  if (due > 0 && failedShare(result) > maxErrors) say.fail('tooManyErrors', subject, errorsOf(result, maxErrors));
  else if (due < Math.ceil(10 / maxErrors))
    say.unsure('too-few-samples', fewText(subject, due, `a bound of ${percent(maxErrors)}`, 10 / maxErrors), {
      subject,
    });
}

function judgeLatency({ percentile, maxLatency }: Bounds, result: LoadResult, subject: string, say: OwnSay): void {
  const due = result.sent;
  const us = percentileOfSent(result, percentile);
  if (due > 0 && us > durationMs(maxLatency) * 1000)
    say.fail('tooSlow', subject, { percentile, actual: latencyText(us), expected: maxLatency });
  else if (due < samplesNeeded(percentile))
    say.unsure('too-few-samples', fewText(subject, due, `P${percentile}`, samplesNeeded(percentile)), { subject });
}

/** More of the arrivals than this were not sent: then the rate was another one. */
const MAX_DROPPED = 0.01;

const droppedText = (subject: string, dropped: number, result: LoadResult): string =>
  `${subject}: k6 dropped ${dropped} of ${wanted(result)} arrivals, as none of its ${result.connections} users was free: the load was not offered. Raise maxConnections, or see what the users waited for.`;

/** Of those that were sent. */
const failedShare = (result: LoadResult): number => 1 - successes(result) / Math.max(1, result.sent);

function errorsOf(result: LoadResult, maxErrors: number) {
  const { answered, sent } = result;
  return {
    actual: percent(failedShare(result)),
    due: sent,
    lost: sent - answered,
    wrong: answered - successes(result),
    expected: percent(maxErrors),
  };
}

const latencyText = (us: number): string => (Number.isFinite(us) ? formatMs(us / 1000) : 'for ever');

const fewText = (subject: string, due: number, what: string, needed: number): string =>
  `${subject}: ${due} requests, ${what} needs at least ${Math.ceil(needed)}. Let it run longer or at a higher rate.`;

import type { LoadResult } from '../../contract/load.ts';
import { duration, endpoint } from '../../contract/param-schemas.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import { table } from '../../kit/evidence.ts';
import { kind, type Evidence } from '../../kit/kind.ts';
import {
  answersDoubt,
  errorRate,
  expectParam,
  generatorLimits,
  percent,
  percentileOfSent,
  requestParams,
  runEvidence,
  saturation as busyText,
} from '../load.ts';
import { judgeDown, requestOf, runMessages, serviceAt, unlessDown } from '../run.ts';

/** A step that gains less than this share is saturation. */
const GAIN = 0.05;
const { maxGeneratorCpu, maxGeneratorLag } = generatorLimits;

export const saturation = kind('load/saturation', {
  title: 'The service holds enough requests a second before it saturates',
  why: 'A service that carries the declared load and not a request more fails on the first good day.',
  sees: [
    'A closed loop by autocannon with more clients step by step, until more of them gain less than 5 %, or errors or P95 leave their bounds.',
    'The highest throughput of a step within both bounds: 2xx answers, as expected, that came inside its window.',
    'Connections that the server closed, each latency in µs, and time-outs, which autocannon’s own summary leaves out or rounds away.',
  ],
  not: ['That this rate can be held for hours.', 'Other requests than this one.'],
  needs: ['load'],
  changes: 'load',
  required: ['endpoint', 'path', 'expect', 'min'],
  params: {
    endpoint,
    ...requestParams,
    expect: expectParam,
    min: { type: 'number', exclusiveMinimum: 0, description: 'Successful answers a second that it must hold.' },
    maxErrors: {
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 1,
      default: 0.01,
      description: 'Share of the requests of a step, 0 to 1, that may fail.',
    },
    maxP95: duration('Within which 95 % of the requests of a step must be answered.', '2s'),
    clients: {
      type: 'array',
      minItems: 2,
      maxItems: 12,
      items: { type: 'integer', minimum: 1, maximum: 10_000 },
      default: [16, 32, 64, 128, 256],
      description: 'Clients at once in each step; each sends its next request when the last was answered.',
    },
    duration: duration('How long each step is measured.', '15s'),
    warmup: duration('How long load runs before each step is measured.', '2s'),
    requestTimeout: duration('A request without an answer for this long is lost; at least 1s.', '10s'),
    workers: {
      type: 'integer',
      minimum: 1,
      maximum: 64,
      default: 1,
      description: 'Threads that send: more than one where a single core cannot saturate the service.',
    },
    minRequests: {
      type: 'integer',
      minimum: 1,
      default: 200,
      description: 'Requests without which a step is too small to judge; 200 are needed for a P95.',
    },
    maxGeneratorCpu,
    maxGeneratorLag,
  },
  messages: {
    down: runMessages.down,
    noAnswer: {
      says: '{subject}: none of {sent} requests was answered, expected answers.',
      fix: 'Check that the service runs and that the URL is the one it answers at.',
    },
    tooLow: {
      says: '{subject}: saturates at {actual} successful answers a second with {clients} clients ({why}), expected at least {expected}.',
      fix: 'Find the bottleneck (CPU of the pods, connection pool, database) or add replicas, then run it again.',
    },
    notHeld: {
      says: '{subject}: even {clients} clients saw {errors} of the requests fail and 95 % take up to {p95}, expected at most {maxErrors} and {maxP95}.',
      fix: 'Find why so few clients are too many: a pool that is too small, a slow dependency, pods that are not ready.',
    },
  },

  async gather(params, { load }, context) {
    const request = requestOf(params);
    return await unlessDown(async () => {
      const steps: LoadResult[] = [];
      for (const clients of params.clients) {
        context.progress(`${clients} clients on ${request.url} for ${params.duration}`);
        const step = await load.closed({
          ...request,
          connections: clients,
          durationMs: durationMs(params.duration),
          warmupMs: durationMs(params.warmup),
          requestTimeoutMs: durationMs(params.requestTimeout),
          workers: params.workers,
          record: false,
        });
        const best = Math.max(0, ...steps.map(throughput));
        steps.push(step);
        if (!isHeld(params, step) || throughput(step) < best * (1 + GAIN)) break;
      }
      return { steps };
    });
  },

  judge(params, seen, say) {
    const subject = serviceAt(params);
    if ('up' in seen) return judgeDown(subject, seen, say);
    const { min, minRequests } = params;
    const { steps } = seen;
    const [first] = steps;
    say.judged(subject);
    const best = bestOf(params, steps);
    say.show(...evidenceOf(params, steps, best));
    const enough = best !== undefined && throughput(best) >= min && best.sent >= minRequests;
    const doubt = enough ? unseenDoubt(best) : doubtOf(params, steps, best);
    if (doubt !== null) return say.unsure(doubt.reason, `${subject}: ${doubt.why}`, { subject });
    if (enough || !first) return;
    if (first.answered === 0) return say.fail('noAnswer', subject, { sent: first.sent });
    if (!best) return say.fail('notHeld', subject, figuresOf(params, first));
    const [actual, clients] = [throughput(best).toFixed(0), best.connections];
    say.fail('tooLow', subject, { actual, clients, why: whyEnded(params, steps, best) ?? '', expected: min });
  },
});

interface Bounds {
  readonly maxErrors: number;
  readonly maxP95: string;
}
interface Given extends Bounds {
  readonly min: number;
  readonly minRequests: number;
  readonly maxGeneratorCpu: number;
  readonly maxGeneratorLag: string;
}
interface Unsure {
  readonly reason: 'unknown-value' | 'too-few-samples' | 'generator-saturated';
  readonly why: string;
}

/** The step with the highest throughput of those within both bounds. */
function bestOf(bounds: Bounds, steps: readonly LoadResult[]): LoadResult | undefined {
  return steps
    .filter((step) => isHeld(bounds, step))
    .reduce<LoadResult | undefined>(
      (top, step) => (top && throughput(top) >= throughput(step) ? top : step),
      undefined,
    );
}

function unseenDoubt(best: LoadResult): Unsure | null {
  const why = answersDoubt(best);
  return why === null ? null : { reason: 'unknown-value', why };
}

/** Why too little was held says nothing of the service; null where it does. */
function doubtOf(params: Given, steps: readonly LoadResult[], best: LoadResult | undefined): Unsure | null {
  const [first] = steps;
  if (!first || first.sent === 0)
    return { reason: 'too-few-samples', why: 'nothing was sent. Let each step run longer.' };
  if (first.answered === 0) return null;
  const busy = steps.map((step) => busyText(step, { ...params, maxLateStarts: 1 })).find((why) => why !== null);
  const held = (best ? throughput(best) : 0).toFixed(0);
  // What failed or was slow with a tired generator may be the generator's; what was answered was answered.
  if (busy !== undefined)
    return {
      reason: 'generator-saturated',
      why: `held ${held} successful answers a second, but ${busy}: the service may be able to do more. Give the generator more workers, or a machine of its own.`,
    };
  if (!best) return null;
  if (best.sent < params.minRequests)
    return {
      reason: 'too-few-samples',
      why: `${best.sent} requests in the best step, at least ${params.minRequests} are needed. Let each step run longer.`,
    };
  if (whyEnded(params, steps, best) !== null) return null;
  return {
    reason: 'too-few-samples',
    why: `${best.connections} clients got ${held} successful answers a second and more clients would get more. Add steps to clients.`,
  };
}

function evidenceOf(params: Given, steps: readonly LoadResult[], best: LoadResult | undefined): readonly Evidence[] {
  const all = stepsEvidence(steps, (step) => isHeld(params, step));
  if (!best) return all;
  return [
    ...all,
    ...runEvidence(best),
    {
      type: 'value',
      title: 'Successful answers a second, at most',
      value: throughput(best),
      unit: 'requests/s',
      bound: { comparison: '>=', value: params.min },
    },
  ];
}

/** Answered rightly inside the window, a second. */
function throughput({ completed = 0, durationMs: ms }: LoadResult): number {
  return ms > 0 ? (completed * 1000) / ms : 0;
}

function isHeld({ maxErrors, maxP95 }: Bounds, step: LoadResult): boolean {
  return errorRate(step) <= maxErrors && percentileOfSent(step, 95) <= durationMs(maxP95) * 1000;
}

/** Why more clients would gain nothing; null where they might. */
function whyEnded(bounds: Bounds, steps: readonly LoadResult[], best: LoadResult): string | null {
  const last = steps.at(-1);
  if (!last) return null;
  if (!isHeld(bounds, last))
    return `with ${last.connections} clients ${percent(errorRate(last))} of the requests failed and 95 % took up to ${p95Text(last)}`;
  const before = Math.max(0, ...steps.slice(0, -1).map(throughput));
  if (steps.length > 1 && throughput(last) < before * (1 + GAIN))
    return `${last.connections} clients got ${throughput(last).toFixed(0)}, less than 5 % more than ${best.connections === last.connections ? 'the step before' : `${best.connections} clients`}`;
  return null;
}

function figuresOf({ maxErrors, maxP95 }: Bounds, step: LoadResult) {
  const [errors, p95] = [percent(errorRate(step)), p95Text(step)];
  return { clients: step.connections, errors, p95, maxErrors: percent(maxErrors), maxP95 };
}

function p95Text(step: LoadResult): string {
  const us = percentileOfSent(step, 95);
  return Number.isFinite(us) ? formatMs(us / 1000) : 'for ever';
}

function stepsEvidence(steps: readonly LoadResult[], held: (step: LoadResult) => boolean) {
  return [
    table(
      'Steps',
      ['clients', 'answers a second', 'failed', 'P95', 'within the bounds', 'generator CPU'],
      steps.map((step) => [
        step.connections,
        Number(throughput(step).toFixed(1)),
        percent(errorRate(step)),
        p95Text(step),
        held(step) ? 'yes' : 'no',
        percent(step.generator.cpu),
      ]),
    ),
  ];
}

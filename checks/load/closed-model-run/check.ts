import { duration, endpoint } from '../../contract/param-schemas.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import { kind } from '../../kit/kind.ts';
import {
  expectParam,
  generatorLimits,
  minSuccessParam,
  requestParams,
  runEvidence,
  runName,
  saturation,
} from '../load.ts';
import { judgeAnswers, judgeDown, judgeSilence, requestOf, runMessages, serviceAt, unlessDown } from '../run.ts';

export const closedModelRun = kind('load/closed-model-run', {
  title: 'The service answered a load run throughout',
  why: 'What holds for one request may not hold for fifty at once; other items judge the figures this run leaves.',
  sees: [
    'A closed loop of so many clients, warm-up left out: requests sent, answered and lost, and exact latencies.',
    'Each 2xx answer held against what is expected of it; one that is something else, a maintenance page, is a failure.',
    'Answers to every client and in each second.',
    'Whether the generator was the bottleneck.',
  ],
  not: ['How the service fares when requests arrive faster than it answers.'],
  needs: ['load'],
  changes: 'load',
  required: ['endpoint', 'path', 'expect'],
  params: {
    endpoint,
    ...requestParams,
    expect: expectParam,
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
  messages: {
    ...runMessages,
    noAnswer: {
      says: '{subject}: none of {sent} requests was answered, expected answers.',
      fix: 'Check that the service runs and that the URL is the one it answers at.',
    },
    starved: {
      says: '{subject}: {silent} of {connections} clients got no answer at all, expected all of them to be served.',
      fix: 'Find what keeps them waiting: a limit on connections, a full accept queue, a proxy that holds them back.',
    },
  },

  async gather(params, { load }, context) {
    const [warmupMs, measuredMs] = [durationMs(params.warmup), durationMs(params.duration)];
    const { connections } = params;
    const request = requestOf(params);
    context.progress(`${connections} clients on ${request.url} for ${formatMs(warmupMs + measuredMs)}`);
    return await unlessDown(() => load.closed({ ...request, connections, durationMs: measuredMs, warmupMs }));
  },

  judge(params, result, say) {
    if ('up' in result) return judgeDown(serviceAt(params), result, say);
    const subject = runName(result);
    const { sent, answered, connections, silentConnections: silent = 0 } = result;
    say.judged(subject);
    say.show(...runEvidence(result));
    if (sent > 0 && answered === 0) say.fail('noAnswer', subject, { sent });
    judgeAnswers(subject, result, params.minSuccess, say);
    // In a closed loop the clients that are served hide those that wait: they send little and are hardly counted as lost.
    if (answered > 0 && silent > 0) say.fail('starved', subject, { silent, connections });
    if (answered > 0) judgeSilence(subject, result, say);
    const saturated = saturation(result, params);
    if (saturated !== null)
      say.unsure(
        'generator-saturated',
        `${subject}: ${saturated}; the figures are the generator's, not the service's. Use fewer connections or another machine.`,
      );
    else if (answered < params.minAnswered)
      say.unsure(
        'too-few-samples',
        `${subject}: ${answered} answers, at least ${params.minAnswered} are needed. Let it run longer or with more connections.`,
      );
  },
});

/**
 * Results of autocannon (`--json`). It knows no bounds, so nothing in it passes or fails. At a rate it corrects its percentiles by samples that
 * it makes up, one for each millisecond below a slow answer: they are of the answers only where it counts as many latencies as answers.
 */
import { at, isRecord, numberAt, textAt } from '../../../contract/json.ts';
import { latestMoment, type Results, type ResultsDoubt } from './types.ts';

/** Whether parsed JSON is a result of autocannon. */
export const isAutocannon = (value: unknown): boolean =>
  isRecord(at(value, 'latency')) && isRecord(at(value, 'requests')) && at(value, 'non2xx') !== undefined;

export function readAutocannon(value: unknown): Results {
  const seconds = numberAt(value, 'duration');
  const ranAt = latestMoment(textAt(value, '', 'start'));
  return {
    format: 'autocannon result',
    tests: [],
    commits: [],
    ...(ranAt === undefined ? {} : { ranAt }),
    ...(Number.isFinite(seconds) ? { durationMs: seconds * 1000 } : {}),
    doubts: [
      ...inventedSamples(value),
      { reason: 'unknown-value', why: 'it holds figures and no bound for any of them' },
    ],
  };
}

function inventedSamples(value: unknown): readonly ResultsDoubt[] {
  const counted = numberAt(at(value, 'latency'), 'totalCount');
  const answers = numberAt(at(value, 'requests'), 'total');
  if (counted === answers) return [];
  const what = Number.isFinite(counted) ? `${counted} latencies` : 'an unknown number of latencies';
  return [
    {
      reason: 'unknown-value',
      why: `its percentiles are not of the answers: ${what} for ${answers} answers. Run it with ignoreCoordinatedOmission, or without a rate`,
    },
  ];
}

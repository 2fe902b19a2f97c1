import { describe, expect, it } from 'vitest';
import type { ProbeRecord } from '../contract/cutover.ts';
import { badlyServedBy, errorRateOfNew, type NewRelease } from './new-release.ts';

const NEW: NewRelease = { version: '2.0.0', share: 0.05 };
type Told = Partial<ProbeRecord>;
const lost: Told = { outcome: 'failed', version: null };
const stable: Told = { version: '1.0.0' };
const own: Told = { version: '2.0.0' };

/** One a millisecond: so many of each, in any order. */
function probes(...groups: readonly (readonly [count: number, told: Told])[]): ProbeRecord[] {
  return groups
    .flatMap(([count, told]) => Array.from({ length: count }, () => told))
    .map((told, index) => ({ at: index, ms: 3, outcome: 'ok', version: null, ...told }));
}
const rateOf = (records: readonly ProbeRecord[], release = NEW) => errorRateOfNew(records, release, 0, 1e6);

describe('the error rate of the new release', () => {
  it('counts what it answered', () => {
    expect(rateOf(probes([950, stable], [40, own], [10, { ...own, outcome: 'failed' }]))).toEqual({
      value: 0.2,
      samples: 50,
    });
    expect(rateOf(probes([1000, stable]))).toEqual({ value: null, samples: 0 });
    expect(rateOf([])).toEqual({ value: null, samples: 0 });
  });
  it('puts failures without a name down to it where it answers nobody', () => {
    expect(rateOf(probes([950, stable], [50, lost]))).toEqual({ value: 1, samples: 50 });
    // Half of its requests.
    expect(rateOf(probes([2850, stable], [75, own], [75, lost]))).toEqual({ value: 0.5, samples: 150 });
  });
  it('puts no more down to it than it lacks', () => {
    // The gateway loses a tenth of everybody: 50 of these requests were to be its own.
    expect(rateOf(probes([850, stable], [150, lost]))).toEqual({ value: 1, samples: 50 });
  });
  it('leaves it alone where its share is as it should be', () => {
    const records = probes([900, stable], [48, own], [52, lost]);
    expect(rateOf(records)).toEqual({ value: 0, samples: 48 });
    // By chance a little less than its share, of few.
    expect(rateOf(probes([97, stable], [2, own], [1, lost]))).toEqual({ value: 0, samples: 2 });
  });
  it('takes every failure for its own where it serves everybody', () => {
    expect(rateOf(probes([990, own], [10, lost]), { ...NEW, share: 1 })).toEqual({ value: 0.01, samples: 1000 });
  });
  it('counts neither what is under way nor what another release failed', () => {
    const waiting = probes([950, stable], [50, { outcome: 'under-way', ms: null }]);
    expect(rateOf(waiting)).toEqual({ value: null, samples: 0 });
    expect(rateOf(probes([900, stable], [50, own], [50, { ...stable, outcome: 'failed' }])).value).toBe(0);
  });
  it('looks at its window alone', () => {
    const records = probes([950, stable], [50, lost]);
    expect(errorRateOfNew(records, NEW, 0, 950)).toEqual({ value: null, samples: 0 });
    // It counts those that were over after its begin, as every metric does.
    expect(errorRateOfNew(records, { ...NEW, share: 1 }, 963, 1000)).toEqual({ value: 1, samples: 40 });
  });
});

describe('requests served badly beyond doubt', () => {
  const errors = { metric: 'error-rate', threshold: 0.05 } as const;
  const slow = { metric: 'p95', threshold: 500 } as const;
  const badOf = (rule: Parameters<typeof badlyServedBy>[0], records: readonly ProbeRecord[]) =>
    badlyServedBy(rule, records, NEW, 0, 1e6);

  it('are told with their interval', () => {
    const bad = badOf(errors, probes([285, stable], [15, lost]));
    expect(bad).toMatchObject({ bad: 15, of: 15, lost: 15, high: 1 });
    expect(bad?.low).toBeCloseTo(15 / (15 + 3.2905 ** 2), 6);
    expect(badOf(errors, probes([285, stable], [15, { ...own, outcome: 'failed' }]))).toMatchObject({
      bad: 15,
      lost: 0,
    });
    expect(badOf(slow, probes([285, stable], [15, { ...own, ms: 900 }]))).toMatchObject({ bad: 15, of: 15, lost: 0 });
  });
  it('are none while chance could do it', () => {
    expect(badOf(errors, probes([285, stable], [13, own], [2, { ...own, outcome: 'failed' }]))).toBeNull();
    expect(badOf(slow, probes([285, stable], [13, own], [2, { ...own, ms: 900 }]))).toBeNull();
    expect(badOf(errors, probes([300, stable]))).toBeNull();
    expect(badOf(errors, [])).toBeNull();
  });
  it('are none at the threshold, and none of a service', () => {
    expect(badOf(slow, probes([285, stable], [15, { ...own, ms: 500 }]))).toBeNull();
    expect(badOf({ metric: 'critical-service', threshold: 0 }, probes([300, lost]))).toBeNull();
  });
});

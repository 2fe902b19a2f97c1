import { describe, expect, it } from 'vitest';
import type { ProbeRecord, TriggerPoint, TriggerState } from '../contract/cutover.ts';
import { errorRateOf, evaluate, increaseOf, nearestRank, p95Of, worstOf, type LastEvaluation } from './triggers.ts';

const rule = { threshold: 0.05, forMs: 120_000, minSamples: 50, onNoData: 'hold' } as const;
const STEP_MS = 15_000;

/** States over values, evaluated every 15 s. */
function statesOf(
  values: readonly (number | null)[],
  of: Partial<typeof rule> | object = {},
  samples = 1000,
): string[] {
  return runOver(
    values.map((value, index) => ({ at: index * STEP_MS, value, samples })),
    of,
  );
}
function runOver(points: readonly TriggerPoint[], of: object = {}, maxGapMs?: number): string[] {
  const states: TriggerState[] = [];
  points.forEach((point, index) => {
    const before = points[index - 1];
    const last: LastEvaluation | undefined = maxGapMs !== undefined && before ? { at: before.at, maxGapMs } : undefined;
    states.push(evaluate({ ...rule, ...of }, states.at(-1) ?? { state: 'inactive' }, point, last));
  });
  return states.map(({ state }) => state);
}
const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);
const point = (at: number, value: number | null, samples = 1000): TriggerPoint => ({ at, value, samples });

describe('a trigger', () => {
  it('fires exactly when the breach has lasted', () => {
    expect(statesOf([0.01, ...times(10, 0.06), 0.01])).toEqual([
      'inactive',
      ...times(8, 'pending'),
      'firing',
      'firing',
      'inactive',
    ]);
    const first = evaluate(rule, { state: 'inactive' }, point(1000, 0.06));
    expect(first).toEqual({ state: 'pending', since: 1000, value: 0.06 });
    expect(evaluate(rule, first, point(120_999, 0.07))).toEqual({ state: 'pending', since: 1000, value: 0.07 });
    expect(evaluate(rule, first, point(121_000, 0.07))).toEqual({
      state: 'firing',
      since: 1000,
      firedAt: 121_000,
      value: 0.07,
    });
  });
  it('fires at once without a for', () => {
    expect(statesOf([0, 0.06, 0], { forMs: 0 })).toEqual(['inactive', 'firing', 'inactive']);
    expect(evaluate({ ...rule, forMs: 0 }, { state: 'inactive' }, point(7, 1))).toEqual({
      state: 'firing',
      since: 7,
      firedAt: 7,
      value: 1,
    });
  });
  it('keeps the time it fired at', () => {
    const firing: TriggerState = { state: 'firing', since: 0, firedAt: 120_000, value: 0.06 };
    expect(evaluate(rule, firing, point(135_000, 0.5))).toEqual({ ...firing, value: 0.5 });
  });
  it('does not fire at its threshold, nor for values that flap', () => {
    expect(new Set(statesOf(times(100, 0.05)))).toEqual(new Set(['inactive']));
    const flapping = times(20, [...times(8, 0.9), 0]).flat();
    expect(statesOf(flapping)).not.toContain('firing');
  });
  it('is on time by a clock that counts in fractions', () => {
    const first = evaluate({ ...rule, forMs: 0.2 }, { state: 'inactive' }, point(0.1, 1));
    expect(evaluate({ ...rule, forMs: 0.2 }, first, point(0.1 + 0.2 - 1e-12, 1)).state).toBe('firing');
  });

  it.each([null, Number.NaN, Infinity, -Infinity])('has no data by %s', (value) => {
    expect(statesOf([value])).toEqual(['no-data']);
    expect(statesOf(times(9, value), { onNoData: 'fail' })).toEqual([...times(8, 'pending'), 'firing']);
  });
  it('has no data by too few samples', () => {
    expect(statesOf([0.9], {}, 49)).toEqual(['no-data']);
    expect(statesOf([0], {}, 49)).toEqual(['no-data']);
    expect(statesOf([0], {}, Number.NaN)).toEqual(['no-data']);
    expect(statesOf([0], {}, 50)).toEqual(['inactive']);
    expect(statesOf([0.9], { forMs: 0, onNoData: 'fail' }, 0)).toEqual(['firing']);
  });
  it('holds without data, and begins anew after it', () => {
    const states = statesOf([...times(7, 0.9), null, ...times(9, 0.9)]);
    expect(states).toEqual([...times(7, 'pending'), 'no-data', ...times(8, 'pending'), 'firing']);
    const since = evaluate(rule, { state: 'no-data', since: 5 }, point(9, null));
    expect(since).toEqual({ state: 'no-data', since: 5 });
  });
  it('takes no data for a breach where it is told to', () => {
    expect(statesOf([...times(4, 0.9), ...times(5, null)], { onNoData: 'fail' }).at(-1)).toBe('firing');
    expect(statesOf([null, null, 0], { onNoData: 'fail' })).toEqual(['pending', 'pending', 'inactive']);
  });
  it('goes on firing until something says that it is over', () => {
    expect(statesOf([0.9, null, null, 0.01], { forMs: 0 })).toEqual(['firing', 'firing', 'firing', 'inactive']);
  });

  it('begins anew after a gap', () => {
    const points = [0, 15, 30, 100, 115, 130, 145, 160, 175, 190, 205, 220].map((s) => point(s * 1000, 0.9));
    expect(runOver(points, {}, 45_000)).toEqual([...times(11, 'pending'), 'firing']);
    expect(runOver(points, {}).indexOf('firing')).toBe(points.findIndex(({ at }) => at >= 120_000));
    expect(runOver(points, { forMs: 0 }, 45_000)).toEqual(times(12, 'firing'));
  });
  it('begins anew when the clock went back, and loses no time that is', () => {
    const pending: TriggerState = { state: 'pending', since: 100_000, value: 1 };
    expect(evaluate(rule, pending, point(40_000, 1))).toEqual({ state: 'pending', since: 40_000, value: 1 });
    const last = { at: 150_000, maxGapMs: 45_000 };
    expect(evaluate(rule, pending, point(149_000, 1), last)).toEqual({ state: 'pending', since: 149_000, value: 1 });
    expect(evaluate(rule, { state: 'no-data', since: 50 }, point(9, null))).toEqual({ state: 'no-data', since: 9 });
  });
  it('does not move without a time', () => {
    const pending: TriggerState = { state: 'pending', since: 0, value: 1 };
    expect(evaluate(rule, pending, point(Number.NaN, 0))).toBe(pending);
  });
});

const ok = (at: number, ms: number): ProbeRecord => ({ at, ms, outcome: 'ok', version: '1' });
const failed = (at: number, ms: number | null): ProbeRecord => ({ at, ms, outcome: 'failed', version: null });
const underWay = (at: number): ProbeRecord => ({ at, ms: null, outcome: 'under-way', version: null });

describe('the error rate', () => {
  it('is the share that failed', () => {
    const probes = [...times(18, ok(5, 1)), failed(6, 1), failed(9, null)];
    expect(errorRateOf(probes, 0, 10)).toEqual({ value: 0.1, samples: 20 });
  });
  it('of nothing is none', () => {
    expect(errorRateOf([], 0, 10)).toEqual({ value: null, samples: 0 });
    expect(errorRateOf([underWay(5)], 0, 10)).toEqual({ value: null, samples: 0 });
  });
  it('counts what lived in the window', () => {
    const probes = [ok(0, 5), ok(9, 0.5), ok(10, 1), ok(19, 100), ok(20, 1), failed(21, 1), failed(1, null)];
    expect(errorRateOf(probes, 10, 20)).toEqual({ value: 0, samples: 2 });
  });
  it('sees time-outs longer than the window', () => {
    const hanging = [failed(0, 10_000), failed(100, 10_000)];
    expect(errorRateOf(hanging, 9500, 10_500)).toEqual({ value: 1, samples: 2 });
  });
});

describe('P95', () => {
  it('is by nearest rank', () => {
    const numbers = Array.from({ length: 20 }, (_, index) => 20 - index);
    expect(nearestRank(numbers, 95)).toBe(19);
    expect(nearestRank([7], 95)).toBe(7);
    expect(nearestRank([], 95)).toBeNull();
    expect(
      nearestRank(
        Array.from({ length: 100 }, (_, index) => index + 1),
        95,
      ),
    ).toBe(95);
    expect(
      p95Of(
        numbers.map((ms) => ok(100, ms)),
        0,
        200,
        200,
      ),
    ).toEqual({ value: 19, samples: 20 });
  });
  it('counts failed requests with their time', () => {
    expect(p95Of([ok(1, 5), failed(1, 10_000)], 0, 20_000, 20_000)).toEqual({ value: 10_000, samples: 2 });
  });
  it('counts one under way with its age', () => {
    const probes = [...times(90, ok(9000, 10)), ...times(10, underWay(4000))];
    expect(p95Of(probes, 8000, 10_000, 10_000)).toEqual({ value: 6000, samples: 100 });
  });
  it('is not pulled down by young ones', () => {
    const slow = times(20, ok(5000, 3000));
    const young = times(500, underWay(9_990));
    expect(p95Of([...slow, ...young], 5000, 10_000, 10_000)).toEqual({ value: 3000, samples: 20 });
  });
  it('sees a server that hangs, whoever was answered before', () => {
    const probes = [ok(5000, 5), ok(5001, 5), ...times(198, underWay(5100))];
    expect(p95Of(probes, 5000, 10_000, 10_000)).toEqual({ value: 4900, samples: 200 });
    expect(p95Of(times(60, underWay(1000)), 5000, 10_000, 10_000)).toEqual({ value: 9000, samples: 60 });
  });
  it('takes a time that cannot be for none', () => {
    expect(
      p95Of(
        [
          { ...ok(5, 1), ms: Number.NaN },
          { ...ok(5, 1), ms: -1 },
        ],
        0,
        10,
        10,
      ),
    ).toEqual({
      value: 5,
      samples: 2,
    });
    expect(p95Of([], 0, 10, 10)).toEqual({ value: null, samples: 0 });
    expect(p95Of([underWay(8)], 0, 10, 5)).toEqual({ value: 0, samples: 1 });
  });
});

describe('the increase of a counter', () => {
  it('is what it grew by', () => {
    expect(
      increaseOf([
        [0, 10],
        [15, 12],
        [30, 20],
      ]),
    ).toBe(10);
    expect(
      increaseOf([
        [0, 10],
        [15, 10],
      ]),
    ).toBe(0);
  });
  it('goes through resets', () => {
    expect(
      increaseOf([
        [0, 100],
        [15, 110],
        [30, 3],
        [45, 10],
        [60, 0],
        [75, 1],
      ]),
    ).toBe(21);
  });
  it('needs two samples', () => {
    expect(increaseOf([])).toBeNull();
    expect(increaseOf([[0, 10]])).toBeNull();
    expect(
      increaseOf([
        [0, 10],
        [15, Number.NaN],
      ]),
    ).toBeNull();
  });
  it('skips what is no number, in whatever order they come', () => {
    expect(
      increaseOf([
        [30, 20],
        [0, 10],
        [15, Number.NaN],
        [20, Infinity],
      ]),
    ).toBe(10);
  });
});

describe('the worst of several', () => {
  const all = { value: 0.05, samples: 1000 };
  it('is the highest that has enough samples', () => {
    expect(worstOf([all, { value: 1, samples: 50 }], 50)).toEqual({ value: 1, samples: 50 });
    expect(worstOf([all, { value: 0.01, samples: 50 }], 50)).toEqual(all);
    expect(worstOf([{ value: null, samples: 0 }, all], 50)).toEqual(all);
  });
  it('does not go by a few, nor by nothing', () => {
    expect(worstOf([all, { value: 1, samples: 49 }, { value: null, samples: 60 }], 50)).toEqual(all);
    expect(
      worstOf(
        [
          { value: null, samples: 0 },
          { value: 1, samples: 3 },
        ],
        50,
      ),
    ).toEqual({ value: null, samples: 0 });
  });
  it('shows a release that fails everybody at 5 % of the traffic', () => {
    const probes = [...times(950, ok(5, 1)), ...times(50, { ...failed(5, 1), version: '2' })];
    const own = probes.filter(({ version }) => version === '2');
    expect(errorRateOf(probes, 0, 10).value).toBe(0.05);
    expect(worstOf([errorRateOf(probes, 0, 10), errorRateOf(own, 0, 10)], 50)).toEqual({ value: 1, samples: 50 });
  });
});

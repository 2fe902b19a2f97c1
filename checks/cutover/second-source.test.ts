import { describe, expect, it } from 'vitest';
import type { ProbeRecord, SecondOpinion, TriggerRule } from '../contract/cutover.ts';
import {
  askEveryMs,
  AT_REST,
  combine,
  endedOver,
  nextStates,
  opinionOf,
  opinionText,
  secondSourceOf,
  standingOf,
  type BothStates,
  type Reading,
} from './second-source.ts';
import type { Measured } from './triggers.ts';

const QUERY = 'sum(rate(errors[${window}])) / sum(rate(requests[${window}]))';
const second = secondSourceOf({ query: QUERY, tolerance: 0.02 }, 60_000, 15_000);
const rule = {
  item: 'TRI',
  metric: 'error-rate',
  threshold: 0.05,
  forMs: 120_000,
  windowMs: 60_000,
  minSamples: 50,
  onNoData: 'hold',
  prometheus: second,
} as const satisfies TriggerRule;
const NOW = 1_000_000;

const reading = (value: number | null, at = NOW, why: string | null = null): Reading => ({ at, value, why });
const seen = (value: number | null, samples = 1000): Measured => ({ value, samples });
const opinion = (last: Reading | null, probed: Measured = seen(0.01)): SecondOpinion =>
  opinionOf(second, rule, last, { now: NOW, evaluatedEveryMs: 15_000, probed: () => probed });
const says = (value: number | null, probes: number | null = 0.01): SecondOpinion =>
  opinion(reading(value), seen(probes));

describe('what Prometheus is asked', () => {
  it('looks back over the window of the trigger wherever the query says so', () => {
    expect(second).toMatchObject({ windowMs: 60_000, query: 'sum(rate(errors[60s])) / sum(rate(requests[60s]))' });
  });
  it('never over fewer than four scrapes', () => {
    expect(secondSourceOf({ query: QUERY, tolerance: 0 }, 500, 1000)).toMatchObject({
      windowMs: 4000,
      query: 'sum(rate(errors[4s])) / sum(rate(requests[4s]))',
    });
    expect(secondSourceOf({ query: '[${window}]', tolerance: 0 }, 100, 125).query).toBe('[500ms]');
  });
  it('is asked no oftener than it can answer otherwise, or than anybody looks', () => {
    expect(askEveryMs({ scrapeIntervalMs: 1000 }, 125)).toBe(1000);
    expect(askEveryMs({ scrapeIntervalMs: 15_000 }, 30_000)).toBe(30_000);
  });
});

describe('the probes over the same stretch of time', () => {
  const probe = (at: number, ms: number | null, outcome: ProbeRecord['outcome'] = 'ok'): ProbeRecord => ({
    at,
    ms,
    outcome,
    version: null,
  });
  const probes = [
    probe(0, 100, 'failed'),
    probe(50, 60),
    probe(150, 10),
    probe(150, 50, 'failed'),
    probe(160, 41),
    probe(170, null, 'under-way'),
  ];
  it('are those whose requests ended in it', () => {
    // Ended at 100, 110, 160, 200, 201, and never.
    expect(endedOver('error-rate', probes)(100, 200)).toEqual({ value: 1 / 3, samples: 3 });
    expect(endedOver('p95', probes)(100, 200)).toEqual({ value: 60, samples: 3 });
    expect(endedOver('error-rate', probes)(50, 201)).toEqual({ value: 2 / 5, samples: 5 });
  });
  it('say nothing where none ended', () => {
    expect(endedOver('error-rate', probes)(500, 600)).toEqual({ value: null, samples: 0 });
    expect(endedOver('p95', probes)(500, 600)).toEqual({ value: null, samples: 0 });
  });
});

describe('Prometheus and the probes', () => {
  it('agree within the tolerance, and differ beyond it', () => {
    expect(says(0.01)).toEqual({ value: 0.01, probes: 0.01, verdict: 'agree', why: null });
    expect(says(0.03)).toMatchObject({ verdict: 'agree' });
    expect(says(0.031)).toEqual({ value: 0.031, probes: 0.01, verdict: 'differ', why: null });
    expect(says(0, 0.03)).toMatchObject({ verdict: 'differ' });
    expect(opinionText(rule, says(0.04))).toBe('the probes saw 1.0 %, Prometheus 4.0 %, more than 2.0 % apart');
  });

  it.each<[string, Reading | null, string]>([
    ['was never answered', null, 'it has not answered yet'],
    ['failed', reading(null, NOW, 'connection refused'), 'connection refused'],
    ['gave NaN', reading(Number.NaN), 'its value is no number'],
    ['gave no end', reading(Infinity), 'its value is no number'],
    ['answered too long ago', reading(0.01, NOW - 45_001), 'its last answer is 45.0 s old'],
  ])('has no data where it %s', (_, last, why) => {
    const missing = opinion(last);
    expect(missing).toEqual({ value: null, probes: 0.01, verdict: 'missing', why });
    expect(opinionText(rule, missing)).toBe(`the probes saw 1.0 %, Prometheus nothing (${why})`);
  });
  it('takes an answer that is just young enough', () => {
    expect(opinion(reading(0.01, NOW - 45_000)).verdict).toBe('agree');
  });
  it.each([seen(null, 0), seen(0.01, 49)])('cannot agree with probes that saw too little', (few) => {
    expect(opinion(reading(0.01), few)).toEqual({ value: 0.01, probes: null, verdict: 'missing', why: null });
  });

  describe('while a third of the requests begin to fail', () => {
    /** Failing since then; the share over any stretch. */
    const since = NOW - 30_000;
    const probed = (from: number, to: number): Measured =>
      seen((0.3 * Math.max(0, to - Math.max(from, since))) / (to - from));
    const lagging = (value: number) =>
      opinionOf(second, rule, reading(value), { now: NOW, evaluatedEveryMs: 15_000, probed });
    it('agree, whichever of its last scrapes Prometheus has', () => {
      // By samples from 60 s to 15 s ago, and from 45 s ago to now.
      for (const value of [0.3 * (15 / 45), 0.15, 0.3 * (30 / 45)])
        expect(lagging(value), String(value)).toMatchObject({ verdict: 'agree', probes: 0.15 });
    });
    it('differ where Prometheus sees what no stretch holds', () => {
      expect(lagging(0.07)).toMatchObject({ verdict: 'differ', probes: expect.closeTo(0.1) as number });
      expect(lagging(0.23)).toMatchObject({ verdict: 'differ', probes: expect.closeTo(0.2) as number });
    });
  });
});

describe('the value of a trigger with two sources', () => {
  const of = (own: Measured, second: SecondOpinion) => combine(rule, own, second).value;
  it('is the worse of both where they agree', () => {
    expect(of(seen(0.01), says(0.02))).toBe(0.02);
    expect(of(seen(0.03), says(0.02, 0.02))).toBe(0.03);
  });
  it('is a breach that only one of them sees', () => {
    expect(of(seen(0), says(0.4, 0))).toBe(0.4);
    expect(of(seen(0.4), says(0, 0.4))).toBe(0.4);
    expect(of(seen(0.4), opinion(null))).toBe(0.4);
    // Also with probes that saw too little: Prometheus counts all users.
    expect(combine(rule, seen(null, 0), says(0.4))).toEqual({ value: 0.4, samples: 50 });
  });
  it('is none where they differ, or one of them says nothing', () => {
    expect(of(seen(0), says(0.04, 0))).toBeNull();
    expect(of(seen(0.04), says(0, 0.04))).toBeNull();
    expect(of(seen(0.01), opinion(null))).toBeNull();
    expect(of(seen(0.01, 49), says(0.01))).toBeNull();
    expect(of(seen(null, 0), says(0.01))).toBeNull();
    expect(of(seen(Number.NaN), says(0.01))).toBeNull();
  });
});

describe('a trigger with two sources', () => {
  type Fed = readonly [probes: number | null, prometheus: number | null];
  const STEP_MS = 15_000;
  const run = (fed: readonly Fed[], of: Partial<TriggerRule> = {}): string[] => {
    const own = { ...rule, ...of, prometheus: of.prometheus ?? rule.prometheus };
    let states: BothStates = AT_REST;
    return fed.map(([probes, value], index) => {
      const at = index * STEP_MS;
      const known = seen(probes, probes === null ? 0 : 1000);
      const compared = { now: at, evaluatedEveryMs: STEP_MS, probed: () => known };
      const said = opinionOf(own.prometheus, own, reading(value, at), compared);
      states = nextStates(own, states, { at, own: known, opinion: said });
      return standingOf(states).state;
    });
  };
  const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);
  const GOOD: Fed = [0, 0];
  const fired = [...times(8, 'pending'), 'firing'];

  it.each<[string, Fed]>([
    ['both', [0.1, 0.1]],
    ['the probes alone', [0.1, 0]],
    ['the probes while Prometheus is away', [0.1, null]],
    ['Prometheus alone', [0, 0.1]],
    ['Prometheus while the probes see too little', [null, 0.1]],
  ])('fires by what %s see', (_, breach) => {
    expect(run([GOOD, ...times(9, breach), GOOD])).toEqual(['inactive', ...fired, 'inactive']);
  });
  it('fires by a breach that one source sees after the other', () => {
    expect(run([...times<Fed>(4, [0.1, 0]), ...times<Fed>(5, [0, 0.1])])).toEqual(fired);
  });
  it('knows nothing while they differ, and goes on when they agree again', () => {
    const differ: Fed = [0, 0.04];
    expect(run([GOOD, differ, differ, GOOD])).toEqual(['inactive', 'no-data', 'no-data', 'inactive']);
    expect(run([GOOD, [0, null], [0, Number.NaN], GOOD])).toEqual(['inactive', 'no-data', 'no-data', 'inactive']);
    expect(run(times(9, differ), { onNoData: 'fail' })).toEqual(fired);
    expect(run([...times<Fed>(8, [0, null]), GOOD], { onNoData: 'fail' })).toEqual([
      ...times(8, 'pending'),
      'inactive',
    ]);
  });
  it('does not take what a longer window remembers for what lasts', () => {
    const longer = secondSourceOf({ query: QUERY, tolerance: 0.02 }, 60_000, 30_000);
    const of = { prometheus: longer };
    // Four more evaluations, a minute: the two windows are 120 and 60 s long.
    expect(run(times<Fed>(13, [0, 0.1]), of)).toEqual([...times(12, 'pending'), 'firing']);
    // What the probes see needs no more time for it.
    expect(run(times<Fed>(9, [0.1, 0.1]), of)).toEqual(fired);
    expect(run([[0, 0.1]], { ...of, forMs: 0 })).toEqual(['firing']);
  });
});

/** A person at the wheel of a cutover: held, resumed, aborted, and what goes on meanwhile. */
import { describe, expect, it } from 'vitest';
import { cutoverStep } from '../checks/cutover/step/check.ts';
import { SETTINGS, type World } from './testing/world.ts';
import { at, reasonOf, worlds } from './testing/worlds.ts';

const world = worlds();
const ask = (one: World, say: 'hold' | 'resume' | 'abort', reason = 'Three calls at support'): void => {
  one.wheel = [...one.wheel, { id: `${one.wheel.length + 1}`, say, by: 'ada@desk', reason }];
};
/** No window has ended by the time that its split is proven. */
const SLOW = { ...SETTINGS, steps: SETTINGS.steps.map((step) => ({ ...step, watchMs: 2000 })), leastPatienceMs: 1000 };
/** Longer than a whole ladder of these tests. */
const LONG_MS = 4000;

describe.concurrent('a cutover that is held', () => {
  it('stays at its weight with no step done, watches on, and goes on when it is resumed', async () => {
    const one = world();
    const holding = (async () => {
      await at(one, 5, () => ask(one, 'hold'));
      await one.clock.wait(LONG_MS);
      const samples = one.of('sample').length;
      const before = { weight: one.weight, done: one.of('step-done').length, asked: one.asked.length };
      ask(one, 'resume', 'They were of another cause');
      return { ...before, samples };
    })();
    const [end, , held] = await Promise.all([one.run(SLOW), one.items(), holding]);
    expect(held).toMatchObject({ weight: 5, done: 0, asked: 1 });
    expect(held.samples).toBeGreaterThan(LONG_MS / SETTINGS.intervalMs / 2);
    expect(end).toBe('finished');
    expect(one.of('held')).toMatchObject([{ by: 'ada@desk', reason: 'Three calls at support', weight: 5 }]);
    expect(one.of('resumed')).toMatchObject([{ reason: 'They were of another cause', weight: 5 }]);
    const item = 'MIG-5';
    const params = { cutover: 'ROU', weight: 5, watch: '2s', proveWithin: '1m', minSamples: 1, maxGap: 1 };
    const judged = cutoverStep.judge(params, { item, events: one.events }, { now: new Date() });
    expect(judged).toMatchObject({ outcome: 'pass' });
  });

  it('begins no step while it is held between two, and does not end while it is held after the last', async () => {
    const one = world();
    const holding = (async () => {
      while (one.of('step-done').length < 1) await one.clock.wait(1);
      ask(one, 'hold');
      await one.clock.wait(LONG_MS);
      const begun = one.of('step-begun').length;
      ask(one, 'resume');
      while (one.of('step-done').length < 3) await one.clock.wait(1);
      ask(one, 'hold');
      await one.clock.wait(LONG_MS);
      const isOver = one.of('finished').length;
      ask(one, 'resume');
      return { begun, isOver };
    })();
    const [end, , held] = await Promise.all([one.run(), one.items(), holding]);
    // The next may have begun in the moment in which it was asked for.
    expect(held.begun).toBeLessThanOrEqual(2);
    expect(held.isOver).toBe(0);
    expect(end).toBe('finished');
  });

  it.each<[string, (one: World) => void]>([
    ['errors', (one) => (one.failing = 0.6)],
    ['a service that is down', (one) => (one.down = ['api'])],
    ['another hand on the route', (one) => (one.weight = 40)],
    ['users of whom nothing is known', (one) => (one.silent = true)],
    ['a credential that ends', (one) => (one.credentialEnd = { what: 'its token', at: one.clock.date().getTime() })],
  ])('goes back for %s as if nobody held it', async (_, breakIt) => {
    const one = world();
    const holding = at(one, 50, () => {
      ask(one, 'hold');
      void one.clock.wait(500).then(() => breakIt(one));
    });
    const [end] = await Promise.all([one.run(SLOW), one.items(), holding]);
    expect(['rolled-back', 'unverified']).toContain(end);
    expect(one.of('held')).toHaveLength(1);
    expect(one.weight).toBe(0);
  });

  it('hears each request once', async () => {
    const one = world();
    const holding = (async () => {
      await at(one, 5, () => ask(one, 'hold'));
      await one.clock.wait(1000);
      ask(one, 'hold', 'Still looking');
      await one.clock.wait(1000);
      ask(one, 'resume');
    })();
    await Promise.all([one.run(), one.items(), holding]);
    expect(one.of('held').map(({ reason }) => reason)).toEqual(['Three calls at support', 'Still looking']);
    expect(one.of('resumed')).toHaveLength(1);
  });
});

describe.concurrent('a cutover that is aborted', () => {
  it.each([5, 50, 100])('goes back at %s percent, and says who wanted it and why', async (weight) => {
    const one = world();
    const aborting = at(one, weight, () => ask(one, 'abort', 'Prices are wrong'));
    const [end] = await Promise.all([one.run(), one.items(), aborting]);
    expect(end).toBe('rolled-back');
    expect(reasonOf(one)).toMatchObject({
      code: 'asked',
      text: expect.stringMatching(/^ada@desk aborted the cutover at \d+ %: Prices are wrong$/) as string,
      facts: { by: 'ada@desk' },
    });
    expect(one.weight).toBe(0);
  });

  it('goes back from a hold, too', async () => {
    const one = world();
    const aborting = at(one, 5, () => {
      ask(one, 'hold');
      void one.clock.wait(2000).then(() => ask(one, 'abort'));
    });
    const [end] = await Promise.all([one.run(), one.items(), aborting]);
    expect(end).toBe('rolled-back');
    expect(one.sets).toEqual([5, 0]);
  });
});

/** What ends a cutover although no trigger's window shows it: a new release that answers nobody, a route or a Lease that others took. */
import { describe, expect, it } from 'vitest';
import { ObservationError } from '../checks/contract/capabilities.ts';
import { LeaseHeld } from './lease.ts';
import { SETTINGS, type World } from './testing/world.ts';
import { at, reasonOf, worlds } from './testing/worlds.ts';

const world = worlds();

describe.concurrent('a cutover', () => {
  it('goes back where the new release answers nobody, however few it is given', { timeout: 30_000 }, async () => {
    const one = world();
    const settings = {
      ...SETTINGS,
      steps: SETTINGS.steps.map((step) => ({ ...step, weight: step.weight === 5 ? 3 : step.weight, watchMs: 1500 })),
    };
    const triggers = settings.triggers.map((rule) => ({ ...rule, windowMs: 400 }));
    const broken = at(one, 3, () => (one.losing = 1));
    const [end] = await Promise.all([one.run({ ...settings, triggers }), one.items(), broken]);
    expect(end).toBe('rolled-back');
    expect(one.sets).toEqual([3, 0]);
    expect(reasonOf(one)?.text).toMatch(/TRI-ERR fired at 3 %: error rate \d+\.\d %, above 5\.0 % for \d+ ms/);
  });

  it.each<[string, (one: World) => void, RegExp]>([
    [
      'answers nobody',
      (one) => (one.losing = 1),
      /TRI-ERR fired at 3 %: before the step was to end the new release failed, or did not answer, (\d+) of the \1 requests it was given in \d+ ms \(\d+\.\d % to 100\.0 %, threshold 5\.0 %\)/,
    ],
    ['fails everybody', (one) => (one.failing = 1), /TRI-ERR fired at 3 %: .* the new release failed (\d+) of the \1 /],
    [
      'is slow',
      (one) => (one.ms = 40),
      /TRI-P95 fired at 3 %: .* the new release was slower than 20 ms in (\d+) of the \1 /,
    ],
  ])(
    'ends no step in which it %s, where triggers have too few of its requests',
    { timeout: 30_000 },
    async (_, breakIt, text) => {
      const one = world();
      const steps = SETTINGS.steps.map((step) => ({
        ...step,
        weight: step.weight === 5 ? 3 : step.weight,
        watchMs: 1200,
      }));
      const triggers = SETTINGS.triggers.map((rule) =>
        rule.metric === 'critical-service'
          ? rule
          : { ...rule, minSamples: 200, forMs: 600, ...(rule.metric === 'p95' ? { threshold: 20 } : {}) },
      );
      const broken = at(one, 3, () => breakIt(one));
      const [end] = await Promise.all([one.run({ ...SETTINGS, steps, triggers }), one.items(), broken]);
      expect(['rolled-back', 'unverified']).toContain(end);
      expect(one.sets).toEqual([3, 0]);
      expect(reasonOf(one)).toMatchObject({ code: 'trigger', text: expect.stringMatching(text) as string });
      expect(one.of('step-done')).toEqual([]);
      expect(one.of('trigger').at(-1)).toMatchObject({ state: 'firing' });
    },
  );

  it.each<[string, (one: World) => void, string, RegExp]>([
    [
      'the route is deleted',
      (one) => (one.routeError = new ObservationError('not-found', 'HTTPRoute shop/api does not exist')),
      'reverted-by-another',
      /Somebody else changed the route: HTTPRoute shop\/api does not exist\./,
    ],
    [
      'another takes the Lease',
      (one) => (one.renewError = new LeaseHeld('Lease shop/golive-cutover is ours no more', 'gate-2', 0, 'Wait')),
      'lease-lost',
      /^Lease shop\/golive-cutover is ours no more\.$/,
    ],
    [
      'the gateway takes the route no more',
      (one) => (one.accepted = false),
      'route-failed',
      /The route with 50 % has not been accepted any more for 1\d\.\d s: the gateway is gone/,
    ],
    [
      'the Lease cannot be renewed',
      (one) => (one.renewError = new ObservationError('unreachable', 'connection refused')),
      'lease-lost',
      /The Lease could not be renewed for 1\d\.\d s: connection refused/,
    ],
  ])('goes back where %s', { timeout: 60_000 }, async (_, breakIt, code, text) => {
    const one = world();
    const steps = SETTINGS.steps.map((step) => ({ ...step, watchMs: step.weight === 50 ? 30_000 : step.watchMs }));
    const heal = async (): Promise<void> => {
      while (one.of('rollback-begun').length === 0) await one.clock.wait(5);
      one.routeError = null;
    };
    const broken = at(one, 50, () => breakIt(one));
    const [end] = await Promise.all([one.run({ ...SETTINGS, steps }), one.items(), broken, heal()]);
    expect(end).toBe('rolled-back');
    expect(one.weight).toBe(0);
    expect(reasonOf(one)).toMatchObject({ code, text: expect.stringMatching(text) as string });
  });

  it('looks once more for a route that is away for a moment', { timeout: 30_000 }, async () => {
    const one = world();
    const steps = SETTINGS.steps.map((step) => ({ ...step, watchMs: step.weight === 50 ? 2000 : step.watchMs }));
    let looks = 0;
    const parts = one.parts();
    const read: typeof parts.route.read = (signal) => {
      const isOnce = one.of('split').length === 2 && (looks += 1) === 1;
      return isOnce ? Promise.reject(new ObservationError('not-found', 'no such kind')) : parts.route.read(signal);
    };
    one.parts = () => ({ ...parts, route: { ...parts.route, read } });
    const [end] = await Promise.all([one.run({ ...SETTINGS, steps }), one.items()]);
    expect(looks).toBeGreaterThan(1);
    expect(end).toBe('finished');
  });
});

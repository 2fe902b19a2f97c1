import { describe, expect, it } from 'vitest';
import type { CutoverEvent } from '../checks/contract/cutover.ts';
import { rollBack } from './rollback.ts';
import { SETTINGS, STABLE, type World } from './testing/world.ts';
import { at, reasonOf, worlds } from './testing/worlds.ts';

const world = worlds();

describe.concurrent('a cutover', () => {
  it('goes up step by step, proves each split, watches each window and stays', { timeout: 30_000 }, async () => {
    const one = world();
    const [end] = await Promise.all([one.run(), one.items()]);
    expect(end).toBe('finished');
    expect(one.sets).toEqual([5, 50, 100]);
    expect(one.of('split').map(({ item, verdict }) => [item, verdict])).toEqual([
      ['MIG-5', 'proven'],
      ['MIG-50', 'proven'],
      ['MIG-100', 'proven'],
    ]);
    // Told before it is done.
    const names = one.events.map(({ event }) => event);
    expect(names.indexOf('shifting')).toBeLessThan(names.indexOf('shifted'));
    for (const { item } of SETTINGS.steps) {
      const split = one.of('split').find((told) => told.item === item);
      const from = split?.countedFrom ?? 0;
      const to = one.of('step-done').find((done) => done.item === item)?.ms ?? 0;
      expect(to - from).toBeGreaterThanOrEqual(119);
      expect(to).toBeGreaterThanOrEqual(split?.ms ?? Infinity);
    }
    expect(one.of('sample').length).toBeGreaterThan(10);
  });

  it('proves a split while the window runs, and ends no step that is not proven', async () => {
    const one = world();
    const steps = SETTINGS.steps.map((step) => ({ ...step, watchMs: step.weight === 50 ? 10_000 : 1 }));
    await Promise.all([one.run({ ...SETTINGS, steps }), one.items()]);
    const lasted = (item: string): number => {
      const ms = (name: 'shifted' | 'step-done', nth: number): number => one.of(name)[nth]?.ms ?? NaN;
      const nth = steps.findIndex((step) => step.item === item);
      return ms('step-done', nth) - ms('shifted', nth);
    };
    const proof = (item: string): number => {
      const split = one.of('split').find((told) => told.item === item);
      return (split?.ms ?? NaN) - (split?.countedFrom ?? NaN);
    };
    expect(proof('MIG-50')).toBeGreaterThan(200);
    expect(lasted('MIG-50')).toBeLessThan(10_000 + proof('MIG-50') + 200);
    expect(lasted('MIG-50')).toBeGreaterThan(10_000);
    expect(lasted('MIG-5')).toBeGreaterThan(proof('MIG-5'));
  });

  it.each<[string, (one: World) => void, string, RegExp]>([
    [
      'errors',
      (one) => (one.failing = 0.5),
      'trigger',
      /TRI-ERR fired at 50 %: error rate \d+\.\d %, above 5\.0 % for \d+ ms .* since 20/,
    ],
    ['slowness', (one) => (one.ms = 900), 'trigger', /TRI-P95 fired at 50 %: P95 .*, above 500 ms/],
    [
      'a dead service',
      (one) => (one.down = ['payments']),
      'trigger',
      /TRI-SVC fired at 50 %: critical service payments did not answer/,
    ],
    [
      'another hand',
      (one) => (one.weight = 20),
      'reverted-by-another',
      /set the weights to 80\/20 \(somebody\) while 50 % were meant/,
    ],
    [
      'a red item',
      (one) => one.outcomes.push({ item: 'HEALTH', outcome: 'fail', message: 'redis is gone' }),
      'item-failed',
      /HEALTH ended as fail: redis is gone/,
    ],
    [
      'an interrupt',
      (one) => one.callBack({ code: 'interrupted', text: 'The run was interrupted.' }),
      'interrupted',
      /interrupted/,
    ],
  ])('goes back at %s', { timeout: 30_000 }, async (_, breakIt, code, text) => {
    const one = world();
    const settings = { ...SETTINGS, steps: SETTINGS.steps.map((step) => ({ ...step, watchMs: 1500 })) };
    const heal = async (): Promise<void> => {
      while (one.of('zero').length === 0) await one.clock.wait(5);
      one.failing = 0;
      one.ms = 3;
    };
    const [end] = await Promise.all([one.run(settings), one.items(), at(one, 50, () => breakIt(one)), heal()]);
    expect(end).toBe('rolled-back');
    expect(one.weight).toBe(0);
    expect(reasonOf(one)?.code).toBe(code);
    expect(reasonOf(one)?.text).toMatch(text);
    expect(one.restores).toBeGreaterThan(0);
    expect(one.of('verified').map(({ item, outcome }) => [item, outcome])).toEqual([
      ['users', 'pass'],
      ['HEALTH', 'pass'],
    ]);
    expect(one.of('step-done').map(({ item }) => item)).toEqual(['MIG-5']);
    expect(one.events.at(-1)).toMatchObject({ event: 'rolled-back', verified: true });
  });

  it('does not fire before the declared time, and not at a short peak', { timeout: 30_000 }, async () => {
    const one = world();
    const peak = at(one, 50, () => {
      one.failing = 0.5;
      void one.clock.wait(40).then(() => (one.failing = 0));
    });
    const triggers = SETTINGS.triggers.map((rule) => ({ ...rule, forMs: rule.forMs === 0 ? 0 : 800 }));
    const [end] = await Promise.all([one.run({ ...SETTINGS, triggers }), one.items(), peak]);
    expect(end).toBe('finished');
    expect(one.of('trigger').some(({ state }) => state === 'pending')).toBe(true);
    expect(one.of('trigger').some(({ state }) => state === 'firing')).toBe(false);
  });

  it('takes weights that the gateway does not obey for no split', { timeout: 30_000 }, async () => {
    const one = world();
    one.really = 0;
    const [end] = await Promise.all([one.run(), one.items()]);
    expect(end).toBe('rolled-back');
    expect(reasonOf(one)).toMatchObject({ code: 'split-refuted', facts: { canary: 0, atWeight: 5 } });
    expect(one.sets).toEqual([5, 0]);
  });

  it('ends no window without values, and gives up in the end', { timeout: 60_000 }, async () => {
    const one = world();
    const steps = SETTINGS.steps.map((step) => ({ ...step, watchMs: 1000 }));
    const done = at(one, 5, () => (one.silent = true));
    const running = Promise.all([one.run({ ...SETTINGS, steps }), one.items(), done]);
    await one.clock.wait(1500);
    expect(one.of('step-done')).toEqual([]);
    one.silent = false;
    await running;
    expect(one.events.at(-1)).toMatchObject({ event: 'finished' });
  });

  it('goes back when the run ends before its last step, or a step did not pass', { timeout: 30_000 }, async () => {
    const one = world();
    const [end] = await Promise.all([one.run(), one.items(['MIG-5'])]);
    expect(end).toBe('rolled-back');
    expect(reasonOf(one)?.text).toContain('before MIG-50 was asked for');
    const other = world();
    const lie = (async () => {
      other.asked.push('MIG-5');
      while (other.of('step-done').length === 0) await other.clock.wait(5);
      other.outcomes.push({ item: 'MIG-5', outcome: 'inconclusive', message: '' });
      other.asked.push('MIG-50');
    })();
    await Promise.all([other.run(), lie]);
    expect(reasonOf(other)?.text).toBe('MIG-5 ended as inconclusive.');
    expect(other.weight).toBe(0);
  });

  it.each<[string, (one: World) => void, RegExp]>([
    ['an item before it is red', (one) => (one.outcomes = []), /TRI-ERR did not pass/],
    ['another holds the Lease', (one) => (one.leaseHeldBy = 'gate-2'), /held by gate-2/],
    ['traffic is frozen', (one) => (one.frozen = 'it is frozen until Monday'), /frozen until Monday/],
    ['traffic has moved already', (one) => (one.weight = 10), /gives 10 of 100 to api already/],
  ])('does not begin where %s', async (_, breakIt, why) => {
    const one = world();
    breakIt(one);
    const before = one.weight;
    expect(await one.run()).toBe('refused');
    expect(one.events.at(-1)).toMatchObject({ event: 'refused', why: expect.stringMatching(why) as string });
    expect([one.sets, one.weight]).toEqual([[], before]);
  });
});

describe.concurrent('when the journal cannot be written', () => {
  const POINTS: readonly CutoverEvent['event'][] = [
    'step-begun',
    'shifting',
    'shifted',
    'split',
    'sample',
    'step-done',
  ];
  it.each(POINTS)('at %s, traffic goes back all the same', { timeout: 30_000 }, async (point) => {
    const one = world();
    let full = false;
    one.onTell = ({ event }) => {
      full ||= event === point && (one.weight >= 50 || point === 'step-begun' || point === 'shifting');
      if (full) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    };
    const items = one.items();
    const end = await one.run();
    one.onTell = () => undefined;
    expect(['rolled-back', 'unverified']).toContain(end);
    expect(one.weight).toBe(0);
    one.asked.push('over');
    void items;
  });
});

describe.concurrent('when the API server is away', () => {
  it('keeps trying to go back until it is there again', { timeout: 30_000 }, async () => {
    const one = world();
    const away = at(one, 5, () => {
      one.broken = new Set(['read', 'set', 'renew', 'restore']);
      one.callBack({ code: 'interrupted', text: 'The run was interrupted.' });
      void one.clock.wait(700).then(() => (one.broken = new Set()));
    });
    const [end] = await Promise.all([one.run(), one.items(), away]);
    expect(end).toBe('rolled-back');
    expect(one.weight).toBe(0);
  });

  it(
    'says what is not finished when it stays away, and the journal finishes it later',
    { timeout: 30_000 },
    async () => {
      const one = world();
      const away = at(one, 5, () => {
        one.broken = new Set(['set']);
        one.callBack({ code: 'interrupted', text: 'The run was interrupted.' });
      });
      const [end] = await Promise.all([one.run({ ...SETTINGS, rollbackWithinMs: 600 }), one.items(), away]);
      expect(end).toBe('unfinished');
      expect(one.events.at(-1)).toMatchObject({
        event: 'unfinished',
        why: expect.stringContaining('connection refused') as string,
      });
      expect(one.weight).toBe(5);

      one.broken = new Set();
      const journal = one.open();
      const reason = { code: 'asked', text: 'golive rollback' } as const;
      const { clock } = one;
      const again = await rollBack({
        settings: SETTINGS,
        parts: one.parts(),
        clock,
        journal,
        stable: [STABLE],
        kept: [],
        reason,
      });
      journal.close();
      expect(again).toBe('rolled-back');
      expect(one.weight).toBe(0);
      expect(one.events.at(-1)).toMatchObject({ event: 'rolled-back', verified: true });
    },
  );
});

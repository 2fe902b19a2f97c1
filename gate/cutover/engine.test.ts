import { afterAll, describe, expect, it } from 'vitest';
import { ObservationError } from '../../checks/contract/capabilities.ts';
import type { CutoverEvent } from '../../checks/contract/cutover.ts';
import { LeaseHeld } from '../../fixtures/cutover/lease.ts';
import { openJournal } from '../../fixtures/cutover/log.ts';
import { rehearseRollback } from './rehearse.ts';
import { rollBack } from './rollback.ts';
import { pause, SETTINGS, STABLE, World } from './testing.ts';

const worlds: World[] = [];
function world(): World {
  const made = new World();
  worlds.push(made);
  return made;
}
afterAll(() => {
  for (const one of worlds.splice(0)) one.remove();
});

/** Breaks it once the route gives at least this much to the new release. */
async function at(one: World, weight: number, act: () => void): Promise<void> {
  while (one.weight < weight || one.of('split').length === 0) await pause(5);
  act();
}
const reasonOf = (one: World) => one.of('rollback-begun')[0]?.reason;

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
      const from = one.of('split').find((split) => split.item === item)?.ms ?? 0;
      const to = one.of('step-done').find((done) => done.item === item)?.ms ?? 0;
      expect(to - from).toBeGreaterThanOrEqual(119);
    }
    expect(one.of('sample').length).toBeGreaterThan(10);
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
      while (one.of('zero').length === 0) await pause(5);
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

  it('goes back at 5 % where the new release answers nobody', { timeout: 30_000 }, async () => {
    const one = world();
    const settings = { ...SETTINGS, steps: SETTINGS.steps.map((step) => ({ ...step, watchMs: 1500 })) };
    const triggers = settings.triggers.map((rule) => ({ ...rule, windowMs: 400 }));
    const broken = at(one, 5, () => (one.losing = 1));
    const [end] = await Promise.all([one.run({ ...settings, triggers }), one.items(), broken]);
    expect(end).toBe('rolled-back');
    expect(one.sets).toEqual([5, 0]);
    expect(reasonOf(one)?.text).toMatch(/TRI-ERR fired at 5 %: error rate \d+\.\d %, above 5\.0 % for \d+ ms/);
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
      /is ours no more/,
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
      while (one.of('rollback-begun').length === 0) await pause(5);
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

  it('does not fire before the declared time, and not at a short peak', { timeout: 30_000 }, async () => {
    const one = world();
    const peak = at(one, 50, () => {
      one.failing = 0.5;
      setTimeout(() => (one.failing = 0), 40);
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
    expect(reasonOf(one)).toMatchObject({ code: 'split-refuted' });
    expect(one.sets).toEqual([5, 0]);
  });

  it('ends no window without values, and gives up in the end', { timeout: 60_000 }, async () => {
    const one = world();
    const done = at(one, 5, () => (one.silent = true));
    const running = Promise.all([one.run(), one.items(), done]);
    await pause(1500);
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
      while (other.of('step-done').length === 0) await pause(5);
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

describe.concurrent('with Prometheus as a second source', () => {
  const prometheus = { query: 'errors[200ms]', windowMs: 200, scrapeIntervalMs: 50, tolerance: 0.02 };
  const settingsWith = (onNoData: 'hold' | 'fail', over: object = {}) => ({
    ...SETTINGS,
    ...over,
    triggers: SETTINGS.triggers.map((rule) => (rule.item === 'TRI-ERR' ? { ...rule, onNoData, prometheus } : rule)),
  });
  const toldOf = (one: World) => one.of('trigger').filter(({ item }) => item === 'TRI-ERR');

  it('goes on while both agree, and tells both', { timeout: 30_000 }, async () => {
    const one = world();
    one.metric = () => 0.01;
    const [end] = await Promise.all([one.run(settingsWith('hold')), one.items()]);
    expect(end).toBe('finished');
    expect(one.of('sample').at(-1)?.prometheus).toEqual({ 'TRI-ERR': 0.01 });
  });

  it('goes back at errors that the probes do not see', { timeout: 30_000 }, async () => {
    const one = world();
    one.metric = () => (one.weight >= 50 ? 0.3 : 0);
    const long = SETTINGS.steps.map((step) => ({ ...step, watchMs: 1500 }));
    const [end] = await Promise.all([one.run(settingsWith('hold', { steps: long })), one.items()]);
    expect(end).toBe('rolled-back');
    expect(one.weight).toBe(0);
    expect(reasonOf(one)?.text).toMatch(
      /TRI-ERR fired at 50 %: error rate 30\.0 %, above 5\.0 % .*\. Over the \d+ ms before, the probes saw 0\.0 %, Prometheus 30\.0 %/,
    );
    expect(toldOf(one).at(-1)).toMatchObject({ state: 'firing', prometheus: { value: 0.3, probes: 0 } });
  });

  it('goes back at errors that Prometheus does not see', { timeout: 30_000 }, async () => {
    const one = world();
    one.metric = () => 0;
    const broken = at(one, 50, () => (one.failing = 0.5));
    const heal = async (): Promise<void> => {
      while (one.of('zero').length === 0) await pause(5);
      one.failing = 0;
    };
    const long = SETTINGS.steps.map((step) => ({ ...step, watchMs: 1500 }));
    const running = one.run(settingsWith('hold', { steps: long }));
    const [end] = await Promise.all([running, one.items(), broken, heal()]);
    expect(end).toBe('rolled-back');
    expect(reasonOf(one)?.text).toMatch(/TRI-ERR fired at 50 %: error rate [2-9]\d\.\d %, above/);
  });

  it('holds while they differ, and gives up with what each of them said', { timeout: 30_000 }, async () => {
    const one = world();
    one.metric = () => (one.weight >= 5 ? 0.04 : 0);
    const [end] = await Promise.all([one.run(settingsWith('hold', { leastPatienceMs: 800 })), one.items()]);
    expect(end).toBe('rolled-back');
    expect(one.of('step-done')).toEqual([]);
    expect(reasonOf(one)?.code).toBe('out-of-time');
    expect(reasonOf(one)?.text).toMatch(
      /At 5 % the window could not end within .*: TRI-ERR \(the probes saw 0\.0 %, Prometheus 4\.0 %, more than 2\.0 % apart\)/,
    );
  });

  it('holds while it is away, and goes on when it is back', { timeout: 30_000 }, async () => {
    const one = world();
    let away = false;
    one.metric = () => (away ? null : 0);
    const gone = at(one, 5, () => (away = true));
    const running = Promise.all([one.run(settingsWith('hold')), one.items(), gone]);
    await gone;
    await pause(1000);
    expect(one.of('step-done')).toEqual([]);
    expect(toldOf(one).at(-1)).toMatchObject({
      state: 'no-data',
      prometheus: { value: null, verdict: 'missing', why: 'connection refused' },
    });
    away = false;
    await running;
    expect(one.events.at(-1)).toMatchObject({ event: 'finished' });
  });

  it('goes back while it is away where no data is a breach', { timeout: 30_000 }, async () => {
    const one = world();
    one.metric = () => (one.weight >= 50 ? null : 0);
    const [end] = await Promise.all([one.run(settingsWith('fail')), one.items()]);
    expect(end).toBe('rolled-back');
    expect(reasonOf(one)?.text).toMatch(
      /TRI-ERR fired at 50 %: no data for .* the probes saw 0\.0 %, Prometheus nothing \(connection refused\)/,
    );
  });

  it('does not stay where it knows nothing when the run is over', { timeout: 30_000 }, async () => {
    const one = world();
    let away = false;
    one.metric = () => (away ? null : 0);
    const steps = SETTINGS.steps.map(({ item }) => item);
    const gone = (async () => {
      while (one.of('step-done').length < steps.length) await pause(5);
      away = true;
      while (toldOf(one).at(-1)?.state !== 'no-data') await pause(5);
      one.finish.abort();
    })();
    // The run is over only when that is known.
    const items = one.items(steps, { andFinish: false });
    const [end] = await Promise.all([one.run(settingsWith('hold', { leastPatienceMs: 800 })), items, gone]);
    expect(end).toBe('rolled-back');
    expect(one.weight).toBe(0);
    expect(reasonOf(one)).toMatchObject({
      code: 'out-of-time',
      text: expect.stringMatching(/TRI-ERR .*had no/) as string,
    });
  });

  it('tells of both when the way back is rehearsed', async () => {
    const one = world();
    one.metric = () => 0.015;
    const journal = openJournal(one.runDir, 'rollback-rehearsal');
    const facts = { id: 'gate-1', release: 'shop 2.0.0', environment: 'test', planDigest: 'd' };
    await rehearseRollback({
      settings: settingsWith('hold'),
      parts: one.parts(),
      journal,
      facts,
      back: one.back.signal,
    });
    journal.close();
    expect(journal.events.findLast((told) => told.event === 'trigger' && told.item === 'TRI-ERR')).toMatchObject({
      state: 'inactive',
      value: 0.015,
      prometheus: { value: 0.015, probes: 0, verdict: 'agree', why: null },
    });
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
      setTimeout(() => (one.broken = new Set()), 700);
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
      const journal = openJournal(one.runDir);
      const reason = { code: 'asked', text: 'golive rollback' } as const;
      const again = await rollBack({ settings: SETTINGS, parts: one.parts(), journal, stable: [STABLE], reason });
      journal.close();
      expect(again).toBe('rolled-back');
      expect(one.weight).toBe(0);
      expect(one.events.at(-1)).toMatchObject({ event: 'rolled-back', verified: true });
    },
  );
});

describe.concurrent('the rehearsal of the way back', () => {
  it('ends at once when it is called back', async () => {
    const one = world();
    one.silent = true;
    const journal = openJournal(one.runDir, 'rollback-rehearsal');
    const facts = { id: 'gate-1', release: 'shop 2.0.0', environment: 'test', planDigest: 'd' };
    const { signal: back } = one.back;
    const rehearsing = rehearseRollback({ settings: SETTINGS, parts: one.parts(), journal, facts, back });
    await pause(100);
    one.callBack({ code: 'interrupted', text: 'The cutover was ended by SIGTERM.' });
    expect(await rehearsing).toBe('refused');
    journal.close();
    expect(journal.events.at(-1)).toMatchObject({ event: 'refused', why: 'The cutover was ended by SIGTERM.' });
    expect(one.sets).toEqual([]);
  });

  it('goes it whole and moves nothing', async () => {
    const one = world();
    const journal = openJournal(one.runDir, 'rollback-rehearsal');
    const facts = { id: 'gate-1', release: 'shop 2.0.0', environment: 'test', planDigest: 'd' };
    const end = await rehearseRollback({
      settings: SETTINGS,
      parts: one.parts(),
      journal,
      facts,
      back: one.back.signal,
    });
    journal.close();
    expect(end).toBe('rolled-back');
    expect(one.sets).toEqual([0]);
    const acts = journal.events.filter(({ event }) => event !== 'sample' && event !== 'trigger');
    expect(acts.map(({ event }) => event)).toEqual([
      ...['begun', 'rollback-begun', 'rollback-act', 'zero', 'rollback-act', 'rollback-act'],
      ...['verified', 'verified', 'rolled-back'],
    ]);
    const last = (item: string) => journal.events.findLast((one) => one.event === 'trigger' && one.item === item);
    for (const { item } of SETTINGS.triggers)
      expect(last(item)).toMatchObject({ state: 'inactive', value: expect.any(Number) as number });
  });

  it('tells what is not as before', async () => {
    const one = world();
    one.verifies = 'fail';
    const journal = openJournal(one.runDir, 'rollback-rehearsal');
    const facts = { id: 'gate-1', release: 'shop 2.0.0', environment: 'test', planDigest: 'd' };
    expect(
      await rehearseRollback({ settings: SETTINGS, parts: one.parts(), journal, facts, back: one.back.signal }),
    ).toBe('unverified');
    journal.close();
  });

  it('does not wait for users who were served badly before', { timeout: 60_000 }, async () => {
    const one = world();
    one.really = 100;
    one.failing = 1;
    const journal = openJournal(one.runDir, 'rollback-rehearsal');
    const facts = { id: 'gate-1', release: 'shop 2.0.0', environment: 'test', planDigest: 'd' };
    const settings = { ...SETTINGS, rollbackWithinMs: 600_000 };
    expect(await rehearseRollback({ settings, parts: one.parts(), journal, facts, back: one.back.signal })).toBe(
      'unverified',
    );
    journal.close();
    const users = journal.events.find((event) => event.event === 'verified' && event.item === 'users');
    expect(users).toMatchObject({ outcome: 'fail', message: expect.stringMatching(/requests failed/) as string });
  });
});

import { describe, expect, it } from 'vitest';
import { SETTINGS, type World } from './testing/world.ts';
import { at, reasonOf, worlds } from './testing/worlds.ts';

const world = worlds();

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
    expect(reasonOf(one)?.facts).toEqual({
      trigger: 'TRI-ERR',
      metric: 'error-rate',
      atWeight: 50,
      value: '30.0 %',
      probes: '0.0 %',
      prometheus: '30.0 %',
    });
    expect(toldOf(one).at(-1)).toMatchObject({ state: 'firing', prometheus: { value: 0.3, probes: 0 } });
  });

  it('goes back at errors that Prometheus does not see', { timeout: 30_000 }, async () => {
    const one = world();
    one.metric = () => 0;
    const broken = at(one, 50, () => (one.failing = 0.5));
    const heal = async (): Promise<void> => {
      while (one.of('zero').length === 0) await one.clock.wait(5);
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
    const steps = SETTINGS.steps.map((step) => ({ ...step, watchMs: 1000 }));
    const running = Promise.all([one.run(settingsWith('hold', { steps })), one.items(), gone]);
    await gone;
    await one.clock.wait(1000);
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
      while (one.of('step-done').length < steps.length) await one.clock.wait(5);
      away = true;
      while (toldOf(one).at(-1)?.state !== 'no-data') await one.clock.wait(5);
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

  it('tells of both when the rollback is rehearsed', async () => {
    const one = world();
    one.metric = () => 0.015;
    const { events } = await one.rehearse(settingsWith('hold'));
    expect(events.findLast((told) => told.event === 'trigger' && told.item === 'TRI-ERR')).toMatchObject({
      state: 'inactive',
      value: 0.015,
      prometheus: { value: 0.015, probes: 0, verdict: 'agree', why: null },
    });
  });
});

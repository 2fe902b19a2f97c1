/** The decision tree of an emergency while traffic moves: each branch, taken at once, and what is not known. */
import { describe, expect, it } from 'vitest';
import type { HttpClient } from '../checks/contract/http.ts';
import type { DecisionTree } from '../checks/contract/notify.ts';
import { ObservationError } from '../checks/contract/capabilities.ts';
import { watchTree } from './tree-watch.ts';
import { SETTINGS, type World } from './testing/world.ts';
import { at, reasonOf, worlds } from './testing/worlds.ts';
import { VirtualClock } from './testing/virtual-clock.ts';

const world = worlds();
const TREE: DecisionTree = {
  prometheus: { url: 'http://127.0.0.1:9' },
  alertmanager: { url: 'http://127.0.0.1:9' },
  branches: [
    { name: 'Errors', query: 'errors', above: 0.05, action: 'rollback' },
    { name: 'Attack', alerts: { source: 'falco' }, above: 0, action: 'stop' },
    { name: 'Orders', query: 'orders', above: 0.3, action: 'escalate', contact: 'Product Owner' },
  ],
};
const CALM = { Errors: 0, Attack: 0, Orders: 0 };
const ARMED = { ...SETTINGS, tree: TREE };
/** No window has ended by the time that something happens in it. */
const SLOW = { ...ARMED, steps: ARMED.steps.map((step) => ({ ...step, watchMs: 2000 })), leastPatienceMs: 1000 };
const LONG_MS = 4000;
const armed = (): World => {
  const one = world();
  one.branches = CALM;
  return one;
};
const resume = (one: World): void => {
  one.wheel = [...one.wheel, { id: '1', say: 'resume', by: 'ada@desk', reason: 'It was a scanner of ours' }];
};

describe.concurrent('the decision tree', () => {
  it('leaves a calm cutover alone', async () => {
    const one = armed();
    const [end] = await Promise.all([one.run(ARMED), one.items()]);
    expect([end, one.of('emergency').length]).toEqual(['finished', 0]);
  });

  it('takes traffic back at once, without a time that the breach must last', async () => {
    const one = armed();
    const breaking = at(one, 50, () => (one.branches = { ...CALM, Errors: 0.06 }));
    const [end] = await Promise.all([one.run(SLOW), one.items(), breaking]);
    expect([end, one.weight]).toEqual(['rolled-back', 0]);
    expect(reasonOf(one)).toMatchObject({
      code: 'emergency',
      text: 'The decision tree takes traffic back at 50 %: Errors is 0.06, above 0.05.',
      facts: { branch: 'Errors', value: 0.06, above: 0.05, atWeight: 50 },
    });
  });

  it('goes as far as the branch that goes furthest', async () => {
    const one = armed();
    const breaking = at(one, 5, () => (one.branches = { Errors: 1, Attack: 3, Orders: 1 }));
    await Promise.all([one.run(SLOW), one.items(), breaking]);
    expect([one.of('emergency').length, reasonOf(one)?.code]).toEqual([0, 'emergency']);
  });

  it('stops: the weight stays until a person lets it go on, who knows of the breach that is still there', async () => {
    const one = armed();
    const stopped = (async () => {
      await at(one, 5, () => (one.branches = { ...CALM, Attack: 2 }));
      await one.clock.wait(LONG_MS);
      const seen = { weight: one.weight, done: one.of('step-done').length, back: one.of('rollback-begun').length };
      resume(one);
      return seen;
    })();
    const [end, , seen] = await Promise.all([one.run(SLOW), one.items(), stopped]);
    expect(seen).toEqual({ weight: 5, done: 0, back: 0 });
    expect(one.of('emergency')).toMatchObject([{ branch: 'Attack', action: 'stop', value: 2, above: 0, weight: 5 }]);
    expect(one.of('held')).toMatchObject([{ by: 'the decision tree', reason: 'Attack is 2, above 0: look into it' }]);
    expect([one.of('resumed').length, end]).toEqual([1, 'finished']);
  });

  it('stops again when it was over and comes back', async () => {
    const one = armed();
    const twice = (async () => {
      await at(one, 5, () => (one.branches = { ...CALM, Attack: 2 }));
      while (one.of('held').length < 1) await one.clock.wait(5);
      one.branches = CALM;
      await one.clock.wait(500);
      resume(one);
      while (one.of('resumed').length < 1) await one.clock.wait(5);
      one.branches = { ...CALM, Attack: 1 };
      while (one.of('held').length < 2) await one.clock.wait(5);
      one.callBack({ code: 'interrupted', text: 'The test is over.' });
    })();
    await Promise.all([one.run(SLOW), one.items(), twice]);
    expect(one.of('held')).toHaveLength(2);
  });

  it('keeps every trigger armed while it has stopped', async () => {
    const one = armed();
    const breaking = at(one, 50, () => {
      one.branches = { ...CALM, Attack: 2 };
      void one.clock.wait(500).then(() => (one.failing = 0.6));
    });
    await Promise.all([one.run(SLOW), one.items(), breaking]);
    expect([one.of('held').length, reasonOf(one)?.code, one.weight]).toEqual([1, 'trigger', 0]);
  });

  it('escalates: its contact is named once, and traffic goes on', async () => {
    const one = armed();
    const breaking = at(one, 5, () => (one.branches = { ...CALM, Orders: 0.4 }));
    const [end] = await Promise.all([one.run(SLOW), one.items(), breaking]);
    expect(one.of('emergency')).toMatchObject([{ branch: 'Orders', action: 'escalate', contact: 'Product Owner' }]);
    expect([end, one.of('held').length]).toEqual(['finished', 0]);
  });

  it('moves nothing while a branch is not known, and says which', async () => {
    const one = armed();
    one.branches = { ...CALM, Attack: null };
    const [end] = await Promise.all([one.run(ARMED), one.items()]);
    expect(end).toBe('rolled-back');
    expect(reasonOf(one)?.text).toMatch(
      /^Attack \(connection refused\) did not come to rest within .*no traffic was moved/,
    );
    expect(one.sets.some((weight) => weight > 0)).toBe(false);
  });

  it('ends no window while a branch is not known any more', async () => {
    const one = armed();
    const breaking = at(one, 50, () => (one.branches = { Errors: 0, Orders: 0 }));
    await Promise.all([one.run(SLOW), one.items(), breaking]);
    expect(reasonOf(one)).toMatchObject({ code: 'out-of-time' });
    expect(reasonOf(one)?.text).toMatch(/Attack \(no answer for 15\.0 s\)/);
  });
});

describe('looking at the branches', () => {
  it('goes on over failures, each branch by itself', async () => {
    const clock = new VirtualClock();
    let fails = true;
    const http: HttpClient = {
      request: ({ url, body }) => {
        if (`${url} ${String(body)}`.includes('orders')) return new Promise(() => undefined);
        if (fails) return Promise.reject(new ObservationError('unreachable', 'connection refused'));
        const data = { resultType: 'vector', result: [{ metric: {}, value: [1, '0.25'] }] };
        const text = url.includes('alerts') ? '[]' : JSON.stringify({ status: 'success', data });
        return Promise.resolve({ status: 200, headers: {}, body: text, truncated: false, ms: 1 });
      },
    };
    const watch = watchTree(http, TREE, clock);
    await clock.wait(500);
    expect(watch.seen().map(({ branch, value }) => [branch, value])).toEqual([
      ['Errors', null],
      ['Attack', null],
    ]);
    fails = false;
    await clock.wait(1500);
    watch.stop();
    expect(watch.seen()).toMatchObject([
      { branch: 'Errors', value: 0.25 },
      { branch: 'Attack', value: 0 },
    ]);
  });

  it('is nothing where no tree is declared', () =>
    expect(
      watchTree({ request: () => Promise.reject(new Error('asked')) }, undefined, new VirtualClock()).seen(),
    ).toEqual([]));
});

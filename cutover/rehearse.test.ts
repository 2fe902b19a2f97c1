import { describe, expect, it } from 'vitest';
import { SETTINGS } from './testing/world.ts';
import { worlds } from './testing/worlds.ts';

const world = worlds();

describe('the rehearsal of the rollback', () => {
  it('ends at once when it is called back', async () => {
    const one = world();
    one.silent = true;
    const rehearsing = one.rehearse();
    await one.clock.wait(100);
    one.callBack({ code: 'interrupted', text: 'The cutover was ended by SIGTERM.' });
    const { end, events } = await rehearsing;
    expect(end).toBe('refused');
    expect(one.clock.now()).toBe(100);
    expect(events.at(-1)).toMatchObject({ event: 'refused', why: 'The cutover was ended by SIGTERM.' });
    expect(one.sets).toEqual([]);
  });

  it('goes it whole and moves nothing', async () => {
    const one = world();
    const { end, events } = await one.rehearse();
    expect(end).toBe('rolled-back');
    expect(one.sets).toEqual([0]);
    const acts = events.filter(({ event }) => event !== 'sample' && event !== 'trigger');
    expect(acts.map(({ event }) => event)).toEqual([
      ...['begun', 'rollback-begun', 'rollback-act', 'zero', 'rollback-act', 'rollback-act'],
      ...['verified', 'verified', 'rolled-back'],
    ]);
    const last = (item: string) => events.findLast((one) => one.event === 'trigger' && one.item === item);
    for (const { item } of SETTINGS.triggers)
      expect(last(item)).toMatchObject({ state: 'inactive', value: expect.any(Number) as number });
  });

  it('tells what is not as before', async () => {
    const one = world();
    one.verifies = 'fail';
    expect(await one.rehearse()).toMatchObject({ end: 'unverified' });
  });

  it('looks at the data of now before it sets the weight, and again at what verifies it', async () => {
    const one = world();
    const { end, events } = await one.rehearse({ ...SETTINGS, lookBefore: ['DATA'] });
    expect(end).toBe('rolled-back');
    expect(one.lookedAt.map(({ item, sets }) => [item, sets])).toEqual([
      ['DATA', 0],
      ['HEALTH', 1],
    ]);
    const told = events.flatMap((event) => (event.event === 'verified' ? [event.item] : []));
    expect(told).toEqual(['users', 'DATA', 'HEALTH']);
  });

  it('does not wait for users who were served badly before', async () => {
    const one = world();
    one.really = 100;
    one.failing = 1;
    const { end, events } = await one.rehearse({ ...SETTINGS, rollbackWithinMs: 600_000 });
    expect(end).toBe('unverified');
    const users = events.find((event) => event.event === 'verified' && event.item === 'users');
    expect(users).toMatchObject({ outcome: 'fail', message: expect.stringMatching(/requests failed/) as string });
  });
});

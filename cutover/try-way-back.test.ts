/** 0, 5 and 0 again with real weights, before the first step. */
import { describe, expect, it } from 'vitest';
import type { CutoverSettings } from './settings.ts';
import { SETTINGS } from './testing/world.ts';
import { reasonOf, worlds } from './testing/worlds.ts';

const world = worlds();
const TRIES: CutoverSettings = { ...SETTINGS, tryAt: 5 };

describe('the way back', () => {
  it('is gone once before the first step, with users on the new release', async () => {
    const one = world();
    const end = one.run(TRIES);
    await one.items();
    expect(await end).toBe('finished');
    expect(one.sets).toEqual([5, 0, 5, 50, 100]);
    expect(one.of('begun')[0]?.tryAt).toBe(5);
    const [tried] = one.of('tried');
    expect(tried).toMatchObject({ weight: 5 });
    expect(tried?.answers).toBeGreaterThanOrEqual(5);
    const told = one.events.flatMap(({ event }) =>
      ['shifting', 'tried', 'step-begun'].includes(event) ? [event] : [],
    );
    expect(told.slice(0, 5)).toEqual(['shifting', 'shifting', 'tried', 'step-begun', 'shifting']);
  });

  it('is not gone where nothing is declared', async () => {
    const one = world();
    const end = one.run();
    await one.items();
    expect(await end).toBe('finished');
    expect([one.sets, one.of('tried')]).toEqual([[5, 50, 100], []]);
  });

  it.each([
    [
      'gets no users',
      0,
      'split-refuted',
      /was tried at 5 %, and traffic does not split .*: 0 of \d+ answers came from 2\.0\.0/,
    ],
    [
      'keeps users at 0 %',
      5,
      'out-of-time',
      /was tried at 5 %, and for 1\.0 min requests went on to be answered by 2\.0\.0/,
    ],
  ])('ends the cutover where the new release %s', async (_, really, code, text) => {
    const one = world();
    one.really = really;
    const end = one.run(TRIES);
    await one.items();
    // Where users stay on the new release the rollback cannot be verified either.
    expect(['rolled-back', 'unverified']).toContain(await end);
    expect(reasonOf(one)).toMatchObject({ code, text: expect.stringMatching(text) as string });
    expect(one.of('step-begun')).toEqual([]);
    expect(one.weight).toBe(0);
  });

  it('is taken back at once where users are served badly meanwhile', async () => {
    const one = world();
    one.failing = 1;
    one.onTell = ({ event }) => {
      if (event === 'shifted' && one.sets.length === 1) one.down = ['api'];
    };
    const end = one.run(TRIES);
    await one.items();
    expect(await end).toBe('rolled-back');
    expect(reasonOf(one)?.code).toBe('trigger');
    expect(one.sets.at(-1)).toBe(0);
  });
});

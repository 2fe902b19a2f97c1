/** Few answers can show a bad release, but not a good one: the step is held, and ends neither well nor by a rollback while there is patience. */
import { describe, expect, it } from 'vitest';
import type { CutoverSettings } from './settings.ts';
import { SETTINGS } from './testing/world.ts';
import { worlds } from './testing/worlds.ts';

const world = worlds();
/** One in a hundred may fail: 299 answers of the new release, 5,980 of all at 5 %. */
const STRICT: CutoverSettings = {
  ...SETTINGS,
  triggers: SETTINGS.triggers.map((one) => (one.metric === 'error-rate' ? { ...one, threshold: 0.01 } : one)),
};
const NEEDED = 299;

describe('a step with too few answers of the new release', () => {
  it('is held until there are enough, and then ends well', async () => {
    const one = world();
    const { end } = { end: one.run(STRICT) };
    await one.items();
    expect(await end).toBe('finished');
    const [first] = one.of('step-done');
    expect(first?.answers).toBeGreaterThanOrEqual(NEEDED);
    // Four users a millisecond, one in twenty of them on the new release: the declared window alone is shorter.
    const from = one.of('split')[0]?.countedFrom ?? NaN;
    expect((first?.ms ?? 0) - from).toBeGreaterThan((NEEDED / 4) * 20 * 0.8);
    expect(one.of('rollback-begun')).toEqual([]);
  });

  it('goes back only when patience is over, and says what was missing', async () => {
    const one = world();
    // Ten thousand and more would be needed, and users come no faster.
    const end = one.run({
      ...STRICT,
      leastPatienceMs: 500,
      triggers: STRICT.triggers.map((rule) => (rule.metric === 'error-rate' ? { ...rule, threshold: 0.0001 } : rule)),
    });
    await one.items();
    expect(await end).toBe('rolled-back');
    expect(one.of('step-done')).toEqual([]);
    const { reason } = one.of('rollback-begun')[0] ?? {};
    expect(reason).toMatchObject({ code: 'out-of-time', facts: { atWeight: 5 } });
    expect(reason?.facts?.['unshown']).toMatch(/^TRI-ERR \(\d+ of 2995 answers of 2\.0\.0\)$/);
    const held = one.of('rollback-begun')[0]?.ms ?? 0;
    expect(held - (one.of('split')[0]?.countedFrom ?? 0)).toBeGreaterThanOrEqual(500);
  });

  it('goes back at once all the same where the few are bad beyond doubt', async () => {
    const one = world();
    one.failing = 1;
    const end = one.run(STRICT);
    await one.items();
    expect(await end).toBe('rolled-back');
    expect(one.of('rollback-begun')[0]?.reason.code).toBe('trigger');
  });
});

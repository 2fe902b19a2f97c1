/** What the engine tells is what the kinds that judge it ask for: a good cutover, and a good rehearsal of its rollback, pass. */
import { expect, it } from 'vitest';
import { rollbackRehearsal } from '../checks/cutover/rollback-rehearsal/check.ts';
import { cutoverSplit } from '../checks/cutover/split/check.ts';
import { cutoverStep } from '../checks/cutover/step/check.ts';
import { cutoverWatched } from '../checks/cutover/watched/check.ts';
import { SETTINGS } from './testing/world.ts';
import { worlds } from './testing/worlds.ts';

const world = worlds();
const cutover = 'ROU';
const context = { now: new Date() };
/** Windows are short here. */
const maxGap = 1;

it('passes a cutover that went well', { timeout: 60_000 }, async () => {
  const one = world();
  const steps = SETTINGS.steps.map((step) => ({ ...step, watchMs: 500 }));
  await Promise.all([one.run({ ...SETTINGS, steps }), one.items()]);
  const { events } = one;
  for (const { item, weight } of steps) {
    const params = { cutover, weight, watch: '500ms', proveWithin: '1m', minSamples: 1, maxGap };
    expect(cutoverStep.judge(params, { item, events }, context)).toMatchObject({ outcome: 'pass' });
  }
  const split = cutoverSplit.judge({ cutover, maxHalfWidthAt5: 0.02, maxHalfWidth: 0.05 }, events, context);
  expect(split).toMatchObject({ outcome: 'pass' });
  for (const metric of ['error-rate', 'p95'] as const)
    expect(cutoverWatched.judge({ cutover, metric, maxGap }, events, context)).toMatchObject({ outcome: 'pass' });
});

it('passes a complete rollback, and not one that was not as before', { timeout: 60_000 }, async () => {
  for (const verifies of ['pass', 'fail'] as const) {
    const one = world();
    one.verifies = verifies;
    const { events } = await one.rehearse();
    const judged = rollbackRehearsal.judge({ cutover, maxDuration: '60s' }, events, context);
    expect(judged).toMatchObject({ outcome: verifies });
  }
});

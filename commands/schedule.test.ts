/** Looking again at some items of a phase after the approval: it takes no step, so that no phase before it is presupposed. */
import { afterAll, beforeEach, expect, it, vi } from 'vitest';
import { itemOf } from '../reports/decide/testing/inputs.ts';
import { preconditionOf } from '../reports/record/run-folder/precondition.ts';
import type { Plan } from '../checks/contract/plan.ts';
import { at, IMAGE, SIGNED_ITEMS, signedPlan, SignedReleases } from '../tests/harness/signed-release.ts';
import { sign } from './sign.ts';

const releases = new SignedReleases(sign);
const [A, ...signatures] = SIGNED_ITEMS;
/** In the order of its phases. */
const planWith = (mutation?: 'cutover'): Plan => {
  const b = { ...itemOf('B', { phase: 'phase2' }), ...(mutation ? { mutation } : {}) };
  return signedPlan({}, [...(A ? [A] : []), b, itemOf('C', { phase: 'phase2' }), ...signatures]);
};
const plan = planWith();
const moving = planWith('cutover');
/** So late that nothing of the approval is fresh any more. */
const LATER = 60 * 24 * 10;

beforeEach(() => {
  vi.stubEnv('GOLIVE_LEDGER_KEY', releases.ledgers.key());
  for (const stream of [process.stdout, process.stderr]) vi.spyOn(stream, 'write').mockImplementation(() => true);
  releases.begin();
});
afterAll(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  releases.ledgers.close();
});

function ran(minute: number, of: Plan, items?: readonly string[], phase = 'phase2'): string {
  const { ledgers, root, uid } = releases;
  return ledgers.run(root, phase, minute, {
    ...{ plan: of, uid, over: phase === 'final' ? {} : { images: [IMAGE] } },
    ...(items ? { items } : {}),
  });
}
function wholeRun(of: Plan): void {
  for (const [minute, phase] of ['phase1', 'phase2', 'final'].entries()) ran(minute, of, undefined, phase);
}
async function approve(of: Plan): Promise<void> {
  wholeRun(of);
  expect(await releases.allSign(5)).toBe(0);
}
const asked = (runDir: string, of: Plan) =>
  preconditionOf({ runDir, root: releases.root, plan: of, phase: 'phase2', now: at(LATER) });

it('some items that change nothing are looked at again', async () => {
  await approve(plan);
  const { met, why } = asked(ran(LATER, plan, ['B']), plan);
  expect(why).toMatch(/^the release was approved at 2027-03-01T12:.*; B are looked at again$/);
  expect(met).toBe(true);
});

it.each([
  ['a whole phase', plan, undefined],
  ['an item that moves traffic', moving, ['B']],
])('%s presupposes the phase before it, also then', async (_, of, items) => {
  await approve(of);
  expect(asked(ran(LATER, of, items), of).met).toBe(false);
});

it('so does every look before the approval', () => {
  wholeRun(plan);
  expect(asked(ran(LATER, plan, ['B']), plan).met).toBe(false);
});

/** Items that judge other items are looked at without a platform: what the others were is given. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { REHEARSAL_VALUES, type RehearsalValues } from '../../checks/contract/environment.ts';
import type { Plan } from '../../checks/contract/plan.ts';
import { shortened } from '../faults/shortened.ts';
import { recordOf } from '../../reports/decide/testing/inputs.ts';
import { compilePlan } from '../../specs/loader/plan.ts';
import { repositoryRoot } from '../../tests/harness/repository.ts';
import { isDerived, look } from './look.ts';

let root: string;
let plan: Plan;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'golive-look-'));
  const compiled = compilePlan({ root: repositoryRoot(), env: { GOLIVE_ENV: 'rehearsal' } });
  if (!('plan' in compiled)) throw new Error('the checklist does not compile');
  plan = shortened(compiled.plan);
});
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

/** What the derived items say when the given items failed and every other built one passed. */
async function derived(...failed: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const built = plan.items.filter(({ kind }) => kind !== 'planned');
  const at = { startedAt: new Date().toISOString() };
  const looked = await look({
    plan,
    values: Object.fromEntries(Object.keys(REHEARSAL_VALUES).map((name) => [name, '1'])) as unknown as RehearsalValues,
    folder: join(root, '.golive', 'drill'),
    items: built.filter(isDerived),
    standing: built
      .filter((item) => !isDerived(item))
      .map(({ id, expectSubjects }) =>
        recordOf(plan, id, failed.includes(id) ? 'fail' : 'pass', { ...at, subjects: expectSubjects.value }),
      ),
    settle: false,
    signal: new AbortController().signal,
  });
  // A record that stands in a later look must be a first attempt there: a second without a first is one that got lost.
  expect([...looked.values()].map(({ attempt }) => attempt)).toEqual([1, 1, 1]);
  return Object.fromEntries([...looked].map(([id, { outcome, message }]) => [id, `${outcome} ${message}`]));
}

test('items that judge others pass when those passed', async () => {
  const said = await derived();
  expect(Object.keys(said)).toEqual(['F-TEC-001', 'F-TEC-002', 'F-TEC-003']);
  for (const text of Object.values(said)) expect(text).toMatch(/^pass /);
});

test('they say which of those failed', async () => {
  const said = await derived('P5-SEC-003', 'P3-MET-001');
  expect(said['F-TEC-001']).toMatch(/^fail Item P3-MET-001: fail/);
  expect(said['F-TEC-002']).toMatch(/^fail Item P5-SEC-003: failed/);
  expect(said['F-TEC-003']).toMatch(/^fail Item P3-MET-001: the target is missed/);
});

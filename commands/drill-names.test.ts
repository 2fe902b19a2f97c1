/** Each built item of the platform's checklist names a fault that turns it red. */
import { expect, it } from 'vitest';
import { boundFaults } from '../tests/harness/drills.ts';
import { faults } from '../rehearsal/faults/index.ts';
import { compileSelected } from './compile.ts';
import { ROOT } from '../tests/harness/cli.ts';

const compiled = compileSelected(ROOT, { env: 'rehearsal' });
const built = 'plan' in compiled ? compiled.plan.items.filter(({ kind }) => kind !== 'planned') : [];

const drilled = boundFaults(faults);

it('has a drill for every fault', () => expect(drilled.length).toBe(faults.length));

it('has built items to look at', () => expect(built.length).toBeGreaterThan(60));

it.each(built.map(({ id, drill }) => [id, drill] as const))('%s names a fault that changes it: %s', (id, drill) => {
  const fault = drilled.find(({ name }) => name === drill);
  expect(fault?.changes.map(({ item }) => item)).toContain(id);
});

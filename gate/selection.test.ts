import { expect, it } from 'vitest';
import { itemOf, planOf } from '../reports/decide/testing/inputs.ts';
import { selectionOf } from './selection.ts';

const bound = { kind: 'playwright/spec', params: { file: 'team/login.spec.ts', title: 'login › works' } };
const plan = planOf([itemOf('A'), itemOf('A2'), itemOf('S', bound), itemOf('B', { phase: 'phase2' })]);
const select = (...tests: readonly (readonly [phase: string, file: string, ...titles: string[]])[]) =>
  Object.fromEntries(
    selectionOf(
      plan,
      ['phase1', 'phase2'],
      tests.map(([phase, file, ...titles]) => ({ phase, file, titles })),
      '/project/specs',
    ),
  );

it('names the items whose tests are left, and the phases of which none is', () => {
  expect(select(['phase1', '/project/specs/a.yaml', 'A Title of A'])).toEqual({ phase1: ['A'], phase2: [] });
  expect(select()).toEqual({ phase1: [], phase2: [] });
});

it('knows a team’s test by its file and titles', () => {
  expect(select(['phase1', '/project/specs/team/login.spec.ts', 'login', 'works'])).toMatchObject({ phase1: ['S'] });
  expect(select(['phase1', '/project/specs/team/login.spec.ts', 'login', 'fails'])).toMatchObject({ phase1: [] });
  expect(select(['phase2', '/project/specs/team/login.spec.ts', 'login', 'works'])).toMatchObject({ phase1: [] });
});

it('takes no test for the item of another phase', () => {
  expect(select(['phase2', '/project/specs/a.yaml', 'A Title of A'])).toEqual({ phase1: [], phase2: [] });
});

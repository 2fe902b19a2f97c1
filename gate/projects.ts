/**
 * The Playwright projects of the phases. A phase's items are one project; the tests of teams' specs that are bound to items of
 * it are another of the same name, so that `--project` and every report take both for the phase. Only bound files are loaded.
 */
import { join, relative } from 'node:path';
import type { PlaywrightTestConfig } from '@playwright/test';
import { POST_DEPLOYMENT } from '../checks/contract/plan.ts';
import type { Plan, PlannedPhase } from '../checks/contract/plan.ts';
import type { PhasePart } from '../fixtures/phase-order.ts';
import { boundSpecs, exactly, grepOf } from '../specs/team-specs/binding.ts';

/** Workers of a parallel phase: on two cores more of them wait for each other. */
export const PHASE_WORKERS = 2;

type Project = NonNullable<PlaywrightTestConfig['projects']>[number];

export interface ProjectOptions {
  readonly plan: Plan;
  /** The folder of golive itself: gate.spec.ts is in its specs/, and Playwright names files from there. */
  readonly golive: string;
  /** The project's folder: teams' specs are in its specs/. */
  readonly root: string;
  /** Ids of items whose test must not run in this run: the gate answers for them. */
  readonly withheld: ReadonlySet<string>;
}

export function phaseProjects(options: ProjectOptions): Project[] {
  return options.plan.phases.flatMap((phase) => [itemsOf(phase, options), ...teamSpecsOf(phase, options)]);
}

function itemsOf(phase: PlannedPhase, { golive }: ProjectOptions): Project {
  return {
    ...common(phase),
    testDir: join(golive, 'specs'),
    testMatch: exactly(join(golive, 'specs', 'gate.spec.ts')),
    grep: new RegExp(`@${phase.id}(\\s|$)`),
  };
}

function teamSpecsOf(phase: PlannedPhase, { plan, golive, root, withheld }: ProjectOptions): Project[] {
  const bound = boundSpecs(plan, phase.id).filter(({ item }) => !withheld.has(item.id));
  if (bound.length === 0) return [];
  const specs = join(root, 'specs');
  const files = [...new Set(bound.map(({ file }) => join(specs, file)))];
  const part: PhasePart = 'team-specs';
  return [
    {
      ...common(phase),
      metadata: { part },
      testDir: specs,
      testMatch: files.map(exactly),
      grep: bound.map(({ file, title }) => grepOf(phase.id, relative(join(golive, 'specs'), join(specs, file)), title)),
    },
  ];
}

function common(phase: PlannedPhase): Project {
  return {
    name: phase.id,
    ...(phase.order === 'parallel'
      ? { fullyParallel: true, workers: PHASE_WORKERS }
      : { fullyParallel: false, workers: 1 }),
    ...(phase.id === POST_DEPLOYMENT ? { default: false } : {}),
  };
}

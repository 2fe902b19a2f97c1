/**
 * The Playwright projects of the phases. In a parallel phase its items and the tests of teams' specs that are bound to items of it are one
 * project: another would start workers of its own. They are two of the same name, so that `--project` and every report take both for the
 * phase, where the phase is sequential, its items coming first, and where teams' specs lie in another folder than golive's, as a project of
 * Playwright has one. Only bound files are loaded.
 */
import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { PlaywrightTestConfig } from '@playwright/test';
import { POST_DEPLOYMENT } from '../checks/contract/plan.ts';
import type { Plan, PlannedPhase } from '../checks/contract/plan.ts';
import type { PhasePart } from '../fixtures/phase-order.ts';
import {
  boundSpecs,
  exactly,
  GATE_SPEC,
  gateGrepOf,
  grepOf,
  type BoundSpec,
} from '../specs/loader/team-specs/binding.ts';

/** Workers of a parallel phase: on two cores more of them wait for each other. */
export const PHASE_WORKERS = 2;

type Project = NonNullable<PlaywrightTestConfig['projects']>[number];

export interface ProjectOptions {
  readonly plan: Plan;
  /** golive's own spec. */
  readonly gateSpec: string;
  /** Playwright names files from there. */
  readonly testDir: string;
  /** The project's folder: teams' specs are in its specs/. */
  readonly root: string;
  /** Ids of items whose test must not run in this run: the gate answers for them. */
  readonly withheld: ReadonlySet<string>;
}

export function phaseProjects(options: ProjectOptions): Project[] {
  const { plan, root, withheld } = options;
  // A project may hold the gate's spec among its own, one line that imports golive's.
  const among = join(root, 'specs', GATE_SPEC);
  const gateSpec = existsSync(among) ? among : options.gateSpec;
  return plan.phases.flatMap((phase) => {
    const items = itemsOf(phase, gateSpec, options);
    const bound = boundSpecs(plan, phase.id).filter(({ item }) => !withheld.has(item.id));
    if (bound.length === 0) return [projectOf(phase, items)];
    const specs = specsOf(phase, bound, options);
    return phase.order === 'parallel' && items.testDir === specs.testDir
      ? [projectOf(phase, together(items, specs))]
      : [projectOf(phase, items), projectOf(phase, specs, 'team-specs')];
  });
}

/** Tests of a folder. */
interface Tests {
  readonly testDir: string;
  readonly testMatch: RegExp[];
  readonly grep: RegExp[];
}

function itemsOf({ id }: PlannedPhase, file: string, options: ProjectOptions): Tests {
  return { testDir: dirname(file), testMatch: [exactly(file)], grep: [gateGrepOf(id, fileTitle(file, options))] };
}

function specsOf({ id }: PlannedPhase, bound: readonly BoundSpec[], options: ProjectOptions): Tests {
  const testDir = join(options.root, 'specs');
  const files = [...new Set(bound.map(({ file }) => join(testDir, file)))];
  return {
    testDir,
    testMatch: files.map(exactly),
    grep: bound.map(({ file, title }) => grepOf(id, fileTitle(join(testDir, file), options), title)),
  };
}

/** As Playwright names a file: from the config's own `testDir`. */
function fileTitle(file: string, { testDir }: ProjectOptions): string {
  return relative(testDir, file);
}

function together(a: Tests, b: Tests): Tests {
  return { testDir: a.testDir, testMatch: [...a.testMatch, ...b.testMatch], grep: [...a.grep, ...b.grep] };
}

function projectOf(phase: PlannedPhase, tests: Tests, part: PhasePart = 'items'): Project {
  return {
    name: phase.id,
    ...tests,
    metadata: { part },
    ...(phase.order === 'parallel'
      ? { fullyParallel: true, workers: PHASE_WORKERS }
      : { fullyParallel: false, workers: 1 }),
    ...(phase.id === POST_DEPLOYMENT ? { default: false } : {}),
  };
}

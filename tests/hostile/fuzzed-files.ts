/** Files of a project that are not as they should be, for fuzzing. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { HIDDEN } from '../../checks/contract/visible-text.ts';
import { readPeople } from '../../specs/loader/people/load.ts';
import { compilePlan } from '../../specs/loader/plan.ts';
import { renderProblems, type Problem } from '../../specs/loader/problems.ts';
import { makeProject } from '../../specs/loader/testing/project.ts';
import { mutatedText, randomOf, type Target } from './mutations.ts';

const REPOSITORY = join(import.meta.dirname, '..', '..');
const ENVIRONMENT = 'fixtures/environments/rehearsal.yaml';
const FOLDER = 'specs/code-platform';
const WAIVERS = `${FOLDER}/waivers.yaml`;
const read = (file: string): string => readFileSync(join(REPOSITORY, file), 'utf8');

const WAIVER = `apiVersion: golive/v1
waivers:
  - item: P1-CFG-001
    environment: rehearsal
    release: v1.0.0
    reason: The vendor repairs it this week
    approver: Grace Hopper
    ticket: OPS-42
    expires: '2027-03-31T00:00:00Z'
    subject: 'Node a'
`;

/** A whole project, of which one file is not as it should be. */
export function fileTargets(): { readonly targets: Readonly<Record<string, Target>>; readonly remove: () => void } {
  // Small pieces of the real files: mutations must hit what matters, and ten thousand of them end in minutes.
  const phase = read(`${FOLDER}/phase1-preparation.yaml`).split('\n').slice(0, 160).join('\n');
  const files: Readonly<Record<string, string>> = {
    [`${FOLDER}/checklist.yaml`]: read(`${FOLDER}/checklist.yaml`).replace(
      /phases:[^]*?(?=\n\w)/,
      'phases: [phase1.yaml]',
    ),
    [`${FOLDER}/phase1.yaml`]: phase,
    [ENVIRONMENT]: read(ENVIRONMENT),
    [WAIVERS]: WAIVER,
    [`${FOLDER}/attestations/a.yaml`]: WAIVER.replaceAll('waivers', 'attestations'),
  };
  const project = makeProject(files);
  const target =
    (file: string, whole: string): Target =>
    (seed) => {
      const path = join(project.root, file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, mutatedText(whole, randomOf(seed)));
      try {
        expectTold(problemsOf(project.root));
      } finally {
        writeFileSync(path, whole);
      }
      return Promise.resolve();
    };
  return {
    targets: Object.fromEntries(Object.entries(files).map(([file, whole]) => [file, target(file, whole)])),
    remove: project.remove,
  };
}

function problemsOf(root: string): readonly Problem[] {
  const compiled = compilePlan({ root, env: { GOLIVE_COMMIT: 'a'.repeat(40), GOLIVE_CHECKLIST: FOLDER } });
  const facts = {
    checklist: { file: `${FOLDER}/checklist.yaml` },
    items: [{ id: 'P1-CFG-001', kind: 'x' }],
    roles: {},
  };
  const people = readPeople(root, 'plan' in compiled ? compiled.plan : facts, new Date('2027-03-01T00:00:00Z'));
  return ['problems' in compiled ? compiled.problems : [], people.problems, people.unmatched].flat();
}

/** What is the file itself has no line. */
const WHOLE_FILE =
  /empty|larger than|more than one document|cannot be read|no such|more problems? than|^there is no item/;

function expectTold(problems: readonly Problem[]): void {
  for (const problem of problems) {
    if (problem.line === 0) expect(problem.message).toMatch(WHOLE_FILE);
    else expect(problem.column).toBeGreaterThan(0);
  }
  const text = renderProblems(problems);
  expect(text.match(HIDDEN)).toBeNull();
  expect(text).not.toMatch(/^\s+at .*[:(]\d+:\d+\)?$|TypeError|RangeError|undefined|\[object /m);
}

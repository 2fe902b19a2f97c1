/** What an item of kind playwright/spec must obey besides its params' schema. */
import type { Checklist, ChecklistItem } from '../load-checklist.ts';
import { showValue, type Problem } from '../problems.ts';
import { didYouMean } from '../suggest.ts';
import type { ProblemText } from '../yaml/parse.ts';
import { mayBeSameTest, SPEC_KIND } from './binding.ts';
import { specFile, teamSpecFiles } from './files.ts';

interface Stated {
  readonly item: ChecklistItem;
  readonly file: string;
  readonly title: string;
}

export function teamSpecProblems(
  root: string,
  checklist: Pick<Checklist, 'items' | 'phases'>,
  params: ReadonlyMap<ChecklistItem, Readonly<Record<string, unknown>>>,
): readonly Problem[] {
  const sequential = new Set(checklist.phases.filter(({ order }) => order === 'sequential').map(({ id }) => id));
  const stated: Stated[] = [];
  return checklist.items
    .filter((item) => item.kind?.meta.kind === SPEC_KIND)
    .flatMap((item) => {
      const { file, title, mutation } = params.get(item) ?? {};
      const problems: Problem[] = [];
      const tell = (member: string, text: ProblemText, what?: 'key'): void => {
        problems.push(item.yaml.problem(`${item.pointer}/${member}`, text, what));
      };
      if ('waitFor' in item.raw) {
        const fix = 'Remove it, and wait in the spec, for example by expect.poll';
        tell('waitFor', { message: `is not for ${SPEC_KIND}: its test runs once`, fix }, 'key');
      }
      if (mutation !== undefined && !sequential.has(item.phase)) {
        const message = `a test that makes changes needs a sequential phase, and ${item.phase} is parallel (${showValue(mutation)})`;
        tell('params/mutation', { message, fix: 'Move the item to a sequential phase' });
      }
      // A wrong type is told by the schema.
      if (typeof file !== 'string' || typeof title !== 'string') return problems;
      const wrong = fileProblem(root, file);
      if (wrong) tell('params/file', wrong);
      const twin = stated.find((other) => other.file === file && mayBeSameTest(other.title, title));
      if (twin) tell('params/title', sameTest(twin, title));
      stated.push({ item, file, title });
      return problems;
    });
}

function fileProblem(root: string, file: string): ProblemText | undefined {
  const found = specFile(root, file);
  if (found === 'good' || !file.endsWith('.spec.ts')) return undefined;
  if (found === 'gate') {
    return { message: `is the gate itself (${file})`, fix: "Name a spec of the team's own" };
  }
  if (found === 'commonjs') {
    const message = `is no ES module, and only one can import golive's test (${file})`;
    return { message, fix: 'Write "type": "module" in the package.json above it' };
  }
  if (found === 'outside') {
    const message = `must lie in specs/, be no link, and not be in node_modules (${file})`;
    return { message, fix: 'Move the spec there, and name it relative to specs/' };
  }
  if (found !== 'missing') {
    return { message: `must be written the shortest way (${file})`, fix: `Write ${found.write}` };
  }
  const files = teamSpecFiles(root);
  const suggestion = didYouMean(file, files);
  return {
    message: `there is no such file in specs/ (${file})`,
    ...(files.length === 0 ? {} : { allowed: files }),
    ...(suggestion === undefined ? { fix: 'Create it or correct the name' } : { suggestion }),
  };
}

function sameTest(twin: Stated, title: string): ProblemText {
  const { item } = twin;
  const id = String(item.raw['id']);
  const { file, line, column } = item.yaml.at(item.pointer);
  const where = `${id} (${file}:${line}:${column})`;
  return twin.title === title
    ? { message: `is the test of ${where} already`, fix: 'Name another test: each counts for one item' }
    : { message: `may be the test of ${where} as well`, fix: 'Write the whole title path in both items' };
}

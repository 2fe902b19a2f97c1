import { ObservationError } from '../../contract/capabilities.ts';
import { DURATION_PATTERN } from '../../contract/units.ts';
import { attempt, kind } from '../../kit/kind.ts';
import type { Capabilities } from '../../kit/kind.ts';
import { commitParam } from '../folder-params.ts';
import { judge, messages } from './judge.ts';

const count = (minimum: number, description: string) => ({ type: 'integer', minimum, description }) as const;
const span = (description: string) => ({ type: 'string', pattern: DURATION_PATTERN, description }) as const;

export const testReports = kind('source/test-reports', {
  title: 'The tests of this commit ran and passed',
  why: 'A suite that ran on another commit, ran empty or was cut short is as green as one that passed.',
  sees: [
    'Every test in the named files (JUnit XML, CTRF, summaries of k6), however deep it stands; attempts that were repeated count once.',
    'The commit that the file names, or else a folder on its path; the time of the run against that of the commit.',
    'How many tests ran, not counting those that were skipped.',
    'Of k6 each threshold of the script, and that there were samples to hold it against.',
  ],
  not: ['What the tests cover.', 'Whether somebody wrote the file by hand.'],
  needs: ['files'],
  required: ['paths', 'commit', 'minTests'],
  params: {
    paths: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      items: {
        type: 'string',
        minLength: 1,
        description: 'A file, relative to the project; * stands for any part of its name, as in reports/unit/*.xml.',
      },
      description: 'Files with the results. Each must exist.',
    },
    commit: commitParam,
    source: {
      type: 'string',
      minLength: 1,
      description: 'Checkout of Git whose commit is this one: no test of it can have run before it was made.',
    },
    minTests: count(1, 'Tests that must have run in all, thresholds of k6 among them; skipped ones do not count.'),
    maxSkipped: count(0, 'Most tests that may be skipped in all; any number unless said.'),
    maxFlaky: count(0, 'Most tests that may have passed only when they were repeated; any number unless said.'),
    maxAge: span('Oldest that a run may be, for example 7d. A file that does not tell its time is then a doubt.'),
    minDuration: span(
      'Shortest that each run may have been, for load tests. A file that does not tell is then a doubt.',
    ),
  },
  messages,

  async gather({ paths, source }, { files }) {
    const found: { readonly path: string; readonly text: string }[] = [];
    for (const pattern of paths)
      for (const path of await matching(files, pattern)) found.push({ path, text: await files.read(path) });
    if (source === undefined) return { files: found };
    const { seen, refusal } = await attempt(() => files.checkout(source));
    return { files: found, ...(seen ? { committedAt: seen.committedAt } : {}), ...(refusal ? { refusal } : {}) };
  },

  judge,
});

/** The files that a pattern names: at least one. */
async function matching(files: Capabilities['files'], pattern: string): Promise<readonly string[]> {
  const cut = pattern.lastIndexOf('/');
  const [folder, name] = [pattern.slice(0, Math.max(cut, 0)) || '.', pattern.slice(cut + 1)];
  if (folder.includes('*'))
    throw new ObservationError('misconfigured', `${pattern}: * may stand in the name of the file only`, {
      fix: 'Name each folder.',
    });
  if (!name.includes('*')) return [pattern];
  const parts = name.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  const form = new RegExp(`^${parts.join('.*')}$`);
  const found = (await files.list(folder)).filter((path) => form.test(path.slice(path.lastIndexOf('/') + 1)));
  if (found.length > 0) return found;
  throw new ObservationError('not-found', `there is no file ${pattern}`, {
    fix: 'Run the tests of this commit, and keep what they write there.',
  });
}

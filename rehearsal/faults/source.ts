/** Faults of the sources and of what their tests reported. */
import type { Fault } from './fault.ts';

const LEARNING = 'services/learning-system/src';
const OTHER_COMMIT = '0ddc0ffee0ddc0ffee0ddc0ffee0ddc0ffee0ddc';

export const sourceFaults: readonly Fault[] = [
  {
    name: 'tests-fail',
    title: 'A change broke the classifier, the check of tokens and some answers, and the tests found it',
    inject: [
      {
        lever: 'source.edit',
        with: {
          edits: [
            { file: `${LEARNING}/classifier.mjs`, find: 'intercept: -12.0872', put: 'intercept: -42.0872' },
            { file: `${LEARNING}/main.mjs`, find: 'answer(200', put: 'answer(features[0] > 6 ? 200 : 500' },
            {
              file: 'services/typescript-api/src/token.mjs',
              find: '!timingSafeEqual(actual, expected)',
              put: '!timingSafeEqual(expected, expected)',
            },
          ],
          test: true,
        },
      },
    ],
  },
  {
    name: 'tests-of-another-commit',
    title: 'The pipeline tested another commit and kept the results as those of the release',
    inject: [{ lever: 'source.test', with: { commit: OTHER_COMMIT } }],
  },
];

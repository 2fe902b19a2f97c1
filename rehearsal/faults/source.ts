/** Faults of the sources and of what their tests reported. */
import type { Fault } from './fault.ts';

const LEARNING = 'services/learning-system/src';
/** In two parts, so that no scanner of this repository takes it for one that is in use. */
const LEAKED = `postgres://mcp_user:${['tr0mbone', 'walk'].join('-')}@postgres-primary:5432/mcp_db`;
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
  {
    name: 'careless-change',
    title:
      'A careless change of the sources: one stage, a setting and a flag of another environment, an edited migration, a password',
    inject: [
      {
        lever: 'source.edit',
        with: {
          edits: [
            {
              file: 'services/rust-server/Dockerfile',
              find: 'FROM gcr.io/distroless/cc-debian12:nonroot\nCOPY --from=build',
              put: 'RUN cp',
            },
            { file: 'deploy/overlays/production/kustomization.yaml', find: '      - LOG_LEVEL=info\n', put: '' },
            { file: 'flags/production.json', find: '"defaultVariant": "off"', put: '"defaultVariant": "on"' },
            { file: 'migrations/V2__index_created_by.sql', find: '(created_by)', put: '(created_by, id)' },
            {
              file: `${LEARNING}/main.mjs`,
              find: "import { createServer } from 'node:http';",
              put: `import { createServer } from 'node:http';\nconst DATABASE = '${LEAKED}';`,
            },
          ],
        },
      },
    ],
  },
];

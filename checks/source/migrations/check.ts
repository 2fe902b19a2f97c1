import { store } from '../../contract/param-schemas.ts';
import { attempt, kind, type Refusal } from '../../kit/kind.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import type { Row } from '../../protocols/postgres.ts';
import { checkoutMessages, commitParam, seeCheckout } from '../folder-params.ts';
import { historyOf, TABLE_PATTERN } from '../../protocols/migrations/history.ts';
import { LAYOUT_NAMES, LAYOUTS } from '../../protocols/migrations/layouts.ts';
import type { MigrationFile } from '../../protocols/migrations/types.ts';
import { judge, messages } from './judge.ts';

export const migrations = kind('source/migrations', {
  title: 'Migrations are ready and can be taken back',
  why: 'A script that was changed after it ran, comes in the wrong order or has no down script stops a release half way through.',
  sees: [
    'The scripts of the folder, as Flyway, golang-migrate, node-pg-migrate, Alembic or Prisma read them: versions, order, names that they pass over.',
    'The history in the database: what was applied, that it ended well and, where the tool keeps checksums, that its script is still the same.',
    'Exactly the versions that the item names are pending, and each of them has a script that takes it back.',
    'The folder is at the commit of the release, and its scripts are as they were committed.',
  ],
  not: ['Whether a script works, or its down script.', 'Whether the release before still runs on the new schema.'],
  needs: ['files', 'postgres'],
  required: ['source', 'folder', 'commit', 'layout', 'store', 'pending'],
  params: {
    source: {
      type: 'string',
      minLength: 1,
      description: 'Folder of the sources, relative to the project: ${environment.folders.source}. A checkout of Git.',
    },
    folder: { type: 'string', minLength: 1, description: 'Folder of the migrations below it, for example migrations.' },
    commit: commitParam,
    layout: {
      enum: LAYOUT_NAMES,
      description: 'The tool whose names and history these are.',
    },
    store,
    table: {
      type: 'string',
      pattern: TABLE_PATTERN,
      description: 'Table of the history; what the tool calls it unless said.',
    },
    pending: {
      type: 'array',
      uniqueItems: true,
      items: { type: 'string', minLength: 1 },
      description: 'Versions that this release applies, as the history will name them; [] where it applies none.',
    },
    irreversible: {
      type: 'array',
      default: [],
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['version', 'reason'],
        properties: {
          version: { type: 'string', minLength: 1, description: 'A version that is pending.' },
          reason: {
            type: 'string',
            minLength: 10,
            description: 'Why no down script is needed, as for a column that is only added.',
          },
        },
      },
      description: 'Pending versions that need no down script.',
    },
  },
  messages: { ...checkoutMessages, ...messages },
  rights: ({ store }) => mayReadSecrets([store.password]),

  async gather({ source, folder, layout, store, table = LAYOUTS[layout].table }, { files, postgres }) {
    const root = `${source}/${folder}`;
    const paths = LAYOUTS[layout].nested === true ? await files.below(root, []) : await files.list(root);
    const read: MigrationFile[] = [];
    for (const path of paths) read.push({ path: path.slice(root.length + 1), text: await files.read(path) });
    const { seen, refusal } = await attempt(() => historyOf(postgres, store, table));
    return { files: read, checkout: await seeCheckout(files, source), history: refusal ? { refusal } : { rows: seen } };
  },

  judge,
});

export type History = { readonly rows?: readonly Row[] | null; readonly refusal?: Refusal };

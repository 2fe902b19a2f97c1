import { store } from '../../contract/param-schemas.ts';
import { kind } from '../../kit/kind.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { serverName } from '../../protocols/postgres.ts';
import { awayStepMessages, downId, POSTGRES, unlessDown } from '../../protocols/stores.ts';
import { Trial } from './trial.ts';

export const postgresRoundTrip = kind('data/postgres-round-trip', {
  title: 'PostgreSQL keeps what is committed and forgets what is rolled back',
  why: 'A server that answers pings may still lose orders: a full disk, a read-only primary, a pooler in front of another database.',
  sees: [
    'A committed row with a random marker read back in a second session, and a rolled-back one that is not there.',
    'Everything removed again. It creates and drops a small table (class "apply"), or uses the one given.',
  ],
  not: ['That a commit survives a crash or reaches the replicas.'],
  needs: ['postgres'],
  changes: 'apply',
  required: ['store'],
  params: {
    store,
    table: {
      type: 'string',
      pattern: '^([a-z_][a-z0-9_]{0,62}\\.)?[a-z_][a-z0-9_]{0,62}$',
      description:
        'An existing table with a text column "marker" to write to. Absent: a table of its own, golive_probe_<random>, made and dropped.',
    },
  },
  messages: {
    ...awayStepMessages(POSTGRES, 'a server that takes a write'),
    refused: {
      says: '{subject}: refused to {step} ({why}), expected it to be done.',
      fix: 'Repair what the server names: a grant, a full disk, a read-only primary.',
    },
    notReadBack: {
      says: '{subject}: {rows} rows with the marker were read in a second session, expected 1.',
      fix: 'Check that reads and writes go to the same database: a lagging replica or another database behind a pooler answers.',
    },
    notRolledBack: {
      says: '{subject}: {rows} rows of a rolled-back transaction remain, expected none.',
      fix: 'Look for a pooler or proxy that drops BEGIN or commits each statement.',
    },
    notCleanedUp: {
      says: '{subject}: table {table} {left}, expected nothing to be left.',
      fix: 'Remove it by hand: DROP TABLE, or DELETE of the rows whose marker starts with golive-.',
    },
  },
  rights: ({ store }) => mayReadSecrets([store.password]),

  gather({ store, table }, { postgres }) {
    const trial = new Trial(postgres, store, table);
    return unlessDown(postgres, store, (session) => trial.run(session));
  },

  judge({ store }, seen, say) {
    const subject = serverName(store);
    say.judged(subject);
    if (!seen.up) return say.fail(downId(seen), subject, { step: 'open a session', why: seen.why });
    const { committedRows, rolledBackRows, refused, left, table, writer, reader } = seen;
    if (refused) say.fail(refused.hung ? 'hung' : 'refused', subject, { step: refused.step, why: refused.why });
    else if (committedRows === null || reader === null || reader === writer)
      say.unsure(
        'no-positive-control',
        `${subject}: the row was not read by another server process than the one that wrote it (${writer}): a pooler gave both sessions the same. Connect to the server itself.`,
        { subject },
      );
    if (committedRows !== null && committedRows !== 1) say.fail('notReadBack', subject, { rows: committedRows });
    if (rolledBackRows !== null && rolledBackRows !== 0) say.fail('notRolledBack', subject, { rows: rolledBackRows });
    if (left !== null) say.fail('notCleanedUp', subject, { table, left });
    say.show({
      type: 'table',
      title: `Round trip through table ${table} of ${subject}`,
      columns: ['what', 'seen'],
      rows: [
        ['server process that wrote', writer],
        ['server process that read', reader],
        ['rows of the committed marker', committedRows],
        ['rows of the rolled-back marker', rolledBackRows],
        ['left behind', left ?? 'nothing'],
      ],
    });
  },
});

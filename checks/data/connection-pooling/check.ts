import { kind } from '../../kit/kind.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { unlessDown } from '../../protocols/stores.ts';
import { judge, messages } from './judge.ts';
import { params } from './params.ts';
import { consoleOf, poolerName, reachedOf, serverOf } from './pooler.ts';

export const connectionPooling = kind('data/connection-pooling', {
  title: 'Connections are pooled, no client waits for a connection, and the pools fit the server',
  why: 'Pools that are larger than max_connections turn a busy hour into refused connections; clients that wait for one turn it into time-outs.',
  sees: [
    'SHOW CONFIG, DATABASES and POOLS of the PgBouncer console, POOLS three times: the pool mode, paused or disabled databases, waiting clients.',
    'That the database behind the pooler is the very one of the server.',
    'The largest number of server connections that the pools of this server may open (of the users seen so far) against max_connections without those reserved.',
  ],
  not: ['Other poolers and clients of the same server.', 'How it behaves under load.'],
  needs: ['postgres'],
  required: ['console', 'pooled', 'store'],
  params,
  messages,
  rights: ({ console, pooled, store }) => mayReadSecrets([console.password, pooled.password, store.password]),

  async gather({ console, pooled, store }, { postgres }, context) {
    // Through the pooler first: a database behind a wildcard exists on the console once a client has asked for it.
    const through = await unlessDown(postgres, pooled, reachedOf);
    const pooler = await unlessDown(postgres, console, (session) => consoleOf(session, poolerName(console), context));
    const server = await unlessDown(postgres, store, serverOf);
    return { pooler, through, server };
  },
  judge,
});

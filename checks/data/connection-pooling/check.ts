import { attempt, kind } from '../../kit/kind.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { unlessDown } from '../../protocols/stores.ts';
import { judge, messages } from './judge.ts';
import { params } from './params.ts';
import { atAddress, consoleOf, poolerName, reachedOf, reachedTogether, serverOf } from './pooler.ts';

export const connectionPooling = kind('data/connection-pooling', {
  title: 'Connections are pooled, no client waits for a connection, and the pools fit the server',
  why: 'Pools that are larger than max_connections turn a busy hour into refused connections; clients that wait for one turn it into time-outs.',
  sees: [
    'SHOW CONFIG, DATABASES and POOLS of the PgBouncer console, POOLS three times: the pool mode, paused or disabled databases, waiting clients.',
    'That the database behind the pooler, of each of its hosts and at each address of the pooler, is the very one of the server: no standby and no copy.',
    'The largest number of server connections that the pools of this server may open (of the users seen so far) against max_connections without those reserved.',
  ],
  not: [
    'Of several poolers behind one name, the consoles of the others.',
    'Other poolers and clients of the same server.',
    'How it behaves under load.',
  ],
  needs: ['postgres', 'tls'],
  required: ['console', 'pooled', 'store'],
  params,
  messages,
  rights: ({ console, pooled, store }) => mayReadSecrets([console.password, pooled.password, store.password]),

  async gather({ console, pooled, store }, { postgres, tls }, context) {
    // Through the pooler first: a database behind a wildcard exists on the console once a client has asked for it.
    const through = await unlessDown(postgres, pooled, reachedOf);
    const pooler = await unlessDown(postgres, console, (session) => consoleOf(session, poolerName(console), context));
    const server = await unlessDown(postgres, store, serverOf);
    const entry = pooler.up ? pooler.databases.find(({ name }) => name === pooled.database) : undefined;
    const hosts = entry?.server.split(',').length ?? 1;
    const others = await attempt(async () => {
      const behind = hosts > 1 ? Math.min(2 * hosts, entry?.poolSize ?? 1) : 0;
      const reached = [...(await reachedTogether(postgres, pooled, behind))];
      const addresses = through.up ? await tls.addresses(pooled.host) : [];
      for (const address of addresses.length > 1 ? addresses : [])
        reached.push(await postgres.session(atAddress(pooled, address), reachedOf));
      return reached;
    });
    return { pooler, through, server, others };
  },
  judge,
});

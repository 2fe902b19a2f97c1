import { duration, store } from '../../contract/param-schemas.ts';
import type { ParamsOf } from '../../kit/kind.ts';

export const params = {
  console: {
    ...store,
    description: 'The console of PgBouncer: its database is "pgbouncer", its user one of stats_users.',
  },
  pooled: { ...store, description: 'The database as clients reach it, through PgBouncer.' },
  store: { ...store, description: 'The PostgreSQL server behind it, spoken to directly.' },
  poolMode: {
    enum: ['session', 'transaction', 'statement'],
    default: 'transaction',
    description: 'When a server connection is given back.',
  },
  headroom: {
    type: 'integer',
    minimum: 0,
    maximum: 90,
    default: 20,
    description: 'Percent of the connections the server has for clients that the pools must leave free.',
  },
  maxWait: duration('How long a client may have been waiting for a server connection.', '1s'),
} as const;
export type Params = ParamsOf<typeof params, 'console' | 'pooled' | 'store'>;

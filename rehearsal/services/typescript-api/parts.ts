/** What the routes of the typescript-api service work with. */
import type { Metrics } from '../frame/metrics.ts';
import type { Misbehaviours } from '../frame/misbehaviour.ts';
import type { Database } from './database.ts';
import type { Files } from './files.ts';
import type { Jobs } from './jobs.ts';
import type { ListCache } from './list-cache.ts';
import type { Upstream } from './upstream.ts';
import type { Users } from './users.ts';

export interface Parts {
  readonly database: Database;
  readonly cache: ListCache;
  readonly jobs: Jobs;
  readonly files: Files;
  readonly users: Users;
  readonly learning: Upstream;
  readonly compute: Upstream;
  readonly metrics: Metrics;
  readonly misbehaviours: Misbehaviours;
}

/** The credentials of one rehearsal: made anew at each start, kept in files that only their owner can read. */
import { mkdirSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { secretPath, writeAtomically } from '../fixtures/rehearsal-client/state-file.ts';

export interface RehearsalSecrets {
  readonly postgresPassword: string;
  readonly redisPassword: string;
  readonly jwtSecret: string;
  readonly apiUser: string;
  readonly apiPassword: string;
  readonly apiAdminUser: string;
  readonly apiAdminPassword: string;
}

/** The names the environment file gives the API's users. */
const API_USER = 'golive-smoke';
const API_ADMIN_USER = 'golive-admin';

/** Makes new credentials; those that the environment file refers to are written to `secrets/`. */
export function createSecrets(dir: string): RehearsalSecrets {
  const password = (): string => randomBytes(18).toString('hex');
  const secrets = {
    postgresPassword: password(),
    redisPassword: password(),
    jwtSecret: randomBytes(32).toString('hex'),
    apiUser: API_USER,
    apiPassword: password(),
    apiAdminUser: API_ADMIN_USER,
    apiAdminPassword: password(),
  };
  mkdirSync(secretPath(dir, ''), { recursive: true, mode: 0o700 });
  writeAtomically(secretPath(dir, 'postgres-password'), secrets.postgresPassword);
  writeAtomically(secretPath(dir, 'redis-password'), secrets.redisPassword);
  writeAtomically(secretPath(dir, 'api-password'), secrets.apiPassword);
  writeAtomically(secretPath(dir, 'api-admin-password'), secrets.apiAdminPassword);
  return secrets;
}

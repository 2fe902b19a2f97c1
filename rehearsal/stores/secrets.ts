/**
 * Credentials and certificates of the stores: made anew at each start, the same ones in the Secrets of the cluster and in the files
 * that the real servers read.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { sha256Hex } from '../../checks/contract/canonical.ts';
import type { KeyPair } from '../authority.ts';
import type { PlatformContext } from '../platform-types.ts';
import { certificateOf } from './certificate.ts';
import { DATABASE_USER } from '../postgres/server.ts';
import { secretPath, writeAtomically } from '../../fixtures/rehearsal-client/state-file.ts';
import { NAMESPACE, STORES } from '../topology.ts';

/** Who the gate is to Redis: an ACL user that may look, and write under `golive:` alone. */
export const REDIS_GATE_USER = 'golive';
/** Who the gate is to PgBouncer: may ask its console, may not pause, reload or stop it. */
export const PGBOUNCER_STATS_USER = 'golive_stats';
const GATE_MAY =
  '~golive:* resetchannels -@all +ping +info +config|get +set +get +ttl +pttl +exists +del +unlink +role';

export interface StoreSecrets {
  readonly redis: { readonly password: string; readonly users: string; readonly tls: KeyPair };
  readonly pgbouncer: { readonly clientPassword: string; readonly users: string; readonly tls: KeyPair };
  readonly postgres: { readonly password: string; readonly tls: KeyPair };
  /** The Secrets that the stores' manifests mount. */
  readonly manifests: readonly Readonly<Record<string, unknown>>[];
}

/** Makes them; what the environment file refers to is written to `secrets/`. */
export function createStoreSecrets(
  context: PlatformContext,
  passwords: { readonly postgres: string; readonly redis: string },
): StoreSecrets {
  const gate = { redis: randomBytes(18).toString('hex'), pgbouncer: randomBytes(18).toString('hex') };
  mkdirSync(secretPath(context.dir, ''), { recursive: true, mode: 0o700 });
  writeAtomically(secretPath(context.dir, 'redis-golive-password'), gate.redis);
  writeAtomically(secretPath(context.dir, 'pgbouncer-stats-password'), gate.pgbouncer);
  const users = {
    redis: [
      `user default on #${sha256Hex(passwords.redis)} ~* &* +@all`,
      `user ${REDIS_GATE_USER} on #${sha256Hex(gate.redis)} ${GATE_MAY}`,
    ],
    // PgBouncer logs in to PostgreSQL with it, so it needs the password itself.
    pgbouncer: [
      `"${DATABASE_USER}" "${quoted(passwords.postgres)}"`,
      `"${PGBOUNCER_STATS_USER}" "${quoted(gate.pgbouncer)}"`,
    ],
  };
  const pair = (store: keyof typeof STORES): KeyPair => certificateOf(context, STORES[store].service);
  const secrets = {
    redis: { password: passwords.redis, users: lines(users.redis), tls: pair('redis') },
    pgbouncer: { clientPassword: passwords.postgres, users: lines(users.pgbouncer), tls: pair('pgbouncer') },
    postgres: { password: passwords.postgres, tls: pair('postgres') },
  };
  const { caCertificate } = context.authority;
  return {
    ...secrets,
    manifests: [
      secret('redis-users', 'Opaque', { 'users.acl': secrets.redis.users }),
      secret('pgbouncer-users', 'Opaque', { 'userlist.txt': secrets.pgbouncer.users }),
      tlsSecret('redis-tls', secrets.redis.tls, caCertificate),
      tlsSecret('pgbouncer-tls', secrets.pgbouncer.tls, caCertificate),
      tlsSecret('postgres-tls', secrets.postgres.tls, caCertificate),
    ],
  };
}

function tlsSecret(name: string, { key, certificate }: KeyPair, ca: string): Readonly<Record<string, unknown>> {
  return secret(name, 'kubernetes.io/tls', { 'tls.crt': certificate, 'tls.key': key, 'ca.crt': ca });
}

function secret(
  name: string,
  type: string,
  stringData: Readonly<Record<string, string>>,
): Readonly<Record<string, unknown>> {
  const labels = { 'app.kubernetes.io/part-of': 'mcp' };
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: NAMESPACE, labels }, type, stringData };
}

const quoted = (text: string): string => text.replaceAll('"', '""');
const lines = (texts: readonly string[]): string => `${texts.join('\n')}\n`;

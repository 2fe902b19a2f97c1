/** The registry: every kind, one line each, sorted. `npm run new-check` adds the line. */
import { rbacAuthorization } from './cluster/rbac-authorization/check.ts';
import { reachability } from './cluster/reachability/check.ts';
import { storageClasses } from './cluster/storage-classes/check.ts';
import { postgresVersion } from './data/postgres-version/check.ts';
import type { CheckKind } from './define-check.ts';

const all: readonly CheckKind[] = [rbacAuthorization, reachability, storageClasses, postgresVersion];

/** Kinds by name. */
export const kinds: ReadonlyMap<string, CheckKind> = new Map(all.map((kind) => [kind.meta.kind, kind]));

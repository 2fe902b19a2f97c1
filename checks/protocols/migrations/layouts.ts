/** The tools whose migrations and histories are understood. */
import { alembic } from './alembic.ts';
import { flyway } from './flyway.ts';
import { golangMigrate } from './golang-migrate.ts';
import { nodePgMigrate } from './node-pg-migrate.ts';
import { prisma } from './prisma.ts';
import type { Layout } from './types.ts';

export const LAYOUTS = {
  flyway,
  'golang-migrate': golangMigrate,
  'node-pg-migrate': nodePgMigrate,
  alembic,
  prisma,
} as const satisfies Readonly<Record<string, Layout>>;
/** Their names, for params. */
export const LAYOUT_NAMES = Object.keys(LAYOUTS) as (keyof typeof LAYOUTS)[];

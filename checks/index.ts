/** The registry: every kind, one line each, sorted. `npm run new-check` adds the line. */
import type { CheckKind } from './define-check.ts';

const all: readonly CheckKind[] = [];

/** Kinds by name. */
export const kinds: ReadonlyMap<string, CheckKind> = new Map(all.map((kind) => [kind.meta.kind, kind]));

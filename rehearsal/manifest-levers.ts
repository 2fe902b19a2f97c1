/**
 * Levers over the manifests that the rehearsal wrote as they were applied. The cluster is not touched: what is broken is what would be applied
 * next.
 *
 *   manifests.original {file, document, block}   the file holds what the written checklist had in that block of YAML, from 1 on
 *   manifests.without {file, field}              the file's objects lack that field, wherever it stands
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dump, loadAll } from 'js-yaml';
import { writeAtomically } from '../fixtures/rehearsal-client/state-file.ts';
import type { LeverArguments } from '../fixtures/rehearsal-client/control-protocol.ts';
import type { Release } from './levers.ts';
import type { PlatformContext } from './platform-types.ts';

/** Folder of the rehearsal with the manifests as they were applied. */
export const MANIFESTS = 'manifests';

/** `root` is the project, in which documents are named. */
export function addManifestLevers({ levers, dir }: PlatformContext, root: string): void {
  const changed = (args: LeverArguments, change: (before: string) => string): Promise<Release> => {
    const file = join(dir, MANIFESTS, textOf(args, 'file'));
    const before = readFileSync(file, 'utf8');
    writeAtomically(file, change(before));
    return Promise.resolve(() => Promise.resolve(writeAtomically(file, before)));
  };
  levers.add('manifests.original', (args) => changed(args, () => blockOf(join(root, textOf(args, 'document')), args)));
  levers.add('manifests.without', (args) =>
    changed(args, (before) =>
      loadAll(before)
        .map((object) => dump(without(object, textOf(args, 'field'))))
        .join('---\n'),
    ),
  );
}

function blockOf(document: string, { block }: LeverArguments): string {
  const blocks = [...readFileSync(document, 'utf8').matchAll(/```yaml\n(.*?)```/gs)].map(([, text = '']) => text);
  const found = typeof block === 'number' ? blocks[block - 1] : undefined;
  if (found === undefined) throw new Error(`${document} has no such block of YAML`);
  return found;
}

function without(value: unknown, field: string): unknown {
  if (Array.isArray(value)) return value.map((one) => without(one, field));
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([name]) => name !== field);
  return Object.fromEntries(kept.map(([name, member]) => [name, without(member, field)]));
}

function textOf(args: LeverArguments, name: string): string {
  const value = args[name];
  if (typeof value === 'string') return value;
  throw new Error(`the lever takes ${name}, a text`);
}

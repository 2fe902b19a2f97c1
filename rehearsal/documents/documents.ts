/**
 * The platform's documents, as the rehearsal's people have them: a copy of those beside the checklist, with the rehearsal's own host names,
 * reviewed today by its own reviewers. A date that stood in the repository would be out of date one day; here nobody else could review.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { LeverArguments } from '../../fixtures/rehearsal-client/control-protocol.ts';
import type { Levers, Release } from '../levers.ts';
import type { PlatformContext } from '../platform-types.ts';
import { DOMAIN, STORES } from '../topology.ts';

const REVIEWER = 'Reviewer of the rehearsal';

/** Names of the documents, and what is called so here. */
const NAMES: readonly (readonly [there: string, here: string])[] = [
  ['postgres.internal.example.com', STORES.postgres.service],
  ['pgbouncer.internal.example.com', STORES.pgbouncer.service],
  ['redis.internal.example.com', STORES.redis.service],
  ['example.com', DOMAIN],
];

/** Copies and signs them. An installed golive brings no documents along: then there are none. */
export function placeDocuments(context: PlatformContext): void {
  const [from, to] = [join(dirname(context.dist), 'specs/code-platform/docs'), join(context.dir, 'documents')];
  rmSync(to, { recursive: true, force: true });
  if (!existsSync(from)) return;
  const today = new Date().toISOString().slice(0, 10);
  for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const source = join(entry.parentPath, entry.name);
    const target = join(to, source.slice(from.length));
    mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
    writeFileSync(target, signed(hereNamed(readFileSync(source, 'utf8')), today));
  }
  addDocumentLevers(context.levers, to);
}

function hereNamed(text: string): string {
  return NAMES.reduce((named, [there, here]) => named.replaceAll(there, here), text);
}

/** A review, as its reviewer writes it into the front matter; what has none is no document that is reviewed. */
function signed(text: string, today: string): string {
  return text.replace(/^---\n/, `---\nreviewer: ${REVIEWER}\nreviewed: ${today}\n`);
}

function addDocumentLevers(levers: Levers, folder: string): void {
  // {file, replace, with}: a text of a document in place of another. Refused where the document does not hold it.
  levers.add('documents.edit', ({ file, replace, with: by }: LeverArguments): Promise<Release> => {
    const path = join(folder, String(file));
    const before = readFileSync(path, 'utf8');
    const after = before.replaceAll(String(replace), String(by));
    if (after === before) throw new Error(`${String(file)} does not hold ${String(replace)}`);
    writeFileSync(path, after);
    return Promise.resolve(() => {
      writeFileSync(path, before);
      return Promise.resolve();
    });
  });
}

/** Whether the migrations of a folder fit what the database remembers, and what of them goes live with this release. */
import { table } from '../../kit/evidence.ts';
import type { Refusal, Say } from '../../kit/kind.ts';
import { serverName, type Row } from '../../protocols/postgres.ts';
import type { PostgresStore } from '../../contract/stores.ts';
import { checkoutMessages, judgeCheckout, type SeenCheckout } from '../folder-params.ts';
import { LAYOUTS } from '../../protocols/migrations/layouts.ts';
import type { Applied, MigrationFile, Migrations, Script } from '../../protocols/migrations/types.ts';

export const messages = {
  failed: {
    says: '{subject}: is remembered as failed by {server}, expected it to have been applied completely.',
    fix: 'Repair what it left behind, then the history with the tool of the migrations; until then the tool refuses to go on.',
  },
  modified: {
    says: '{subject}: was applied with checksum {expected} and its script has {actual} now, expected the same.',
    fix: 'Put the script back as it was applied, and make the change in a new one.',
  },
  scriptMissing: {
    says: '{subject}: was applied to {server} and has no script here, expected one.',
    fix: 'Look for who applied it: another branch, or another release. Merge its script before anything is migrated.',
  },
  outOfOrder: {
    says: '{subject}: comes before {latest}, which has been applied, and has not been applied itself; expected it after that.',
    fix: 'Give the script a later version: the tool passes it over, or refuses.',
  },
  unexpectedPending: {
    says: '{subject}: is pending, expected only {expected}.',
    fix: 'Name it in the item once its effect on the release is known, or take it out of the release.',
  },
  notPending: {
    says: '{subject}: {why}, expected it to be pending.',
    fix: 'Correct the item, or put the script where it belongs.',
  },
  irreversible: {
    says: '{subject}: has nothing that takes it back, expected a script for it.',
    fix: 'Write the script that takes it back and try it on a copy of the database; or say in the item why none is needed.',
  },
  passedOver: {
    says: '{subject}: is no name that {layout} knows, expected one; it is passed over in silence.',
    fix: 'Name the file as the tool expects it, or move it out of the folder.',
  },
  doubled: {
    says: '{subject}: stands for several scripts ({files}), expected one.',
    fix: 'Give one of them another version.',
  },
  severalHeads: {
    says: '{subject}: has {count} heads ({heads}), expected one.',
    fix: 'Merge them (alembic merge heads): upgrade head refuses several.',
  },
} as const;

interface Params {
  readonly source: string;
  readonly folder: string;
  readonly commit: string;
  readonly layout: keyof typeof LAYOUTS;
  readonly store: PostgresStore;
  readonly pending: readonly string[];
  readonly irreversible: readonly { readonly version: string; readonly reason: string }[];
}
interface Seen {
  readonly files: readonly MigrationFile[];
  readonly checkout: SeenCheckout;
  readonly history: { readonly rows?: readonly Row[] | null; readonly refusal?: Refusal };
}
type MigrationSay = Say<typeof messages & typeof checkoutMessages>;

const named = (version: string): string => `Migration ${version}`;

export function judge(params: Params, { files, checkout, history }: Seen, say: MigrationSay): void {
  const { source, folder, commit, layout, store } = params;
  const root = `${source}/${folder}`;
  judgeCheckout(say, source, checkout, commit, (file) => file.startsWith(`${root}/`));
  const read: Migrations = LAYOUTS[layout].read(files, history.rows ?? []);
  judgeFolder(say, root, params, read);
  const server = serverName(store);
  if (history.refusal) return say.refused(history.refusal, server);
  judgeApplied(say, read, server);
  const done = new Set(read.applied.map(({ version }) => version));
  const pending = read.scripts.filter(({ version }) => !done.has(version));
  if (LAYOUTS[layout].strictOrder) judgeOrder(say, read, done, pending);
  judgePending(say, params, read, pending);
  say.show(
    table(
      `Migrations of ${root}; ${history.rows === null ? 'no history in' : 'history in'} ${server}`,
      ['version', 'script', 'applied', 'can be taken back'],
      read.scripts.map(({ version, path, reversible }) => [version, path, done.has(version), reversible]),
    ),
  );
}

function judgeFolder(
  say: MigrationSay,
  root: string,
  { layout }: Params,
  { scripts, passedOver, doubled, heads }: Migrations,
): void {
  for (const { version } of scripts) say.judged(named(version));
  for (const path of passedOver) say.fail('passedOver', `File ${root}/${path}`, { layout });
  for (const version of doubled) {
    const same = scripts.filter((one) => one.version === version).map(({ path }) => path);
    say.fail('doubled', named(version), { files: same.join(', ') });
  }
  if (heads && heads.length > 1)
    say.fail('severalHeads', `Migrations in ${root}`, { count: heads.length, heads: heads.join(', ') });
}

function judgeApplied(say: MigrationSay, { scripts, applied }: Migrations, server: string): void {
  for (const { version, checksum, failed, mayLackScript } of applied) {
    const subject = named(version);
    say.judged(subject);
    const script = scripts.find((one) => one.version === version);
    if (failed === true) say.fail('failed', subject, { server });
    if (!script && mayLackScript !== true) say.fail('scriptMissing', subject, { server });
    // A repeatable script that changed runs again: it is pending, not modified.
    const isAgain = version.startsWith('R__');
    if (script?.checksum !== undefined && checksum !== undefined && script.checksum !== checksum && !isAgain)
      say.fail('modified', subject, { actual: script.checksum, expected: checksum }, { at: script.path });
  }
}

/** In the order of the scripts, what was applied comes first. */
function judgeOrder(
  say: MigrationSay,
  { scripts, applied }: Migrations,
  done: ReadonlySet<string>,
  pending: readonly Script[],
): void {
  // A baseline stands for all before it.
  if (applied.some(isBaseline)) return;
  const latest = scripts.findLast(({ version }) => done.has(version) && !version.startsWith('R__'));
  if (!latest) return;
  for (const { version } of pending)
    if (scripts.findIndex((one) => one.version === version) < scripts.indexOf(latest))
      say.fail('outOfOrder', named(version), { latest: latest.version });
}

const isBaseline = ({ mayLackScript }: Applied): boolean => mayLackScript === true;

function judgePending(
  say: MigrationSay,
  { pending: wanted, irreversible }: Params,
  { scripts, applied }: Migrations,
  pending: readonly Script[],
): void {
  const changed = scripts.filter(
    ({ version, checksum }) =>
      version.startsWith('R__') && applied.some((one) => one.version === version && one.checksum !== checksum),
  );
  const actual = [...pending, ...changed];
  const expected = wanted.length === 0 ? 'none' : wanted.join(', ');
  for (const { version } of actual)
    if (!wanted.includes(version)) say.fail('unexpectedPending', named(version), { expected });
  for (const version of wanted.filter((one) => !actual.some((script) => script.version === one))) {
    const why = applied.some((one) => one.version === version) ? 'has been applied' : 'has no script';
    say.fail('notPending', named(version), { why });
  }
  for (const { version, reversible, path } of actual)
    if (!reversible && !irreversible.some((one) => one.version === version))
      say.fail('irreversible', named(version), {}, { at: path });
  if (scripts.length === 0 && applied.length === 0 && wanted.length === 0)
    say.unsure('no-subjects', 'There is neither a script nor anything applied.');
}

/** Whether either release could serve with the schema and the settings of now. */
import { table } from '../../kit/evidence.ts';
import { objectSubject, type Refusal, type Say } from '../../kit/kind.ts';
import { LAYOUTS } from '../../protocols/migrations/layouts.ts';
import { serverName, type Row } from '../../protocols/postgres.ts';
import type { PostgresStore } from '../../contract/stores.ts';

export const messages = {
  missing: {
    says: '{subject}: does not exist, expected it.',
    fix: 'Correct the names in the item, or deploy it: without the old release there is nothing to go back to.',
  },
  noHistory: {
    says: '{subject}: has no history of its schema, expected one of {layout}.',
    fix: 'Name the table of the history in the item, or correct the store: this is another database than the migrations ran on.',
  },
  failed: {
    says: '{subject}: the migration {version} ended half way, expected it to be whole or taken back.',
    fix: 'Repair what it left behind, then the history with the tool of the migrations, before any traffic moves.',
  },
  undeclared: {
    says: '{subject}: does not say which revisions of the schema it suits, expected the annotation {annotation}.',
    fix: 'Run the tests of that release on each revision it may meet, and write those into the annotation: "2, 3".',
  },
  unsuited: {
    says: '{subject}: suits the schema at {declared}, and it is at {revision}; expected it to suit that.',
    fix: 'Migrate in steps that both releases can live with (expand, cut over, contract): bring the schema to a revision of both.',
  },
  settingMissing: {
    says: '{subject}: takes its settings from {setting}, which does not exist, expected it.',
    fix: 'Create it again as that release had it: its pods could not be started anew.',
  },
  changedSince: {
    says: '{subject}: runs since {started} with {setting}, which was written at {written}; expected no change since.',
    fix: 'Put the settings of the old release back, or give the new one an object of its own; then restart the old one while it can be watched (kubectl rollout restart).',
  },
} as const;

/** A ConfigMap or Secret: `Secret shop`. */
export interface Setting {
  readonly id: string;
  readonly writtenAt: string | null;
  /** Its content was written then, and not since; else it was made then, and nobody tells of changes. */
  readonly isContent: boolean;
}
export interface SeenDeployment {
  readonly name: string;
  readonly exists: boolean;
  /** What it says it suits; null: nothing. */
  readonly declared: string | null;
  readonly startedAt: string | null;
  readonly takes: readonly { readonly id: string; readonly optional: boolean }[];
}
interface Seen {
  readonly deployments: readonly SeenDeployment[];
  /** Null where they could not be listed. */
  readonly settings: readonly Setting[] | null;
  /** Null where there is no such table, or it could not be asked: then there is a refusal. */
  readonly history: readonly Row[] | null;
  readonly refusals: readonly Refusal[];
}
interface Params {
  readonly namespace: string;
  readonly fresh: readonly string[];
  readonly stable: readonly string[];
  readonly withoutSchema: readonly string[];
  readonly store: PostgresStore;
  readonly layout: keyof typeof LAYOUTS;
  readonly annotation: string;
}
type Voice = Say<typeof messages>;

export function judge(params: Params, { deployments, settings, history, refusals }: Seen, say: Voice): void {
  for (const refusal of refusals) say.refused(refusal);
  const revision = revisionOf(params, history, refusals, say);
  for (const one of deployments) {
    const subject = objectSubject('Deployment', { namespace: params.namespace, name: one.name });
    say.judged(subject);
    if (!one.exists) {
      say.fail('missing', subject);
      continue;
    }
    if (revision !== null && !params.withoutSchema.includes(one.name)) judgeSuits(subject, one, revision, params, say);
    if (settings && params.stable.includes(one.name)) judgeSettings(subject, one, settings, say);
  }
  say.show(
    table(
      'Releases and what they need',
      ['Deployment', 'suits', 'schema', 'oldest container since', 'settings'],
      deployments.map(({ name, declared, startedAt, takes }) => [
        name,
        declared,
        revision,
        startedAt,
        takes.map(({ id }) => id).join(', '),
      ]),
    ),
  );
}

/** What the schema is at: the migration that was applied last. Null where that is not known. */
function revisionOf(
  { store, layout }: Params,
  rows: Seen['history'],
  refusals: readonly Refusal[],
  say: Voice,
): string | null {
  const server = serverName(store);
  say.judged(server);
  if (rows === null) {
    if (refusals.length === 0) say.fail('noHistory', server, { layout });
    return null;
  }
  // What runs again whenever it changes has no place in the order.
  const applied = LAYOUTS[layout].read([], rows).applied.filter(({ version }) => !version.startsWith('R__'));
  for (const { version, failed } of applied) if (failed === true) say.fail('failed', server, { version });
  return applied.filter(({ failed }) => failed !== true).at(-1)?.version ?? 'none';
}

function judgeSuits(
  subject: ReturnType<typeof objectSubject>,
  { declared }: SeenDeployment,
  revision: string,
  { annotation }: Params,
  say: Voice,
): void {
  const suits = (declared ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
  if (suits.length === 0) say.fail('undeclared', subject, { annotation });
  else if (!suits.includes(revision)) say.fail('unsuited', subject, { declared: suits.join(', '), revision });
}

function judgeSettings(
  subject: ReturnType<typeof objectSubject>,
  { startedAt: started, takes }: SeenDeployment,
  settings: readonly Setting[],
  say: Voice,
): void {
  if (takes.length > 0 && started === null) return say.unknown(subject, 'since when its containers run');
  for (const { id, optional } of takes) {
    const setting = settings.find((one) => one.id === id);
    if (!setting) {
      if (!optional) say.fail('settingMissing', subject, { setting: id });
    } else if (setting.writtenAt === null || started === null) say.unknown(subject, `when ${id} was written`);
    else if (Date.parse(setting.writtenAt) > Date.parse(started))
      say.fail('changedSince', subject, { setting: id, started, written: setting.writtenAt });
    else if (!setting.isContent) say.unknown(subject, `when ${id} was written last: no manager owns its data`);
  }
}

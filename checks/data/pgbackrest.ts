/** What `pgbackrest info --output=json` and `repo-ls` say (pgBackRest command reference). */
import { shortened } from '../kit/evidence.ts';
import { attempt, ObservationError, type Refusal } from '../kit/kind.ts';
import { at, listAt, parseJson, textAt } from '../contract/json.ts';
import type { ExecResult } from '../protocols/pod-command.ts';

/** A stanza in one of its repositories: backups are scheduled, and can be missing, repository by repository. */
export interface Stanza {
  readonly name: string;
  /** Its key, 2 for repo2; absent in answers of versions that know one repository alone. */
  readonly repository?: number;
  /** 0 is ok; else what is wrong with it, in pgBackRest's words. Null where it is not reported. */
  readonly code: number | null;
  readonly status: string;
  /** Oldest first. */
  readonly backups: readonly BackupInfo[];
  /** Identifiers of the servers that were backed up; numbers of 64 bits, so kept as text. */
  readonly systemIds: readonly string[];
  /** `none` or the cipher; null where it is not reported. */
  readonly cipher?: string | null;
  /** What lies in the repository itself: info reads its notes alone. Absent where it was not looked at. */
  readonly listing?: Listing | { readonly refused: Refusal };
}
export interface Listing {
  /** Names of the WAL segments and timeline histories from the newest backup on. */
  readonly wal: readonly string[];
  /** Labels that have a folder. */
  readonly folders: readonly string[];
}
/** What is not reported is null. */
export interface BackupInfo {
  readonly label: string;
  readonly type: string;
  /** Seconds since 1970. */
  readonly stoppedAt: number | null;
  readonly size: number | null;
  /** Reported since 2.36. */
  readonly error: boolean | null;
  /** Identifier of the server it was taken of. */
  readonly systemId?: string | null;
  /** WAL segments it needs, first and last. */
  readonly needs: readonly [string, string] | null;
  /** WAL segments in the archive of its repository, oldest and newest, of the same server version; null when there are none. */
  readonly archived: readonly [string, string] | null;
  /** `18-1`: the folder of that archive. */
  readonly archiveId?: string;
  /** Labels of the backups that an incremental or differential one is restored with; null where they are not reported. */
  readonly reference?: readonly string[] | null;
}

/** @throws ObservationError `protocol` when the command failed or said something else */
export function parseInfo(where: string, answer: ExecResult): readonly Stanza[] {
  const stdout = saidBy(where, 'info', answer);
  // A number of 64 bits would lose its last digits.
  const parsed = parseJson(stdout.replaceAll(/"system-id":\s*(\d+)/g, '"system-id":"$1"'));
  if (!Array.isArray(parsed))
    throw new ObservationError('protocol', `${where}: pgbackrest info said no JSON list: ${shortened(stdout, 200)}`);
  return parsed.flatMap(inEachRepository);
}

/** @throws ObservationError `protocol` when the command failed */
function saidBy(where: string, command: string, { exitCode, stdout, stderr }: ExecResult): string {
  if (exitCode === 0) return stdout;
  const said = shortened(`${stderr}${stdout}`.trim(), 300);
  throw new ObservationError('protocol', `${where}: pgbackrest ${command} exits ${exitCode}: ${said}`, {
    detail: `exit-${exitCode}`,
    fix: 'Repair what pgBackRest names: its configuration, the way to its repository or the rights there.',
  });
}

/** Lists what there is of the newest backup and its WAL. Only names of the same beginning: an archive may hold a million. */
export async function listed(
  where: string,
  stanza: Stanza,
  run: (...args: readonly string[]) => Promise<ExecResult>,
): Promise<Stanza> {
  const newest = stanza.backups.at(-1);
  if (!newest?.needs || !newest.archived || newest.archiveId === undefined) return stanza;
  const [folder = '', until = ''] = [newest.needs[0], newest.archived[1]].map((segment) => segment.slice(0, 16));
  let same = 0;
  while (same < folder.length && folder[same] === until[same]) same += 1;
  const beginning = folder.slice(0, same);
  const repo = stanza.repository === undefined ? [] : [`--repo=${stanza.repository}`];
  const list = async (...args: readonly string[]): Promise<readonly string[]> =>
    saidBy(where, 'repo-ls', await run('repo-ls', ...repo, ...args)).split(/\r?\n/);
  const { seen, refusal } = await attempt(async () => {
    const filter = `--filter=(^|/)(${beginning}|[0-9A-F]{8}[.]history)`;
    const files = await list('--recurse', filter, `archive/${stanza.name}/${newest.archiveId ?? ''}`);
    return {
      // A segment has its checksum and the ending of its compression behind its name; one that is not whole has `.partial`.
      wal: files.flatMap((file) => /(?:^|\/)([0-9A-F]{24}(?=-|$)|[0-9A-F]{8}\.history)/.exec(file)?.[1] ?? []),
      folders: (await list(`backup/${stanza.name}`)).filter((name) => /^\d{8}-\d{6}F/.test(name)),
    };
  });
  return { ...stanza, listing: seen ?? { refused: refusal } };
}

function inEachRepository(info: unknown): Stanza[] {
  const keys = [
    ...listAt(info, 'repo').map((repo) => at(repo, 'key')),
    ...['db', 'archive', 'backup'].flatMap((list) => listAt(info, list).map(repositoryOf)),
  ].filter((key) => typeof key === 'number');
  const repositories = [...new Set(keys)].sort((a, b) => a - b);
  return repositories.length === 0
    ? [stanzaIn(info, null)]
    : repositories.map((repository) => ({ ...stanzaIn(info, repository), repository }));
}

/** Entries of `archive` and `backup` have it beside the id of their database, those of `db` beside their own. */
const repositoryOf = (entry: unknown): unknown => at(entry, 'database', 'repo-key') ?? at(entry, 'repo-key');

function stanzaIn(info: unknown, repository: number | null): Stanza {
  const entries = (list: string): readonly unknown[] =>
    listAt(info, list).filter((entry) => (repositoryOf(entry) ?? repository) === repository);
  const repo = listAt(info, 'repo').find((one) => at(one, 'key') === repository);
  const status = at(repo, 'status') ?? at(info, 'status');
  const [servers, archives] = [entries('db'), entries('archive')];
  return {
    name: textAt(info, 'without a name', 'name'),
    code: numberAt(status, 'code'),
    status: textAt(status, 'no status', 'message'),
    backups: entries('backup')
      .map((backup) => backupOf(backup, servers, archives))
      .sort((a, b) => (a.stoppedAt ?? 0) - (b.stoppedAt ?? 0)),
    systemIds: servers.flatMap((server) => textAt(server, '', 'system-id') || []),
    cipher: textAt(repo, textAt(info, '', 'cipher'), 'cipher') || null,
  };
}

function backupOf(backup: unknown, servers: readonly unknown[], archives: readonly unknown[]): BackupInfo {
  const database = at(backup, 'database', 'id');
  const server = servers.find((one) => at(one, 'id') === database);
  const archive = archives.find((one) => at(one, 'database', 'id') === database);
  const [error, reference, prior] = ['error', 'reference', 'prior'].map((key) => at(backup, key));
  const before = Array.isArray(reference) ? reference : typeof prior === 'string' ? [prior] : null;
  return {
    label: textAt(backup, 'without a label', 'label'),
    type: textAt(backup, 'unknown', 'type'),
    stoppedAt: numberAt(backup, 'timestamp', 'stop'),
    size: numberAt(backup, 'info', 'size'),
    systemId: database === undefined ? null : textAt(server, '', 'system-id') || null,
    error: typeof error === 'boolean' ? error : null,
    needs: range(at(backup, 'archive', 'start'), at(backup, 'archive', 'stop')),
    archived: range(at(archive, 'min'), at(archive, 'max')),
    archiveId: textAt(archive, '', 'id'),
    reference: before && before.filter((label) => typeof label === 'string'),
  };
}

function numberAt(value: unknown, ...path: readonly string[]): number | null {
  const found = at(value, ...path);
  return typeof found === 'number' ? found : null;
}

function range(first: unknown, last: unknown): readonly [string, string] | null {
  return typeof first === 'string' && typeof last === 'string' ? [first, last] : null;
}

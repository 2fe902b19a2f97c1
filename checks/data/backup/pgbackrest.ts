/** What `pgbackrest info --output=json` says (pgBackRest command reference, "info"). */
import { shortened } from '../../kit/evidence.ts';
import { ObservationError } from '../../kit/kind.ts';
import { at, listAt, parseJson, textAt } from '../../contract/json.ts';
import type { ExecResult } from '../../protocols/pod-command.ts';

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
}

/** @throws ObservationError `protocol` when the command failed or said something else */
export function parseInfo(where: string, { exitCode, stdout, stderr }: ExecResult): readonly Stanza[] {
  if (exitCode !== 0)
    throw new ObservationError(
      'protocol',
      `${where}: pgbackrest info exits ${exitCode}: ${shortened(`${stderr}${stdout}`.trim(), 300)}`,
      {
        detail: `exit-${exitCode}`,
        fix: 'Repair what pgBackRest names: its configuration, the way to its repository or the rights there.',
      },
    );
  // A number of 64 bits would lose its last digits.
  const parsed = parseJson(stdout.replaceAll(/"system-id":\s*(\d+)/g, '"system-id":"$1"'));
  if (!Array.isArray(parsed))
    throw new ObservationError('protocol', `${where}: pgbackrest info said no JSON list: ${shortened(stdout, 200)}`);
  return parsed.flatMap(inEachRepository);
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
  };
}

function backupOf(backup: unknown, servers: readonly unknown[], archives: readonly unknown[]): BackupInfo {
  const database = at(backup, 'database', 'id');
  const server = servers.find((one) => at(one, 'id') === database);
  const archive = archives.find((one) => at(one, 'database', 'id') === database);
  const error = at(backup, 'error');
  return {
    label: textAt(backup, 'without a label', 'label'),
    type: textAt(backup, 'unknown', 'type'),
    stoppedAt: numberAt(backup, 'timestamp', 'stop'),
    size: numberAt(backup, 'info', 'size'),
    systemId: database === undefined ? null : textAt(server, '', 'system-id') || null,
    error: typeof error === 'boolean' ? error : null,
    needs: range(at(backup, 'archive', 'start'), at(backup, 'archive', 'stop')),
    archived: range(at(archive, 'min'), at(archive, 'max')),
  };
}

function numberAt(value: unknown, ...path: readonly string[]): number | null {
  const found = at(value, ...path);
  return typeof found === 'number' ? found : null;
}

function range(first: unknown, last: unknown): readonly [string, string] | null {
  return typeof first === 'string' && typeof last === 'string' ? [first, last] : null;
}

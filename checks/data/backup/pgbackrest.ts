/** What `pgbackrest info --output=json` says (pgBackRest command reference, "info"). */
import { ObservationError } from '../../kit/define-check.ts';
import { shortened } from '../../kit/evidence.ts';
import { at, isRecord, listAt, parseJson, textAt } from '../../contract/json.ts';
import type { ExecResult } from '../../protocols/pod-command.ts';

export interface Stanza {
  readonly name: string;
  /** 0 is ok; else what is wrong with it, in pgBackRest's words. */
  readonly code: number;
  readonly status: string;
  /** Oldest first. */
  readonly backups: readonly BackupInfo[];
  /** Identifiers of the servers that were backed up; numbers of 64 bits, so kept as text. */
  readonly systemIds: readonly string[];
}
export interface BackupInfo {
  readonly label: string;
  readonly type: string;
  /** Seconds since 1970; null when it is not told, as of a backup that has not ended. */
  readonly stoppedAt: number | null;
  readonly size: number | null;
  readonly error: boolean;
  /** Identifier of the server it was taken of; null when nobody tells. */
  readonly systemId?: string | null;
  /** WAL segments it needs, first and last. */
  readonly needs: readonly [string, string] | null;
  /** WAL segments in the archive, oldest and newest, of the same server version. */
  readonly archived: readonly [string, string] | null;
}

/** @throws ObservationError `protocol` when the command failed or said something else */
export function parseInfo(where: string, { exitCode, stdout, stderr }: ExecResult): readonly Stanza[] {
  if (exitCode !== 0)
    throw new ObservationError(
      'protocol',
      `${where}: pgbackrest info exits ${exitCode}: ${shortened(`${stderr}${stdout}`.trim(), 300)}`,
      { fix: 'Repair what pgBackRest names: its configuration, the way to its repository or the rights there.' },
    );
  // A number of 64 bits would lose its last digits.
  const parsed = parseJson(stdout.replaceAll(/"system-id":\s*(\d+)/g, '"system-id":"$1"'));
  if (!Array.isArray(parsed))
    throw new ObservationError('protocol', `${where}: pgbackrest info said no JSON list: ${shortened(stdout, 200)}`);
  return parsed.map(stanzaOf);
}

function stanzaOf(info: unknown): Stanza {
  const code = at(info, 'status', 'code');
  return {
    name: textAt(info, 'without a name', 'name'),
    code: typeof code === 'number' ? code : 99,
    status: textAt(info, 'no status', 'status', 'message'),
    backups: listAt(info, 'backup')
      .map((backup) => backupOf(info, backup))
      .sort((a, b) => (a.stoppedAt ?? 0) - (b.stoppedAt ?? 0)),
    systemIds: listAt(info, 'db').flatMap((db) => textAt(db, '', 'system-id') || []),
  };
}

function backupOf(info: unknown, backup: unknown): BackupInfo {
  const database = at(backup, 'database', 'id');
  const server = listAt(info, 'db').find((one) => at(one, 'id') === database);
  const archive = listAt(info, 'archive').find((one) => isRecord(one) && at(one, 'database', 'id') === database);
  return {
    label: textAt(backup, 'without a label', 'label'),
    type: textAt(backup, 'unknown', 'type'),
    stoppedAt: numberAt(backup, 'timestamp', 'stop'),
    size: numberAt(backup, 'info', 'size'),
    systemId: database === undefined ? null : textAt(server, '', 'system-id') || null,
    // What is not told is no good sign.
    error: at(backup, 'error') !== false,
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

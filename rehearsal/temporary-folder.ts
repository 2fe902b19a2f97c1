/** The rehearsal's temporary folder: made where PostgreSQL's user can reach it, swept away when an earlier one was left. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { writeAtomically } from '../fixtures/rehearsal-client/state-file.ts';

const PREFIX = 'golive-rehearsal-';
const notePath = (dir: string): string => join(dir, 'temporary-folder');

/** Makes the folder (0755: others pass through it to their own files) and notes it, so that the next start can sweep it. */
export function makeTemporaryFolder(dir: string): string {
  const parent = [tmpdir(), '/tmp', '/var/tmp'].find(isPassable);
  if (parent === undefined)
    throw new Error(`no temporary folder that other users can pass through (${tmpdir()}, /tmp)`);
  const folder = mkdtempSync(join(realpathSync(parent), PREFIX));
  chmodSync(folder, 0o755);
  writeAtomically(notePath(dir), folder);
  return folder;
}

/** As root the database runs as another user, who must be able to pass through every folder above its own. */
function isPassable(path: string): boolean {
  if (!existsSync(path)) return false;
  if (process.getuid?.() !== 0) return true;
  for (let folder = realpathSync(path); ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false;
    if (dirname(folder) === folder) return true;
  }
}

/** Removes what a rehearsal left that was killed together with its reaper: its folder, and a PostgreSQL that runs on in it. */
export function sweepTemporaryFolder(dir: string): void {
  let folder: string;
  try {
    folder = readFileSync(notePath(dir), 'utf8').trim();
  } catch {
    return;
  }
  if (basename(folder).startsWith(PREFIX) && existsSync(folder)) {
    endPostgres(folder);
    rmSync(folder, { recursive: true, force: true });
  }
  rmSync(notePath(dir), { force: true });
}

function endPostgres(folder: string): void {
  try {
    const data = join(folder, 'postgres', 'data');
    const [pid = '', where] = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n');
    // The pid may be somebody else's by now: on Linux its working folder tells.
    const cwd = realpathSync(`/proc/${pid}/cwd`);
    if (where === data && cwd.startsWith(folder)) process.kill(Number(pid), 'SIGQUIT');
  } catch {
    // No PostgreSQL is left, or it cannot be told from another process.
  }
}

/** For tests: what a project's runs and its rehearsal have started, and whether anything of it is left. Linux only. */
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { processStartedAt } from '../../fixtures/rehearsal-client/process-identity.ts';
import { commandLines, processTree, survivors } from './process-tree.ts';
import type { SeenProcess } from './process-tree.ts';

/** The reaper gives what it ends two seconds before it forces it. */
const PATIENCE_MS = 15_000;

export interface Sighting {
  /** Everything below the named processes, and whatever else names the project's folders. */
  readonly processes: readonly SeenProcess[];
  /** Of the rehearsal, outside the project. */
  readonly temporary: string;
}

/** Looks at all that runs for the project now. `pids` are the roots: the runner, and the rehearsal where it is kept. */
export function look(project: { readonly root: string; readonly rehearsalDir: string }, ...pids: number[]): Sighting {
  const note = join(project.rehearsalDir, 'temporary-folder');
  const temporary = existsSync(note) ? readFileSync(note, 'utf8').trim() : '';
  const below = pids.flatMap((pid) => processTree(pid));
  return { processes: [...below, ...mentioning(project.root, temporary)], temporary };
}

/** What is left of a sighting, and what names the folders now, once it had time to end: nothing, it is hoped. */
export async function leftOf(project: { readonly root: string }, seen: Sighting): Promise<readonly string[]> {
  const left = await survivors(seen.processes, PATIENCE_MS);
  const found = await survivors(mentioning(project.root, seen.temporary), PATIENCE_MS);
  const processes = [...left, ...found].map(({ pid, command }) => `${pid} ${command}`);
  return [...processes, ...(seen.temporary !== '' && existsSync(seen.temporary) ? [seen.temporary] : [])];
}

/** Processes whose command line or working folder names one of the folders. */
function mentioning(...folders: readonly string[]): readonly SeenProcess[] {
  const wanted = folders.filter((folder) => folder !== '');
  return commandLines().flatMap(({ pid, command }) => {
    const named = wanted.some((folder) => command.includes(folder) || workingFolder(pid).startsWith(folder));
    const pidStartedAt = processStartedAt(pid);
    return named && pidStartedAt !== undefined ? [{ pid, pidStartedAt, command }] : [];
  });
}

function workingFolder(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}

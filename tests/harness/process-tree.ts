/** For tests: which processes a process has started, and whether they are gone. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { pause } from '../../checks/contract/pause.ts';
import { processStartedAt } from '../../fixtures/rehearsal-client/process-identity.ts';

export interface SeenProcess {
  readonly pid: number;
  readonly pidStartedAt: string;
  readonly command: string;
}

/** Every process below `root`, and `root` itself. */
export function processTree(root: number): readonly SeenProcess[] {
  const parents = parentsOfAll();
  const found = new Set([root]);
  for (let before = 0; before !== found.size;) {
    before = found.size;
    for (const [pid, parent] of parents) if (found.has(parent)) found.add(pid);
  }
  return [...found].flatMap((pid) => {
    const pidStartedAt = processStartedAt(pid);
    return pidStartedAt === undefined ? [] : [{ pid, pidStartedAt, command: commandOf(pid) }];
  });
}

/** Those that still run once `ms` have passed, or at once when none does. */
export async function survivors(seen: readonly SeenProcess[], ms: number): Promise<readonly SeenProcess[]> {
  const deadline = performance.now() + ms;
  for (;;) {
    const left = seen.filter(({ pid, pidStartedAt }) => processStartedAt(pid) === pidStartedAt);
    if (left.length === 0 || performance.now() > deadline) return left;
    await pause(50);
  }
}

/** Every process's command line, as anybody on the machine can read it. Linux only. */
export function commandLines(): readonly { readonly pid: number; readonly command: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        return [{ pid: Number(name), command }];
      } catch {
        return [];
      }
    });
}

function parentsOfAll(): readonly (readonly [number, number])[] {
  if (process.platform !== 'linux') {
    const lines = execFileSync('ps', ['-axo', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
    return lines.map((line) => line.trim().split(/\s+/).map(Number)).map(([pid = 0, parent = 0]) => [pid, parent]);
  }
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid): readonly (readonly [number, number])[] => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      return [[Number(pid), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])]];
    } catch {
      return [];
    }
  });
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').slice(0, 120);
  } catch {
    return '';
  }
}

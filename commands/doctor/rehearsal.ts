/** How this project's rehearsal stands, and what an earlier one left behind. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { logPath, standingOf, type Standing } from '../../fixtures/rehearsal-client/state-file.ts';
import { bad, ok, warn, type Finding } from './finding.ts';

/** The rehearsal of `dir`. `project` shortens paths. */
export function rehearsalFindings(dir: string, now = Date.now()): readonly Finding[] {
  const standing = standingOf(dir, now);
  return [standingFinding(dir, standing), ...leftovers(dir, standing)];
}

function standingFinding(dir: string, standing: Standing): Finding {
  if (standing.is === 'none') return ok('rehearsal', 'none is running; a run starts its own');
  const { pid, kept, status, failure, heartbeatAt } = standing.state;
  const who = kept ? 'kept by golive up' : 'started by a run';
  if (standing.is === 'hung') {
    return bad('rehearsal', `pid ${pid} has shown no sign of life since ${heartbeatAt}`, 'golive down');
  }
  if (standing.is === 'ended') {
    return warn('rehearsal', `one (pid ${pid}, ${who}) ended without tidying up`, 'golive down');
  }
  if (status === 'failed') {
    return bad('rehearsal', `pid ${pid}: ${failure ?? 'failed'}`, `Read ${logPath(dir)}, then golive down`);
  }
  const missing = standing.state.components.filter(({ state }) => state === 'missing' || state === 'failed');
  if (missing.length === 0) return ok('rehearsal', `${status}, pid ${pid}, ${who}`);
  const text = missing.map(({ name, detail }) => `${name}: ${detail ?? 'missing'}`).join('; ');
  return bad('rehearsal', `pid ${pid}: ${text}`, `Read ${logPath(dir)}; npm run setup fetches programs`);
}

/** Processes and files of a rehearsal that is no more. */
function leftovers(dir: string, standing: Standing): readonly Finding[] {
  if (standing.is === 'running' || standing.is === 'hung') return [];
  const temporary = noted(dir);
  const orphans = processes().filter(
    ({ text }) => (temporary !== undefined && text.includes(temporary)) || / --dir (\S+)/.exec(`${text} `)?.[1] === dir,
  );
  if (orphans.length > 0) {
    const pids = orphans.map(({ pid }) => pid).join(' ');
    return [bad('left behind', `processes of an earlier rehearsal still run: ${pids}`, `kill ${pids}`)];
  }
  if (temporary === undefined || !existsSync(temporary)) return [];
  return [
    warn('left behind', `${temporary}, of a rehearsal that was killed`, 'golive up, then golive down, sweeps it'),
  ];
}

/** The temporary folder of the last rehearsal here, as it noted it itself. */
function noted(dir: string): string | undefined {
  const note = join(dir, 'temporary-folder');
  if (!existsSync(note) || !statSync(note).isFile()) return undefined;
  return readFileSync(note, 'utf8').trim() || undefined;
}

function processes(): readonly { readonly pid: number; readonly text: string }[] {
  try {
    const output = execFileSync('ps', ['-A', '-o', 'pid=,args='], { encoding: 'utf8', maxBuffer: 16 * 1024 ** 2 });
    return output.split('\n').flatMap((line) => {
      const [, pid, text] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? [];
      return pid === undefined || Number(pid) === process.pid ? [] : [{ pid: Number(pid), text: text ?? '' }];
    });
  } catch {
    return [];
  }
}

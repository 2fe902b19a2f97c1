/**
 * What a rehearsal that is kept costs while nobody uses it: CPU and memory of all its processes together. Memory is the proportional set
 * size: what several processes have mapped counts once. Linux only: it reads /proc.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { ProcessReader, treeUsage } from '../../rehearsal/api-server/process-usage.ts';
import { startRehearsal, waitForRehearsal } from '../../fixtures/rehearsal-client/start.ts';
import { processTree } from '../harness/process-tree.ts';
import { sayOut } from '../../gate/say.ts';
import type { Benchmark, Figure } from './measure.ts';

/** Until then it compiles what the start has made hot, and collects what the start has left behind. */
const REST_MS = 120_000;
const WINDOW_MS = 60_000;
const CPU_TARGET = 5;
const MEMORY_TARGET_MIB = 450;
const EMPTY_NODES = 10;
/** How many of the largest processes are told by name. */
const TOLD = 5;

export const idle: Benchmark = async () => {
  const root = mkdtempSync(join(tmpdir(), 'golive-idle-'));
  const dir = join(root, 'rehearsal');
  const rehearsal = startRehearsal({ dir, kept: false });
  try {
    await waitForRehearsal({ dir, signal: AbortSignal.timeout(90_000), timeoutMs: 90_000 });
    const pid = rehearsal.state()?.pid ?? 0;
    sayOut(`      idle: rests for ${REST_MS / 1000} s, is measured for ${WINDOW_MS / 1000} s …`);
    await setTimeout(REST_MS);
    return [await cpuOf(pid), memoryOf(pid)];
  } finally {
    await rehearsal.stop();
    rmSync(root, { recursive: true, force: true });
  }
};

async function cpuOf(pid: number): Promise<Figure> {
  const reader = new ProcessReader();
  const soFar = async () => treeUsage(await reader.read([pid]), pid)?.cpuMs ?? Number.NaN;
  const [before, startedAt] = [await soFar(), performance.now()];
  await setTimeout(WINDOW_MS);
  const spent = (await soFar()) - before;
  const value = (spent / (performance.now() - startedAt)) * 100;
  const detail = `${spent} ms of CPU time in ${WINDOW_MS / 1000} s; an empty Node takes ${await emptyNodeMs()} ms of it here and now`;
  return { name: 'idle rehearsal: share of one core', value, unit: '%', target: CPU_TARGET, detail };
}

/** The same work costs three times as much where caches and cores are shared with others: this tells how it is here. */
async function emptyNodeMs(): Promise<number> {
  const reader = new ProcessReader();
  const soFar = async () => (await reader.read([process.pid])).get(process.pid)?.cpuMs ?? Number.NaN;
  const before = await soFar();
  for (let start = 0; start < EMPTY_NODES; start += 1) spawnSync(process.execPath, ['-e', '0']);
  return ((await soFar()) - before) / EMPTY_NODES;
}

function memoryOf(pid: number): Figure {
  const sizes = processTree(pid).map((one) => ({ ...one, mib: proportionalMib(one.pid) }));
  const value = sizes.reduce((sum, { mib }) => sum + mib, 0);
  const largest = sizes.sort((one, other) => other.mib - one.mib).slice(0, TOLD);
  const told = largest.map(({ command, mib }) => `${nameOf(command)} ${mib.toFixed(0)}`);
  const detail = `${sizes.length} processes: ${told.join(', ')}, …`;
  return { name: 'idle rehearsal: memory (PSS)', value, unit: 'MiB', target: MEMORY_TARGET_MIB, detail };
}

/** Nothing for a process that has just ended. */
function proportionalMib(pid: number): number {
  try {
    return Number(/^Pss: +(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]) / 1024;
  } catch {
    return 0;
  }
}

/** The bundle a Node process runs, or the program. */
function nameOf(command: string): string {
  const words = command.split(' ');
  const word = words.find((one) => one.endsWith('.js')) ?? words[0] ?? '';
  return word.split('/').at(-1) ?? word;
}

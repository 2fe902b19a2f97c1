/**
 * Two minutes of steady load on a rehearsal, and what is left of it: processes, open files and listening ports of its process tree,
 * objects of its API server; and, once it is stopped, processes. Linux only: it reads /proc.
 */
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { runOpenLoad } from '../../fixtures/capabilities/load-open.ts';
import { targetOf } from '../../fixtures/capabilities/load-target.ts';
import { lookupFor } from '../../fixtures/capabilities/resolve.ts';
import { startRehearsal, waitForRehearsal } from '../../fixtures/rehearsal-client/start.ts';
import { kubeconfigPath } from '../../fixtures/rehearsal-client/state-file.ts';
import { processTree, survivors } from '../harness/process-tree.ts';
import { sayOut } from '../../gate/say.ts';
import { openPlatformCluster } from '../harness/platform-cluster.ts';
import type { Benchmark, Figure } from './measure.ts';

const RATE = 500;
const SOAK_MS = 120_000;
/** Fills pools and caches, so that what it opens is no leak. */
const WARM_UP_MS = 15_000;
/** Connections that nobody uses any more are closed within this. */
const REST_MS = 20_000;
const LOOKS = 5;
/** Scrapes, probes and the pools' own comings and goings. */
const SOCKETS_OF_REST = 12;
const PATHS = [
  '/api/v1/pods',
  '/api/v1/services',
  '/api/v1/configmaps',
  '/api/v1/secrets',
  '/apis/apps/v1/deployments',
  '/apis/apps/v1/replicasets',
  '/apis/discovery.k8s.io/v1/endpointslices',
  '/apis/coordination.k8s.io/v1/leases',
] as const;

interface Standing {
  readonly processes: number;
  readonly sockets: number;
  readonly listening: number;
  readonly objects: number;
  /** Command lines of the look with the fewest processes. */
  readonly commands: readonly string[];
}
type Counted = Exclude<keyof Standing, 'commands'>;

export const soak: Benchmark = async () => {
  const root = mkdtempSync(join(tmpdir(), 'golive-soak-'));
  const dir = join(root, 'rehearsal');
  const rehearsal = startRehearsal({ dir, kept: false });
  try {
    const values = await waitForRehearsal({ dir, signal: AbortSignal.timeout(90_000), timeoutMs: 90_000 });
    const url = `${values.blue}/api/v1/items?limit=20`;
    const lookup = lookupFor({ servers: [String(values.dnsServer)] });
    const target = targetOf(new URL(url), join(dir, 'ca.pem'), lookup);
    const put = (durationMs: number) =>
      runOpenLoad({ url, rate: RATE, durationMs, warmupMs: 0, timeoutMs: 10_000, maxConnections: 64 }, target, {
        signal: new AbortController().signal,
        progress: () => undefined,
      });
    const pid = rehearsal.state()?.pid ?? 0;
    await put(WARM_UP_MS);
    await setTimeout(REST_MS);
    const before = await standing(pid, dir);
    sayOut(`      soak: ${SOAK_MS / 1000} s at ${RATE} requests/s …`);
    const result = await put(SOAK_MS);
    await setTimeout(REST_MS);
    const after = await standing(pid, dir);
    const tree = processTree(pid);
    await rehearsal.stop();
    const left = await survivors(tree, 15_000);
    return figures(before, after, left.length, `${result.answered} of ${result.sent} requests answered`);
  } finally {
    await rehearsal.stop();
    rmSync(root, { recursive: true, force: true });
  }
};

function figures(before: Standing, after: Standing, left: number, detail: string): Figure[] {
  const more = (name: Counted, target: number): Figure => ({
    name: `soak: ${name} more than before`,
    value: Math.max(0, after[name] - before[name]),
    unit: 'more',
    target,
    detail: `${before[name]} → ${after[name]}; ${detail}`,
  });
  const processes = more('processes', 0);
  const added = processes.value > 0 ? `; more: ${newAmong(before.commands, after.commands).join(' | ')}` : '';
  return [
    { ...processes, detail: `${processes.detail}${added}` },
    more('listening', 0),
    more('sockets', SOCKETS_OF_REST),
    more('objects', 0),
    { name: 'soak: processes left after the stop', value: left, unit: 'more', target: 0, detail: '' },
  ];
}

/** What is there more often than before, as its command lines tell it; numbers (ports, pids) differ from process to process. */
function newAmong(before: readonly string[], after: readonly string[]): readonly string[] {
  const plain = (command: string): string => command.replaceAll(/\d+/g, '#').slice(0, 100);
  const left = before.map(plain);
  return after.map(plain).filter((command) => {
    const index = left.indexOf(command);
    if (index >= 0) left.splice(index, 1);
    return index < 0;
  });
}

/** The least of several looks: what comes and goes is no leak. */
async function standing(pid: number, dir: string): Promise<Standing> {
  const objects = await countObjects(dir);
  const looks: { processes: number; sockets: number; listening: number; commands: readonly string[] }[] = [];
  for (let look = 0; look < LOOKS; look += 1) {
    const tree = processTree(pid);
    const commands = tree.map(({ command }) => command);
    looks.push({ processes: tree.length, ...socketsOf(tree.map((one) => one.pid)), commands });
    await setTimeout(700);
  }
  const least = (name: 'processes' | 'sockets' | 'listening'): number => Math.min(...looks.map((look) => look[name]));
  const processes = least('processes');
  const commands = looks.find((look) => look.processes === processes)?.commands ?? [];
  return { processes, sockets: least('sockets'), listening: least('listening'), objects, commands };
}

function socketsOf(pids: readonly number[]): { sockets: number; listening: number } {
  const listeners = listeningInodes();
  const inodes = pids.flatMap((pid) => socketInodes(pid));
  return { sockets: inodes.length, listening: inodes.filter((inode) => listeners.has(inode)).length };
}

function socketInodes(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
        return inode === undefined ? [] : [inode];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}

/** Inodes of TCP sockets in state LISTEN (0A), IPv4 and IPv6. */
function listeningInodes(): ReadonlySet<string> {
  const rows = ['tcp', 'tcp6'].flatMap((name) => readFileSync(`/proc/net/${name}`, 'utf8').split('\n').slice(1));
  const columns = rows.map((row) => row.trim().split(/\s+/));
  return new Set(columns.filter((row) => row[3] === '0A').flatMap((row) => row.slice(9, 10)));
}

async function countObjects(dir: string): Promise<number> {
  const cluster = await openPlatformCluster(kubeconfigPath(dir), 'rehearsal-admin');
  try {
    const lists = await Promise.all(PATHS.map((path) => cluster.names(path)));
    return lists.reduce((sum, names) => sum + names.length, 0);
  } finally {
    await cluster.close();
  }
}

/** What benchmarks share: a figure, the median of paired runs, a timed child process. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: '×' | 's' | 'ms' | '%' | 'MiB' | 'more';
  /** Null for a figure that is only told. */
  readonly target: number | null;
  /** The figures the value was made of. */
  readonly detail: string;
}
export type Benchmark = () => Promise<readonly Figure[]>;

export interface Timed {
  /** Seconds until the first byte on stdout or stderr. */
  readonly firstByte: number;
  /** Seconds until the process had ended. */
  readonly wall: number;
  /** Seconds of CPU that it and its children used, where nothing else is started meanwhile. NaN where there is no /proc. */
  readonly cpu: number;
  readonly exitCode: number | null;
  readonly output: string;
}

/** Runs `node ARGS` and times it. */
export function timeNode(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<Timed> {
  const started = performance.now();
  const cpuBefore = childCpuSeconds();
  const seconds = (): number => (performance.now() - started) / 1000;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let firstByte = 0;
    let output = '';
    const seen = (chunk: Buffer): void => {
      if (firstByte === 0) firstByte = seconds();
      output += chunk.toString();
    };
    child.stdout.on('data', seen);
    child.stderr.on('data', seen);
    child.on('error', reject);
    child.on('close', (exitCode) =>
      resolve({ firstByte, wall: seconds(), cpu: childCpuSeconds() - cpuBefore, exitCode, output }),
    );
  });
}

/** What all children that have ended used, and theirs: `cutime` and `cstime` of proc(5), in ticks of 10 ms. */
function childCpuSeconds(): number {
  try {
    const afterName = readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return (Number(afterName[13]) + Number(afterName[14])) / 100;
  } catch {
    return Number.NaN;
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Runs `a` and `b` in turn, once unmeasured, and gives the median of the ratios a/b pair by pair. */
export async function pairedRatio(
  rounds: number,
  a: () => Promise<number>,
  b: () => Promise<number>,
): Promise<{ readonly ratio: number; readonly a: number; readonly b: number }> {
  await a();
  await b();
  const pairs: { a: number; b: number }[] = [];
  for (let round = 0; round < rounds; round += 1) pairs.push({ a: await a(), b: await b() });
  return {
    ratio: median(pairs.map((pair) => pair.a / pair.b)),
    a: median(pairs.map((pair) => pair.a)),
    b: median(pairs.map((pair) => pair.b)),
  };
}

/** What the generators of load cost, over what vegeta, k6 and autocannon take for the same requests, and how exact their percentiles are. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { createK6Output, k6Figures, type K6Output } from '../../fixtures/capabilities/load-k6-output.ts';
import { runOpenLoad } from '../../fixtures/capabilities/load-open.ts';
import { runClosedLoad } from '../../fixtures/capabilities/load-run.ts';
import { targetOf } from '../../fixtures/capabilities/load-target.ts';
import { findTool } from '../../fixtures/rehearsal-client/tools.ts';
import { sayOut } from '../../gate/say.ts';
import { median } from './measure.ts';
import type { Benchmark, Figure } from './measure.ts';

const RATE = 1000;
const SECONDS = 5;
const ROUNDS = 3;
const QUIET = { signal: new AbortController().signal, progress: () => undefined };

/**
 * Answers at once on `/`; on `/known` 90 % after 20 ms, 7 % after 200 ms, 3 % after 400 ms. `/told` is how long those really took, by its
 * own clock: timers are late on a busy machine, and that is no error of the generator.
 */
const SERVER = `
  let [seen, took] = [0, []];
  require('node:http').createServer((request, response) => {
    if (request.url === '/told') { response.end(JSON.stringify(took)); took = []; return; }
    if (request.url !== '/known') return void response.end('ok');
    const [place, from] = [seen++ % 100, performance.now()];
    const answer = () => { took.push(performance.now() - from); response.end('ok'); };
    setTimeout(answer, place < 90 ? 20 : place < 97 ? 200 : 400);
  }).listen(0, '127.0.0.1', function () { console.log(this.address().port); });
`;

export const load: Benchmark = async () => {
  const server = spawn(process.execPath, ['-e', SERVER], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const port = await firstLine(server.stdout);
    const url = `http://127.0.0.1:${port}/`;
    return [
      ...(await costFigures(url)),
      ...(await closedFigures(url)),
      ...(await percentileFigures(url)),
      ...(await k6Comparison(url)),
    ];
  } finally {
    server.kill('SIGKILL');
  }
};

async function firstLine(from: Readable): Promise<string> {
  for await (const line of createInterface(from)) return line;
  throw new Error('the server of the benchmark did not start');
}

async function costFigures(url: string): Promise<Figure[]> {
  const vegeta = findVegeta();
  if (vegeta === null) {
    sayOut(
      '      vegeta is not on PATH or in GOBIN: its cost is not compared (go install github.com/tsenart/vegeta/v12@v12.13.0)',
    );
    return [];
  }
  const pairs: { own: number; other: number }[] = [];
  await ownCpu(url);
  for (let round = 0; round < ROUNDS; round += 1) pairs.push({ own: await ownCpu(url), other: vegetaCpu(vegeta, url) });
  const [own, other] = [median(pairs.map((pair) => pair.own)), median(pairs.map((pair) => pair.other))];
  return [
    {
      name: `CPU of the generator over vegeta's, ${RATE}/s for ${SECONDS} s`,
      value: median(pairs.map((pair) => pair.own / pair.other)),
      unit: '×',
      target: 0.6,
      detail: `${own.toFixed(2)} s / ${other.toFixed(2)} s`,
    },
  ];
}

/** CPU seconds of this process during a run; the server is another one. */
async function ownCpu(url: string): Promise<number> {
  const from = process.cpuUsage();
  await run(url, RATE, SECONDS);
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1e6;
}

/** CPU of an answer in the closed model, over that of an answer to autocannon alone. */
async function closedFigures(url: string): Promise<Figure[]> {
  const { default: autocannon } = await import('autocannon');
  const pairs: { own: number; alone: number }[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const load = { url, connections: 10, warmupMs: 0, durationMs: 2000 };
    const own = await cpuPer(async () => (await runClosedLoad(load, QUIET)).answered);
    const alone = await cpuPer(async () => (await autocannon({ url, connections: 10, duration: 2 })).requests.total);
    pairs.push({ own, alone });
  }
  const us = (of: (pair: (typeof pairs)[number]) => number): string => (median(pairs.map(of)) * 1e6).toFixed(1);
  return [
    {
      name: "CPU of an answer, closed, over autocannon's own",
      value: median(pairs.map(({ own, alone }) => own / alone)),
      unit: '×',
      target: 1,
      detail: `${us(({ own }) => own)} µs / ${us(({ alone }) => alone)} µs`,
    },
  ];
}

/** CPU seconds of this process for each of what was counted. */
async function cpuPer(count: () => Promise<number>): Promise<number> {
  const from = process.cpuUsage();
  const counted = await count();
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1e6 / counted;
}

/** The same load by k6: what it costs, and what its percentiles are, against a server of 20 to 400 ms. */
async function k6Comparison(url: string): Promise<Figure[]> {
  const k6 = findTool('k6');
  if (k6 === undefined) {
    sayOut('      k6 is not installed: it is not compared (npm run setup -- k6)');
    return [];
  }
  const own = await ownCpu(url);
  const { cpu } = await k6Run(k6, url, RATE);
  const mine = await run(`${url}known`, 300, SECONDS);
  const { output } = await k6Run(k6, `${url}known`, 300);
  const theirs = k6Figures([output]);
  return [
    {
      name: `CPU of the generator over k6's, ${RATE}/s for ${SECONDS} s`,
      value: own / cpu,
      unit: '×',
      target: 0.3,
      detail: `${own.toFixed(2)} s / ${cpu.toFixed(2)} s`,
    },
    ...[50, 95, 99].map((p): Figure => {
      const [a, b] = [mine, theirs].map(
        (one) => (one.latencies.percentiles.find(([at]) => at === p)?.[1] ?? NaN) / 1000,
      );
      const [golive, other] = [a ?? NaN, b ?? NaN];
      return {
        name: `P${p} beside k6's on the same load, apart by`,
        value: Math.max(golive / other, other / golive),
        unit: '×',
        target: 1.03,
        detail: `${golive.toFixed(1)} ms / ${other.toFixed(1)} ms`,
      };
    }),
  ];
}

async function k6Run(k6: string, url: string, rate: number): Promise<{ cpu: number; output: K6Output }> {
  const folder = mkdtempSync(join(tmpdir(), 'golive-bench-k6-'));
  const script = join(folder, 'load.js');
  const scenario = `{ executor: 'constant-arrival-rate', rate: ${rate}, timeUnit: '1s', duration: '${SECONDS}s', preAllocatedVUs: 256 }`;
  writeFileSync(
    script,
    `import http from 'k6/http';
export const options = { scenarios: { load: ${scenario} }, systemTags: ['status', 'name'] };
export default function () { http.get('${url}'); }
export function handleSummary() { return {}; }`,
  );
  const output = createK6Output();
  const args = ['run', '--quiet', '--no-usage-report', '--address', '', '--out', 'json=-', script];
  const shell = spawn('sh', ['-c', '"$@"; times >&3', 'sh', k6, ...args], {
    stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
  });
  let times = '';
  shell.stdout?.setEncoding('utf8').on('data', (text: string) => output.push(text));
  shell.stdio[3]?.on('data', (text: Buffer) => (times += text.toString()));
  await once(shell, 'close');
  rmSync(folder, { recursive: true, force: true });
  return { cpu: childrenIn(times), output };
}

/** The shell tells what its children used. */
function vegetaCpu(vegeta: string, url: string): number {
  const script = `echo "GET $2" | "$1" attack -rate ${RATE} -duration ${SECONDS}s -max-workers 256 > /dev/null; times`;
  const { stdout } = spawnSync('sh', ['-c', script, 'sh', vegeta, url], { encoding: 'utf8' });
  return childrenIn(stdout);
}

/** CPU seconds of the children, of what the shell's `times` says. */
function childrenIn(said: string): number {
  const children = said.trim().split('\n').at(-1) ?? '';
  const times = [...children.matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, minutes, seconds]) => Number(minutes) * 60 + Number(seconds),
  );
  return times.reduce((sum, seconds) => sum + seconds, 0);
}

async function percentileFigures(url: string): Promise<Figure[]> {
  const told = async (): Promise<number[]> => (await (await fetch(`${url}told`)).json()) as number[];
  await run(`${url}known`, 500, 1);
  await told();
  const { latencies } = await run(`${url}known`, 500, SECONDS);
  const known = (await told()).sort((a, b) => a - b);
  return [95, 99].map((p) => {
    const measured = (latencies.percentiles.find(([at]) => at === p)?.[1] ?? NaN) / 1000;
    const ms = known[Math.ceil((p / 100) * known.length) - 1] ?? NaN;
    return {
      name: `P${p} of a server of known latency, off by`,
      value: Math.max(measured / ms, ms / measured),
      unit: '×',
      target: 1.01,
      detail: `${measured.toFixed(1)} ms / ${ms.toFixed(1)} ms`,
    };
  });
}

function run(url: string, rate: number, seconds: number) {
  return runOpenLoad(
    { url, rate, durationMs: seconds * 1000, warmupMs: 0, timeoutMs: 5000, maxConnections: 256 },
    targetOf(new URL(url), undefined, undefined),
    QUIET,
  );
}

function findVegeta(): string | null {
  const { PATH = '', GOBIN, GOPATH = join(homedir(), 'go') } = process.env;
  const folders = [...PATH.split(delimiter), ...(GOBIN === undefined ? [] : [GOBIN]), join(GOPATH, 'bin')];
  return folders.map((folder) => join(folder, 'vegeta')).find((file) => existsSync(file)) ?? null;
}

/**
 * What 100 checks cost over the same in a bare Playwright project, with the same reports: a third asks by HTTP, as items of the checklist, a
 * third by TCP and a third runs a command, as tests of a team's spec in the same parallel phase.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { GateProject, type GateItem } from '../harness/gate-project.ts';
import { bareProject } from './bare-playwright.ts';
import { median, timeNode } from './measure.ts';
import type { Benchmark, Timed } from './measure.ts';

const CHECKS = 100;
const ROUNDS = 5;
const TARGET = 1.1;
const REPORTERS = ['list', 'html', 'junit', 'allure-playwright'];
const SPEC = 'checks.spec.ts';
const IMPORTS = `import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { promisify } from 'node:util';`;

type Means = 'http' | 'tcp' | 'command';
interface Check {
  readonly title: string;
  readonly means: Means;
}
const MEANS: readonly Means[] = ['http', 'tcp', 'command'];

export const specOverhead: Benchmark = async () => {
  const checks = Array.from({ length: CHECKS }, (_, index): Check => {
    const title = `check ${String(index).padStart(3, '0')}`;
    return { title, means: MEANS[index % MEANS.length] ?? 'http' };
  });
  const listener = createServer((socket) => socket.end('ready'));
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const gate = await GateProject.make([{ phase: 'phase1', items: checks.map(itemOf) }]);
  const bodies: Readonly<Record<Means, string>> = {
    http: `const response = await fetch('${gate.url}/ok');
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual({ status: 'ok' });`,
    tcp: `const socket = connect(${port}, '127.0.0.1');
      const [answer] = await once(socket, 'data');
      expect(String(answer)).toBe('ready');
      socket.destroy();`,
    command: `const { stdout } = await promisify(execFile)('uname', ['-s']);
      expect(stdout.trim()).not.toBe('');`,
  };
  gate.writeGateSpec();
  const ofTeam = checks.filter(({ means }) => means !== 'http');
  const observing = ({ title, means }: Check): string =>
    `test('${title}', async ({ evidence }) => { ${bodies[means]}\n evidence.observe('${title}', 'as expected'); });`;
  gate.writeSpec(SPEC, [IMPORTS, ...ofTeam.map(observing)].join('\n'));
  const plain = ({ title, means }: Check): string => `test('${title}', async () => { ${bodies[means]} });`;
  const bare = bareProject([IMPORTS, ...checks.map(plain)].join('\n'), 2, REPORTERS);
  const ofGate = async (): Promise<Timed> => {
    const timed = await timeNode(gate.command([]), gate.root, gate.env());
    if (timed.exitCode !== 0) throw new Error(`the gate did not pass:\n${timed.output}`);
    return timed;
  };
  try {
    await ofGate();
    await bare.run();
    const pairs: { readonly a: Timed; readonly b: Timed }[] = [];
    for (let round = 0; round < ROUNDS; round += 1) pairs.push({ a: await ofGate(), b: await bare.run() });
    const figureOf = (name: 'wall' | 'cpu', what: string) => {
      const of = (side: 'a' | 'b'): number => median(pairs.map((pair) => pair[side][name]));
      return {
        name: `${CHECKS} checks, items and a team's spec, over bare Playwright, ${what}`,
        value: median(pairs.map(({ a, b }) => a[name] / b[name])),
        unit: '×',
        target: TARGET,
        detail: `${of('a').toFixed(2)} s / ${of('b').toFixed(2)} s`,
      } as const;
    };
    return [figureOf('wall', 'time'), figureOf('cpu', 'CPU')];
  } finally {
    listener.close();
    bare.remove();
    await gate.remove();
  }
};

function itemOf({ title, means }: Check): GateItem {
  const id = `P1-ONE-${title.slice(-3)}`;
  return means === 'http' ? { id } : { id, spec: { file: SPEC, title } };
}

/** `golive load` as people use it: a profile on a server of the test, outside of a rehearsal. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeProject, phaseText } from '../specs/loader/testing/project.ts';
import { bundledCli, ROOT, type CliResult } from '../tests/harness/cli.ts';
import { listenHttp, type TestServer } from '../tests/harness/servers.ts';

const golive = bundledCli();
const ARMED = { GOLIVE_ENV: 'staging', GOLIVE_ARM: 'v1.0.0' };
const SHORT = ['--warmup', '200ms', '--duration', '2s'];

const profileText = (target = 'shop', path = '/items'): string => `apiVersion: golive/v1
title: Readers
target: ${target}
rate: 50
warmup: 1s
duration: 60s
flows:
  - name: reads
    weight: 1
    steps: [{ path: ${path}, expect: { contentType: application/json, bodyIncludes: [items] } }]
`;

const environmentText = (name: string, url: string, mutations: string): string => `apiVersion: golive/v1
name: ${name}
kubeconfig: { path: none, context: none }
namespaces: { platform: shop }
endpoints: { shop: { url: '${url}' }, closed: { url: 'http://127.0.0.1:1' } }
stores: {}
mutations: [${mutations}]
preconditions: enforce
`;

let server: TestServer;
let project: ReturnType<typeof makeProject>;
let asked = 0;

beforeAll(async () => {
  server = await listenHttp((request, response) => {
    asked += 1;
    const isSorry = request.url === '/sorry';
    response.writeHead(200, { 'content-type': isSorry ? 'text/html' : 'application/json' });
    response.end(isSorry ? 'sorry' : '{"items":[]}');
  });
  project = makeProject({
    'specs/small/phase1.yaml': phaseText(
      '  - { id: P1-CLU-001, title: T, kind: cluster/storage-classes, source: 1, severity: major, owner: platform-team, params: {} }\n',
    ),
    'fixtures/environments/staging.yaml': environmentText('staging', server.url, 'load'),
    'fixtures/environments/quiet.yaml': environmentText('quiet', server.url, ''),
    'load/users.yaml': profileText(),
    'load/sorry.yaml': profileText('shop', '/sorry'),
    'load/nowhere.yaml': profileText('market'),
    'load/down.yaml': profileText('closed'),
    'load/broken.yaml': profileText().replace('rate: 50', 'rate: fast'),
  });
});
afterAll(async () => {
  await server.close();
  project.remove();
});
beforeEach(() => (asked = 0));

const load = (args: readonly string[], env: Readonly<Record<string, string>> = ARMED): Promise<CliResult> =>
  golive.later(['load', ...args], project.root, env);

describe('wrong use', () => {
  it.each([
    [['load/none.yaml'], /load\/none\.yaml.*(does not exist|cannot be read|no such)/i],
    [['load/broken.yaml'], /load\/broken\.yaml:4:7: rate:/],
    [['load/nowhere.yaml'], /environment staging has no endpoint market\.\nFix: Add market to endpoints/],
    [['load/users.yaml', '--rate', 'fast'], /--rate must be a number above 0, at most 50000 \(fast\)/],
    [['load/users.yaml', '--rate', '60000'], /--rate must be a number above 0, at most 50000/],
    [['load/users.yaml', '--duration', '0s'], /--duration is no duration above 0 \(0s\)/],
    [['load/users.yaml', '--warmup', 'long'], /--warmup is no duration \(long\)/],
    [['load/users.yaml', '--give-up', '150'], /--give-up must be a number above 0, at most 100/],
    [['load/users.yaml', '--connections', '-1'], /--connections must be/],
    [['load/users.yaml', '--env', 'stagign'], /Did you mean "staging"/],
    [[], /missing required argument 'profile'/],
  ])('%j', async (args, says) => {
    const { status, stdout, stderr } = await load(args);
    expect(stderr).toMatch(says);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect([status, asked]).toEqual([64, 0]);
    expect(stdout).not.toContain('requests due');
  });
});

describe('outside of a rehearsal nothing is sent', () => {
  it.each([
    [
      'where the environment does not allow it',
      { ...ARMED, GOLIVE_ENV: 'quiet' },
      /quiet allows no change of the class load/,
    ],
    [
      'where nothing is armed',
      { GOLIVE_ENV: 'staging' },
      /Nothing is armed: nothing was sent\.\nFix: run with GOLIVE_ARM=v1\.0\.0/,
    ],
    ['where another release is armed', { ...ARMED, GOLIVE_ARM: 'v0' }, /Nothing is armed but v0/],
  ])('%s', async (_, env, says) => {
    const { status, stderr } = await load(['load/users.yaml', ...SHORT], env);
    expect(stderr).toMatch(says);
    expect([status, asked]).toEqual([2, 0]);
  });

  it('and without a rehearsal that runs, at once', async () => {
    const { status, stderr } = await load(['load/users.yaml'], {});
    expect(stderr).toMatch(/no rehearsal runs in .*\nFix: Start one with golive up\./);
    expect(status).toBe(1);
  });
});

/** Busy machines make the generator late: 2, which says so. */
const CARRIED = expect.toBeOneOf([0, 2]) as number;

describe('a load by hand', () => {
  it('shows each second, and what came of it', async () => {
    const { status, stdout, stderr } = await load(['load/users.yaml', ...SHORT]);
    expect({ status, stderr }).toEqual({ status: CARRIED, stderr: '' });
    expect(stdout).toMatch(/^load\/users\.yaml on staging; Ctrl-C ends it/);
    expect(stdout).toMatch(/ 1 s {2}\d+ begun, \d+ answered well, 0 failed; P50 \S+ ms/);
    const seconds = [...stdout.matchAll(/^ *(\d+) s {2}/gm)].map((found) => Number(found[1]));
    expect(seconds).toEqual([...new Set(seconds)]);
    expect(Math.max(...seconds)).toBeLessThanOrEqual(2);
    expect(stdout).toMatch(/100 requests due in 2\.0 s, 0\.0 % failed\nAnswers: 100 2xx; lost: 0/);
    expect(stdout).toMatch(/P95 {2}\S+ ms {2}\(raw \S+ ms\)/);
    expect(stdout).toContain('/items: 100 due, 0 failed');
    // With those of the warm-up.
    expect(asked).toBeGreaterThanOrEqual(100);
  });

  it('prints JSON and nothing else, at the rate that was asked for', async () => {
    const { status, stdout } = await load(['load/users.yaml', ...SHORT, '--rate', '20', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ model: 'open', declaredRate: 20, intended: 40, answered: 40, statuses: { '2xx': 40 } },
      doubts: expect.any(Array) as unknown[],
    });
    expect(status).toEqual(CARRIED);
  });

  it('is 1 where answers are of something else', async () => {
    const { status, stdout } = await load(['load/sorry.yaml', ...SHORT]);
    expect(stdout).toMatch(/100 requests due in 2\.0 s, 100\.0 % failed \(100 /);
    expect(status).toBe(1);
  });

  it('gives up once most of it fails', async () => {
    const { status, stdout } = await load([
      'load/sorry.yaml',
      '--rate',
      '400',
      '--warmup',
      '100ms',
      '--duration',
      '60s',
    ]);
    expect(stdout).toMatch(/Ended early: \d+ of \d+ requests had failed\./);
    expect(status).toBe(1);
  });

  it('is 1 where nothing listens', async () => {
    const { status, stdout, stderr } = await load(['load/down.yaml', ...SHORT]);
    expect(stderr).toMatch(/127\.0\.0\.1:1/);
    expect(stdout).not.toContain('requests due');
    expect(status).toBe(1);
  });

  it.each([['SIGINT'], ['SIGTERM']] as const)('%s ends it, and what was measured is shown', async (signal) => {
    const child = spawn(
      process.execPath,
      [join(ROOT, 'dist', 'golive.js'), 'load', 'load/users.yaml', '--warmup', '100ms'],
      {
        cwd: project.root,
        env: { PATH: process.env['PATH'] ?? '', ...ARMED },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    let out = '';
    const status = await new Promise((done) => {
      child.once('close', done);
      child.stdout.on('data', (chunk: Buffer) => {
        const before = out;
        out += chunk.toString();
        if (!before.includes(' 1 s ') && out.includes(' 1 s ')) child.kill(signal);
      });
    });
    expect(status).toBe(130);
    expect(out).toMatch(/\d+ requests due in (\d+ ms|[12]\.\d s), 0\.0 % failed/);
    expect(out).toContain('Ended early: it was told to end.');
  });
});

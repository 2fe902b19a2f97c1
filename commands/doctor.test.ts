/** `golive doctor` and `golive rights` where something is wrong: each thing is told with its fix, and no credential is. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { processStartedAt } from '../fixtures/rehearsal-client/process-identity.ts';
import { writeKubeconfig } from '../tests/harness/kubeconfig.ts';
import { listenHttps, selfSigned, type TestServer } from '../tests/harness/servers.ts';
import { BUNDLES } from '../gate/fresh-build.ts';
import { columnsOf } from '../reports/tell/console/text.ts';
import { makeProject, phaseText } from '../specs/loader/testing/project.ts';
import { clockFindings } from './doctor/cluster.ts';
import { kubeconfigFindings } from './doctor/kubeconfig.ts';
import { buildFinding, folderFinding, nodeFinding, packagesFinding } from './doctor/machine.ts';
import { rehearsalFindings } from './doctor/rehearsal.ts';
import { bundledCli, type CliResult } from '../tests/harness/cli.ts';

let dir = '';
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'golive-doctor-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));
function write(file: string, text: string): string {
  const path = join(dir, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}
const MANIFEST = { version: '1.0.0', engines: { node: '^20.19.0 || >=22.13.0' }, dependencies: { pg: '8.1.0' } };

describe('the machine', () => {
  it.each([
    ['v18.20.0', 'bad'],
    ['v20.18.3', 'bad'],
    ['v20.19.0', 'ok'],
    ['v21.0.0', 'bad'],
    ['v22.13.0', 'ok'],
    ['v24.1.0', 'ok'],
  ])('Node %s is %s', (version, state) => {
    expect(nodeFinding(version, MANIFEST).state).toBe(state);
  });

  it('knows a build that is missing, partial or older than its sources', () => {
    expect(buildFinding(dir)).toMatchObject({ state: 'bad', fix: 'npm run build' });
    for (const name of BUNDLES) {
      write(`dist/${name}.js`, '');
      write(`dist/${name}.js.map`, JSON.stringify({ sources: [`../${name}.ts`, '../node_modules/x/index.js'] }));
      utimesSync(write(`${name}.ts`, ''), 1, 1);
    }
    write('node_modules/x/index.js', '');
    expect(buildFinding(dir).state).toBe('ok');
    const later = Date.now() / 1000 + 60;
    utimesSync(join(dir, 'golive.ts'), later, later);
    utimesSync(join(dir, 'kubernetes.ts'), later, later);
    expect(buildFinding(dir)).toMatchObject({
      state: 'warn',
      text: expect.stringMatching(/golive\.ts and 1 more/) as string,
    });
    rmSync(join(dir, 'dist/rehearsal.js'));
    expect(buildFinding(dir)).toMatchObject({ state: 'bad', text: 'dist/ lacks rehearsal.js' });
  });

  it('knows packages that are missing or of another version', () => {
    expect(packagesFinding(dir, MANIFEST)).toMatchObject({ state: 'bad', text: 'not installed: pg', fix: 'npm ci' });
    write('node_modules/pg/package.json', '{"version":"8.0.0"}');
    expect(packagesFinding(dir, MANIFEST)).toMatchObject({ state: 'warn', text: 'pg is 8.0.0, wanted 8.1.0' });
    write('node_modules/pg/package.json', '{"version":"8.1.0"}');
    expect(packagesFinding(dir, MANIFEST).state).toBe('ok');
  });

  it('knows a folder that cannot be one', () => {
    expect(folderFinding(dir, 'reports/out').state).toBe('ok');
    write('reports', 'a file');
    expect(folderFinding(dir, 'reports/out')).toMatchObject({ state: 'bad', text: 'reports is a file' });
  });
});

describe('the rehearsal', () => {
  const started = processStartedAt(process.pid) ?? '';
  const state = (over: object): string =>
    JSON.stringify({
      schema: 'golive/rehearsal/v1',
      pid: process.pid,
      pidStartedAt: started,
      status: 'ready',
      kept: true,
      components: [],
      values: {},
      heartbeatAt: new Date().toISOString(),
      ...over,
    });
  it.each([
    ['running', {}, 'ok', undefined],
    ['hung', { heartbeatAt: '2020-01-01T00:00:00Z' }, 'bad', 'golive down'],
    ['dead', { pidStartedAt: 'long ago' }, 'warn', 'golive down'],
    ['failed', { status: 'failed', failure: 'no port' }, 'bad', /rehearsal\.log, then golive down/],
    ['lame', { components: [{ name: 'postgres', state: 'missing' }] }, 'bad', /npm run setup/],
  ])('%s', (_, over, expected, fix) => {
    write('state.json', state(over));
    const [finding] = rehearsalFindings(dir);
    expect(finding?.state).toBe(expected);
    if (fix === undefined) expect(finding?.fix).toBeUndefined();
    else expect(finding?.fix).toMatch(fix);
  });
  it('that was killed has left its temporary folder', () => {
    expect(rehearsalFindings(dir)).toHaveLength(1);
    write('temporary-folder', `${dir}\n`);
    expect(rehearsalFindings(dir)[1]).toMatchObject({ check: 'left behind', state: 'warn' });
  });
});

describe('the clock', () => {
  const at = Date.parse('2026-06-01T12:00:00Z');
  it.each([
    ['Mon, 01 Jun 2026 12:00:00 GMT', 'ok', /agrees/],
    ['Mon, 01 Jun 2026 11:59:31 GMT', 'ok', /agrees/],
    ['Mon, 01 Jun 2026 11:50:00 GMT', 'bad', /599 s ahead of the API server/],
    ['Mon, 01 Jun 2026 12:01:00 GMT', 'bad', /60 s behind the API server/],
  ])('against %s: %s', (date, state, text) => {
    expect(clockFindings(date, at, at)).toMatchObject([{ state, text: expect.stringMatching(text) as string }]);
  });
  it('is not judged without a time to hold it against', () => {
    expect(clockFindings(undefined, at, at)).toEqual([]);
  });
});

describe('the kubeconfig', () => {
  const jwt = (exp: number): string => `h.${Buffer.from(JSON.stringify({ exp })).toString('base64url')}.s`;
  const now = new Date('2026-06-01T12:00:00Z');
  const look = (context = 'gate') => kubeconfigFindings(dir, { path: 'kubeconfig', context }, now);
  const save = (user: Readonly<Record<string, unknown>>): void =>
    writeKubeconfig(join(dir, 'kubeconfig'), { server: 'https://127.0.0.1:1', user, context: 'gate' });

  it('that is not there, is none, or has no such context', () => {
    expect(look()).toMatchObject([{ state: 'bad', text: 'there is no file kubeconfig' }]);
    write('kubeconfig', 'a: [');
    expect(look()).toMatchObject([{ state: 'bad', text: 'kubeconfig cannot be read as a kubeconfig' }]);
    save({ token: 'opaque-token' });
    expect(look('gaet')).toMatchObject([{ state: 'bad', fix: 'Set kubeconfig.context to gate?' }]);
  });
  it.each([
    ['expired', jwt(Date.parse('2026-06-01T11:00:00Z') / 1000), 'bad', 'expired at 2026-06-01 11:00:00 UTC'],
    [
      'about to expire',
      jwt(Date.parse('2026-06-01T13:00:00Z') / 1000),
      'warn',
      'expires soon, at 2026-06-01 13:00:00 UTC',
    ],
    ['good', jwt(Date.parse('2026-07-01T00:00:00Z') / 1000), 'ok', 'valid until 2026-07-01 00:00:00 UTC'],
    ['opaque', 'opaque-token', 'ok', 'is there; when it expires cannot be seen'],
  ])('with a token that is %s', (_, token, state, text) => {
    save({ token });
    const findings = look();
    expect(findings.find(({ check }) => check === 'token')).toMatchObject({ state, text });
    expect(JSON.stringify(findings)).not.toContain(token);
  });
  it('with a client certificate: how long it lasts, and one that is none', () => {
    const pair = selfSigned();
    save({ 'client-certificate': pair.certFile, 'client-key': pair.keyFile });
    const later = new Date(Date.now() + 7 * 86_400_000);
    const of = (when: Date) => kubeconfigFindings(dir, { path: 'kubeconfig', context: 'gate' }, when)[1];
    expect(of(later)).toMatchObject({ check: 'client certificate', state: 'bad' });
    expect(of(new Date())).toMatchObject({ check: 'client certificate', state: 'ok' });
    pair.remove();
    expect(of(new Date())).toMatchObject({ state: 'bad', text: 'cannot be read as a PEM certificate' });
  });
  it('with a token file, a plug-in, nobody to log in as, and what Kubernetes has removed', () => {
    write('token', jwt(Date.parse('2026-06-01T11:00:00Z') / 1000));
    save({ token: jwt(Date.parse('2026-07-01T00:00:00Z') / 1000), tokenFile: 'token' });
    expect(look()[1]).toMatchObject({ check: 'token', state: 'bad', text: 'expired at 2026-06-01 11:00:00 UTC' });
    save({ tokenFile: 'absent' });
    expect(look()[1]).toMatchObject({ check: 'token', state: 'bad', text: 'there is no token file absent' });
    save({ exec: { command: 'kubelogin' } });
    expect(look()[1]).toMatchObject({ state: 'ok', text: 'come from the plug-in kubelogin' });
    save({});
    expect(look()[1]).toMatchObject({ check: 'credentials', state: 'bad' });
    save({ 'auth-provider': { name: 'azure' } });
    expect(look()).toMatchObject([{ check: 'kubeconfig', state: 'bad' }]);
  });
  it('that others may read', () => {
    save({ token: 'opaque-token' });
    chmodSync(join(dir, 'kubeconfig'), 0o644);
    expect(look()[0]).toMatchObject({ state: 'warn', fix: 'chmod 600 kubeconfig' });
  });
});

describe('on the command line', () => {
  const golive = bundledCli();
  const pair = selfSigned();
  const TOKEN = 'kube-token-91827364';
  let server: TestServer;
  let answer: (request: IncomingMessage, response: ServerResponse, body: string) => void = () => undefined;
  let project: ReturnType<typeof makeProject>;

  beforeAll(async () => {
    server = await listenHttps(pair, (request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => answer(request, response, body));
    });
  });
  afterAll(async () => {
    await server.close();
    pair.remove();
  });
  beforeEach(() => {
    project = makeProject({
      'specs/small/phase1.yaml': phaseText(
        '  - { id: P1-CLU-001, title: T, kind: cluster/storage-classes, source: 1, severity: major, owner: platform-team, params: {} }\n',
      ),
      'fixtures/environments/staging.yaml': [
        'apiVersion: golive/v1',
        'name: staging',
        'kubeconfig: { path: kubeconfig, context: gate }',
        'namespaces: {}',
        'endpoints: {}',
        'stores: {}',
        'credentials: { api: { username: gate, password: { from: env, name: DOCTOR_TEST_PASSWORD } } }',
        'mutations: []',
        'preconditions: enforce',
        '',
      ].join('\n'),
    });
    writeKubeconfig(join(project.root, 'kubeconfig'), {
      server: server.url,
      ca: pair.cert,
      user: { token: TOKEN },
      context: 'gate',
    });
    answer = (request, response, body) => {
      const json = (status: number, value: unknown): void =>
        void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
      if (request.url === '/version') return json(200, { gitVersion: 'v1.33.1' });
      if (request.url?.endsWith('/selfsubjectreviews') === true)
        return json(201, { status: { userInfo: { username: 'system:serviceaccount:golive:gate' } } });
      const { spec } = JSON.parse(body) as { spec: { resourceAttributes?: { resource: string } } };
      return json(201, { status: { allowed: spec.resourceAttributes?.resource === 'namespaces', reason: 'RBAC' } });
    };
  });
  afterEach(() => project.remove());

  async function run(command: string, ...more: readonly string[]): Promise<CliResult> {
    const env = { GOLIVE_COMMIT: 'a'.repeat(40), DOCTOR_TEST_PASSWORD: 'not-to-be-shown-1' };
    const result = await golive.later([command, '--env', 'staging', ...more], project.root, env);
    const said = result.stdout + result.stderr;
    expect(said).not.toContain(TOKEN);
    expect(said).not.toContain('not-to-be-shown-1');
    expect(said).not.toMatch(/\n\s+at |\u001B/);
    return result;
  }

  it('names the rights that are missing and the items that need them', async () => {
    const { status, stdout } = await run('doctor');
    expect(status, stdout).toBe(1);
    expect(stdout).toMatch(/ok {3}API server .*v1\.33\.1/s);
    expect(stdout).toMatch(/bad {2}rights\s+the gate has only 1 of the \d it needs/);
    expect(stdout).toMatch(/cannot list storageclasses\.storage\.k8s\.io:\s+P1-CLU-001/);
    for (const line of stdout.split('\n')) expect(columnsOf(line)).toBeLessThanOrEqual(80);
    const can = await run('rights');
    expect(can.status).toBe(1);
    expect(can.stdout).toMatch(/cannot list storageclasses\.storage\.k8s\.io\n\s+P1-CLU-001 – RBAC/);
    expect(can.stdout).toMatch(/can {4}get namespaces "kube-system"\n\s+the environment's identity/);
    expect(can.stdout).toContain('golive plan --env staging --rbac --subject serviceaccount:golive/gate | kubectl');
  });

  it('prints the same as JSON', async () => {
    const { stdout } = await run('doctor', '--json');
    const said = JSON.parse(stdout) as { ok: boolean; sections: { findings: { state: string }[] }[] };
    expect(said.ok).toBe(false);
    expect(said.sections.flatMap(({ findings }) => findings).some(({ state }) => state === 'bad')).toBe(true);
    const rights = JSON.parse((await run('rights', '--json')).stdout) as { missing: number; rights: unknown[] };
    expect(rights.missing).toBe(rights.rights.length - 1);
  });

  it('is content when the gate may do all it needs', async () => {
    const asked = answer;
    answer = (request, response, body) => {
      if (request.url === '/version') asked(request, response, body);
      else response.writeHead(201, { 'content-type': 'application/json' }).end('{"status":{"allowed":true}}');
    };
    const { stdout, status } = await run('rights');
    expect([status, stdout]).toEqual([0, expect.stringMatching(/The gate has all \d rights it needs in staging\./)]);
    // A real cluster is looked at without the programs of the rehearsal.
    const programs = JSON.parse((await run('doctor', '--json')).stdout) as {
      ok: boolean;
      sections: { findings: { state: string; check: string; fix?: string }[] }[];
    };
    const states = programs.sections.flatMap(({ findings }) => findings).filter(({ state }) => state === 'bad');
    expect(states.filter(({ fix }) => fix?.includes('npm run setup'))).toEqual([]);
  });

  it.each([
    ['refuses the credentials', 401, /refuses the credentials Fix: Renew the credentials/],
    ['does not answer', 0, /no answer within 3 s/],
  ])('an API server that %s', async (_, code, text) => {
    answer = (_request, response) => {
      if (code > 0) response.writeHead(code, { 'content-type': 'application/json' }).end('{}');
    };
    const { status, stdout } = await run('doctor');
    expect(status).toBe(1);
    expect(stdout.replace(/\s+/g, ' ')).toMatch(text);
    expect(stdout).not.toMatch(/rights/);
  });

  it('a cluster that cannot be asked is no missing right', async () => {
    rmSync(join(project.root, 'kubeconfig'));
    const { status, stderr } = await run('rights');
    expect(status).toBe(2);
    expect(stderr).toMatch(/The rights cannot be asked for: .*kubeconfig/);
    expect((await run('doctor')).stdout).toMatch(/there is no file kubeconfig/);
  });

  it('an invalid checklist, and a secret that is not there', async () => {
    expect((await golive.later(['doctor', '--env', 'staging'], project.root)).stdout).toMatch(
      /credentials\.api\.password: the variable\s+DOCTOR_TEST_PASSWORD is not set/,
    );
    writeFileSync(join(project.root, 'specs/small/phase1.yaml'), phaseText('  - { id: x }\n'));
    const { status, stdout } = await run('doctor');
    expect(status).toBe(1);
    expect(stdout).toMatch(/bad {2}checklist\s+\d+ problems in its files\n\s+Fix: golive validate shows them/);
  });
});

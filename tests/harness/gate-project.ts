/**
 * A small project of its own in a temporary folder, and the real `playwright test` run in it: how the traps of the runner are
 * sprung. Its items ask a local HTTP server that the test scripts, so that every outcome can be had without a platform.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Decision } from '../../checks/contract/decision.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { listenHttp, listenHttps, selfSigned } from './servers.ts';
import type { TestServer } from './servers.ts';
import { repositoryRoot } from './repository.ts';

const repository = repositoryRoot();
const SLOW_MS = 2000;
/** Specs of tests may hang, and are not waited for long; what ends has the time that a busy machine takes. */
const [SHORT, LONG] = ['5s', '60s'];
export const CLUSTER_UID = '11111111-1111-4111-8111-111111111111';

export interface GateItem {
  readonly id: string;
  /** What the server answers: 200 or 500; `slow` answers 200 after two seconds, `flaky` 500 once and then 200. */
  readonly answer?: 'ok' | 'broken' | 'slow' | 'flaky';
  /** Paths asked instead of the one of `answer`; the first segment says what the server answers. */
  readonly paths?: readonly string[];
  readonly more?: string;
  /** The item is a test of a team's spec instead; `answer` says nothing then. */
  readonly spec?: { readonly file: string; readonly title: string; readonly mutation?: string };
}
export interface GatePhase {
  readonly phase: string;
  readonly order?: 'parallel' | 'sequential';
  readonly items: readonly GateItem[];
}
export interface GateResult {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
  /** `reports/out/decision.json`, when there is one. */
  readonly decision: Decision | null;
}

/** Of a cluster most items need nothing but its identity. */
export const serveIdentity: RequestListener = (_request, response) => {
  response
    .writeHead(200, { 'content-type': 'application/json' })
    .end(JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system', uid: CLUSTER_UID } }));
};

export class GateProject {
  readonly root: string;
  /** Of the server that items ask. */
  readonly url: string;
  readonly #servers: readonly TestServer[];
  readonly #running = new Set<ChildProcess>();

  private constructor(root: string, services: TestServer, cluster: TestServer) {
    this.root = root;
    this.url = services.url;
    this.#servers = [services, cluster];
  }

  /** Makes the folder and its server; `phases` is written as the checklist. */
  static async make(
    phases: readonly GatePhase[],
    preconditions: 'enforce' | 'report' = 'report',
    serveCluster: RequestListener = serveIdentity,
  ): Promise<GateProject> {
    let flaky = 0;
    const services = await listenHttp((request, response) => {
      const kind = request.url?.split('/')[1];
      const answer = (): void => {
        const broken = kind === 'broken' || (kind === 'flaky' && (flaky += 1) === 1);
        response.writeHead(broken ? 500 : 200, { 'content-type': 'application/json' }).end('{"status":"ok"}');
      };
      if (kind === 'slow') setTimeout(answer, SLOW_MS);
      else answer();
    });
    const pair = selfSigned();
    const cluster = await listenHttps(pair, serveCluster);
    const root = mkdtempSync(join(tmpdir(), 'golive-gate-'));
    const project = new GateProject(root, services, cluster);
    writeKubeconfig(join(root, 'kubeconfig'), {
      server: cluster.url,
      ca: pair.cert,
      user: { token: 'gate-token' },
      context: 'gate',
    });
    pair.remove();
    project.write('package.json', '{ "type": "module" }');
    project.#writeEnvironment(preconditions);
    project.writeChecklist(phases);
    return project;
  }

  writeChecklist(phases: readonly GatePhase[]): void {
    this.write(
      'specs/small/checklist.yaml',
      [
        'apiVersion: golive/v1',
        'name: small',
        `phases: [${phases.map(({ phase }) => `${phase}.yaml`).join(', ')}]`,
        'roles: { platform-team: Platform team }',
        'release: { name: small, version: v1.0.0 }',
        '',
      ].join('\n'),
    );
    for (const phase of phases) this.write(`specs/small/${phase.phase}.yaml`, phaseYaml(phase));
  }

  /** The environment of a gate run in this project. */
  env(): NodeJS.ProcessEnv {
    return {
      ...withoutGate(process.env),
      GOLIVE_PROJECT: this.root,
      GOLIVE_ENV: join(this.root, 'fixtures/environments/small.yaml'),
      GOLIVE_COMMIT: '0'.repeat(40),
      NO_COLOR: '1',
    };
  }

  /** Arguments after `node` for `playwright test`. */
  command(args: readonly string[]): string[] {
    const cli = join(repository, 'node_modules', '@playwright', 'test', 'cli.js');
    return [cli, 'test', '-c', join(repository, 'playwright.config.ts'), ...args];
  }

  /** Starts `playwright test` with `args`; `ended` settles when it has exited. */
  start(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): { child: ChildProcess; ended: Promise<GateResult> } {
    const child = spawn(process.execPath, this.command(args), {
      cwd: this.root,
      env: { ...this.env(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#running.add(child);
    let output = '';
    const collect = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    const ended = new Promise<GateResult>((resolve) => {
      child.on('close', (exitCode, signal) => {
        this.#running.delete(child);
        resolve({ exitCode, signal, output, decision: this.decision() });
      });
    });
    return { child, ended };
  }

  /** Runs `playwright test` to its end. */
  run(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<GateResult> {
    return this.start(args, env).ended;
  }

  decision(): Decision | null {
    const file = join(this.root, 'reports/out/decision.json');
    return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Decision) : null;
  }

  /** Lines that workers recorded so far, over all runs. */
  outcomes(): string[] {
    const runs = join(this.root, '.golive/runs');
    if (!existsSync(runs)) return [];
    return readdirSync(runs)
      .flatMap((run) => readdirSync(join(runs, run)).map((file) => join(runs, run, file)))
      .filter((file) => /outcomes\..*\.jsonl$/.test(file))
      .flatMap((file) => readFileSync(file, 'utf8').split('\n').filter(Boolean));
  }

  has(file: string): boolean {
    return existsSync(join(this.root, file));
  }

  /** Files of the run and its reports that hold a text. */
  filesWith(text: string): string[] {
    return ['.golive', 'reports']
      .flatMap((folder) =>
        readdirSync(join(this.root, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
      )
      .filter((file) => statSync(join(this.root, file)).isFile() && readFileSync(join(this.root, file)).includes(text));
  }

  /** Rewrites the environment: changes of these classes are allowed in it. */
  allow(mutations: readonly string[]): void {
    this.#writeEnvironment('report', mutations);
  }

  write(file: string, text: string): void {
    mkdirSync(dirname(join(this.root, file)), { recursive: true });
    writeFileSync(join(this.root, file), text);
  }

  /** Writes a team's spec below specs/. `test` and `expect` are imported for it; `raw` are Playwright's own. */
  writeSpec(file: string, body: string): void {
    const gate = join(repository, 'fixtures', 'test.ts');
    const playwright = join(repository, 'node_modules', '@playwright', 'test', 'index.mjs');
    this.write(
      join('specs', file),
      [
        `import { test, expect } from ${JSON.stringify(gate)};`,
        `import { test as raw, mergeTests } from ${JSON.stringify(playwright)};`,
        'void raw, mergeTests, expect;',
        body,
        '',
      ].join('\n'),
    );
  }

  /** Holds the gate's spec among its own from now on. */
  writeGateSpec(): void {
    this.write('specs/gate.spec.ts', `import ${JSON.stringify(join(repository, 'specs', 'gate.spec.ts'))};\n`);
  }

  async remove(): Promise<void> {
    for (const child of this.#running) child.kill('SIGKILL');
    for (const server of this.#servers) await server.close();
    rmSync(this.root, { recursive: true, force: true });
  }

  #writeEnvironment(preconditions: string, mutations: readonly string[] = []): void {
    this.write(
      'fixtures/environments/small.yaml',
      [
        'apiVersion: golive/v1',
        'name: small',
        'kubeconfig: { path: kubeconfig, context: gate }',
        'namespaces: { platform: default }',
        `endpoints: { public: { url: "${this.url}" } }`,
        'stores: {}',
        'credentials: { shop: { username: shop, password: { from: env, name: SHOP_PASSWORD } } }',
        `mutations: [${mutations.join(', ')}]`,
        `preconditions: ${preconditions}`,
        'overrides: []',
        'compression: 1',
        '',
      ].join('\n'),
    );
  }
}

function phaseYaml({ phase, order = 'parallel', items }: GatePhase): string {
  return [
    'apiVersion: golive/v1',
    `phase: ${phase}`,
    `title: ${phase}`,
    `order: ${order}`,
    'items:',
    ...items.flatMap((item) => [
      `  - id: ${item.id}`,
      `    title: ${item.id} answers`,
      '    source: 1',
      '    severity: critical',
      '    owner: platform-team',
      `    timeout: ${item.spec ? SHORT : LONG}`,
      ...(item.more === undefined ? [] : item.more.split('\n').map((line) => `    ${line}`)),
      ...(item.spec ? specYaml(item.spec) : endpointYaml(item.paths ?? [item.answer ?? 'ok'])),
    ]),
    '',
  ].join('\n');
}

function endpointYaml(paths: readonly string[]): string[] {
  return [
    '    kind: traffic/http-endpoint',
    '    params:',
    '      endpoint: "${environment.endpoints.public}"',
    `      requests: [${paths.map((path) => `{ path: /${path} }`).join(', ')}]`,
    `      maxLatency: ${LONG}`,
  ];
}

function specYaml(params: NonNullable<GateItem['spec']>): string[] {
  return ['    kind: playwright/spec', `    params: ${JSON.stringify(params)}`];
}

/** The environment without what an outer gate or CI might have set. */
function withoutGate(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(
      ([name]) => !/^(GOLIVE_|TEST_WORKER|TEST_PARALLEL|VITEST|FORCE_COLOR|KUBECONFIG)/.test(name),
    ),
  );
}

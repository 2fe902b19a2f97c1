/** A scripted HTTPS API server, a kubeconfig that leads to it, and hosts over it. */
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CheckContext } from '../../checks/contract/capabilities.ts';
import type { ClusterReader, ResourceType } from '../../checks/contract/cluster.ts';
import type { CapabilityHost } from '../../fixtures/capabilities/host.ts';
import { openHost } from '../../fixtures/capabilities/host-impl.ts';
import { loadKubernetes } from '../../fixtures/capabilities/kubernetes-bundle.ts';
import { testContext, testEnvironment } from './context.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { listenHttps, selfSigned, type KeyPair, type TestServer } from './servers.ts';

export const PODS: ResourceType = { apiVersion: 'v1', kind: 'Pod', resource: 'pods' };
export const DEPLOYMENTS: ResourceType = { apiVersion: 'apps/v1', kind: 'Deployment', resource: 'deployments' };
export const SECRETS: ResourceType = { apiVersion: 'v1', kind: 'Secret', resource: 'secrets' };

export interface SeenRequest {
  /** `GET /api/v1/pods`. */
  readonly line: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}
export interface ScriptedApi {
  /** What the server does with the next requests. */
  answer: (request: IncomingMessage, response: ServerResponse) => void;
  requests: SeenRequest[];
  readonly server: TestServer;
  readonly pair: KeyPair;
  /** A fresh folder for each test: run folder and kubeconfig (context `gate`). */
  readonly dir: string;
  readonly kubeconfig: string;
  host(over?: { readonly phase?: string; readonly path?: string; readonly context?: string }): CapabilityHost;
  reader(over?: Partial<CheckContext>, from?: CapabilityHost): ClusterReader;
}

/** Registers the hooks of one test file; its members are there when a test runs. */
export function scriptedApi(): ScriptedApi {
  const pair = selfSigned();
  const hosts: CapabilityHost[] = [];
  let server: TestServer;
  let dir = '';
  const api: ScriptedApi = {
    answer: () => undefined,
    requests: [],
    pair,
    get server() {
      return server;
    },
    get dir() {
      return dir;
    },
    get kubeconfig() {
      return join(dir, 'kubeconfig');
    },
    host({ phase = 'phase1', path = join(dir, 'kubeconfig'), context = 'gate' } = {}) {
      const opened = openHost({ environment: testEnvironment({ kubeconfig: { path, context } }), runDir: dir, phase });
      hosts.push(opened);
      return opened;
    },
    reader: (over = {}, from = api.host()) => from.open(['cluster'], testContext(over)).cluster,
  };
  beforeAll(async () => {
    await loadKubernetes();
    server = await listenHttps(pair, (request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        api.requests.push({ line: `${request.method ?? ''} ${request.url ?? ''}`, headers: request.headers, body });
        api.answer(request, response);
      });
    });
  }, 60_000);
  afterAll(async () => {
    await server.close();
    pair.remove();
  });
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'golive-cluster-'));
    const user = { token: 'kube-token-1234' };
    writeKubeconfig(api.kubeconfig, { server: server.url, ca: pair.cert, user, context: 'gate' });
    api.requests = [];
  });
  afterEach(async () => {
    await Promise.all(hosts.splice(0).map((host) => host.close()));
    rmSync(dir, { recursive: true });
  });
  return api;
}

export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}
/** A refusal as the API server words it. */
export function status(
  response: ServerResponse,
  code: number,
  reason: string,
  message: string,
  headers: Record<string, string> = {},
): void {
  json(response, code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, reason, code }, headers);
}
export const pod = (name: string): object => ({
  metadata: { name, creationTimestamp: '2026-01-01T00:00:00Z' },
  futureField: 1,
});
export function list(names: readonly string[], metadata: Record<string, string> = {}): unknown {
  return { kind: 'PodList', apiVersion: 'v1', metadata: { resourceVersion: '42', ...metadata }, items: names.map(pod) };
}

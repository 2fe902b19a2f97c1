import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { REHEARSAL_VALUES } from '../checks/contract/environment.ts';
import type { RehearsalState } from '../fixtures/rehearsal-client/state.ts';
import { nextSteps } from './next-steps.ts';

let root = '';
beforeAll(() => (root = mkdtempSync(join(tmpdir(), 'golive-up-'))));
afterAll(() => rmSync(root, { recursive: true, force: true }));
afterEach(() => vi.unstubAllEnvs());

const VALUES = {
  apiServer: 'https://127.0.0.1:1001',
  gateway: 'https://api.mcp.test:1002',
  blue: 'https://blue.mcp.test:1002',
  gatewayPort: 1002,
  closedPort: 1012,
  dnsServer: '127.0.0.1:1003',
  postgresPort: 1004,
  pgbouncerPort: 1005,
  redisPort: 1006,
  registry: 'https://127.0.0.1:1007',
  prometheus: 'http://127.0.0.1:1008',
  alertmanager: 'http://127.0.0.1:1009',
  grafana: 'http://127.0.0.1:1010',
  logs: 'http://127.0.0.1:1011',
};
const said = (cwd: string): string =>
  nextSteps({ root, dir: join(root, '.golive/rehearsal'), cwd }, {
    pid: 4711,
    values: VALUES,
  } as unknown as RehearsalState);

test('every address of the rehearsal is told', () => {
  expect(Object.keys(VALUES)).toEqual(Object.keys(REHEARSAL_VALUES));
  const text = said(root);
  // There is nothing to see where nobody listens.
  const addresses = Object.entries(VALUES).filter(([name]) => name !== 'closedPort');
  for (const [, value] of addresses) expect(text).toContain(String(value));
  expect(text).toContain('pid 4711');
  expect(text).not.toContain('undefined');
});

test('the gateway is called by its name, with its CA, where names are not known', () => {
  expect(said(root)).toContain(
    'curl --cacert .golive/rehearsal/ca.pem --resolve api.mcp.test:1002:127.0.0.1 https://api.mcp.test:1002/health',
  );
});

test('paths are those of the folder where one types', () => {
  expect(said(join(root, 'checks'))).toContain('--cacert ../.golive/rehearsal/ca.pem ');
});

test('kubectl is called where it is', () => {
  vi.stubEnv('PATH', '/nonexistent');
  expect(said(root)).toContain(
    '  kubectl --kubeconfig .golive/rehearsal/kubeconfig --context rehearsal-admin get pods',
  );
  const bin = join(root, '.golive/tools/bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'kubectl'), '#!/bin/sh\n');
  chmodSync(join(bin, 'kubectl'), 0o755);
  expect(said(root)).toContain('  .golive/tools/bin/kubectl --kubeconfig ');
});

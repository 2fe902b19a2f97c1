import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Capabilities } from '../../checks/contract/capabilities.ts';
import type { KubeObject } from '../../checks/contract/cluster.ts';
import { type CheckKind } from '../../checks/kit/kind.ts';
import { kinds } from '../../checks/index.ts';
import { validateParams } from '../../checks/kit/params.ts';
import { httpClient } from '../../fixtures/capabilities/http.ts';
import { createRedactor } from '../../fixtures/capabilities/redactor.ts';
import { testContext } from '../../tests/harness/context.ts';
import { startGrafana } from '../stand-ins/grafana-process.ts';
import { startLoki, type StandInServer } from '../stand-ins/loki-process.ts';
import { secretPath } from '../../fixtures/rehearsal-client/state-file.ts';
import { monitoredServices } from './testing.ts';

describe('kinds over dashboards and logs', () => {
  let platform: Awaited<ReturnType<typeof monitoredServices>>;
  let grafana: StandInServer;
  let loki: StandInServer;
  beforeAll(async () => {
    platform = await monitoredServices();
    const { context } = platform.platform;
    loki = await startLoki(context);
    grafana = await startGrafana(context, { prometheus: platform.monitoring.prometheus.url, loki: loki.url });
  });
  afterAll(async () => {
    await Promise.all([grafana.stop(), loki.stop()]);
    await platform.close();
  });

  const pods = (): readonly KubeObject[] =>
    platform.pods.map((pod) => ({ ...pod, status: { conditions: [{ type: 'Ready', status: 'True' }] } }));
  const look = async (name: string, own: object, token = 'file'): Promise<string> => {
    const kind = kinds.get(`observability/${name}`) as CheckKind;
    const validated = validateParams(kind, own);
    if (!validated.ok) throw new Error(JSON.stringify(validated.errors));
    const context = testContext({ now: new Date() });
    const { dir } = platform.platform.context;
    const resolveSecret = () =>
      Promise.resolve(token === 'file' ? readFileSync(secretPath(dir, 'grafana-token'), 'utf8') : token);
    const http = httpClient({ signal: context.signal, redactor: createRedactor(), resolveSecret });
    const list = (_: unknown, { labelSelector = '' }: { labelSelector?: string }) =>
      Promise.resolve({
        items: pods().filter(({ metadata }) => labelSelector.endsWith(metadata.name.slice(0, -2))),
        resourceVersion: '1',
        readAt: '2026-01-01T00:00:00Z',
      });
    const capabilities = { http, cluster: { list } } as unknown as Capabilities;
    const judgement = kind.judge(validated.params, await kind.gather(validated.params, capabilities, context), context);
    if (judgement.outcome === 'pass') return `pass ${judgement.subjects.join('; ')}`;
    if (judgement.outcome !== 'fail')
      return `${judgement.outcome} ${judgement.doubts.map(({ why }) => why).join('\n')}`;
    return `fail ${judgement.findings.map(({ says }) => says).join('\n')}`;
  };
  const write = (pod: string, level: string, message: string): void => {
    const file = join(platform.platform.context.dir, 'logs', `mcp-production_${pod}_api.log`);
    appendFileSync(file, `${JSON.stringify({ time: new Date().toISOString(), level, message })}\n`);
  };
  const onGrafana = () => ({
    grafana: { url: grafana.url },
    grafanaToken: { from: 'env', name: 'GRAFANA_TOKEN' },
    dashboards: ['mcp-sla'],
  });
  const onLogs = () => ({ logs: { url: loki.url } });
  const service = { name: 'api', selector: '{app="mcp-typescript-api"}' };
  const app = 'app.kubernetes.io/name=mcp-typescript-api';

  it('see Grafana, its data sources and dashboards, and what is missing', async () => {
    expect(await look('grafana', onGrafana())).toMatch(/^pass .*Dashboard mcp-sla/);
    expect(await look('grafana', { ...onGrafana(), dashboards: ['no-such'] })).toMatch(/^fail Dashboard no-such/);
    await expect(look('grafana', onGrafana(), 'wrong')).rejects.toThrow('401');
    const release = await platform.platform.context.levers.pull('grafana.kill');
    expect(await look('grafana', onGrafana())).toMatch(/^fail Grafana: .*connection refused/);
    await release();
  });
  it('ask every panel', async () => {
    const prometheus = { url: platform.monitoring.prometheus.url };
    await expect
      .poll(() => look('dashboard-queries', { ...onGrafana(), prometheus }), { timeout: 20_000 })
      .toMatch(/^pass .*Panel MCP service levels › Availability/);
    // The services of this test count no logins and no jobs.
    const business = { ...onGrafana(), dashboards: ['mcp-business'], prometheus };
    expect(await look('dashboard-queries', business)).toMatch(
      /^fail (?:.*\n)*Panel .* › Jobs done: query A gives no data/,
    );
  });
  it('see whose lines arrive, and what they say', async () => {
    const services = [{ ...service, namespace: 'mcp-production', podSelector: app }];
    expect(await look('log-streams', { ...onLogs(), services })).toMatch(/^fail Logs of api: no line has arrived/);
    write('mcp-typescript-api-9', 'info', 'hello');
    expect(await look('log-streams', { ...onLogs(), services })).toMatch(/no line of mcp-typescript-api-1 /);
    write('mcp-typescript-api-1', 'info', 'hello');
    expect(await look('log-streams', { ...onLogs(), services })).toMatch(/^pass/);
    const quiet = { ...onLogs(), services: [{ ...service, maxErrorsPerMinute: 0 }] };
    expect(await look('log-patterns', quiet)).toMatch(/^pass/);
    expect(await look('log-patterns', { ...onLogs(), services: [service] })).toMatch(
      /^inconclusive .*no lines to compare with/,
    );
    write('mcp-typescript-api-1', 'error', 'panic: all is lost');
    expect(await look('log-patterns', quiet)).toMatch(/error lines a minute.*\n.*match \/panic:\//s);
  });
});

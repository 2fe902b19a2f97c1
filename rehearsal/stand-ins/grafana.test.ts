import { readFileSync, statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listenHttp, type TestServer } from '../../tests/harness/servers.ts';
import { secretPath } from '../../fixtures/rehearsal-client/state-file.ts';
import { testPlatform } from '../testing/platform.ts';
import { GRAFANA_TOKEN, startGrafana } from './grafana-process.ts';
import type { StandInServer } from './loki-process.ts';

const platform = testPlatform();
const asked: { readonly url: string; readonly headers: Readonly<Record<string, unknown>>; readonly body: string }[] =
  [];
let prometheus: TestServer;
let grafana: StandInServer;
let token = '';

beforeAll(async () => {
  prometheus = await listenHttp((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      asked.push({ url: request.url ?? '', headers: request.headers, body });
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"success","data":{"result":[]}}');
    });
  });
  grafana = await startGrafana(platform.context, { prometheus: prometheus.url });
  token = readFileSync(secretPath(platform.context.dir, GRAFANA_TOKEN), 'utf8');
});
afterAll(async () => {
  await grafana.stop();
  await prometheus.close();
  await platform.close();
});

type Init = Omit<RequestInit, 'headers'> & { readonly headers?: Readonly<Record<string, string>> };
async function get(path: string, init: Init = {}, bearer = token): Promise<{ status: number; body: unknown }> {
  const headers = { ...init.headers, ...(bearer === '' ? {} : { authorization: `Bearer ${bearer}` }) };
  const answer = await fetch(`${grafana.url}${path}`, { ...init, headers });
  return { status: answer.status, body: await answer.json() };
}

it('tells of its own health to everybody and of nothing else', async () => {
  expect(await get('/api/health', {}, '')).toMatchObject({ status: 200, body: { database: 'ok' } });
  for (const bearer of ['', `${token}x`]) expect((await get('/api/datasources', {}, bearer)).status).toBe(401);
  expect(statSync(secretPath(platform.context.dir, GRAFANA_TOKEN)).mode & 0o777).toBe(0o600);
});

it('lists its data source and looks at it', async () => {
  expect((await get('/api/datasources')).body).toMatchObject([
    { uid: 'prometheus', type: 'prometheus', isDefault: true },
  ]);
  expect(await get('/api/datasources/uid/prometheus/health')).toMatchObject({ status: 200, body: { status: 'OK' } });
  expect((await get('/api/datasources/uid/none/health')).status).toBe(404);
});

it('passes queries on, without its own token', async () => {
  const path = '/api/datasources/proxy/uid/prometheus/api/v1/query';
  expect(await get(`${path}?query=up%3D%3D1`)).toEqual({
    status: 200,
    body: { status: 'success', data: { result: [] } },
  });
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  expect((await get(path, { method: 'POST', body: 'query=up', headers })).status).toBe(200);
  const [got, posted] = asked.slice(-2);
  expect(got?.url).toBe('/api/v1/query?query=up%3D%3D1');
  expect(posted?.body).toBe('query=up');
  expect([got?.headers['authorization'], posted?.headers['authorization']]).toEqual([undefined, undefined]);
});

const BOARDS = ['mcp-api-latency', 'mcp-business', 'golive', 'mcp-overview', 'mcp-sla'];

it('has the dashboards of the project', async () => {
  const found = (await get('/api/search?type=dash-db')).body as { uid: string; url: string }[];
  expect(found.map(({ uid }) => uid)).toEqual(BOARDS);
  expect(found[0]?.url).toBe('/d/mcp-api-latency/mcp-api-latency');
  expect((await get('/api/search?query=business')).body).toHaveLength(1);
  expect((await get('/api/search?tag=nobody')).body).toEqual([]);
  expect((await get('/api/dashboards/uid/mcp-none')).status).toBe(404);
});

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly targets: readonly { readonly expr: string; readonly datasource: { readonly uid: string } }[];
}

it.each(BOARDS)('%s asks its data source in every panel', async (uid) => {
  const { body } = await get(`/api/dashboards/uid/${uid}`);
  const { dashboard } = body as { dashboard: { uid: string; panels: Panel[] } };
  expect(dashboard.panels.length).toBeGreaterThan(3);
  expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
  for (const { targets } of dashboard.panels) {
    expect(targets.length).toBeGreaterThan(0);
    for (const { expr, datasource } of targets)
      expect([expr.trim() !== '', datasource.uid]).toEqual([true, 'prometheus']);
  }
});

describe('levers', () => {
  const { levers } = platform.context;

  it('hide a dashboard and bring it back', async () => {
    const release = await levers.pull('grafana.hide-dashboard', { uid: 'mcp-sla' });
    expect((await get('/api/dashboards/uid/mcp-sla')).status).toBe(404);
    await release();
    expect((await get('/api/dashboards/uid/mcp-sla')).status).toBe(200);
  });

  it('break a data source and mend it', async () => {
    const release = await levers.pull('grafana.break-data-source', { uid: 'prometheus' });
    expect(await get('/api/datasources/uid/prometheus/health')).toMatchObject({
      status: 400,
      body: { status: 'ERROR', message: 'Health check failed: connection refused' },
    });
    expect((await get('/api/datasources/proxy/uid/prometheus/api/v1/query?query=up')).status).toBe(502);
    await release();
    expect((await get('/api/datasources/uid/prometheus/health')).status).toBe(200);
    await expect(levers.pull('grafana.break-data-source', { uid: 'none' })).rejects.toThrow('no data source none');
  });

  it('kill it, and it comes back at the same address', async () => {
    const release = await levers.pull('grafana.kill');
    await expect(get('/api/health')).rejects.toThrow();
    await release();
    expect((await get('/api/health')).status).toBe(200);
  });
});

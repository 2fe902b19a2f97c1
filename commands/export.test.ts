import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { EXPORT_NAMES } from '../checks/contract/exports.ts';
import { at } from '../checks/contract/json.ts';
import { decisionFile } from '../reports/record/paths.ts';
import { writeExports } from '../reports/export/write.ts';
import { decisionOf, editFile, RecordedLedgers, SMALL_PLAN } from '../tests/harness/recorded-ledger.ts';
import { exportDecision } from './export.ts';

let ledgers: RecordedLedgers;
let root: string;
let out: string;
let err: string;
beforeEach(() => {
  ledgers = new RecordedLedgers();
  root = ledgers.machine();
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2027-03-01T13:00:00Z') });
  out = err = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((out += String(text)), true));
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((err += String(text)), true));
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  ledgers.close();
});

it('writes the latest decision or an earlier one, whatever it was', async () => {
  const first = decisionOf(ledgers.run(root, 'phase1', 0));
  ledgers.run(root, 'phase2', 1);
  expect(await exportDecision({ root, format: 'ctrf', env: {} })).toBe(0);
  expect(at(JSON.parse(out), 'results', 'summary', 'tests')).toBe(3);
  const latest = at(JSON.parse(out), 'runId');
  out = '';
  expect(await exportDecision({ root, format: 'ctrf', run: first.runId, env: {} })).toBe(0);
  expect(at(JSON.parse(out), 'runId')).toBe(first.runId);
  expect(latest).not.toBe(first.runId);
  expect(err).toBe('');
});

it('refuses a decision that is not the one its run wrote', async () => {
  ledgers.run(root, 'phase1', 0);
  editFile(decisionFile(root), (text) => text.replace('"decision": "HOLD"', '"decision": "GO"'));
  expect(await exportDecision({ root, format: 'vsa', env: {} })).toBe(70);
  expect(out).toBe('');
  expect(err).toMatch(/was changed after run/);
});

it('signs with the ledger key of the runner, and says so where it cannot', () => {
  const plan = { ...SMALL_PLAN, release: { ...SMALL_PLAN.release, commit: 'a'.repeat(40) } };
  const input = { root, decision: { ...decisionOf(ledgers.run(root, 'phase1', 0)), release: plan.release }, plan };
  const names = ['vsa', 'oscal-poam'] as const;
  const signed = writeExports({ ...input, names, env: { GOLIVE_LEDGER_KEY: ledgers.key() } });
  expect(signed.problems).toEqual([expect.stringMatching(/^oscal-poam: no waiver is in force/)]);
  const [file = ''] = signed.written;
  expect(at(JSON.parse(readFileSync(file, 'utf8')), 'signatures', 0, 'keyid')).toMatch(/^SHA256:/);
  const unsigned = writeExports({ ...input, names: ['vsa'], env: { GOLIVE_LEDGER_KEY: `${ledgers.key()}.pub` } });
  expect(unsigned.problems).toEqual([expect.stringMatching(/^vsa is not signed: GOLIVE_LEDGER_KEY cannot sign/)]);
  expect(writeExports({ ...input, names: [], env: {} }).written).toEqual([]);
  expect(existsSync(file)).toBe(false);
});

it('names its formats, and the one that was meant', async () => {
  expect(await exportDecision({ root, format: 'sarf' })).toBe(64);
  expect(err).toMatch(/there is no format sarf. Did you mean sarif\? There are: junit, ctrf/);
  expect(await exportDecision({ root, list: true, json: true })).toBe(0);
  expect((JSON.parse(out) as { name: string }[]).map(({ name }) => name)).toEqual(EXPORT_NAMES);
  expect(await exportDecision({ root, format: 'junit', push: 'http://127.0.0.1:1' })).toBe(64);
});

it('writes a text file as a whole, and pushes the group of its checklist and environment', async () => {
  ledgers.run(root, 'phase1', 0);
  const folder = mkdtempSync(join(tmpdir(), 'golive-textfile-'));
  const asked: string[] = [];
  let status = 200;
  const server = createServer((request, response) => {
    asked.push(`${request.method ?? ''} ${request.url ?? ''} ${request.headers.authorization ?? ''}`);
    response.writeHead(status).end('pushed metrics are invalid');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  try {
    const file = join(folder, 'golive.prom');
    expect(await exportDecision({ root, format: 'openmetrics', out: file })).toBe(0);
    expect(readFileSync(file, 'utf8')).toMatch(/# EOF\n$/);
    const { port } = server.address() as AddressInfo;
    const push = `http://gate:s%40cret@127.0.0.1:${port}/gateway/`;
    expect(await exportDecision({ root, format: 'openmetrics', push })).toBe(0);
    const group = `checklist@base64/${Buffer.from('sample').toString('base64url')}/environment@base64/${Buffer.from('staging').toString('base64url')}`;
    const basic = Buffer.from('gate:s@cret').toString('base64');
    expect(asked).toEqual([`PUT /gateway/metrics/job/golive/${group} Basic ${basic}`]);
    status = 400;
    expect(await exportDecision({ root, format: 'openmetrics', push })).toBe(70);
    expect(err).toMatch(/refused the metrics: 400 pushed metrics are invalid/);
    expect(err).not.toMatch(/s@cret|s%40cret/);
    expect(await exportDecision({ root, format: 'openmetrics', push: 'file:///etc/passwd' })).toBe(70);
    expect(out).toBe('');
  } finally {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

it('sends by OTLP over HTTP, and tells when values were thrown away', async () => {
  ledgers.run(root, 'phase1', 0);
  const asked: { readonly url: string; readonly key: string; readonly body: unknown }[] = [];
  let answer = '{}';
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      asked.push({ url: request.url ?? '', key: String(request.headers['x-key']), body: JSON.parse(body) });
      response.writeHead(200, { 'content-type': 'application/json' }).end(answer);
    });
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const otlp = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    const env = { OTEL_EXPORTER_OTLP_HEADERS: 'x-key=a%20b' };
    expect(await exportDecision({ root, format: 'openmetrics', otlp, env }), err).toBe(0);
    expect(out).toBe('');
    expect(asked[0]).toMatchObject({ url: '/v1/metrics', key: 'a b' });
    const metrics = at(asked[0]?.body, 'resourceMetrics', 0, 'scopeMetrics', 0, 'metrics') as readonly object[];
    expect(metrics.map((one) => at(one, 'name'))).toContain('golive_item_outcome');
    const point = at(metrics[0], 'gauge', 'dataPoints', 0);
    expect(point).toMatchObject({
      asDouble: expect.any(Number) as number,
      timeUnixNano: expect.stringMatching(/^\d{19}$/) as string,
    });
    expect(at(point, 'attributes')).toContainEqual({ key: 'environment', value: { stringValue: 'staging' } });
    answer = '{"partialSuccess":{"rejectedDataPoints":"3","errorMessage":"too old"}}';
    expect(await exportDecision({ root, format: 'openmetrics', otlp })).toBe(70);
    expect(err).toMatch(/threw 3 values away: too old/);
    expect(await exportDecision({ root, format: 'junit', otlp })).toBe(64);
  } finally {
    server.close();
  }
});

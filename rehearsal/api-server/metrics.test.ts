import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unlessBusy } from '../../tests/harness/unless-busy.ts';
import { quantityToNumber, parseQuantity } from '../../k8s/semantics/quantity.ts';
import { record, records, type Json } from './object.ts';
import { childrenOf, parseProc, parsePs, ProcessReader, treeUsage, type ProcessTable } from './process-usage.ts';
import { deployment, startTestPlane, until, type TestPlane } from './testing.ts';

describe('the use of processes', () => {
  it('is read from stat and statm, whatever the command is called', () => {
    const stat = '42 (a b) c) S 7 42 42 0 -1 4194560 100 200 0 0 150 50 20 10 20 0 11 0 100 1000 200';
    expect(parseProc(stat, '5000 300 100 1 0 50 0')).toEqual({
      parent: 7,
      cpuMs: 2300,
      residentBytes: 300 * 4096,
      sharedBytes: 100 * 4096,
    });
  });

  it('is read from ps', () => {
    const table = parsePs('    1     0   1024   0:01.50\n   20     1   2048 1-02:03:04\n');
    expect(table.get(1)).toEqual({ parent: 0, cpuMs: 1500, residentBytes: 1_048_576, sharedBytes: 0 });
    expect(table.get(20)?.cpuMs).toBe((86_400 + 7384) * 1000);
  });

  it('adds descendants up, shared memory once', () => {
    const table = new Map([
      [1, { parent: 0, cpuMs: 1, residentBytes: 9, sharedBytes: 9 }],
      [2, { parent: 1, cpuMs: 10, residentBytes: 100, sharedBytes: 40 }],
      [3, { parent: 2, cpuMs: 100, residentBytes: 200, sharedBytes: 50 }],
      [4, { parent: 1, cpuMs: 1000, residentBytes: 1000, sharedBytes: 1000 }],
    ]);
    expect(treeUsage(table, 2)).toEqual({ cpuMs: 110, memoryBytes: 60 + 150 + 50 });
    expect(treeUsage(table, 9)).toBeUndefined();
  });
});

describe('the processes below some roots', () => {
  const children: ChildProcess[] = [];
  const start = (script: string): number => {
    const child = spawn('/bin/sh', ['-c', script], { stdio: 'ignore' });
    children.push(child);
    return child.pid ?? 0;
  };
  afterAll(() => children.forEach((child) => child.kill('SIGKILL')));
  const below = async (reader: ProcessReader, root: number, count: number) => {
    const isBelow = (table: ProcessTable) => (childrenOf(table).get(root) ?? []).length === count && table.has(root);
    return until(() => reader.read([root]), isBelow);
  };

  it('are read with what they start later, and strangers only once', async () => {
    const reader = new ProcessReader();
    const stranger = start('sleep 60');
    const go = join(mkdtempSync(join(tmpdir(), 'golive-metrics-')), 'go');
    // The shell waits by itself, without a process more, until it is told to start the second.
    const root = start(`sleep 60 & while [ ! -e ${go} ]; do :; done; sleep 60 & wait`);
    await below(reader, root, 1);
    writeFileSync(go, '');
    const later = await below(reader, root, 2);
    expect(later.has(stranger)).toBe(process.platform !== 'linux');
    rmSync(dirname(go), { recursive: true });
  });

  it('are read from the start when a stranger becomes a root', async () => {
    const reader = new ProcessReader();
    const [first, second] = [start('sleep 60 & wait'), start('sleep 60 & wait')];
    await below(reader, first, 1);
    // Seen by another: its shell may not have started it yet.
    await below(new ProcessReader(), second, 1);
    expect((await reader.read([first])).has(second)).toBe(process.platform !== 'linux');
    const table = await reader.read([first, second]);
    expect(treeUsage(table, second)?.memoryBytes).toBeGreaterThan(0);
    expect(childrenOf(table).get(second)).toHaveLength(1);
  });
});

describe('metrics.k8s.io', () => {
  let plane: TestPlane;
  beforeAll(async () => {
    plane = await startTestPlane();
  }, 30_000);
  afterAll(() => plane.close());
  const METRICS = '/apis/metrics.k8s.io/v1beta1';
  const list = async (query = '') => (await plane.call('GET', `${METRICS}/namespaces/default/pods${query}`)).body;
  const cpuOf = (pod: Json | undefined) =>
    quantityToNumber(parseQuantity(record(records(pod?.['containers'])[0]?.['usage'])['cpu']));

  it(
    'measures the processes of running pods, and nothing else',
    { timeout: 40_000 },
    unlessBusy(
      async () => {
        // Time stamps have whole seconds.
        const begunAt = Math.floor(Date.now() / 1000) * 1000;
        await plane.apply(deployment('busy', { replicas: 2 }));
        await plane.apply(deployment('unpulled', { replicas: 1, image: 'ghcr.io/golive/nobody:v1' }));
        const items = records(
          (
            await until(
              () => list(),
              (body) => records(body['items']).length === 2,
            )
          )['items'],
        );
        expect(items.map(({ metadata }) => record(record(metadata)['labels'])['app'])).toEqual(['busy', 'busy']);
        const [first] = items;
        const memory = quantityToNumber(parseQuantity(record(records(first?.['containers'])[0]?.['usage'])['memory']));
        expect(memory).toBeGreaterThan(20 * 1024 ** 2);
        expect(memory).toBeLessThan(300 * 1024 ** 2);
        expect(first?.['window']).toMatch(/^\d+(\.\d+)?s$/);
        expect(Date.parse(String(first?.['timestamp']))).toBeGreaterThanOrEqual(begunAt);

        // One pod is kept busy: it shows, and only there.
        const name = String(record(first?.['metadata'])['name']);
        const port = Object.values(
          plane.containers().find(({ start }) => start.pod === name) ? await portsOf(plane, name) : {},
        )[0];
        const stop = new AbortController();
        const busy = Array.from({ length: 4 }, async () => {
          while (!stop.signal.aborted) await (await fetch(`http://127.0.0.1:${port ?? 0}/`)).text();
        });
        await until(list, (body) => {
          const [one, other] = [name, undefined].map((asked) =>
            records(body['items']).find(({ metadata }) => (record(metadata)['name'] === name) === (asked === name)),
          );
          return cpuOf(one) > 0.1 && cpuOf(other) < cpuOf(one) / 2;
        }).finally(() => stop.abort());
        await Promise.all(busy);

        expect(records((await list('?labelSelector=app%3Dother'))['items'])).toEqual([]);
        expect((await plane.call('GET', `${METRICS}/namespaces/default/pods/${name}`)).body).toMatchObject({
          kind: 'PodMetrics',
          metadata: { name, namespace: 'default' },
        });
        const missing = await plane.call('GET', `${METRICS}/namespaces/default/pods/nobody`);
        expect([missing.status, missing.body['message']]).toEqual([
          404,
          'podmetrics.metrics.k8s.io "default/nobody" not found',
        ]);
        const nodes = records((await plane.call('GET', `${METRICS}/nodes`)).body['items']);
        expect(nodes.length).toBeGreaterThan(0);
        expect((await plane.call('GET', `${METRICS}/namespaces/default/pods`, { as: 'anonymous' })).status).toBe(403);
        expect((await plane.call('POST', `${METRICS}/namespaces/default/pods`, { body: {} })).status).toBe(405);
        const groups = (await plane.call('GET', '/apis')).body['groups'];
        expect(records(groups).map(({ name: group }) => group)).toContain('metrics.k8s.io');
      },
      { tries: 1 },
    ),
  );
});

async function portsOf(plane: TestPlane, pod: string): Promise<Record<string, number>> {
  const ports: Record<string, number> = {};
  await plane.apply({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'busy', namespace: 'default' },
    spec: { selector: { app: 'busy' }, ports: [{ port: 80, targetPort: 8080 }] },
  });
  await new Promise<void>((resolve) => {
    const stop = plane.watchBackends({ namespace: 'default', name: 'busy', port: 80 }, (backends) => {
      const found = backends.find((backend) => backend.pod === pod);
      if (!found) return;
      ports['80'] = found.port;
      setImmediate(() => stop());
      resolve();
    });
  });
  return ports;
}

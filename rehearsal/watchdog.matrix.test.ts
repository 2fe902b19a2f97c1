import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CoreV1Api, KubeConfig, V1ConfigMap, V1ObjectMeta } from '@kubernetes/client-node';
import { afterEach, describe, expect, test } from 'vitest';
import { unlessBusy } from '../tests/harness/unless-busy.ts';
import { startTestPlane, until } from './api-server/testing.ts';
import {
  findDist,
  startRehearsal,
  waitForRehearsal,
  type StartedRehearsal,
} from '../fixtures/rehearsal-client/start.ts';
import { kubeconfigPath } from '../fixtures/rehearsal-client/state-file.ts';
import { startWatchdog } from './watchdog.ts';

const LIMIT = 120_000;
const NAMESPACE = { namespace: 'default' };

function configMap(count: string): V1ConfigMap {
  const metadata = Object.assign(new V1ObjectMeta(), { name: 'busy' });
  return Object.assign(new V1ConfigMap(), { metadata, data: { count } });
}

let project: string | undefined;
let rehearsal: StartedRehearsal | undefined;
afterEach(async () => {
  await rehearsal?.stop();
  if (project !== undefined) rmSync(project, { recursive: true, force: true });
  project = rehearsal = undefined;
});

describe('the rate of writes', () => {
  test('counts what the store wrote, and nothing else', { timeout: 30_000 }, async () => {
    const plane = await startTestPlane({ nodes: ['one'] });
    try {
      const path = '/api/v1/namespaces/default/configmaps';
      const body = { metadata: { name: 'm' }, data: { a: '1' } };
      await plane.call('POST', path, { body });
      const before = await until(
        async () => {
          const [first] = [plane.writes?.() ?? 0, await new Promise((done) => setTimeout(done, 700))];
          return first === plane.writes?.() ? first : 0;
        },
        // Not 0 once the cluster has come to rest.
        (count) => count > 0,
      );
      await plane.call('PUT', `${path}/m`, { body });
      await plane.call('GET', `${path}/m`);
      expect(plane.writes?.()).toBe(before);
      for (let count = 0; count < 50; count += 1)
        await plane.call('PUT', `${path}/m`, { body: { ...body, data: { a: `x${count}` } } });
      // Its controllers may have written a little beside.
      const written = (plane.writes?.() ?? 0) - before;
      expect(written).toBeGreaterThanOrEqual(50);
      expect(written).toBeLessThan(70);
    } finally {
      await plane.close();
    }
  });

  test.each([
    ['may be as high as the limit', 1000, false],
    ['may be no higher', 1001, true],
  ])('%s', (_what, perBeat, fails) => {
    project = mkdtempSync(join(tmpdir(), 'golive-test-'));
    const failures: string[] = [];
    let written = 0;
    const watchdog = startWatchdog({
      dir: project,
      dist: findDist(),
      writes: () => (written += perBeat),
      writesPerSecond: 1000,
      failed: (why) => failures.push(why),
    });
    for (let second = 0; second <= 10; second += 1) watchdog.beat();
    watchdog.stop();
    expect(failures).toEqual(fails ? ['its API server writes 1001 objects a second without end'] : []);
  });

  test(
    'too high for ten seconds fails the rehearsal',
    { timeout: LIMIT },
    unlessBusy(
      async () => {
        project = mkdtempSync(join(tmpdir(), 'golive-test-'));
        const dir = join(project, '.golive/rehearsal');
        rehearsal = startRehearsal({ dir, kept: false, writesPerSecond: 60 });
        await waitForRehearsal({ dir, signal: AbortSignal.timeout(LIMIT), timeoutMs: 90_000 });
        const config = new KubeConfig();
        config.loadFromString(readFileSync(kubeconfigPath(dir), 'utf8'));
        config.setCurrentContext('rehearsal-admin');
        const api = config.makeApiClient(CoreV1Api);
        await api.createNamespacedConfigMap({ ...NAMESPACE, body: configMap('0') });
        const deadline = performance.now() + 40_000;
        // Four at once: one that waits for each answer might be slower than the limit on a busy machine. Its end is a lost connection.
        const writers = [1, 2, 3, 4].map(async (writer) => {
          for (let count = 0; performance.now() < deadline; count += 1) {
            await api.replaceNamespacedConfigMap({ ...NAMESPACE, name: 'busy', body: configMap(`${writer}-${count}`) });
          }
        });
        await Promise.allSettled(writers);
        const state = rehearsal.state();
        expect(state?.status).toBe('failed');
        expect(state?.failure).toMatch(/^its API server writes \d+ objects a second without end$/);
      },
      { tries: 1 },
    ),
  );
});

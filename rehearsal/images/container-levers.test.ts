import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deployment, until, startTestPlane, type TestPlane } from '../api-server/testing.ts';
import { createLevers, type Levers } from '../levers.ts';
import { processStartedAt } from '../../fixtures/rehearsal-client/process-identity.ts';
import { addContainerLevers } from './container-levers.ts';

let plane: TestPlane;
let levers: Levers;

beforeAll(async () => {
  plane = await startTestPlane();
  levers = createLevers();
  addContainerLevers(levers, plane);
  const one = deployment('web', { replicas: 2 });
  const labels = { 'app.kubernetes.io/name': 'web', 'mcp.test/colour': 'blue', app: 'web' };
  const spec = one['spec'] as { template: { metadata: { labels: unknown } } };
  spec.template.metadata.labels = labels;
  await plane.apply({ ...one, metadata: { name: 'web', namespace: 'default', labels } });
  await until(running, (pids) => pids.length === 2, 15_000);
}, 30_000);
afterAll(() => plane.close());

const running = (): Promise<readonly number[]> => Promise.resolve(plane.containers().map(({ pid }) => pid));
const restarts = async (): Promise<number> => {
  const { body } = await plane.call('GET', '/api/v1/namespaces/default/pods');
  return [...JSON.stringify(body).matchAll(/"restartCount":(\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0);
};
const blue = { app: 'web', colour: 'blue', namespace: 'default' } as const;

test('one process is killed and comes back; the release leaves no restart counted', { timeout: 30_000 }, async () => {
  const before = await running();
  const release = await levers.pull('container.kill', blue);
  await until(running, (pids) => pids.length === 2 && pids.some((pid) => !before.includes(pid)), 15_000);
  expect((await running()).filter((pid) => before.includes(pid))).toHaveLength(1);
  await until(restarts, (count) => count === 1, 15_000);
  await release();
  await until(restarts, (count) => count === 0, 15_000);
  await until(running, (pids) => pids.length === 2, 15_000);
});

test('with keep none of them stays up until the release', { timeout: 40_000 }, async () => {
  const release = await levers.pull('container.kill', { ...blue, keep: true });
  await until(restarts, (count) => count >= 2, 15_000);
  await release();
  // The pods are replaced; then nothing comes and nothing goes.
  let before: readonly number[] = [];
  const isSettled = (pids: readonly number[]): boolean => {
    const same = pids.length === 2 && pids.every((pid) => before.includes(pid));
    before = pids;
    return same;
  };
  await until(() => new Promise<void>((go) => setTimeout(go, 600)).then(running), isSettled, 15_000);
  await until(restarts, (count) => count === 0, 15_000);
});

test('stopped processes are there and do nothing, and go on when released', async () => {
  const pids = await running();
  const release = await levers.pull('container.stop', blue);
  try {
    await expect(plane.call('GET', '/api/v1/namespaces/default/pods')).resolves.toMatchObject({ status: 200 });
    for (const pid of pids) expect(stateOf(pid)).toBe('T');
  } finally {
    await release();
  }
  for (const pid of pids) expect(stateOf(pid)).not.toBe('T');
  expect(pids.map(processStartedAt)).not.toContain(undefined);
});

test('the other colour is left alone', async () => {
  await expect(levers.pull('container.kill', { ...blue, colour: 'green' })).rejects.toThrow(/no container runs/);
});

test(
  'a pod that nobody owns is made again by the release, at once and with nothing counted',
  { timeout: 30_000 },
  async () => {
    const labels = { 'app.kubernetes.io/name': 'store' };
    const template = (deployment('store')['spec'] as { template: { spec: unknown } }).template;
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'store-0', namespace: 'default', labels } };
    await plane.apply({ ...pod, spec: template.spec });
    const path = '/api/v1/namespaces/default/pods/store-0';
    const look = async (): Promise<unknown> => (await plane.call('GET', path)).body;
    const ready = (seen: unknown): boolean =>
      ['"ready":true', '"restartCount":0'].every((fact) => JSON.stringify(seen).includes(fact));
    await until(look, ready, 15_000);
    const release = await levers.pull('container.kill', { pod: 'store-0', namespace: 'default', keep: true });
    await until(restarts, (count) => count >= 2, 15_000);
    await release();
    // A new pod: the old one, killed twice, would have counted that and waited for its back-off.
    await until(look, ready, 15_000);
    await plane.call('DELETE', path);
    await until(running, (pids) => pids.length === 2, 15_000);
  },
);

/** First letter of the process's state, as `ps` says it: `T` is stopped. */
function stateOf(pid: number): string {
  return execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' })
    .trim()
    .slice(0, 1);
}

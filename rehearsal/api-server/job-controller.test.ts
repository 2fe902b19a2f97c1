import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ProcessImage } from '../control-plane-types.ts';
import { record, records, type Json } from './object.ts';
import { startTestPlane, until, type TestPlane } from './testing.ts';

const IMAGE = 'ghcr.io/golive/task:v1';
/** Runs its arguments as a program. */
const taskImage: ProcessImage = {
  reference: IMAGE,
  start({ args }) {
    const child = spawn(process.execPath, ['-e', args[0] ?? ''], { stdio: 'ignore' });
    const exited = once(child, 'exit').then(([code]) => (typeof code === 'number' ? code : 137));
    const stop = async (): Promise<void> => {
      child.kill('SIGKILL');
      await exited;
    };
    return Promise.resolve({ pid: child.pid ?? 0, ports: {}, exited, stop });
  },
  exec: () => Promise.resolve({ exitCode: 1, stdout: '', stderr: '' }),
};

let plane: TestPlane;
beforeAll(async () => {
  plane = await startTestPlane({ images: [taskImage] });
}, 30_000);
afterAll(() => plane.close());

const job = (name: string, program: string, spec: Json = {}): Json => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name, namespace: 'default' },
  spec: {
    backoffLimit: 0,
    ...spec,
    template: { spec: { restartPolicy: 'Never', containers: [{ name: 'task', image: IMAGE, args: [program] }] } },
  },
});
const statusOf = async (name: string): Promise<Json> =>
  record((await plane.call('GET', `/apis/batch/v1/namespaces/default/jobs/${name}`)).body['status']);
const ended = (name: string): Promise<Json> =>
  until(
    () => statusOf(name),
    (status) => records(status['conditions']).some(({ type }) => type === 'Complete' || type === 'Failed'),
    30_000,
  );
const podsOf = async (name: string): Promise<readonly Json[]> => {
  const path = `/api/v1/namespaces/default/pods?labelSelector=batch.kubernetes.io/job-name=${name}`;
  return records((await plane.call('GET', path)).body['items']);
};

it('runs its Pod as a process, and is complete when that ends well', async () => {
  await plane.apply(job('well', 'process.exit(0)'));
  const status = await ended('well');
  expect(status).toMatchObject({ succeeded: 1, failed: 0, active: 0 });
  expect(records(status['conditions']).map(({ type }) => type)).toEqual(['SuccessCriteriaMet', 'Complete']);
  expect(status['completionTime']).toBeDefined();
  expect(await podsOf('well')).toHaveLength(1);
  await plane.call('DELETE', '/apis/batch/v1/namespaces/default/jobs/well?propagationPolicy=Background');
  await until(
    () => podsOf('well'),
    (pods) => pods.length === 0,
    30_000,
  );
});

it('tries again as often as it may, and has failed then', async () => {
  await plane.apply(job('badly', 'process.exit(3)', { backoffLimit: 1 }));
  const status = await ended('badly');
  expect(status).toMatchObject({ succeeded: 0, failed: 2 });
  expect(records(status['conditions']).at(-1)).toMatchObject({ type: 'Failed', reason: 'BackoffLimitExceeded' });
  expect(await podsOf('badly')).toHaveLength(2);
});

it('is ended by its deadline', async () => {
  await plane.apply(job('late', 'setInterval(() => undefined, 1000)', { activeDeadlineSeconds: 1 }));
  const status = await ended('late');
  expect(records(status['conditions']).at(-1)).toMatchObject({ type: 'Failed', reason: 'DeadlineExceeded' });
  await until(
    () => podsOf('late'),
    (pods) => pods.length === 0,
    30_000,
  );
});

it('waits while it is suspended', async () => {
  await plane.apply(job('asleep', 'process.exit(0)', { suspend: true }));
  expect(await podsOf('asleep')).toEqual([]);
  await plane.apply(job('asleep', 'process.exit(0)', { suspend: false }));
  expect(await ended('asleep')).toMatchObject({ succeeded: 1 });
});

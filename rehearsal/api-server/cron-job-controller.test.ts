/** CronJobs by a clock of the test: when they start, what keeps them from it, and what is left of them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { ProcessImage } from '../control-plane-types.ts';
import { record, records, text, type Json } from './object.ts';
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

const HOUR_MS = 3_600_000;
let plane: TestPlane;
/** Milliseconds that the clock is ahead. */
let ahead = 0;
beforeAll(async () => {
  plane = await startTestPlane({
    images: [taskImage],
    cronJobs: { now: () => new Date(Date.now() + ahead), lookMs: 50 },
  });
}, 30_000);
afterAll(() => plane.close());
beforeEach(() => (ahead = 0));

const PATH = '/apis/batch/v1/namespaces/default';
async function schedule(name: string, program: string, spec: Json = {}): Promise<void> {
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'task', image: IMAGE, args: [program] }] } };
  const jobTemplate = { metadata: { labels: { of: name } }, spec: { backoffLimit: 0, template } };
  await plane.apply({
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name, namespace: 'default' },
    spec: { schedule: '0 * * * *', ...spec, jobTemplate },
  });
}
const jobsOf = async (name: string): Promise<readonly Json[]> =>
  records((await plane.call('GET', `${PATH}/jobs?labelSelector=of=${name}`)).body['items']);
const statusOf = async (name: string): Promise<Json> =>
  record((await plane.call('GET', `${PATH}/cronjobs/${name}`)).body['status']);
const nameOf = (job: Json | undefined): string => text(record(job?.['metadata'])['name']);
const jobs = (name: string, count: number): Promise<readonly Json[]> =>
  until(
    () => jobsOf(name),
    (found) => found.length === count,
    30_000,
  );
const succeeded = (name: string): Promise<Json> =>
  until(
    () => statusOf(name),
    ({ lastSuccessfulTime }) => lastSuccessfulTime !== undefined,
    30_000,
  );
/** Long enough for many looks. */
const aWhile = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 500));

it('starts a Job when its hour has come, once, and says when that was and that it succeeded', async () => {
  await schedule('hourly', 'process.exit(0)');
  ahead = HOUR_MS;
  const [job] = await jobs('hourly', 1);
  const status = await succeeded('hourly');
  const at = new Date(Math.floor((Date.now() + ahead) / HOUR_MS) * HOUR_MS);
  expect(status).toMatchObject({ lastScheduleTime: at.toISOString().replace('.000Z', 'Z') });
  expect(nameOf(job)).toBe(`hourly-${at.getTime() / 60_000}`);
  expect(records(record(job?.['metadata'])['ownerReferences'])).toMatchObject([{ kind: 'CronJob', controller: true }]);
  await aWhile();
  expect(await jobsOf('hourly')).toHaveLength(1);
});

it('starts the latest of several that were missed', async () => {
  await schedule('missed', 'process.exit(0)');
  ahead = 5 * HOUR_MS;
  await jobs('missed', 1);
  await aWhile();
  expect(await jobsOf('missed')).toHaveLength(1);
});

it('starts none beside one that runs where that is forbidden, and all the same where it is not', async () => {
  await schedule('forbids', 'setInterval(() => {}, 1000)', { concurrencyPolicy: 'Forbid' });
  await schedule('allows', 'setInterval(() => {}, 1000)');
  await schedule('replaces', 'setInterval(() => {}, 1000)', { concurrencyPolicy: 'Replace' });
  ahead = HOUR_MS;
  const [before] = await jobs('replaces', 1);
  await Promise.all([jobs('forbids', 1), jobs('allows', 1)]);
  ahead = 2 * HOUR_MS;
  await jobs('allows', 2);
  await until(
    () => jobsOf('replaces'),
    (found) => found.length === 1 && nameOf(found[0]) !== nameOf(before),
    30_000,
  );
  expect(await jobsOf('forbids')).toHaveLength(1);
  expect(records((await statusOf('forbids'))['active'])).toHaveLength(1);
});

it('starts nothing while it is suspended, or too late for its deadline', async () => {
  await schedule('suspended', 'process.exit(0)', { suspend: true });
  await schedule('late', 'process.exit(0)', { startingDeadlineSeconds: 1 });
  // A moment that is no full hour: the last one is at least two seconds ago.
  ahead = HOUR_MS * (1 + Math.ceil(Date.now() / HOUR_MS)) + HOUR_MS / 2 - Date.now();
  await aWhile();
  expect([await jobsOf('suspended'), await jobsOf('late')]).toEqual([[], []]);
});

it('goes by the clock of its zone', async () => {
  // Noon in Auckland, whatever the season, is not the hour before.
  const noon = new Date(Date.now() + 24 * HOUR_MS);
  const hour = Number(
    new Intl.DateTimeFormat('en-GB', { timeZone: 'Pacific/Auckland', hour: '2-digit', hourCycle: 'h23' }).format(noon),
  );
  await schedule('elsewhere', 'process.exit(0)', { schedule: `0 ${hour} * * *`, timeZone: 'Pacific/Auckland' });
  ahead = 24 * HOUR_MS;
  await jobs('elsewhere', 1);
  expect(text((await statusOf('elsewhere'))['lastScheduleTime'])).toBe(
    new Date(Math.floor(noon.getTime() / HOUR_MS) * HOUR_MS).toISOString().replace('.000Z', 'Z'),
  );
});

it('keeps as many that have ended as its limits say', async () => {
  await schedule('keeps', 'process.exit(0)', { successfulJobsHistoryLimit: 1 });
  ahead = HOUR_MS;
  await jobs('keeps', 1);
  await succeeded('keeps');
  ahead = 2 * HOUR_MS;
  const at = Math.floor((Date.now() + ahead) / HOUR_MS) * 60;
  await until(
    () => jobsOf('keeps'),
    (found) => found.length === 1 && nameOf(found[0]) === `keeps-${at}`,
    30_000,
  );
});

/**
 * The controller of CronJobs: makes a Job of each when its time has come, as kube-controller-manager's does (pkg/controller/cronjob), and writes
 * when that was and which succeeded.
 */
import { startsBetween } from '../../k8s/semantics/cron.ts';
import { deleteObject } from './deletion.ts';
import type { ControlPlaneOptions } from '../control-plane-types.ts';
import { CRON_JOB, JOB } from './kinds.ts';
import { integer, record, records, text, type ApiObject, type Json } from './object.ts';
import { createObject, patchObject } from './resources.ts';
import { ApiError } from './status.ts';
import type { Storage } from './storage.ts';

/** As often as the real one looks at the latest. */
const LOOK_MS = 10_000;
/** A start that is a moment old is no reason to look further back than this. */
const LONGEST_LOOK_BACK_MS = 7 * 86_400_000;

/** Runs until the answer is called. */
export function startCronJobController(
  storage: Storage,
  log: (line: string) => void,
  { now = () => new Date(), lookMs = LOOK_MS }: NonNullable<ControlPlaneOptions['cronJobs']> = {},
): () => void {
  let rounds = Promise.resolve();
  const tendAll = async (): Promise<void> => {
    for (const one of (await storage.list(CRON_JOB, '')).items)
      await tend(storage, one, now()).catch((error: unknown) => log(`cron jobs: ${String(error)}`));
  };
  // One round after the other: two at a time would start one time twice.
  const timer = setInterval(() => {
    rounds = rounds.then(tendAll).catch((error: unknown) => log(`cron jobs: ${String(error)}`));
  }, lookMs).unref();
  return () => clearInterval(timer);
}

async function tend(storage: Storage, cronJob: ApiObject, now: Date): Promise<void> {
  if (cronJob.metadata.deletionTimestamp !== undefined) return;
  const spec = record(cronJob['spec']);
  const own = await jobsOf(storage, cronJob);
  await forgetOld(storage, own, spec);
  const active = own.filter((job) => endOf(job) === null);
  const started = await startIfDue(storage, cronJob, active, now);
  await tell(storage, cronJob, {
    own,
    active: started?.job ? [...started.left, started.job] : (started?.left ?? active),
    at: started?.at,
  });
}

interface Started {
  readonly at: Date;
  readonly job: ApiObject | null;
  /** Those that still run beside it. */
  readonly left: readonly ApiObject[];
}

/** Undefined where nothing is due, it is too late for it, or one that still runs forbids it. */
async function startIfDue(
  storage: Storage,
  cronJob: ApiObject,
  active: readonly ApiObject[],
  now: Date,
): Promise<Started | undefined> {
  const spec = record(cronJob['spec']);
  const at = spec['suspend'] === true ? undefined : dueAt(cronJob, now);
  const deadline = spec['startingDeadlineSeconds'];
  if (at === undefined) return undefined;
  if (deadline !== undefined && now.getTime() - at.getTime() > integer(deadline) * 1000) return undefined;
  const policy = text(spec['concurrencyPolicy']);
  if (policy === 'Forbid' && active.length > 0) return undefined;
  if (policy === 'Replace') for (const job of active) await remove(storage, job);
  return { at, job: await createJob(storage, cronJob, at), left: policy === 'Replace' ? [] : active };
}

/** The latest time that has come since the last start; earlier ones that were missed are not made up for. */
function dueAt(cronJob: ApiObject, now: Date): Date | undefined {
  const spec = record(cronJob['spec']);
  const since = text(record(cronJob['status'])['lastScheduleTime']) || cronJob.metadata.creationTimestamp || '';
  const from = Math.max(Date.parse(since) || 0, now.getTime() - LONGEST_LOOK_BACK_MS);
  return startsBetween(text(spec['schedule']), text(spec['timeZone']) || 'UTC', new Date(from), now).at(-1);
}

async function createJob(storage: Storage, cronJob: ApiObject, at: Date): Promise<ApiObject | null> {
  const { name = '', namespace = '', uid = '' } = cronJob.metadata;
  const template = record(record(cronJob['spec'])['jobTemplate']);
  const { labels, annotations } = record(template['metadata']);
  const metadata = {
    // One name for one time: a second start of it meets the first.
    name: `${name}-${Math.floor(at.getTime() / 60_000)}`,
    namespace,
    ...(labels === undefined ? {} : { labels }),
    annotations: { ...record(annotations), 'batch.kubernetes.io/cronjob-scheduled-timestamp': seconds(at) },
    ownerReferences: [
      { apiVersion: 'batch/v1', kind: 'CronJob', name, uid, controller: true, blockOwnerDeletion: true },
    ],
  };
  try {
    const body = { apiVersion: 'batch/v1', kind: 'Job', metadata, spec: template['spec'] };
    return await createObject(storage, { kind: JOB, namespace, name: '', dryRun: false }, body);
  } catch (error) {
    if (error instanceof ApiError && error.reason === 'AlreadyExists') return null;
    throw error;
  }
}

async function jobsOf(
  storage: Storage,
  { metadata: { namespace = '', uid } }: ApiObject,
): Promise<readonly ApiObject[]> {
  const { items } = await storage.list(JOB, namespace);
  return items.filter((job) => job.metadata.ownerReferences?.some((owner) => owner.uid === uid));
}

/** How it ended; null while it has not. */
function endOf(job: ApiObject): 'Complete' | 'Failed' | null {
  const ended = records(record(job['status'])['conditions']).find(
    ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
  );
  return ended?.['type'] === 'Complete' ? 'Complete' : ended ? 'Failed' : null;
}

/** Of those that have ended as many stay as the limits say, the newest. */
async function forgetOld(storage: Storage, own: readonly ApiObject[], spec: Json): Promise<void> {
  for (const [end, limit] of [
    ['Complete', spec['successfulJobsHistoryLimit']],
    ['Failed', spec['failedJobsHistoryLimit']],
  ] as const) {
    const ended = own.filter((job) => endOf(job) === end).sort((a, b) => startedAt(b).localeCompare(startedAt(a)));
    for (const job of ended.slice(integer(limit))) await remove(storage, job);
  }
}
const startedAt = (job: ApiObject): string => text(record(job['status'])['startTime']);

async function remove(storage: Storage, { metadata: { name = '', namespace = '' } }: ApiObject): Promise<void> {
  try {
    await deleteObject(storage, { kind: JOB, namespace, name, dryRun: false }, { propagationPolicy: 'Background' });
  } catch (error) {
    if (!(error instanceof ApiError && error.reason === 'NotFound')) throw error;
  }
}

/** Writes the status where it has changed. */
async function tell(
  storage: Storage,
  cronJob: ApiObject,
  {
    own,
    active,
    at,
  }: { readonly own: readonly ApiObject[]; readonly active: readonly ApiObject[]; readonly at: Date | undefined },
): Promise<void> {
  const { name = '', namespace = '' } = cronJob.metadata;
  const before = record(cronJob['status']);
  const ended = own
    .filter((job) => endOf(job) === 'Complete')
    .map((job) => text(record(job['status'])['completionTime']));
  const succeeded = [text(before['lastSuccessfulTime']), ...ended].sort().at(-1) ?? '';
  const status = {
    active: active.map(({ metadata }) => ({
      apiVersion: 'batch/v1',
      kind: 'Job',
      ...{ namespace, name: metadata.name, uid: metadata.uid, resourceVersion: metadata.resourceVersion },
    })),
    ...(at === undefined ? {} : { lastScheduleTime: seconds(at) }),
    ...(succeeded === '' ? {} : { lastSuccessfulTime: succeeded }),
  };
  const names = (list: unknown): string =>
    records(list)
      .map((one) => text(one['name']))
      .join(' ');
  const isSame =
    names(before['active']) === names(status.active) &&
    at === undefined &&
    text(before['lastSuccessfulTime']) === succeeded;
  if (isSame) return;
  // The server leaves an empty list out.
  const told = { ...status, active: status.active.length === 0 ? null : status.active };
  await patchObject(storage, { kind: CRON_JOB, namespace, name, dryRun: false }, 'merge', { status: told }, 'status');
}

const seconds = (at: Date): string => at.toISOString().replace(/\.\d+Z$/, 'Z');

/** The controller of Jobs: runs their Pods until enough have succeeded, too many have failed or the time is over, and writes their status. */
import { deleteObject } from './deletion.ts';
import type { Change } from './changes.ts';
import { JOB, POD } from './kinds.ts';
import { integer, record, records, text, type ApiObject, type Json } from './object.ts';
import { createObject, patchObject } from './resources.ts';
import { ApiError } from './status.ts';
import type { Storage } from './storage.ts';

const BACKOFF_LIMIT = 6;

/** Runs until the answer is called. */
export function startJobController(storage: Storage, log: (line: string) => void): () => void {
  const deadlines = new Set<NodeJS.Timeout>();
  let rounds = Promise.resolve();
  const warn = (error: unknown): void => log(`jobs: ${String(error)}`);
  const later = (ms: number): void => {
    const timer = setTimeout(() => {
      deadlines.delete(timer);
      next();
    }, ms).unref();
    deadlines.add(timer);
  };
  const tendAll = async (): Promise<void> => {
    for (const job of (await storage.list(JOB, '')).items) await tend(storage, job, later).catch(warn);
  };
  // One round after the other: two at a time would make two Pods where one is missing.
  const next = (): void => void (rounds = rounds.then(tendAll).catch(warn));
  const stop = storage.changes.subscribe((change) => {
    // Its Pods go with a Job, as the garbage collector sees to it.
    if (change.kind === JOB && change.type === 'DELETED')
      rounds = rounds.then(() => removeAll(storage, change.object)).catch(warn);
    else if (concerns(change)) next();
  });
  return () => {
    stop();
    for (const timer of deadlines) clearTimeout(timer);
  };
}

function concerns({ kind, object, previous }: Change): boolean {
  if (kind === JOB) return true;
  const phaseOf = (pod: ApiObject | undefined): string => text(record(pod?.['status'])['phase']);
  const isOurs = object.metadata.ownerReferences?.some((owner) => owner.kind === 'Job') === true;
  return kind === POD && isOurs && phaseOf(object) !== phaseOf(previous);
}

interface Standing {
  readonly active: readonly ApiObject[];
  readonly succeeded: number;
  readonly failed: number;
}

async function tend(storage: Storage, job: ApiObject, later: (ms: number) => void): Promise<void> {
  const spec = record(job['spec']);
  if (isFinished(job) || spec['suspend'] === true || job.metadata.deletionTimestamp !== undefined) return;
  const startTime = text(record(job['status'])['startTime']) || new Date().toISOString();
  const now = await standing(storage, job);
  const wanted = integer(spec['completions'] ?? 1);
  const ended = endOf(spec, now, wanted, startTime);
  if (ended !== undefined) {
    for (const pod of now.active) await remove(storage, pod);
    return await tell(storage, job, { ...now, active: [] }, { startTime, ended });
  }
  const missing = Math.min(integer(spec['parallelism'] ?? 1), wanted - now.succeeded) - now.active.length;
  for (let count = 0; count < missing; count += 1) await createPod(storage, job);
  await tell(storage, job, missing > 0 ? await standing(storage, job) : now, { startTime });
  const { activeDeadlineSeconds } = spec;
  if (activeDeadlineSeconds !== undefined && text(record(job['status'])['startTime']) === '')
    later(integer(activeDeadlineSeconds) * 1000 + 50);
}

const isFinished = (job: ApiObject): boolean =>
  records(record(job['status'])['conditions']).some(
    ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
  );

async function podsOf(
  storage: Storage,
  { metadata: { namespace = '', uid } }: ApiObject,
): Promise<readonly ApiObject[]> {
  const { items } = await storage.list(POD, namespace);
  return items.filter((pod) => pod.metadata.ownerReferences?.some((owner) => owner.uid === uid));
}

async function removeAll(storage: Storage, job: ApiObject): Promise<void> {
  for (const pod of await podsOf(storage, job)) await remove(storage, pod);
}

async function standing(storage: Storage, job: ApiObject): Promise<Standing> {
  const pods = await podsOf(storage, job);
  const phaseOf = (pod: ApiObject): string => text(record(pod['status'])['phase']);
  return {
    active: pods.filter((pod) => !['Succeeded', 'Failed'].includes(phaseOf(pod))),
    succeeded: pods.filter((pod) => phaseOf(pod) === 'Succeeded').length,
    failed: pods.filter((pod) => phaseOf(pod) === 'Failed').length,
  };
}

interface Ended {
  readonly type: 'Complete' | 'Failed';
  readonly reason: string;
  readonly message: string;
}

function endOf(spec: Json, { succeeded, failed }: Standing, wanted: number, startTime: string): Ended | undefined {
  if (succeeded >= wanted)
    return { type: 'Complete', reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' };
  if (failed > integer(spec['backoffLimit'] ?? BACKOFF_LIMIT))
    return {
      type: 'Failed',
      reason: 'BackoffLimitExceeded',
      message: 'Job has reached the specified backoff limit',
    };
  const { activeDeadlineSeconds } = spec;
  const isOver =
    activeDeadlineSeconds !== undefined && Date.now() - Date.parse(startTime) >= integer(activeDeadlineSeconds) * 1000;
  return isOver
    ? { type: 'Failed', reason: 'DeadlineExceeded', message: 'Job was active longer than specified deadline' }
    : undefined;
}

async function createPod(storage: Storage, job: ApiObject): Promise<void> {
  const { name = '', namespace = '', uid = '' } = job.metadata;
  const template = record(record(job['spec'])['template']);
  const { labels = {}, annotations } = record(template['metadata']);
  const own = {
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': name,
    'controller-uid': uid,
    'job-name': name,
  };
  const metadata = {
    generateName: `${name}-`,
    namespace,
    labels: { ...record(labels), ...own },
    ...(annotations === undefined ? {} : { annotations }),
    ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name, uid, controller: true, blockOwnerDeletion: true }],
  };
  const where = { kind: POD, namespace, name: '', dryRun: false };
  await createObject(storage, where, { apiVersion: 'v1', kind: 'Pod', metadata, spec: template['spec'] });
}

async function remove(storage: Storage, { metadata: { name = '', namespace = '' } }: ApiObject): Promise<void> {
  try {
    await deleteObject(storage, { kind: POD, namespace, name, dryRun: false }, {});
  } catch (error) {
    if (!(error instanceof ApiError && error.reason === 'NotFound')) throw error;
  }
}

/** Writes the status where it has changed: what it writes it is told of again. */
async function tell(
  storage: Storage,
  job: ApiObject,
  { active, succeeded, failed }: Standing,
  { startTime, ended }: { readonly startTime: string; readonly ended?: Ended },
): Promise<void> {
  const { name = '', namespace = '' } = job.metadata;
  const before = record(job['status']);
  const counts = { active: active.length, succeeded, failed };
  const isSame = Object.entries(counts).every(([key, count]) => integer(before[key] ?? 0) === count);
  if (isSame && ended === undefined && before['startTime'] !== undefined) return;
  const at = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  const condition = (type: string, { reason, message }: Ended): Json => ({
    ...{ type, status: 'True', reason, message, lastProbeTime: at, lastTransitionTime: at },
  });
  const end =
    ended === undefined
      ? {}
      : {
          conditions: [
            condition(ended.type === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget', ended),
            condition(ended.type, ended),
          ],
          ...(ended.type === 'Complete' ? { completionTime: at } : {}),
        };
  const status = { ...counts, startTime: startTime.replace(/\.\d+Z$/, 'Z'), uncountedTerminatedPods: {}, ...end };
  await patchObject(storage, { kind: JOB, namespace, name, dryRun: false }, 'merge', { status }, 'status');
}

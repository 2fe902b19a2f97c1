import { randomBytes } from 'node:crypto';
import type { Capabilities, CheckContext } from '../../contract/capabilities.ts';
import type { KubeObject } from '../../contract/cluster.ts';
import { textAt } from '../../contract/json.ts';
import { durationMs } from '../../contract/units.ts';
import { attempt, kind, ObservationError } from '../../kit/kind.ts';
import { getOrNull, mayReadSecrets, PODS } from '../../protocols/kubernetes.ts';
import { numberOf } from '../../protocols/postgres.ts';
import { rowsOf } from '../../protocols/stores.ts';
import { archiverOf } from '../archiver.ts';
import { parseInfo, type BackupInfo } from '../pgbackrest.ts';
import { judge, messages, type Live, type Seen } from './judge.ts';
import { params, type Params } from './params.ts';
import { containerOf, RESTORE_LABEL, restorePod } from './pod.ts';
import { restore, type Asked, type Run } from './restore.ts';

const LOOK_MS = 200;

export const restoreDrill = kind('data/restore-drill', {
  title: 'The newest backup can be restored, soon enough, whole and recent',
  why: 'Backups are believed in until the day one is needed. Only a restore shows that there is one.',
  sees: [
    'The newest backup of the stanza restored by pgbackrest in a pod made for it, all archived WAL replayed, PostgreSQL started on it: it took sessions within the recovery time.',
    'That it is of the server in use, holds all WAL which that had archived before, and that no transaction older than the recovery point is missing.',
    'The declared numbers, asked in it and, where declared, in the server in use.',
    'The pod is deleted whatever happens. It has none of the server’s labels and data, listens on no network and archives nothing.',
  ],
  not: [
    'How long a database takes whose disk, network or size differ from those of the throwaway pod.',
    'Other databases of the server than the one of the store, roles and extensions that no declared number needs.',
  ],
  needs: ['cluster', 'changes', 'exec', 'postgres'],
  changes: 'apply',
  required: ['namespace', 'pod', 'stanza', 'store', 'user', 'invariants'],
  params,
  messages,
  rights: ({ namespace, store }) => [
    { namespace, groups: [''], resources: ['pods'], verbs: ['get', 'list', 'create', 'delete'] },
    { namespace, groups: [''], resources: ['pods/exec'], verbs: ['create', 'get'] },
    ...mayReadSecrets([store.password]),
  ],
  gather,
  judge,
});

type Needed = Pick<Capabilities, 'cluster' | 'changes' | 'exec' | 'postgres'>;

async function gather(params: Params, can: Needed, context: CheckContext): Promise<Seen> {
  const { namespace, pod: name } = params;
  const like = await getOrNull(can.cluster, PODS, name, namespace);
  if (!like) return { pod: null };
  const pod = { phase: textAt(like, 'of unknown phase', 'status', 'phase') };
  if (pod.phase !== 'Running') return { pod };
  await removeLeftOvers(namespace, can);
  // The server first: what it has archived by now must be in what is restored afterwards.
  const live = await attempt(() => liveOf(params, can));
  const drill = await attempt(() => inThrowawayPod(like, params, can, context));
  const refusals = [live.refusal, drill.refusal].filter((one) => one !== undefined);
  return { pod, live: live.seen, ...drill.seen, ...(refusals.length > 0 ? { refusals } : {}) };
}

async function liveOf({ store, invariants }: Params, { postgres }: Needed): Promise<Live> {
  return await postgres.session(store, async (session) => {
    const archiver = await archiverOf(session);
    await session.query('BEGIN READ ONLY');
    const asked: Asked[] = [];
    for (const { name, query, ofLive } of invariants) {
      if (ofLive === undefined) continue;
      const [row] = await rowsOf(session, query);
      const [column = ''] = Object.keys(row ?? {});
      asked.push({ name, value: numberOf(row, column) });
    }
    const [now] = await rowsOf(
      session,
      'SELECT txid_snapshot_xmax(txid_current_snapshot())::float8 AS next, extract(epoch FROM clock_timestamp())::float8 AS at',
    );
    return { archiver, next: numberOf(now, 'next'), at: numberOf(now, 'at'), asked };
  });
}

async function inThrowawayPod(
  like: KubeObject,
  params: Params,
  can: Needed,
  context: CheckContext,
): Promise<Pick<Seen, 'backup' | 'restored'>> {
  const { namespace, repositoryClaims, rto, stanza } = params;
  const container = containerOf(like, params.container);
  const name = `${params.pod.slice(0, 40)}-restore-${randomBytes(4).toString('hex')}`;
  const seconds = Math.ceil((durationMs(rto) + durationMs(params.startWithin)) / 1000);
  const manifest = restorePod(like, container, { name, mark: context.item, seconds, repositoryClaims });
  if (!manifest)
    throw new ObservationError('misconfigured', `Pod ${namespace}/${params.pod} has no container ${container}`);
  return await can.changes.createPod(manifest, async () => {
    await untilRunning(name, params, can, context);
    const run: Run = async (...command) => {
      const answer = await can.exec.run({ namespace, pod: name, container }, command);
      if (answer.exitCode !== 126 && answer.exitCode !== 127) return answer;
      throw new ObservationError('component-missing', `Pod ${namespace}/${params.pod}: its image has no ${command[0]}`);
    };
    const backup = newest(
      `Pod ${namespace}/${name}`,
      stanza,
      await run('pgbackrest', 'info', '--output=json', `--stanza=${stanza}`),
    );
    if (!backup) return { backup: null };
    context.progress(`restoring ${backup.label}`);
    const from = performance.now();
    const restored = await restore(params, backup, run, {
      since: () => performance.now() - from,
      wait: (ms) => context.wait(ms),
    });
    return { backup: { label: backup.label, stoppedAt: backup.stoppedAt }, restored };
  });
}

/** Of all repositories. */
function newest(where: string, name: string, info: Parameters<typeof parseInfo>[1]) {
  const held = parseInfo(where, info)
    .filter((stanza) => stanza.name === name)
    .flatMap(({ backups, repository }) => backups.map((backup) => ({ ...backup, repository })));
  const endOf = ({ stoppedAt }: BackupInfo): number => stoppedAt ?? 0;
  return held.sort((a, b) => endOf(a) - endOf(b)).at(-1);
}

async function untilRunning(
  name: string,
  { namespace, startWithin }: Params,
  { cluster }: Needed,
  context: CheckContext,
) {
  const from = performance.now();
  for (;;) {
    const { items } = await cluster.list(PODS, { namespace, labelSelector: RESTORE_LABEL, fresh: true });
    const pod = items.find(({ metadata }) => metadata.name === name);
    const phase = textAt(pod, 'not there', 'status', 'phase');
    if (phase === 'Running') return;
    if (performance.now() - from > durationMs(startWithin)) {
      const why = textAt(pod, phase, 'status', 'containerStatuses', 0, 'state', 'waiting', 'reason');
      throw new ObservationError(
        'timeout',
        `Pod ${namespace}/${name}, made for the restore, does not run within ${startWithin}: ${why}`,
      );
    }
    await context.wait(LOOK_MS);
  }
}

/** Pods of runs that were killed. */
async function removeLeftOvers(namespace: string, { cluster, changes }: Needed): Promise<void> {
  const { items } = await cluster.list(PODS, { namespace, labelSelector: RESTORE_LABEL, fresh: true });
  for (const { metadata } of items) {
    if (metadata.labels?.[RESTORE_LABEL] === undefined || metadata.deletionTimestamp !== undefined) continue;
    const target = { namespace, name: metadata.name, uid: metadata.uid ?? '' };
    await attempt(() => changes.deletePod(target, { gracePeriodSeconds: 1 }));
  }
}

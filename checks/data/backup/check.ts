import { attempt, kind, ObservationError } from '../../kit/kind.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { mayExecIn, runInPod } from '../../protocols/pod-command.ts';
import { unlessDown } from '../../protocols/stores.ts';
import { archiverOf } from '../archiver.ts';
import { judge } from './judge.ts';
import { messages } from './messages.ts';
import { params } from './params.ts';
import { listed, parseInfo, type Stanza } from '../pgbackrest.ts';

export const backup = kind('data/backup', {
  title: 'The database has a recent, complete backup, and its WAL is being archived',
  why: 'When a migration or a faulty release destroys data, the newest good backup and the WAL since then decide how much is lost.',
  sees: [
    'What pgbackrest info, run in the pod, reports of the newest backup in each repository and of those it is restored with: end, size, error flag, the WAL it needs, that it is one of this very server.',
    'By pgbackrest repo-ls that their folders are in the repository, and each WAL segment and timeline history from its start to what the server archived last.',
    'What pg_stat_archiver reports of archiving: whether it fails, has ever worked, lags behind, and that what it calls archived is in each of those repositories.',
  ],
  not: [
    'That the backup can be restored; only a restore shows that.',
    'What is in the files of the repository; pgbackrest verify reads them.',
    'A repository without any backup, unless repositories names it.',
  ],
  needs: ['cluster', 'exec', 'postgres'],
  required: ['namespace', 'pod', 'store'],
  params,
  messages,
  rights: ({ namespace, pod, store }) => [...mayExecIn(namespace, pod), ...mayReadSecrets([store.password])],

  async gather(params, can) {
    const { namespace, pod, store, stanza, repositories } = params;
    const where = `Pod ${namespace}/${pod}`;
    // The server first: what it says is archived must be in the archive that is looked at afterwards.
    const server = await attempt(() => unlessDown(can.postgres, store, archiverOf));
    const info = await attempt(async () => {
      const only = stanza === undefined ? [] : [`--stanza=${stanza}`];
      const inPod = await runInPod(can, params, ['pgbackrest', 'info', '--output=json', ...only]);
      const run = async (...args: readonly string[]) => {
        const answer = await runInPod(can, params, ['pgbackrest', ...args]);
        if (answer?.exec) return answer.exec;
        throw new ObservationError(
          'unreachable',
          `${where}: went away while pgbackrest ${args[0] ?? ''} was run in it`,
        );
      };
      const stanzas: Stanza[] | null = inPod?.exec ? [] : null;
      for (const one of inPod?.exec ? parseInfo(where, inPod.exec) : [])
        stanzas?.push(repositories?.includes(one.repository ?? 1) === false ? one : await listed(where, one, run));
      return { pod: inPod && { phase: inPod.phase, deleting: inPod.deleting }, stanzas };
    });
    const refusals = [server.refusal, info.refusal].filter((one) => one !== undefined);
    return { ...info.seen, archiver: server.seen, ...(refusals.length > 0 ? { refusals } : {}) };
  },
  judge,
});

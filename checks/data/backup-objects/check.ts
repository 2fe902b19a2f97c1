import type { Capabilities } from '../../contract/capabilities.ts';
import type { KubeObject, ResourceType } from '../../contract/cluster.ts';
import { duration, kubernetesName } from '../../contract/param-schemas.ts';
import { kind, type ParamsOf } from '../../kit/kind.ts';
import { CRON_JOBS, getOrNull, mayList } from '../../protocols/kubernetes.ts';
import { judge, messages } from './judge.ts';

const type = (apiVersion: string, name: string, resource: string): ResourceType => ({
  apiVersion,
  kind: name,
  resource,
});
const CNPG_CLUSTERS = type('postgresql.cnpg.io/v1', 'Cluster', 'clusters');
const CNPG_BACKUPS = type('postgresql.cnpg.io/v1', 'Backup', 'backups');
const OBJECT_STORES = type('barmancloud.cnpg.io/v1', 'ObjectStore', 'objectstores');
const VELERO_BACKUPS = type('velero.io/v1', 'Backup', 'backups');
const LOCATIONS = type('velero.io/v1', 'BackupStorageLocation', 'backupstoragelocations');

const params = {
  cloudNativePg: {
    type: 'array',
    default: [],
    description: 'Clusters of CloudNativePG.',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['namespace', 'cluster'],
      properties: {
        namespace: kubernetesName('Namespace of the cluster.'),
        cluster: kubernetesName('Name of the cluster.'),
      },
    },
  },
  velero: {
    type: 'array',
    default: [],
    description: 'Schedules of Velero.',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['schedule'],
      properties: {
        namespace: { ...kubernetesName('Namespace of Velero.'), default: 'velero' },
        schedule: kubernetesName('Name of the Schedule.'),
      },
    },
  },
  cronJobs: {
    type: 'array',
    default: [],
    description: 'CronJobs that write a dump.',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['namespace', 'name'],
      properties: {
        namespace: kubernetesName('Namespace of the CronJob.'),
        name: kubernetesName('Name of the CronJob.'),
      },
    },
  },
  maxAge: duration('How long ago the newest good backup may have ended.', '26h'),
} as const;
export type Params = ParamsOf<typeof params>;

export const backupObjects = kind('data/backup-objects', {
  title: 'Backups that the cluster makes by itself are recent and good',
  why: 'Operators and CronJobs go on saying that all is well while the last backup grows old.',
  sees: [
    'CloudNativePG: the newest completed backup of the cluster, by its Backups, by the ObjectStore where the plugin writes and else by the status of the cluster, and that WAL is archived.',
    'Velero: the newest completed backup of the schedule that has not expired, whether a later one ended only in part, and that its storage is available.',
    'CronJobs: when one last succeeded, and that it is not suspended.',
  ],
  not: [
    'That any of them can be restored, nor what is in it: a CronJob whose dump fails within a pipe succeeds all the same.',
    'Volumes that Velero was told to leave out.',
  ],
  needs: ['cluster'],
  params,
  messages,
  rights: ({ cloudNativePg, velero, cronJobs }) => [
    ...cloudNativePg.flatMap(({ namespace }) => mayList([CNPG_CLUSTERS, CNPG_BACKUPS, OBJECT_STORES], namespace)),
    ...velero.flatMap(({ namespace }) => mayList([VELERO_BACKUPS, LOCATIONS], namespace)),
    ...cronJobs.map(({ namespace, name }) => ({
      namespace,
      groups: ['batch'],
      resources: ['cronjobs'],
      verbs: ['get'],
      resourceNames: [name],
    })),
  ],
  gather,
  judge,
});

async function gather({ cloudNativePg, velero, cronJobs }: Params, { cluster }: Pick<Capabilities, 'cluster'>) {
  const list = async (of: ResourceType, namespace: string): Promise<readonly KubeObject[]> =>
    (await cluster.list(of, { namespace, fresh: true })).items;
  const seen: KubeObject[] = [];
  for (const namespace of new Set(cloudNativePg.map((one) => one.namespace))) {
    const clusters = await list(CNPG_CLUSTERS, namespace);
    seen.push(...clusters, ...(await list(CNPG_BACKUPS, namespace)));
    // Only the plugin brings this type.
    if (clusters.some(({ spec }) => JSON.stringify(spec ?? {}).includes('barmanObjectName')))
      seen.push(...(await list(OBJECT_STORES, namespace)));
  }
  for (const namespace of new Set(velero.map((one) => one.namespace)))
    seen.push(...(await list(VELERO_BACKUPS, namespace)), ...(await list(LOCATIONS, namespace)));
  for (const { namespace, name } of cronJobs) {
    const found = await getOrNull(cluster, CRON_JOBS, name, namespace);
    if (found) seen.push(found);
  }
  return { objects: seen };
}

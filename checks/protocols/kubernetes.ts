/** Kinds of objects that checks read, and reading them so that evidence can name the list. */
import type { ClusterReader, KubeObject, ResourceType } from '../contract/cluster.ts';
import type { SecretRef } from '../contract/secrets.ts';
import type { Permission } from '../contract/plan.ts';
import { ObservationError } from '../kit/kind.ts';
import { parseJson, isRecord, textAt } from '../contract/json.ts';

const type = (apiVersion: string, kind: string, resource: string): ResourceType => ({ apiVersion, kind, resource });

export const NAMESPACES = type('v1', 'Namespace', 'namespaces');
export const NODES = type('v1', 'Node', 'nodes');
export const PODS = type('v1', 'Pod', 'pods');
export const SERVICES = type('v1', 'Service', 'services');
export const CONFIG_MAPS = type('v1', 'ConfigMap', 'configmaps');
/** Their metadata is read; values only by the capability `secrets`. */
export const SECRETS = type('v1', 'Secret', 'secrets');
export const SERVICE_ACCOUNTS = type('v1', 'ServiceAccount', 'serviceaccounts');
export const CLAIMS = type('v1', 'PersistentVolumeClaim', 'persistentvolumeclaims');
export const VOLUMES = type('v1', 'PersistentVolume', 'persistentvolumes');
export const CSI_DRIVERS = type('storage.k8s.io/v1', 'CSIDriver', 'csidrivers');
export const CSI_NODES = type('storage.k8s.io/v1', 'CSINode', 'csinodes');
export const STORAGE_CLASSES = type('storage.k8s.io/v1', 'StorageClass', 'storageclasses');
export const ENDPOINT_SLICES = type('discovery.k8s.io/v1', 'EndpointSlice', 'endpointslices');
export const DEPLOYMENTS = type('apps/v1', 'Deployment', 'deployments');
export const REPLICA_SETS = type('apps/v1', 'ReplicaSet', 'replicasets');
export const STATEFUL_SETS = type('apps/v1', 'StatefulSet', 'statefulsets');
export const DAEMON_SETS = type('apps/v1', 'DaemonSet', 'daemonsets');
export const JOBS = type('batch/v1', 'Job', 'jobs');
export const CRON_JOBS = type('batch/v1', 'CronJob', 'cronjobs');

/** Name of the API group, empty for the core group. */
export function groupOf(resource: ResourceType): string {
  const slash = resource.apiVersion.indexOf('/');
  return slash < 0 ? '' : resource.apiVersion.slice(0, slash);
}

/** The path a list is read from, as the API server's audit log names it. */
export function pathOf(resource: ResourceType, namespace?: string): string {
  const root = groupOf(resource) === '' ? `/api/${resource.apiVersion}` : `/apis/${resource.apiVersion}`;
  return namespace === undefined
    ? `${root}/${resource.resource}`
    : `${root}/namespaces/${namespace}/${resource.resource}`;
}

/** The right to list some kinds, of one group each, in a namespace or cluster-wide. */
export function mayList(resources: readonly ResourceType[], namespace?: string): Permission[] {
  const groups = new Map<string, string[]>();
  for (const resource of resources) {
    const group = groupOf(resource);
    groups.set(group, [...(groups.get(group) ?? []), resource.resource]);
  }
  return [...groups].map(([group, names]) => ({
    ...(namespace === undefined ? {} : { namespace }),
    groups: [group],
    resources: names,
    verbs: ['list'],
  }));
}

/** The right to get the Secrets that references name, each by its name; other references need no right. */
export function mayReadSecrets(refs: readonly (SecretRef | undefined)[]): Permission[] {
  return refs.flatMap((ref) =>
    ref?.from === 'kubernetes-secret'
      ? [{ namespace: ref.namespace, groups: [''], resources: ['secrets'], verbs: ['get'], resourceNames: [ref.name] }]
      : [],
  );
}

/** `Deployment shop/api`: how evidence and messages name an object. */
export function nameOf(kind: string, object: KubeObject): string {
  const { namespace, name } = object.metadata;
  return namespace === undefined ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}

/** Body of a GET that must be JSON from the API server itself; a refusal or a page of something else is no answer. */
export function apiAnswer(path: string, answer: { readonly status: number; readonly body: string }): unknown {
  refuseRefusal(path, answer);
  if (answer.status !== 200)
    throw new ObservationError('protocol', `GET ${path} answered ${answer.status}, expected 200.`);
  const value = parseJson(answer.body);
  if (!isRecord(value))
    throw new ObservationError('protocol', `GET ${path} answered something that is no JSON object: not an API server?`);
  return value;
}

/** Null when there is no such object. */
export async function getOrNull(
  cluster: Pick<ClusterReader, 'get'>,
  type: ResourceType,
  name: string,
  namespace?: string,
): Promise<KubeObject | null> {
  try {
    return await cluster.get(type, name, namespace);
  } catch (error) {
    if (error instanceof ObservationError && error.code === 'not-found') return null;
    throw error;
  }
}

/** Throws what a 401 or 403 to a GET means, with the server's own words and the missing right. */
export function refuseRefusal(path: string, answer: { readonly status: number; readonly body: string }): void {
  if (answer.status !== 401 && answer.status !== 403) return;
  // A metav1.Status; servers have also answered these paths with the bare sentence.
  const said = textAt(parseJson(answer.body), /^forbidden: .{1,300}/.exec(answer.body)?.[0] ?? '', 'message');
  const message = `GET ${path} answered ${answer.status}${said === '' ? '' : `: ${said}`}`;
  if (answer.status === 401)
    throw new ObservationError('unauthorized', message, {
      detail: 'http-401',
      fix: 'Renew the credentials of the kubeconfig context (its token or certificate may have expired)',
    });
  throw new ObservationError('forbidden', message, {
    detail: `get ${path.replace(/\?.*$/, '')}`,
    fix: `Grant the gate the right to get the path ${path.replace(/\?.*$/, '')} cluster-wide; golive plan --rbac prints the Role it needs`,
  });
}

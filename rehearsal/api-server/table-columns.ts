/** The columns of `kubectl get`, kind by kind, as kube-apiserver's printers (k8s.io/kubernetes/pkg/printers/internalversion) name and fill them. */
import { integer, record, records, text, type ApiObject } from './object.ts';
import {
  accessModes,
  age,
  conditionOf,
  containers,
  duration,
  jobStatus,
  listed,
  nameOf,
  nodeAddress,
  nodeRoles,
  nodeStatus,
  objectName,
  orNone,
  orNotGiven,
  pairs,
  podSpec,
  podStatus,
  readyContainers,
  restarts,
  scalerTargets,
  selection,
  servicePorts,
  spec,
  status,
  strings,
} from './table-cells.ts';

export interface Column {
  readonly name: string;
  readonly type?: 'string' | 'integer' | 'date';
  /** Shown with `-o wide` only. */
  readonly wide?: boolean;
  readonly cell: (object: ApiObject) => string | number | null;
}

/** Name and age for a kind without columns of its own. */
export function columnsOf(kind: string): readonly Column[] {
  return [shown('Name', nameOf), ...(COLUMNS[kind] ?? [AGE])];
}

const shown = (name: string, cell: (object: ApiObject) => string): Column => ({ name, cell });
const counted = (name: string, cell: (object: ApiObject) => number): Column => ({ name, type: 'integer', cell });
const wide = (name: string, cell: (object: ApiObject) => string): Column => ({ name, wide: true, cell });
const AGE = shown('Age', ({ metadata }) => age(metadata.creationTimestamp));
const CREATED: Column = {
  name: 'Created At',
  type: 'date',
  cell: ({ metadata }) => metadata.creationTimestamp ?? null,
};
const AGE_OF_CUSTOM: Column = { ...CREATED, name: 'Age' };

const IMAGES = [wide('Containers', containers('name')), wide('Images', containers('image'))];
const SELECTOR = wide('Selector', (object) => selection(spec(object)['selector']));

const data = counted('Data', (object) => Object.keys(record(object['data'])).length);

const COLUMNS: Readonly<Record<string, readonly Column[]>> = {
  Pod: [
    shown('Ready', (pod) => `${readyContainers(pod)}/${records(spec(pod)['containers']).length}`),
    shown('Status', podStatus),
    shown('Restarts', restarts),
    AGE,
    wide('IP', (pod) => orNone(status(pod)['podIP'])),
    wide('Node', (pod) => orNone(spec(pod)['nodeName'])),
    wide('Nominated Node', (pod) => orNone(status(pod)['nominatedNodeName'])),
    wide('Readiness Gates', () => '<none>'),
  ],
  Deployment: [
    shown('Ready', (one) => `${integer(status(one)['readyReplicas'])}/${integer(spec(one)['replicas'])}`),
    counted('Up-to-date', (one) => integer(status(one)['updatedReplicas'])),
    counted('Available', (one) => integer(status(one)['availableReplicas'])),
    AGE,
    ...IMAGES,
    SELECTOR,
  ],
  ReplicaSet: [
    counted('Desired', (set) => integer(spec(set)['replicas'])),
    counted('Current', (set) => integer(status(set)['replicas'])),
    counted('Ready', (set) => integer(status(set)['readyReplicas'])),
    AGE,
    ...IMAGES,
    SELECTOR,
  ],
  StatefulSet: [
    shown('Ready', (set) => `${integer(status(set)['readyReplicas'])}/${integer(spec(set)['replicas'])}`),
    AGE,
    ...IMAGES,
  ],
  DaemonSet: [
    counted('Desired', (set) => integer(status(set)['desiredNumberScheduled'])),
    counted('Current', (set) => integer(status(set)['currentNumberScheduled'])),
    counted('Ready', (set) => integer(status(set)['numberReady'])),
    counted('Up-to-date', (set) => integer(status(set)['updatedNumberScheduled'])),
    counted('Available', (set) => integer(status(set)['numberAvailable'])),
    shown('Node Selector', (set) => pairs(podSpec(set)['nodeSelector'])),
    AGE,
    ...IMAGES,
    SELECTOR,
  ],
  Job: [
    shown('Status', jobStatus),
    shown('Completions', (job) => `${integer(status(job)['succeeded'])}/${integer(spec(job)['completions']) || 1}`),
    shown('Duration', (job) => duration(status(job))),
    AGE,
    ...IMAGES,
    SELECTOR,
  ],
  CronJob: [
    shown('Schedule', (job) => text(spec(job)['schedule'])),
    shown('Timezone', (job) => orNone(spec(job)['timeZone'])),
    shown('Suspend', (job) => (spec(job)['suspend'] === true ? 'True' : 'False')),
    counted('Active', (job) => records(status(job)['active']).length),
    shown('Last Schedule', (job) =>
      text(status(job)['lastScheduleTime']) === '' ? '<none>' : age(text(status(job)['lastScheduleTime'])),
    ),
    AGE,
    ...IMAGES,
    wide('Selector', () => '<none>'),
  ],
  Service: [
    shown('Type', (service) => text(spec(service)['type'])),
    shown('Cluster-IP', (service) => orNone(spec(service)['clusterIP'])),
    shown('External-IP', (service) =>
      spec(service)['type'] === 'ExternalName'
        ? text(spec(service)['externalName'])
        : listed(strings(spec(service)['externalIPs'])),
    ),
    shown('Port(s)', servicePorts),
    AGE,
    wide('Selector', (service) => pairs(spec(service)['selector'])),
  ],
  EndpointSlice: [
    shown('AddressType', (slice) => text(slice['addressType'])),
    shown('Ports', (slice) => listed(records(slice['ports']).map(({ port }) => String(integer(port))))),
    shown('Endpoints', (slice) => listed(records(slice['endpoints']).flatMap(({ addresses }) => strings(addresses)))),
    AGE,
  ],
  Namespace: [shown('Status', (namespace) => text(status(namespace)['phase'])), AGE],
  Node: [
    shown('Status', nodeStatus),
    shown('Roles', nodeRoles),
    AGE,
    shown('Version', (node) => text(record(status(node)['nodeInfo'])['kubeletVersion'])),
    wide('Internal-IP', (node) => nodeAddress(node, 'InternalIP')),
    wide('External-IP', (node) => nodeAddress(node, 'ExternalIP')),
    wide('OS-Image', (node) => text(record(status(node)['nodeInfo'])['osImage']) || '<unknown>'),
    wide('Kernel-Version', (node) => text(record(status(node)['nodeInfo'])['kernelVersion']) || '<unknown>'),
    wide(
      'Container-Runtime',
      (node) => text(record(status(node)['nodeInfo'])['containerRuntimeVersion']) || '<unknown>',
    ),
  ],
  ConfigMap: [data, AGE],
  Secret: [shown('Type', (secret) => text(secret['type'])), data, AGE],
  Event: [
    shown('Last Seen', (event) =>
      age(
        text(record(event['series'])['lastObservedTime']) || text(event['lastTimestamp']) || text(event['eventTime']),
      ),
    ),
    shown('Type', (event) => text(event['type'])),
    shown('Reason', (event) => text(event['reason'])),
    shown('Object', (event) => objectName(record(event['involvedObject']))),
    wide('Subobject', (event) => text(record(event['involvedObject'])['fieldPath'])),
    wide('Source', (event) => text(record(event['source'])['component']) || text(event['reportingComponent'])),
    shown('Message', (event) => text(event['message']).trim()),
    wide('First Seen', (event) => age(text(event['firstTimestamp']) || text(event['eventTime']))),
    { name: 'Count', wide: true, cell: (event) => integer(event['count']) || 1 },
    wide('Name', nameOf),
  ],
  HorizontalPodAutoscaler: [
    shown(
      'Reference',
      (scaler) =>
        `${text(record(spec(scaler)['scaleTargetRef'])['kind'])}/${text(record(spec(scaler)['scaleTargetRef'])['name'])}`,
    ),
    shown('Targets', scalerTargets),
    shown('MinPods', (scaler) =>
      spec(scaler)['minReplicas'] === undefined ? '<unset>' : String(integer(spec(scaler)['minReplicas'])),
    ),
    { name: 'MaxPods', cell: (scaler) => integer(spec(scaler)['maxReplicas']) },
    { name: 'Replicas', cell: (scaler) => integer(status(scaler)['currentReplicas']) },
    AGE,
  ],
  PodDisruptionBudget: [
    shown('Min Available', (budget) => orNotGiven(spec(budget)['minAvailable'])),
    shown('Max Unavailable', (budget) => orNotGiven(spec(budget)['maxUnavailable'])),
    counted('Allowed Disruptions', (budget) => integer(status(budget)['disruptionsAllowed'])),
    AGE,
  ],
  Ingress: [
    shown('Class', (ingress) => orNone(spec(ingress)['ingressClassName'])),
    shown(
      'Hosts',
      (ingress) =>
        records(spec(ingress)['rules'])
          .map(({ host }) => text(host))
          .filter((host) => host !== '')
          .join(',') || '*',
    ),
    shown('Address', (ingress) =>
      records(record(status(ingress)['loadBalancer'])['ingress'])
        .map(({ ip, hostname }) => text(ip) || text(hostname))
        .join(','),
    ),
    shown('Ports', (ingress) => (records(spec(ingress)['tls']).length > 0 ? '80, 443' : '80')),
    AGE,
  ],
  NetworkPolicy: [shown('Pod-Selector', (policy) => selection(spec(policy)['podSelector'])), AGE],
  PersistentVolumeClaim: [
    shown('Status', (claim) =>
      claim.metadata.deletionTimestamp === undefined ? text(status(claim)['phase']) : 'Terminating',
    ),
    shown('Volume', (claim) => text(spec(claim)['volumeName'])),
    shown('Capacity', (claim) => text(record(status(claim)['capacity'])['storage'])),
    shown('Access Modes', (claim) => accessModes(status(claim)['accessModes'])),
    shown('StorageClass', (claim) => text(spec(claim)['storageClassName'])),
    shown('VolumeAttributesClass', (claim) => text(spec(claim)['volumeAttributesClassName']) || '<unset>'),
    AGE,
    wide('VolumeMode', (claim) => text(spec(claim)['volumeMode']) || '<unset>'),
  ],
  PersistentVolume: [
    shown('Capacity', (volume) => text(record(spec(volume)['capacity'])['storage'])),
    shown('Access Modes', (volume) => accessModes(spec(volume)['accessModes'])),
    shown('Reclaim Policy', (volume) => text(spec(volume)['persistentVolumeReclaimPolicy'])),
    shown('Status', (volume) => text(status(volume)['phase'])),
    shown('Claim', (volume) => {
      const { namespace, name } = record(spec(volume)['claimRef']);
      return text(name) === '' ? '' : `${text(namespace)}/${text(name)}`;
    }),
    shown('StorageClass', (volume) => text(spec(volume)['storageClassName'])),
    shown('VolumeAttributesClass', (volume) => text(spec(volume)['volumeAttributesClassName']) || '<unset>'),
    shown('Reason', (volume) => text(status(volume)['reason'])),
    AGE,
    wide('VolumeMode', (volume) => text(spec(volume)['volumeMode']) || '<unset>'),
  ],
  StorageClass: [
    shown('Provisioner', (one) => text(one['provisioner'])),
    shown('ReclaimPolicy', (one) => text(one['reclaimPolicy'])),
    shown('VolumeBindingMode', (one) => text(one['volumeBindingMode'])),
    shown('AllowVolumeExpansion', (one) => String(one['allowVolumeExpansion'] === true)),
    AGE,
  ],
  Lease: [shown('Holder', (lease) => text(spec(lease)['holderIdentity'])), AGE],
  Role: [CREATED],
  ClusterRole: [CREATED],
  LimitRange: [CREATED],
  RoleBinding: [
    shown(
      'Role',
      (binding) => `${text(record(binding['roleRef'])['kind'])}/${text(record(binding['roleRef'])['name'])}`,
    ),
    AGE,
  ],
  ClusterRoleBinding: [
    shown(
      'Role',
      (binding) => `${text(record(binding['roleRef'])['kind'])}/${text(record(binding['roleRef'])['name'])}`,
    ),
    AGE,
  ],
  Gateway: [
    shown('Class', (gateway) => text(spec(gateway)['gatewayClassName'])),
    shown('Address', (gateway) => text(records(status(gateway)['addresses'])[0]?.['value'])),
    shown('Programmed', (gateway) => conditionOf(gateway, 'Programmed')),
    AGE_OF_CUSTOM,
  ],
  GatewayClass: [
    shown('Controller', (one) => text(spec(one)['controllerName'])),
    shown('Accepted', (one) => conditionOf(one, 'Accepted')),
    AGE_OF_CUSTOM,
  ],
  HTTPRoute: [
    {
      name: 'Hostnames',
      cell: (route) => (spec(route)['hostnames'] === undefined ? null : JSON.stringify(spec(route)['hostnames'])),
    },
    AGE_OF_CUSTOM,
  ],
};

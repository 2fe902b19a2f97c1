/** The columns of `kubectl get`, kind by kind, as kube-apiserver's printers (k8s.io/kubernetes/pkg/printers/internalversion) name and fill them. */
import { labelRequirements } from '../../k8s/semantics/selector.ts';
import { integer, record, records, text, type ApiObject, type Json } from './object.ts';
import { selectorText } from './subresources.ts';

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
const nameOf = ({ metadata }: ApiObject) => metadata.name ?? '';
const spec = (object: ApiObject) => record(object['spec']);
const status = (object: ApiObject) => record(object['status']);
const orNone = (value: unknown) => (typeof value === 'number' ? String(value) : text(value) || '<none>');
const listed = (values: readonly string[]) => values.join(',') || '<none>';
const strings = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];

const AGE = shown('Age', ({ metadata }) => age(metadata.creationTimestamp));
const CREATED: Column = {
  name: 'Created At',
  type: 'date',
  cell: ({ metadata }) => metadata.creationTimestamp ?? null,
};
const AGE_OF_CUSTOM: Column = { ...CREATED, name: 'Age' };

/** The spec of the Pods that an object makes. */
function podSpec(object: ApiObject): Json {
  const job = record(spec(object)['jobTemplate'])['spec'];
  return record(record((job === undefined ? spec(object) : record(job))['template'])['spec']);
}
const containers = (member: string) => (object: ApiObject) =>
  records(podSpec(object)['containers'])
    .map((one) => text(one[member]))
    .join(',');
const IMAGES = [wide('Containers', containers('name')), wide('Images', containers('image'))];
const SELECTOR = wide('Selector', (object) => selection(spec(object)['selector']));

function selection(selector: unknown): string {
  try {
    return listed(labelRequirements(selector).map(selectorText));
  } catch {
    // A selector that is none, in an object that nobody checks here.
    return '<error>';
  }
}

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

function orNotGiven(value: unknown): string {
  return value === undefined ? 'N/A' : String(value as string | number);
}

function pairs(labels: unknown): string {
  return listed(Object.entries(record(labels)).map(([key, value]) => `${key}=${text(value)}`));
}

function conditionOf(object: ApiObject, type: string): string {
  return text(records(status(object)['conditions']).find((one) => one['type'] === type)?.['status']);
}

/** `RWO,ROX`. */
function accessModes(modes: unknown): string {
  const short: Readonly<Record<string, string>> = {
    ReadWriteOnce: 'RWO',
    ReadOnlyMany: 'ROX',
    ReadWriteMany: 'RWX',
    ReadWriteOncePod: 'RWOP',
  };
  return strings(modes)
    .map((mode) => short[mode] ?? mode)
    .join(',');
}

function objectName({ kind, name }: Json): string {
  return `${text(kind).toLowerCase()}/${text(name)}`;
}

function jobStatus(job: ApiObject): string {
  if (job.metadata.deletionTimestamp !== undefined) return 'Terminating';
  for (const [type, said] of [
    ['Complete', 'Complete'],
    ['Failed', 'Failed'],
    ['Suspended', 'Suspended'],
    ['FailureTarget', 'FailureTarget'],
  ] as const) {
    if (conditionOf(job, type) === 'True') return said;
  }
  return 'Running';
}

function duration({ startTime, completionTime }: Json): string {
  if (text(startTime) === '') return '';
  return age(text(startTime), text(completionTime) === '' ? Date.now() : Date.parse(text(completionTime)));
}

/** `cpu: 12%/70%`. */
function scalerTargets(scaler: ApiObject): string {
  const current = records(status(scaler)['currentMetrics']);
  const targets = records(spec(scaler)['metrics']).map((metric) => {
    const { name, target } = record(metric['resource'] ?? metric['containerResource']);
    if (name === undefined) return `<unknown>/<${text(metric['type'])}>`;
    const now = record(
      record(current.find((one) => record(one['resource'])['name'] === name)?.['resource'])['current'],
    );
    const { averageUtilization, averageValue } = record(target);
    return averageUtilization === undefined
      ? `${text(name)}: ${text(now['averageValue']) || '<unknown>'}/${text(averageValue)}`
      : `${text(name)}: ${now['averageUtilization'] === undefined ? '<unknown>' : `${integer(now['averageUtilization'])}%`}/${integer(averageUtilization)}%`;
  });
  return listed(targets).replaceAll(',', ', ');
}

function nodeRoles(node: ApiObject): string {
  const prefix = 'node-role.kubernetes.io/';
  return listed(
    Object.keys(node.metadata.labels ?? {})
      .filter((label) => label.startsWith(prefix))
      .map((label) => label.slice(prefix.length))
      .sort(),
  );
}

function nodeAddress(node: ApiObject, type: string): string {
  return orNone(records(status(node)['addresses']).find((one) => one['type'] === type)?.['address']);
}

function readyContainers(pod: ApiObject): number {
  return records(status(pod)['containerStatuses']).filter((container) => container['ready'] === true).length;
}

function podStatus(pod: ApiObject): string {
  if (pod.metadata.deletionTimestamp !== undefined) return 'Terminating';
  for (const container of records(status(pod)['containerStatuses'])) {
    const state = record(container['state']);
    const reason = text(record(state['waiting'] ?? state['terminated'])['reason']);
    if (reason !== '') return reason;
  }
  return text(status(pod)['phase']);
}

function restarts(pod: ApiObject): string {
  const counts = records(status(pod)['containerStatuses']).map((container) => integer(container['restartCount']));
  return String(counts.reduce((sum, one) => sum + one, 0));
}

function servicePorts(service: ApiObject): string {
  const ports = records(spec(service)['ports']).map(({ port, nodePort, protocol }) => {
    const node = nodePort === undefined ? '' : `:${integer(nodePort)}`;
    return `${integer(port)}${node}/${text(protocol)}`;
  });
  return ports.join(',') || '<none>';
}

function nodeStatus(node: ApiObject): string {
  const ready = records(status(node)['conditions']).find((condition) => condition['type'] === 'Ready');
  const said = ready === undefined ? 'Unknown' : ready['status'] === 'True' ? 'Ready' : 'NotReady';
  return spec(node)['unschedulable'] === true ? `${said},SchedulingDisabled` : said;
}

/** An age as `kubectl` writes it: two units at most. */
export function age(timestamp: string | undefined, now = Date.now()): string {
  if (!timestamp) return '<unknown>';
  const seconds = Math.max(0, Math.floor((now - Date.parse(timestamp)) / 1000));
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`;
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`;
  return hours < 48 ? `${hours}h` : `${Math.floor(hours / 24)}d`;
}

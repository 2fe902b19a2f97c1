/** What stands in the cells of `kubectl get`, in the words of kube-apiserver's printers. */
import { labelRequirements } from '../../k8s/semantics/selector.ts';
import { integer, record, records, text, type ApiObject, type Json } from './object.ts';
import { selectorText } from './subresources.ts';

export const nameOf = ({ metadata }: ApiObject) => metadata.name ?? '';
export const spec = (object: ApiObject) => record(object['spec']);
export const status = (object: ApiObject) => record(object['status']);
export const orNone = (value: unknown) => (typeof value === 'number' ? String(value) : text(value) || '<none>');
export const listed = (values: readonly string[]) => values.join(',') || '<none>';
export const strings = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];

/** The spec of the Pods that an object makes. */
export function podSpec(object: ApiObject): Json {
  const job = record(spec(object)['jobTemplate'])['spec'];
  return record(record((job === undefined ? spec(object) : record(job))['template'])['spec']);
}

export const containers = (member: string) => (object: ApiObject) =>
  records(podSpec(object)['containers'])
    .map((one) => text(one[member]))
    .join(',');

export function selection(selector: unknown): string {
  try {
    return listed(labelRequirements(selector).map(selectorText));
  } catch {
    // A selector that is none, in an object that nobody checks here.
    return '<error>';
  }
}

export function orNotGiven(value: unknown): string {
  return value === undefined ? 'N/A' : typeof value === 'number' ? String(value) : text(value);
}

export function pairs(labels: unknown): string {
  return listed(Object.entries(record(labels)).map(([key, value]) => `${key}=${text(value)}`));
}

export function conditionOf(object: ApiObject, type: string): string {
  return text(records(status(object)['conditions']).find((one) => one['type'] === type)?.['status']);
}

/** `RWO,ROX`. */
export function accessModes(modes: unknown): string {
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

export function objectName({ kind, name }: Json): string {
  return `${text(kind).toLowerCase()}/${text(name)}`;
}

export function jobStatus(job: ApiObject): string {
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

export function duration({ startTime, completionTime }: Json): string {
  if (text(startTime) === '') return '';
  return age(text(startTime), text(completionTime) === '' ? Date.now() : Date.parse(text(completionTime)));
}

/** `cpu: 12%/70%`. */
export function scalerTargets(scaler: ApiObject): string {
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

export function nodeRoles(node: ApiObject): string {
  const prefix = 'node-role.kubernetes.io/';
  return listed(
    Object.keys(node.metadata.labels ?? {})
      .filter((label) => label.startsWith(prefix))
      .map((label) => label.slice(prefix.length))
      .sort(),
  );
}

export function nodeAddress(node: ApiObject, type: string): string {
  return orNone(records(status(node)['addresses']).find((one) => one['type'] === type)?.['address']);
}

export function readyContainers(pod: ApiObject): number {
  return records(status(pod)['containerStatuses']).filter((container) => container['ready'] === true).length;
}

export function podStatus(pod: ApiObject): string {
  if (pod.metadata.deletionTimestamp !== undefined) return 'Terminating';
  for (const container of records(status(pod)['containerStatuses'])) {
    const state = record(container['state']);
    const reason = text(record(state['waiting'] ?? state['terminated'])['reason']);
    if (reason !== '') return reason;
  }
  return text(status(pod)['phase']);
}

export function restarts(pod: ApiObject): string {
  const counts = records(status(pod)['containerStatuses']).map((container) => integer(container['restartCount']));
  return String(counts.reduce((sum, one) => sum + one, 0));
}

export function servicePorts(service: ApiObject): string {
  const ports = records(spec(service)['ports']).map(({ port, nodePort, protocol }) => {
    const node = nodePort === undefined ? '' : `:${integer(nodePort)}`;
    return `${integer(port)}${node}/${text(protocol)}`;
  });
  return ports.join(',') || '<none>';
}

export function nodeStatus(node: ApiObject): string {
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

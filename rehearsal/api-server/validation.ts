/**
 * What is checked before an object is stored: what the API server checks on fields the rehearsal relies on, and a refusal of
 * what webernetes would silently ignore where somebody could be misled by it.
 */
import { labelRequirements, matchesLabels } from '../../k8s/semantics/selector.ts';
import { podSecurityProblems } from './admission.ts';
import type { Kind } from './kinds.ts';
import { canonical, isRecord, record, records, text, without, type ApiObject, type Json } from './object.ts';
import { ApiError, badRequest, invalid, type FieldProblem } from './status.ts';

const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const DATA_KEY = /^[-._a-zA-Z0-9]+$/;
const LABEL_RULE =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an " +
  "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN_RULE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end " +
  "with an alphanumeric character (e.g. 'example.com', regex used for validation is " +
  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const DATA_KEY_RULE =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or " +
  "'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
/** Kinds whose names become DNS labels. */
const LABEL_NAMES = new Set(['Namespace', 'Service']);
/** RBAC names may hold anything a path can. */
const PATH_NAMES = new Set(['Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding']);

class Problems {
  readonly list: FieldProblem[] = [];
  required(field: string, why?: string): void {
    this.list.push({ field, reason: 'FieldValueRequired', message: why ? `Required value: ${why}` : 'Required value' });
  }
  invalid(field: string, value: unknown, why: string): void {
    this.list.push({ field, reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(value)}: ${why}` });
  }
  unsupported(field: string, value: unknown, supported: readonly string[]): void {
    const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported.map((one) => `"${one}"`).join(', ')}`;
    this.list.push({ field, reason: 'FieldValueNotSupported', message });
  }
  forbidden(field: string, why: string): void {
    this.list.push({ field, reason: 'FieldValueForbidden', message: `Forbidden: ${why}` });
  }
}

/** Checks JSON types a decoder would refuse. @throws ApiError 400 */
export function checkTypes(kind: Kind, object: Json): void {
  const type = typeProblem(kind, object);
  if (type === null) return;
  throw badRequest(
    `${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: json: cannot unmarshal ${type}`,
  );
}

/** What Go's decoder says of the first value of a wrong type; null when all fit. */
export function typeProblem(kind: Kind, object: Json): string | null {
  const wrong = (value: unknown, field: string, type: string) => {
    const what = Array.isArray(value)
      ? 'array'
      : value === null
        ? 'null'
        : isRecord(value)
          ? 'object'
          : jsonType(value);
    return `${what} into Go struct field ${field} of type ${type}`;
  };
  for (const member of ['metadata', 'spec'] as const) {
    const value = object[member];
    if (value !== undefined && value !== null && !isRecord(value)) {
      return wrong(value, `${kind.kind}.${member}`, member === 'metadata' ? 'v1.ObjectMeta' : `v1.${kind.kind}Spec`);
    }
  }
  if (kind.kind === 'ConfigMap' || kind.kind === 'Secret') {
    const type = kind.kind === 'Secret' ? 'map[string][]uint8' : 'map[string]string';
    const data = object['data'];
    if (data !== undefined && data !== null && !isRecord(data)) return wrong(data, `${kind.kind}.data`, type);
    const bad = Object.values(record(data)).find((value) => typeof value !== 'string' && value !== null);
    if (bad !== undefined) return wrong(bad, `${kind.kind}.data`, 'string');
  }
  if (kind.kind === 'Deployment' || kind.kind === 'ReplicaSet') {
    const { replicas } = record(object['spec']);
    if (replicas !== undefined && replicas !== null && !Number.isInteger(replicas)) {
      return wrong(replicas, `${kind.kind}Spec.spec.replicas`, 'int32');
    }
  }
  for (const member of ['labels', 'annotations']) {
    const values = Object.values(record(record(object['metadata'])[member]));
    const bad = values.find((value) => typeof value !== 'string' && value !== null);
    if (bad !== undefined) return wrong(bad, `ObjectMeta.metadata.${member}`, 'string');
  }
  return null;
}

function jsonType(value: unknown): string {
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'number' ? (Number.isInteger(value) ? 'number' : `number ${value}`) : typeof value;
}

/** Checks an object's values. @throws ApiError 422 with every problem found */
export function validate(kind: Kind, object: ApiObject, existing?: ApiObject): void {
  const problems = new Problems();
  if (!existing) validateName(kind, object, problems);
  const spec = record(object['spec']);
  switch (kind.kind) {
    case 'Pod':
      if (existing) validatePodChange(object, existing, problems);
      else validatePodSpec(spec, 'spec', problems);
      break;
    case 'Deployment':
    case 'ReplicaSet':
      validateWorkload(kind, object, existing, problems);
      break;
    case 'ConfigMap':
    case 'Secret':
      validateData(kind, object, existing, problems);
      break;
    case 'Service':
      if (spec['type'] !== 'ExternalName' && records(spec['ports']).length === 0 && spec['clusterIP'] !== 'None') {
        problems.required('spec.ports');
      }
      break;
    case 'Namespace':
      problems.list.push(...podSecurityProblems(object));
      break;
    case 'RoleBinding':
    case 'ClusterRoleBinding':
      validateBinding(object, existing, problems);
      break;
    case 'Role':
    case 'ClusterRole':
      for (const [index, rule] of records(object['rules']).entries()) {
        if (!Array.isArray(rule['verbs']) || rule['verbs'].length === 0)
          problems.required(`rules[${index}].verbs`, 'verbs must contain at least one value');
      }
      break;
    case 'HorizontalPodAutoscaler':
      validateAutoscaler(spec, problems);
      break;
    case 'StorageClass':
      if (text(object['provisioner']) === '') problems.required('provisioner');
      for (const field of ['parameters', 'provisioner', 'reclaimPolicy', 'volumeBindingMode']) {
        if (existing && canonical(existing[field]) !== canonical(object[field])) {
          problems.invalid(field, object[field], 'field is immutable');
        }
      }
      break;
    default:
  }
  if (problems.list.length > 0) throw invalid(kind, object.metadata.name ?? '', problems.list);
}

function validateName(kind: Kind, object: ApiObject, problems: Problems): void {
  const { name, generateName } = object.metadata;
  if (!name) {
    if (!generateName) problems.required('metadata.name', 'name or generateName is required');
    return;
  }
  if (PATH_NAMES.has(kind.kind)) {
    if (name.includes('/') || name.includes('%')) problems.invalid('metadata.name', name, "may not contain '/' or '%'");
  } else if (LABEL_NAMES.has(kind.kind)) {
    if (!DNS_LABEL.test(name) || name.length > 63) problems.invalid('metadata.name', name, LABEL_RULE);
  } else if (!DNS_SUBDOMAIN.test(name) || name.length > 253) {
    problems.invalid('metadata.name', name, SUBDOMAIN_RULE);
  }
}

function validateWorkload(kind: Kind, object: ApiObject, existing: ApiObject | undefined, problems: Problems): void {
  const spec = record(object['spec']);
  const replicas = spec['replicas'];
  if (typeof replicas === 'number' && replicas < 0) {
    problems.invalid('spec.replicas', replicas, 'must be greater than or equal to 0');
  }
  const selector = record(spec['selector']);
  const template = record(spec['template']);
  const labels = record(record(template['metadata'])['labels']);
  if (Object.keys(selector).length === 0) {
    problems.required('spec.selector');
  } else if (!matchesLabels(labelRequirements(selector), labels as Record<string, string>)) {
    problems.invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`');
  }
  const podSpec = record(template['spec']);
  validatePodSpec(podSpec, 'spec.template.spec', problems);
  const policy = podSpec['restartPolicy'];
  if (policy !== undefined && policy !== 'Always') {
    problems.unsupported('spec.template.spec.restartPolicy', policy, ['Always']);
  }
  const before = existing && record(existing['spec'])['selector'];
  if (before !== undefined && canonical(before) !== canonical(selector)) {
    problems.invalid('spec.selector', selector, 'field is immutable');
  }
  if (kind.kind === 'Deployment') validateStrategy(record(spec['strategy']), problems);
}

function validateStrategy(strategy: Json, problems: Problems): void {
  const { type, rollingUpdate } = strategy;
  if (type !== undefined && type !== 'RollingUpdate' && type !== 'Recreate') {
    problems.unsupported('spec.strategy', type, ['Recreate', 'RollingUpdate']);
  }
  const none = (value: unknown) => value === 0 || value === '0%';
  if (none(record(rollingUpdate)['maxSurge']) && none(record(rollingUpdate)['maxUnavailable'])) {
    problems.invalid('spec.strategy.rollingUpdate.maxUnavailable', 0, 'may not be 0 when `maxSurge` is 0');
  }
}

/** Volumes whose content the images of the rehearsal put in place themselves. */
const SERVED_VOLUMES = ['emptyDir', 'persistentVolumeClaim', 'configMap', 'secret'] as const;

/** The parts of a pod that webernetes would accept and then not do. */
function validatePodSpec(spec: Json, path: string, problems: Problems): void {
  const containers = records(spec['containers']);
  if (containers.length === 0) problems.required(`${path}.containers`);
  for (const [index, container] of containers.entries()) {
    const name = text(container['name']);
    if (name === '') problems.required(`${path}.containers[${index}].name`);
    else if (!DNS_LABEL.test(name)) problems.invalid(`${path}.containers[${index}].name`, name, LABEL_RULE);
    if (text(container['image']) === '') problems.required(`${path}.containers[${index}].image`);
  }
  const unserved = (field: string) => problems.forbidden(`${path}.${field}`, 'the rehearsal does not implement it');
  if (records(spec['initContainers']).length > 0) unserved('initContainers');
  if (Object.keys(record(spec['nodeSelector'])).length > 0) unserved('nodeSelector');
  if (
    record(record(spec['affinity'])['nodeAffinity'])['requiredDuringSchedulingIgnoredDuringExecution'] !== undefined
  ) {
    unserved('affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution');
  }
  for (const [index, volume] of records(spec['volumes']).entries()) {
    if (SERVED_VOLUMES.every((type) => volume[type] === undefined)) {
      unserved(`volumes[${index}]: volumes other than ${SERVED_VOLUMES.join(', ')}`);
    }
  }
  for (const [index, container] of containers.entries()) {
    for (const probe of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
      if (record(container[probe])['grpc'] !== undefined) unserved(`containers[${index}].${probe}.grpc`);
    }
  }
}

function validateAutoscaler({ minReplicas, maxReplicas, scaleTargetRef }: Json, problems: Problems): void {
  if (typeof maxReplicas !== 'number' || maxReplicas < 1) {
    problems.invalid('spec.maxReplicas', maxReplicas ?? 0, 'must be greater than 0');
  } else if (typeof minReplicas === 'number' && minReplicas > maxReplicas) {
    problems.invalid('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`');
  }
  for (const member of ['kind', 'name']) {
    if (text(record(scaleTargetRef)[member]) === '') problems.required(`spec.scaleTargetRef.${member}`);
  }
}

/** Of a Pod only images, labels, annotations and the like may change. */
function validatePodChange(object: ApiObject, existing: ApiObject, problems: Problems): void {
  const fixed = (pod: ApiObject) => {
    const spec = { ...record(pod['spec']) };
    spec['containers'] = records(spec['containers']).map((container) => without(container, 'image'));
    delete spec['tolerations'];
    delete spec['activeDeadlineSeconds'];
    delete spec['terminationGracePeriodSeconds'];
    return canonical(spec);
  };
  if (fixed(object) !== fixed(existing)) {
    problems.forbidden('spec', 'pod updates may not change fields other than `spec.containers[*].image`');
  }
}

function validateData(kind: Kind, object: ApiObject, existing: ApiObject | undefined, problems: Problems): void {
  const data = record(object['data']);
  for (const [key, value] of Object.entries(data)) {
    if (!DATA_KEY.test(key)) problems.invalid(`data[${key}]`, key, DATA_KEY_RULE);
    else if (key === '.' || key === '..') problems.invalid(`data[${key}]`, key, `must not be '${key}'`);
    if (kind.kind === 'Secret' && !/^[A-Za-z0-9+/\s]*={0,2}$/.test(text(value))) {
      throw badRequest(
        `Secret in version "v1" cannot be handled as a Secret: illegal base64 data in field data[${key}]`,
      );
    }
  }
  if (kind.kind === 'Secret' && object['type'] === 'kubernetes.io/tls') {
    for (const key of ['tls.crt', 'tls.key']) if (data[key] === undefined) problems.required(`data[${key}]`);
  }
  if (existing?.['immutable'] === true && canonical(data) !== canonical(record(existing['data']))) {
    problems.forbidden('data', 'field is immutable when `immutable` is set');
  }
}

function validateBinding(object: ApiObject, existing: ApiObject | undefined, problems: Problems): void {
  const roleRef = record(object['roleRef']);
  if (text(roleRef['name']) === '') problems.required('roleRef.name');
  const kind = text(roleRef['kind']);
  if (!['Role', 'ClusterRole'].includes(kind)) problems.unsupported('roleRef.kind', kind, ['Role', 'ClusterRole']);
  if (existing && canonical(existing['roleRef']) !== canonical(roleRef)) {
    problems.invalid('roleRef', roleRef, 'cannot change roleRef');
  }
}

/** A namespace on its way out takes nothing new. @throws ApiError 403 */
export function namespaceTerminating(kind: Kind, name: string, namespace: string): ApiError {
  const message = `unable to create new content in namespace ${namespace} because it is being terminated`;
  const subject = kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`;
  return new ApiError(403, 'Forbidden', `${subject} "${name}" is forbidden: ${message}`, {
    name,
    ...(kind.group === '' ? {} : { group: kind.group }),
    kind: kind.plural,
    causes: [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ],
  });
}

/** Pods by Kubernetes' own rules, and a refusal of what the rehearsal would take and then not do. */
import { isIP } from 'node:net';
import { validateContainer, validateResources } from './container-validation.ts';
import { canonical, isRecord, record, records, text, without, type ApiObject, type Json } from './object.ts';
import type { Problems } from './problems.ts';

/** Volumes whose content the images of the rehearsal put in place themselves. */
const SERVED_VOLUMES = ['emptyDir', 'persistentVolumeClaim', 'configMap', 'secret', 'projected'] as const;
const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];
const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const TOLERATES_ALL = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';

/** The spec of a Pod or of a template; `claims` are the volumes a StatefulSet's own claims will make. */
export function validatePodSpec(spec: Json, path: string, problems: Problems, claims: readonly string[] = []): void {
  const volumes = new Set([...validateVolumes(spec, path, problems), ...claims]);
  const containers = records(spec['containers']);
  if (containers.length === 0) problems.required(`${path}.containers`);
  for (const [index, container] of containers.entries())
    validateContainer(container, `${path}.containers[${index}]`, volumes, problems);
  problems.unique(
    containers.map(({ name }) => name),
    (index) => `${path}.containers[${index}].name`,
  );
  validateHostPorts(spec, containers, path, problems);
  problems.oneOf(`${path}.restartPolicy`, spec['restartPolicy'], ['Always', 'OnFailure', 'Never']);
  problems.oneOf(`${path}.dnsPolicy`, spec['dnsPolicy'], [
    'ClusterFirstWithHostNet',
    'ClusterFirst',
    'Default',
    'None',
  ]);
  problems.notNegative(`${path}.terminationGracePeriodSeconds`, spec['terminationGracePeriodSeconds']);
  const deadline = spec['activeDeadlineSeconds'];
  if (typeof deadline === 'number' && deadline < 1)
    problems.invalid(`${path}.activeDeadlineSeconds`, deadline, 'must be between 1 and 2147483647, inclusive');
  validateNames(spec, path, problems);
  problems.labels(`${path}.nodeSelector`, spec['nodeSelector']);
  validateTolerations(spec, path, problems);
  validateAffinity(record(spec['affinity']), `${path}.affinity`, problems);
  validateSpread(spec, path, problems);
  if (isRecord(spec['resources'])) validateResources(spec['resources'], `${path}.resources`, problems);
}

function validateNames(spec: Json, path: string, problems: Problems): void {
  for (const member of ['serviceAccountName', 'nodeName', 'priorityClassName'])
    problems.subdomain(`${path}.${member}`, spec[member]);
  for (const member of ['hostname', 'subdomain'])
    if (text(spec[member]) !== '') problems.label(`${path}.${member}`, spec[member]);
  for (const [index, alias] of records(spec['hostAliases']).entries()) {
    if (isIP(text(alias['ip'])) === 0)
      problems.invalid(
        `${path}.hostAliases[${index}].ip`,
        alias['ip'] ?? '',
        'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      );
  }
}

function validateVolumes(spec: Json, path: string, problems: Problems): readonly string[] {
  const volumes = records(spec['volumes']);
  for (const [index, volume] of volumes.entries()) {
    const field = `${path}.volumes[${index}]`;
    problems.label(`${field}.name`, volume['name']);
    const sources = Object.keys(volume).filter((member) => member !== 'name');
    for (const extra of sources.slice(1))
      problems.forbidden(`${field}.${extra}`, 'may not specify more than 1 volume type');
    const claim = volume['persistentVolumeClaim'];
    if (isRecord(claim) && text(claim['claimName']) === '')
      problems.required(`${field}.persistentVolumeClaim.claimName`);
    if (isRecord(volume['secret']) && text(volume['secret']['secretName']) === '')
      problems.required(`${field}.secret.secretName`);
    if (isRecord(volume['configMap']) && text(volume['configMap']['name']) === '')
      problems.required(`${field}.configMap.name`);
  }
  problems.unique(
    volumes.map(({ name }) => name),
    (index) => `${path}.volumes[${index}].name`,
  );
  return volumes.map(({ name }) => text(name));
}

function validateHostPorts(spec: Json, containers: readonly Json[], path: string, problems: Problems): void {
  const taken = new Set<string>();
  for (const [index, container] of containers.entries()) {
    for (const [at, port] of records(container['ports']).entries()) {
      const field = `${path}.containers[${index}].ports[${at}].hostPort`;
      const { hostPort, containerPort, protocol = 'TCP', hostIP = '' } = port;
      if (spec['hostNetwork'] === true && hostPort !== undefined && hostPort !== containerPort)
        problems.invalid(
          `${path}.containers[${index}].ports[${at}].containerPort`,
          containerPort,
          'must match `hostPort` when `hostNetwork` is true',
        );
      if (typeof hostPort !== 'number' || hostPort === 0) continue;
      const key = `${text(protocol)}/${text(hostIP)}/${hostPort}`;
      if (taken.has(key)) problems.duplicate(field, key);
      taken.add(key);
    }
  }
}

function validateTolerations(spec: Json, path: string, problems: Problems): void {
  for (const [index, toleration] of records(spec['tolerations']).entries()) {
    const field = `${path}.tolerations[${index}]`;
    // As in Go, an empty text is an absent one.
    const [key, value, effect] = [text(toleration['key']), text(toleration['value']), text(toleration['effect'])];
    const operator = text(toleration['operator']) || 'Equal';
    if (key !== '') problems.qualifiedName(`${field}.key`, key);
    else if (operator !== 'Exists') problems.invalid(`${field}.operator`, operator, TOLERATES_ALL);
    if (operator === 'Exists' && value !== '')
      problems.invalid(`${field}.operator`, value, "value must be empty when `operator` is 'Exists'");
    problems.oneOf(`${field}.operator`, operator, ['Equal', 'Exists']);
    if (effect !== '') problems.oneOf(`${field}.effect`, effect, EFFECTS);
    if (toleration['tolerationSeconds'] !== undefined && effect !== 'NoExecute')
      problems.invalid(`${field}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set");
  }
}

function validateAffinity(affinity: Json, field: string, problems: Problems): void {
  const required = record(affinity['nodeAffinity'])[REQUIRED];
  if (isRecord(required)) validateNodeTerms(required, `${field}.nodeAffinity.${REQUIRED}.nodeSelectorTerms`, problems);
  for (const kind of ['podAffinity', 'podAntiAffinity']) {
    for (const [index, term] of records(record(affinity[kind])[REQUIRED]).entries()) {
      const where = `${field}.${kind}.${REQUIRED}[${index}]`;
      if (text(term['topologyKey']) === '') problems.required(`${where}.topologyKey`, 'can not be empty');
      problems.labelSelector(`${where}.labelSelector`, term['labelSelector']);
      problems.labelSelector(`${where}.namespaceSelector`, term['namespaceSelector']);
    }
  }
}

function validateNodeTerms(required: Json, field: string, problems: Problems): void {
  const terms = records(required['nodeSelectorTerms']);
  if (terms.length === 0) problems.required(field, 'must have at least one node selector term');
  for (const [index, term] of terms.entries()) {
    for (const [at, expression] of records(term['matchExpressions']).entries())
      validateNodeExpression(expression, `${field}[${index}].matchExpressions[${at}]`, problems);
  }
}

function validateNodeExpression({ key, operator, values }: Json, field: string, problems: Problems): void {
  problems.qualifiedName(`${field}.key`, text(key));
  const count = Array.isArray(values) ? values.length : 0;
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (count === 0) problems.required(`${field}.values`, "must be specified when `operator` is 'In' or 'NotIn'");
      return;
    case 'Exists':
    case 'DoesNotExist':
      if (count > 0)
        problems.forbidden(`${field}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
      return;
    case 'Gt':
    case 'Lt':
      if (count !== 1)
        problems.required(`${field}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'");
      return;
    default:
      problems.invalid(`${field}.operator`, operator ?? '', 'not a valid selector operator');
  }
}

function validateSpread(spec: Json, path: string, problems: Problems): void {
  for (const [index, { maxSkew, topologyKey, whenUnsatisfiable, labelSelector }] of records(
    spec['topologySpreadConstraints'],
  ).entries()) {
    const field = `${path}.topologySpreadConstraints[${index}]`;
    if (typeof maxSkew !== 'number' || maxSkew <= 0)
      problems.invalid(`${field}.maxSkew`, maxSkew ?? 0, 'must be greater than zero');
    if (text(topologyKey) === '') problems.required(`${field}.topologyKey`, 'can not be empty');
    if (!['DoNotSchedule', 'ScheduleAnyway'].includes(text(whenUnsatisfiable)))
      problems.unsupported(`${field}.whenUnsatisfiable`, whenUnsatisfiable ?? '', ['DoNotSchedule', 'ScheduleAnyway']);
    problems.labelSelector(`${field}.labelSelector`, labelSelector);
  }
}

/** The parts of a pod that webernetes would accept and then not do; to be asked of what runs here alone. */
export function refuseUnserved(spec: Json, path: string, problems: Problems): void {
  const unserved = (field: string) => problems.forbidden(`${path}.${field}`, 'the rehearsal does not implement it');
  if (records(spec['initContainers']).length > 0) unserved('initContainers');
  for (const member of ['schedulingGates', 'resourceClaims', 'runtimeClassName']) {
    const value = spec[member];
    if (value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0)) unserved(member);
  }
  for (const [index, volume] of records(spec['volumes']).entries()) {
    const sources = Object.keys(volume).filter((member) => member !== 'name');
    if (sources.length > 0 && SERVED_VOLUMES.every((type) => volume[type] === undefined))
      unserved(`volumes[${index}]: volumes other than ${SERVED_VOLUMES.join(', ')}`);
  }
  for (const field of grpcProbes(spec)) unserved(field);
}

function grpcProbes(spec: Json): readonly string[] {
  return records(spec['containers']).flatMap((container, index) =>
    ['livenessProbe', 'readinessProbe', 'startupProbe']
      .filter((probe) => record(container[probe])['grpc'] !== undefined)
      .map((probe) => `containers[${index}].${probe}.grpc`),
  );
}

/** Of a Pod only images, labels, annotations and the like may change. */
export function validatePodChange(object: ApiObject, existing: ApiObject, problems: Problems): void {
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

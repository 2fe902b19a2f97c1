/** Containers by Kubernetes' own rules (k8s.io/kubernetes/pkg/apis/core/validation). */
import { compareQuantities, parseQuantity } from '../../k8s/semantics/quantity.ts';
import { isRecord, record, records, text, type Json } from './object.ts';
import type { Problems } from './problems.ts';

const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const HANDLERS = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'];
const STANDARD_RESOURCES = new Set(['cpu', 'memory', 'ephemeral-storage']);
const FIELD_PATHS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];
const RESOURCE_FIELDS = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];
const ENV_RULE = "a valid environment variable name must consist only of printable ASCII characters other than '='";

/** One container; `volumes` are the names its mounts may use. */
export function validateContainer(
  container: Json,
  path: string,
  volumes: ReadonlySet<string>,
  problems: Problems,
): void {
  problems.label(`${path}.name`, container['name']);
  const image = text(container['image']);
  if (image === '') problems.required(`${path}.image`);
  else if (image.trim() !== image)
    problems.invalid(`${path}.image`, image, 'must not have leading or trailing whitespace');
  problems.oneOf(`${path}.imagePullPolicy`, container['imagePullPolicy'], ['Always', 'IfNotPresent', 'Never']);
  problems.oneOf(`${path}.terminationMessagePolicy`, container['terminationMessagePolicy'], [
    'FallbackToLogsOnError',
    'File',
  ]);
  validatePorts(container, path, problems);
  validateEnvironment(container, path, problems);
  validateMounts(container, path, volumes, problems);
  validateResources(record(container['resources']), `${path}.resources`, problems);
  for (const name of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    if (isRecord(container[name])) validateProbe(name, container[name], `${path}.${name}`, problems);
  }
  const lifecycle = record(container['lifecycle']);
  for (const hook of ['postStart', 'preStop']) {
    if (isRecord(lifecycle[hook])) validateHandler(lifecycle[hook], `${path}.lifecycle.${hook}`, problems);
  }
  validateSecurity(record(container['securityContext']), `${path}.securityContext`, problems);
}

function validatePorts(container: Json, path: string, problems: Problems): void {
  const ports = records(container['ports']);
  for (const [index, port] of ports.entries()) {
    const field = `${path}.ports[${index}]`;
    if (port['name'] !== undefined && port['name'] !== '') problems.portName(`${field}.name`, text(port['name']));
    if (port['containerPort'] === undefined || port['containerPort'] === 0) problems.required(`${field}.containerPort`);
    else problems.port(`${field}.containerPort`, port['containerPort']);
    if (port['hostPort'] !== undefined && port['hostPort'] !== 0) problems.port(`${field}.hostPort`, port['hostPort']);
    problems.oneOf(`${field}.protocol`, port['protocol'], PROTOCOLS);
  }
  problems.unique(
    ports.map(({ name }) => name),
    (index) => `${path}.ports[${index}].name`,
  );
}

function validateEnvironment(container: Json, path: string, problems: Problems): void {
  for (const [index, variable] of records(container['env']).entries()) {
    const field = `${path}.env[${index}]`;
    const name = text(variable['name']);
    if (name === '') problems.required(`${field}.name`);
    else if (!/^[ -<>-~]+$/.test(name)) problems.invalid(`${field}.name`, name, ENV_RULE);
    if (isRecord(variable['valueFrom']))
      validateValueFrom(variable, variable['valueFrom'], `${field}.valueFrom`, problems);
  }
  for (const [index, source] of records(container['envFrom']).entries()) {
    const field = `${path}.envFrom[${index}]`;
    const given = ['configMapRef', 'secretRef'].filter((one) => source[one] !== undefined);
    if (given.length === 0) problems.invalid(field, '', 'must specify one of: `configMapRef` or `secretRef`');
    if (given.length > 1) problems.invalid(field, '', 'may not have more than one field specified at a time');
    for (const one of given) if (text(record(source[one])['name']) === '') problems.required(`${field}.${one}.name`);
  }
}

function validateValueFrom(variable: Json, from: Json, field: string, problems: Problems): void {
  const given = ['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef', 'fileKeyRef'].filter(
    (one) => from[one] !== undefined,
  );
  if (given.length === 0) {
    problems.invalid(
      field,
      '',
      'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
    );
  } else if (text(variable['value']) !== '')
    problems.invalid(field, '', 'may not be specified when `value` is not empty');
  else if (given.length > 1) problems.invalid(field, '', 'may not have more than one field specified at a time');
  validateReferences(from, field, problems);
}

function validateReferences(from: Json, field: string, problems: Problems): void {
  for (const one of ['configMapKeyRef', 'secretKeyRef']) {
    if (!isRecord(from[one])) continue;
    for (const member of ['name', 'key'])
      if (text(from[one][member]) === '') problems.required(`${field}.${one}.${member}`);
  }
  if (isRecord(from['fieldRef'])) {
    const path = text(from['fieldRef']['fieldPath']);
    if (path === '') problems.required(`${field}.fieldRef.fieldPath`);
    else if (!/^metadata\.(?:labels|annotations)\['[^']+'\]$/.test(path))
      problems.oneOf(`${field}.fieldRef.fieldPath`, path, FIELD_PATHS);
  }
  if (isRecord(from['resourceFieldRef'])) {
    const resource = text(from['resourceFieldRef']['resource']);
    if (resource === '') problems.required(`${field}.resourceFieldRef.resource`);
    else if (!/hugepages-/.test(resource))
      problems.oneOf(`${field}.resourceFieldRef.resource`, resource, RESOURCE_FIELDS);
  }
}

function validateMounts(container: Json, path: string, volumes: ReadonlySet<string>, problems: Problems): void {
  const mounts = records(container['volumeMounts']);
  for (const [index, mount] of mounts.entries()) {
    const field = `${path}.volumeMounts[${index}]`;
    const name = text(mount['name']);
    if (name === '') problems.required(`${field}.name`);
    else if (!volumes.has(name)) {
      problems.list.push({
        field: `${field}.name`,
        reason: 'FieldValueNotFound',
        message: `Not found: ${JSON.stringify(name)}`,
      });
    }
    const place = text(mount['mountPath']);
    if (place === '') problems.required(`${field}.mountPath`);
    for (const member of ['subPath', 'subPathExpr']) {
      const value = text(mount[member]);
      if (value.startsWith('/')) problems.invalid(`${field}.${member}`, value, 'must be a relative path');
      else if (value.split('/').includes('..')) problems.invalid(`${field}.${member}`, value, "must not contain '..'");
    }
  }
  const seen = new Set<string>();
  for (const [index, mount] of mounts.entries()) {
    const place = text(mount['mountPath']);
    if (place !== '' && seen.has(place))
      problems.invalid(`${path}.volumeMounts[${index}].mountPath`, place, 'must be unique');
    seen.add(place);
  }
}

/** Limits and requests of a container; a request may not be above its limit. */
export function validateResources(resources: Json, path: string, problems: Problems): void {
  const [limits, requests] = [record(resources['limits']), record(resources['requests'])];
  for (const [kind, amounts] of [
    ['limits', limits],
    ['requests', requests],
  ] as const) {
    for (const [name, amount] of Object.entries(amounts)) {
      const field = `${path}.${kind}[${name}]`;
      if (!name.includes('/') && !STANDARD_RESOURCES.has(name) && !name.startsWith('hugepages-'))
        problems.invalid(`${path}.${kind}[${name}]`, name, 'must be a standard resource for containers');
      const { nanos } = parseQuantity(amount);
      if (nanos < 0n) problems.invalid(field, amount, 'must be greater than or equal to 0');
      else if (name.includes('/') && nanos % 1_000_000_000n !== 0n)
        problems.invalid(field, amount, 'must be an integer');
    }
  }
  for (const [name, amount] of Object.entries(requests)) {
    const limit = limits[name];
    if (limit !== undefined && compareQuantities(parseQuantity(amount), parseQuantity(limit)) > 0)
      problems.invalid(
        `${path}.requests`,
        amount,
        `must be less than or equal to ${name} limit of ${parseQuantity(limit).text}`,
      );
  }
}

function validateProbe(name: string, probe: Json, field: string, problems: Problems): void {
  validateHandler(probe, field, problems);
  for (const member of [
    'initialDelaySeconds',
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
    'terminationGracePeriodSeconds',
  ])
    problems.notNegative(`${field}.${member}`, probe[member]);
  const grace = probe['terminationGracePeriodSeconds'];
  if (grace !== undefined && name === 'readinessProbe')
    problems.invalid(`${field}.terminationGracePeriodSeconds`, grace, 'must not be set for readinessProbes');
  else if (grace === 0) problems.invalid(`${field}.terminationGracePeriodSeconds`, grace, 'must be greater than 0');
  const threshold = probe['successThreshold'];
  if (name !== 'readinessProbe' && typeof threshold === 'number' && threshold > 1)
    problems.invalid(`${field}.successThreshold`, threshold, 'must be 1');
}

function validateHandler(handler: Json, field: string, problems: Problems): void {
  const given = HANDLERS.filter((one) => handler[one] !== undefined);
  if (given.length === 0) problems.required(field, 'must specify a handler type');
  for (const extra of given.slice(1))
    problems.forbidden(`${field}.${extra}`, 'may not specify more than 1 handler type');
  const { exec, httpGet, tcpSocket } = handler;
  if (isRecord(exec) && !(Array.isArray(exec['command']) && exec['command'].length > 0))
    problems.required(`${field}.exec.command`);
  if (isRecord(httpGet)) {
    problems.portReference(`${field}.httpGet.port`, httpGet['port']);
    problems.oneOf(`${field}.httpGet.scheme`, httpGet['scheme'], ['HTTP', 'HTTPS']);
    for (const [index, header] of records(httpGet['httpHeaders']).entries()) {
      const name = text(header['name']);
      if (!/^[-A-Za-z0-9]+$/.test(name))
        problems.invalid(
          `${field}.httpGet.httpHeaders[${index}].name`,
          name,
          "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')",
        );
    }
  }
  if (isRecord(tcpSocket)) problems.portReference(`${field}.tcpSocket.port`, tcpSocket['port']);
}

function validateSecurity(context: Json, field: string, problems: Problems): void {
  for (const member of ['runAsUser', 'runAsGroup']) {
    const id = context[member];
    if (typeof id === 'number' && (id < 0 || id > 2 ** 31 - 1))
      problems.invalid(`${field}.${member}`, id, 'must be between 0 and 2147483647, inclusive');
  }
  if (context['allowPrivilegeEscalation'] !== false) return;
  const refuse = (why: string) =>
    problems.invalid(field, context, `cannot set \`allowPrivilegeEscalation\` to false and ${why}`);
  if (context['privileged'] === true) refuse('`privileged` to true');
  const added: unknown = record(context['capabilities'])['add'];
  if (Array.isArray(added) && added.includes('CAP_SYS_ADMIN')) refuse('`capabilities.Add` CAP_SYS_ADMIN');
}

/**
 * What is checked before an object is stored: what the API server checks, and a refusal of what webernetes would silently ignore where
 * somebody could be misled by it.
 */
import { podSecurityProblems } from './admission.ts';
import type { Kind } from './kinds.ts';
import { canonical, record, records, text, type ApiObject, type Json } from './object.ts';
import { refuseUnserved, validatePodChange, validatePodSpec } from './pod-validation.ts';
import { Problems } from './problems.ts';
import { decodeAs } from '../../k8s/semantics/objects/decode.ts';
import { validateService } from './service-validation.ts';
import { ApiError, badRequest, invalid } from './status.ts';
import { validateCronJob, validateJob, validateWorkload } from './workload-validation.ts';

const DATA_KEY = /^[-._a-zA-Z0-9]+$/;
const DATA_KEY_RULE =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or " +
  "'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
/** Kinds whose names become DNS labels. */
const LABEL_NAMES = new Set(['Namespace', 'Service']);
/** RBAC names may hold anything a path can. */
const PATH_NAMES = new Set(['Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding']);

/** How unknown and duplicate fields are met: `fieldValidation` of a request. */
export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

/** @throws ApiError 422 for a value that is none */
export function fieldValidationOf(query: URLSearchParams, options: string): FieldValidation {
  const value = query.get('fieldValidation') ?? '';
  if (value === '') return 'Warn';
  if (value === 'Strict' || value === 'Warn' || value === 'Ignore') return value;
  const message = `Unsupported value: ${JSON.stringify(value)}: supported values: "", "Ignore", "Strict", "Warn"`;
  throw invalid({ group: 'meta.k8s.io', kind: options, plural: '' }, '', [
    { field: 'fieldValidation', reason: 'FieldValueNotSupported', message },
  ]);
}

/** What a strict decoder says of fields that it does not know or was given twice; null when it says nothing. */
export function strictProblem(unknown: readonly string[], duplicates: readonly string[] = []): string | null {
  const said = strictLines(unknown, duplicates);
  return said.length === 0 ? null : `strict decoding error: ${said.join(', ')}`;
}

export function strictLines(unknown: readonly string[], duplicates: readonly string[] = []): readonly string[] {
  return [
    ...duplicates.map((path) => `duplicate field "${path}"`),
    ...unknown.map((path) => `unknown field "${path}"`),
  ];
}

/** Takes an object as its kind, without unknown fields. @throws ApiError 400 for what a decoder refuses */
export function decodeChecked(kind: Kind, object: Json): { readonly value: Json; readonly unknown: readonly string[] } {
  const { value, unknown, problem } = decodeAs(kind, object);
  if (problem === null) return { value, unknown };
  throw cannotBeHandled(kind, problem);
}

export function cannotBeHandled(kind: Kind, why: string): ApiError {
  return badRequest(`${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: ${why}`);
}

/** Checks an object's values. @throws ApiError 422 with every problem found */
export function validate(kind: Kind, object: ApiObject, existing?: ApiObject): void {
  const problems = new Problems();
  if (!existing) validateName(kind, object, problems);
  problems.labels('metadata.labels', object.metadata.labels);
  problems.annotations('metadata.annotations', object.metadata.annotations);
  const spec = record(object['spec']);
  switch (kind.kind) {
    case 'Pod':
      if (existing) validatePodChange(object, existing, problems);
      else {
        validatePodSpec(spec, 'spec', problems);
        refuseUnserved(spec, 'spec', problems);
      }
      break;
    case 'Deployment':
    case 'ReplicaSet':
    case 'StatefulSet':
    case 'DaemonSet':
      validateWorkload(kind.kind, object, existing, problems);
      break;
    case 'Job':
      validateJob(spec, 'spec', existing, problems);
      break;
    case 'CronJob':
      validateCronJob(spec, problems);
      break;
    case 'PodDisruptionBudget':
      validateBudget(spec, problems);
      break;
    case 'PersistentVolumeClaim':
      validateClaim(spec, problems);
      break;
    case 'NetworkPolicy':
      problems.labelSelector('spec.podSelector', spec['podSelector']);
      break;
    case 'ConfigMap':
    case 'Secret':
      validateData(kind, object, existing, problems);
      break;
    case 'Service':
      validateService(object, existing, problems);
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
  } else if (LABEL_NAMES.has(kind.kind)) problems.label('metadata.name', name);
  else problems.subdomain('metadata.name', name);
}

function validateBudget({ minAvailable, maxUnavailable, selector }: Json, problems: Problems): void {
  if (minAvailable !== undefined && maxUnavailable !== undefined)
    problems.invalid('spec', { minAvailable, maxUnavailable }, 'minAvailable and maxUnavailable cannot be both set');
  problems.amountOrPercent('spec.minAvailable', minAvailable);
  problems.amountOrPercent('spec.maxUnavailable', maxUnavailable);
  problems.labelSelector('spec.selector', selector);
}

function validateClaim({ accessModes, resources }: Json, problems: Problems): void {
  if (!Array.isArray(accessModes) || accessModes.length === 0)
    problems.required('spec.accessModes', 'at least 1 access mode is required');
  else
    for (const mode of accessModes as unknown[])
      problems.oneOf('spec.accessModes', mode, ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod']);
  if (record(record(resources)['requests'])['storage'] === undefined) problems.required('spec.resources[storage]');
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

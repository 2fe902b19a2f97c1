/** What makes Pods: a selector that fits its template, a template that Kubernetes would take. */
import { labelRequirements, matchesLabels } from '../../k8s/semantics/selector.ts';
import { canonical, isRecord, record, records, text, type ApiObject, type Json } from './object.ts';
import { refuseUnserved, validatePodSpec } from './pod-validation.ts';
import type { Problems } from './problems.ts';

/** Deployments, ReplicaSets, StatefulSets and DaemonSets. */
export function validateWorkload(
  kind: string,
  object: ApiObject,
  existing: ApiObject | undefined,
  problems: Problems,
): void {
  const spec = record(object['spec']);
  for (const member of ['replicas', 'minReadySeconds', 'revisionHistoryLimit'])
    problems.notNegative(`spec.${member}`, spec[member]);
  const template = record(spec['template']);
  validateSelector(kind, spec['selector'], record(template['metadata'])['labels'], problems);
  const claims = records(spec['volumeClaimTemplates']).map(({ metadata }) => text(record(metadata)['name']));
  validateTemplate(template, 'spec.template', ['Always'], problems, claims);
  // The others are stored and make no Pods here.
  if (kind === 'Deployment' || kind === 'ReplicaSet')
    refuseUnserved(record(template['spec']), 'spec.template.spec', problems);
  refuseChange('selector', spec, existing, problems);
  if (kind === 'StatefulSet')
    for (const member of ['serviceName', 'podManagementPolicy', 'volumeClaimTemplates'])
      refuseChange(member, spec, existing, problems);
  if (kind === 'Deployment') {
    validateStrategy(record(spec['strategy']), problems);
    const { progressDeadlineSeconds: deadline, minReadySeconds = 0 } = spec;
    problems.notNegative('spec.progressDeadlineSeconds', deadline);
    if (typeof deadline === 'number' && deadline <= (minReadySeconds as number))
      problems.invalid('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds');
  }
}

export function validateJob(spec: Json, path: string, existing: ApiObject | undefined, problems: Problems): void {
  for (const member of [
    'parallelism',
    'completions',
    'backoffLimit',
    'activeDeadlineSeconds',
    'ttlSecondsAfterFinished',
  ])
    problems.notNegative(`${path}.${member}`, spec[member]);
  validateTemplate(record(spec['template']), `${path}.template`, ['Never', 'OnFailure'], problems);
  if (existing && path === 'spec')
    for (const member of ['template', 'completions']) refuseChange(member, spec, existing, problems);
}

export function validateCronJob(spec: Json, problems: Problems): void {
  if (text(spec['schedule']) === '') problems.required('spec.schedule');
  else if (
    !/^(?:@(?:yearly|annually|monthly|weekly|daily|midnight|hourly|every .+)|(?:[\dA-Za-z*/,?LW#-]+\s+){4}[\dA-Za-z*/,?LW#-]+)$/.test(
      text(spec['schedule']).trim(),
    )
  )
    problems.invalid('spec.schedule', spec['schedule'], `expected exactly 5 fields`);
  problems.oneOf('spec.concurrencyPolicy', spec['concurrencyPolicy'], ['Allow', 'Forbid', 'Replace']);
  validateJob(record(record(spec['jobTemplate'])['spec']), 'spec.jobTemplate.spec', undefined, problems);
}

function validateTemplate(
  template: Json,
  path: string,
  policies: readonly string[],
  problems: Problems,
  claims: readonly string[] = [],
): void {
  const metadata = record(template['metadata']);
  problems.labels(`${path}.labels`, metadata['labels']);
  problems.annotations(`${path}.annotations`, metadata['annotations']);
  const spec = record(template['spec']);
  validatePodSpec(spec, `${path}.spec`, problems, claims);
  const policy = spec['restartPolicy'];
  // Of a policy that exists nowhere enough is said already.
  if (/^(?:Always|OnFailure|Never)$/.test(text(policy)) && !policies.includes(text(policy)))
    problems.unsupported(`${path}.spec.restartPolicy`, policy, policies);
}

function validateSelector(kind: string, selector: unknown, labels: unknown, problems: Problems): void {
  if (!isRecord(selector)) return problems.required('spec.selector');
  if (!problems.labelSelector('spec.selector', selector)) return;
  const requirements = labelRequirements(selector);
  if (requirements.length === 0)
    problems.invalid('spec.selector', selector, `empty selector is invalid for ${kind.toLowerCase()}`);
  else if (!matchesLabels(requirements, record(labels) as Record<string, string>))
    problems.invalid('spec.template.metadata.labels', record(labels), '`selector` does not match template `labels`');
}

function refuseChange(member: string, spec: Json, existing: ApiObject | undefined, problems: Problems): void {
  const before = existing && record(existing['spec']);
  if (before && canonical(before[member] ?? null) !== canonical(spec[member] ?? null))
    problems.invalid(`spec.${member}`, spec[member], 'field is immutable');
}

function validateStrategy(strategy: Json, problems: Problems): void {
  const { type, rollingUpdate } = strategy;
  problems.oneOf('spec.strategy', type, ['Recreate', 'RollingUpdate']);
  if (type === 'Recreate' && rollingUpdate !== undefined)
    problems.forbidden('spec.strategy.rollingUpdate', "may not be specified when strategy `type` is 'Recreate'");
  const amounts = record(rollingUpdate);
  for (const member of ['maxSurge', 'maxUnavailable'])
    problems.amountOrPercent(`spec.strategy.rollingUpdate.${member}`, amounts[member]);
  const none = (value: unknown) => value === 0 || value === '0%';
  if (none(amounts['maxSurge']) && none(amounts['maxUnavailable']))
    problems.invalid('spec.strategy.rollingUpdate.maxUnavailable', 0, 'may not be 0 when `maxSurge` is 0');
}

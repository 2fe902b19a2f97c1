/** What a set of objects holds, so that nobody is asked about a namespace where there is nothing to judge. */
import { podTemplateOf } from '../pod-template.ts';
import { at, isShape, namespaceOf, shape, shapes, text, type Shape } from '../shape.ts';

/** Objects that name no namespace lie here, as for `kubectl apply`. */
export const DEFAULT_NAMESPACE = 'default';

export interface Inventory {
  /** Namespaces with pods or workloads. */
  readonly withPods: readonly string[];
  /** Namespaces with service accounts, written out or bound. */
  readonly withAccounts: readonly string[];
  /** Namespaces with network policies. */
  readonly withPolicies: readonly string[];
}

/** Groups whose kinds are Kubernetes' own. */
const OWN_GROUPS = /^(v1|[a-z]+\/v\d\w*|[a-z.]+\.k8s\.io\/v\d\w*)$/;
export const isBuiltIn = (object: Shape): boolean => OWN_GROUPS.test(text(object['apiVersion']) ?? '');

/** A custom resource that starts pods: its template is not read. */
export function isStrange(object: Shape): boolean {
  const { template, containers } = shape(object['spec']);
  // Most objects have neither.
  if (!isShape(template) && !Array.isArray(containers)) return false;
  const hasTemplate = [containers, at(template, 'spec.containers')].some((list) => shapes(list).length > 0);
  return hasTemplate && (podTemplateOf(object) === null || !isBuiltIn(object));
}

export function inventoryOf(objects: readonly Shape[]): Inventory {
  const withPods = new Set<string>();
  const withAccounts = new Set<string>();
  const withPolicies = new Set<string>();
  for (const object of objects) {
    const namespace = namespaceOf(object) || DEFAULT_NAMESPACE;
    const { kind } = object;
    if (podTemplateOf(object) !== null && !isStrange(object)) withPods.add(namespace);
    if (kind === 'ServiceAccount') withAccounts.add(namespace);
    if (kind === 'NetworkPolicy') withPolicies.add(namespace);
    if (kind !== 'RoleBinding' && kind !== 'ClusterRoleBinding') continue;
    for (const subject of shapes(object['subjects']))
      if (subject['kind'] === 'ServiceAccount') withAccounts.add(text(subject['namespace']) ?? namespace);
  }
  return {
    withPods: [...withPods].sort(),
    withAccounts: [...withAccounts].sort(),
    withPolicies: [...withPolicies].sort(),
  };
}

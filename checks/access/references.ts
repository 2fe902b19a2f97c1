/** What pods name, and the right to name it only once: shared by the kinds that look for it. */
import { podReferences, type Reference } from '../../k8s/semantics/references.ts';
import type { PodSource } from '../protocols/workloads.ts';

export interface Named extends Reference {
  /** The pod or template that names it, as evidence names it. */
  readonly owner: string;
}

/** References to one kind of object, those of a pod left out where its workload's template has the same. */
export function referencesTo(kind: Reference['kind'], sources: readonly PodSource[]): Named[] {
  const named = new Map<string, Named>();
  for (const { owner, workload, podSpec, specPath } of templatesFirst(sources))
    for (const reference of podReferences(podSpec, specPath)) {
      const { name, key, optional, use } = reference;
      const id = JSON.stringify([workload, name, key, optional, use]);
      if (reference.kind === kind && !named.has(id)) named.set(id, { ...reference, owner });
    }
  return [...named.values()];
}

export function templatesFirst(sources: readonly PodSource[]): PodSource[] {
  return [...sources].sort((a, b) => Number(a.owner !== a.workload) - Number(b.owner !== b.workload));
}

/** `Secret shop/db key url`: an object, or one key of it, as what is judged. */
export function keyText(
  kind: Reference['kind'],
  namespace: string,
  { name, key }: Pick<Reference, 'name' | 'key'>,
): string {
  return `${kind} ${namespace}/${name}${key === undefined ? '' : ` key ${key}`}`;
}

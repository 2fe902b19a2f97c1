/** How references to ConfigMaps are judged. */
import { podReferences, type Reference } from '../../../k8s/semantics/references.ts';
import type { Evidence, Finding, Judgement } from '../../kit/define-check.ts';
import { readingEvidence, table, type Reading } from '../../kit/evidence.ts';
import { judged } from '../../kit/judged.ts';
import type { PodSource } from '../../protocols/workloads.ts';
import type { Params } from './check.ts';

export const messages = {
  configMapMissing: {
    says: '{subject}: ConfigMap {configMap} does not exist ({path}), expected it to be there.',
    fix: 'Create the ConfigMap before the next pod is started, or correct its name in the template.',
  },
  keyMissing: {
    says: '{subject}: ConfigMap {configMap} has no key {key} ({path}), expected it to be there.',
    fix: 'Add the key to the ConfigMap, or correct its name in the template.',
  },
  empty: {
    says: '{subject}: ConfigMap {configMap} has no keys ({path}), expected the settings that are taken from it.',
    fix: 'Fill the ConfigMap in and restart what uses it.',
  },
};
type Id = keyof typeof messages;

export interface Gathered {
  readonly sources: readonly PodSource[];
  readonly configMaps: readonly { readonly name: string; readonly keys: readonly string[] }[];
  readonly readings: readonly Reading[];
}
interface Named {
  readonly owner: string;
  readonly reference: Reference;
}
type Verdict = 'there' | 'missing' | 'key missing' | 'empty';

export function judge({ namespace, minReferences }: Params, gathered: Gathered): Judgement<Id> {
  const { sources, configMaps } = gathered;
  const rows = referencesOf(sources).map((named) => ({ named, verdict: verdictOf(named.reference, configMaps) }));
  const findings = rows.flatMap(({ named, verdict }) => findingOf(named, verdict));
  const evidence = evidenceOf(rows, gathered);
  if (findings.length === 0 && sources.length > 0 && rows.length < minReferences)
    return {
      outcome: 'inconclusive',
      reason: 'no-subjects',
      why: `Workloads in ${namespace} name ${rows.length} ConfigMaps, at least ${minReferences} expected: where do their settings come from?`,
      evidence,
    };
  const targets = rows.map(({ named: { reference } }) => `ConfigMap ${namespace}/${targetOf(reference)}`);
  const subjects = [...new Set(targets), ...sources.map(({ owner }) => owner)];
  return judged(findings, subjects, evidence, `Namespace ${namespace} has no pod template and no pod.`);
}

const targetOf = ({ name, key }: Reference): string => `${name}${key === undefined ? '' : ` key ${key}`}`;

/** References to ConfigMaps, those of a pod left out where its workload's template has the same. */
function referencesOf(sources: readonly PodSource[]): Named[] {
  const seen = new Set<string>();
  const templatesFirst = [...sources].sort((a, b) => Number(a.owner !== a.workload) - Number(b.owner !== b.workload));
  return templatesFirst.flatMap(({ owner, workload, podSpec, specPath }) =>
    podReferences(podSpec, specPath)
      .filter(({ kind }) => kind === 'ConfigMap')
      .flatMap((reference) => {
        const id = JSON.stringify([workload, reference.name, reference.key, reference.optional, reference.use]);
        if (seen.has(id)) return [];
        seen.add(id);
        return [{ owner, reference }];
      }),
  );
}

function verdictOf({ name, key }: Reference, configMaps: Gathered['configMaps']): Verdict {
  const found = configMaps.find((configMap) => configMap.name === name);
  if (!found) return 'missing';
  if (key !== undefined) return found.keys.includes(key) ? 'there' : 'key missing';
  return found.keys.length > 0 ? 'there' : 'empty';
}

function findingOf({ owner, reference }: Named, verdict: Verdict): Finding<Id>[] {
  const { name, key, path, optional } = reference;
  if (verdict === 'there' || optional) return [];
  const data = { configMap: name, path };
  if (verdict === 'missing') return [{ message: 'configMapMissing', subject: owner, data }];
  if (verdict === 'empty') return [{ message: 'empty', subject: owner, data }];
  return [{ message: 'keyMissing', subject: owner, data: { ...data, key: key ?? '' } }];
}

function evidenceOf(
  rows: readonly { readonly named: Named; readonly verdict: Verdict }[],
  { configMaps, readings }: Gathered,
): readonly [Evidence, ...Evidence[]] {
  return [
    table(
      'References to ConfigMaps',
      ['by', 'config map', 'key', 'optional', 'for', 'path', 'found'],
      rows.map(({ named: { owner, reference }, verdict }) => [
        owner,
        reference.name,
        reference.key ?? 'all',
        reference.optional,
        reference.use,
        reference.path,
        verdict,
      ]),
    ),
    table(
      'ConfigMaps',
      ['config map', 'keys'],
      configMaps.map(({ name, keys }) => [name, keys.length]),
    ),
    ...readings.map(readingEvidence),
  ];
}

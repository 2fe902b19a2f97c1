/** How references to Secrets, and literals in their place, are judged. */
import { podReferences, type Reference } from '../../../k8s/semantics/references.ts';
import type { SecretKeyFacts } from '../../contract/secrets.ts';
import type { Evidence, Finding, Judgement } from '../../kit/define-check.ts';
import { nameList, readingEvidence, table, type Reading } from '../../kit/evidence.ts';
import { judged } from '../../kit/judged.ts';
import { literalsInConfigMap, literalsInPod } from '../../protocols/literal-credentials.ts';
import type { PodSource } from '../../protocols/workloads.ts';
import type { Params } from './check.ts';

export const messages = {
  secretMissing: {
    says: '{subject}: Secret {secret} does not exist ({path}), expected it to be there.',
    fix: 'Create the Secret before the workload is rolled out.',
  },
  keyMissing: {
    says: '{subject}: Secret {secret} has no key {key} ({path}), expected it to be there.',
    fix: 'Add the key to the Secret, or correct its name in the template.',
  },
  empty: {
    says: '{subject}: is empty, expected a value.',
    fix: 'Fill the key in and restart what uses it.',
  },
  placeholder: {
    says: '{subject}: still holds a placeholder or a well-known value ({rule}), expected the real value.',
    fix: 'Put the real value into the Secret and restart what uses it.',
  },
  literal: {
    says: '{subject}: {place} holds a written-out credential ({rule}), expected a reference to a Secret.',
    fix: 'Move the value into a Secret, refer to it there, and replace the credential: it has been readable.',
  },
};
type Id = keyof typeof messages;

export interface Gathered {
  readonly sources: readonly PodSource[];
  readonly configMaps: readonly {
    readonly name: string;
    readonly data: unknown;
    /** Values of `binaryData` that are text, decoded. */
    readonly binaryData?: unknown;
  }[];
  /** Of the Secrets in params that something names; `keys` is null when there is no such Secret. */
  readonly facts: readonly { readonly name: string; readonly keys: readonly SecretKeyFacts[] | null }[];
  readonly readings: readonly Reading[];
}
interface Named {
  readonly owner: string;
  readonly reference: Reference;
}

export function judge({ namespace, secrets, minReferences, exemptions }: Params, gathered: Gathered): Judgement<Id> {
  const references = referencesOf(gathered.sources);
  const unknown = references.filter(({ reference }) => !secrets.includes(reference.name));
  const known = references.filter(({ reference }) => secrets.includes(reference.name));
  const literals = literalFindings(namespace, gathered);
  const findings = [
    ...unique(known.flatMap((named) => referenceFindings(namespace, named, gathered.facts))),
    ...literals.filter((finding) => !exemptions.some((exemption) => covers(exemption, finding))),
  ];
  const evidence = [...evidenceOf(references, gathered), ...exemptionEvidence(exemptions, literals)] as const;
  const doubt = findings.length === 0 ? doubtOf(unknown, references, minReferences, gathered, namespace) : null;
  if (doubt !== null) return { outcome: 'inconclusive', ...doubt, evidence };
  const subjects = [
    ...new Set(known.map(({ reference }) => targetOf(namespace, reference))),
    ...gathered.sources.map(({ owner }) => owner),
    ...gathered.configMaps.map(({ name }) => `ConfigMap ${namespace}/${name}`),
  ];
  return judged(findings, subjects, evidence, `Namespace ${namespace} has no pod template and no pod.`);
}

/** References to Secrets, those of a pod left out where its workload's template has the same. */
function referencesOf(sources: readonly PodSource[]): Named[] {
  const seen = new Set<string>();
  const inOrder = [...sources].sort((a, b) => Number(a.owner !== a.workload) - Number(b.owner !== b.workload));
  return inOrder.flatMap(({ owner, workload, podSpec, specPath }) =>
    podReferences(podSpec, specPath)
      .filter(({ kind }) => kind === 'Secret')
      .flatMap((reference) => {
        const id = JSON.stringify([workload, reference.name, reference.key, reference.optional]);
        if (seen.has(id)) return [];
        seen.add(id);
        return [{ owner, reference }];
      }),
  );
}

const targetOf = (namespace: string, { name, key }: Reference): string =>
  `Secret ${namespace}/${name}${key === undefined ? '' : ` key ${key}`}`;

function referenceFindings(namespace: string, { owner, reference }: Named, facts: Gathered['facts']): Finding<Id>[] {
  const { name, key, optional, path } = reference;
  const keys = facts.find((fact) => fact.name === name)?.keys ?? null;
  if (keys === null)
    return optional ? [] : [{ message: 'secretMissing', subject: owner, data: { secret: name, path } }];
  if (key === undefined) {
    const all = keys.flatMap((fact) => valueFindings(namespace, name, fact));
    return keys.length > 0 ? all : [{ message: 'empty', subject: targetOf(namespace, reference) }];
  }
  const fact = keys.find((candidate) => candidate.key === key);
  if (!fact) return optional ? [] : [{ message: 'keyMissing', subject: owner, data: { secret: name, key, path } }];
  return valueFindings(namespace, name, fact);
}

function valueFindings(namespace: string, name: string, { key, empty, placeholder }: SecretKeyFacts): Finding<Id>[] {
  const subject = `Secret ${namespace}/${name} key ${key}`;
  if (empty) return [{ message: 'empty', subject }];
  return placeholder === null ? [] : [{ message: 'placeholder', subject, data: { rule: placeholder } }];
}

/** A pod repeats its template's literals: the same place of the same workload is told once. */
function literalFindings(namespace: string, { sources, configMaps }: Gathered): Finding<Id>[] {
  const inPods = sources.flatMap(({ owner, workload, podSpec, specPath }) =>
    literalsInPod(podSpec, specPath).map((literal) => ({
      owner,
      literal,
      id: `${workload} ${literal.place.slice(specPath.length)}`,
    })),
  );
  const templatesFirst = [...inPods].sort(
    (a, b) => Number(a.owner.startsWith('Pod ')) - Number(b.owner.startsWith('Pod ')),
  );
  const told = new Map(templatesFirst.map((entry) => [entry.id, entry] as const).reverse());
  return [
    ...[...told.values()].map(({ owner, literal }) => ({
      message: 'literal' as const,
      subject: owner,
      data: { ...literal },
    })),
    ...configMaps.flatMap(({ name, data, binaryData }) =>
      [...literalsInConfigMap(data), ...literalsInConfigMap(binaryData, 'binaryData')].map((literal) => ({
        message: 'literal' as const,
        subject: `ConfigMap ${namespace}/${name}`,
        data: { ...literal },
      })),
    ),
  ];
}

const covers = ({ subject, place }: Params['exemptions'][number], finding: Finding<Id>): boolean =>
  finding.subject === subject && finding.data?.['place'] === place;

function exemptionEvidence(exemptions: Params['exemptions'], literals: readonly Finding<Id>[]): Evidence[] {
  if (exemptions.length === 0) return [];
  const rows = exemptions.map((exemption) => [
    exemption.subject,
    exemption.place,
    exemption.reason,
    literals.some((finding) => covers(exemption, finding)) ? 'yes' : 'no: remove it from the item',
  ]);
  return [table('Exemptions', ['subject', 'place', 'reason', 'needed'], rows)];
}

function unique(findings: readonly Finding<Id>[]): Finding<Id>[] {
  return [...new Map(findings.map((finding) => [JSON.stringify(finding), finding])).values()];
}

function doubtOf(
  unknown: readonly Named[],
  references: readonly Named[],
  minReferences: number,
  { sources }: Gathered,
  namespace: string,
) {
  if (sources.length === 0) return null;
  if (unknown.length > 0) {
    const names = [...new Set(unknown.map(({ owner, reference }) => `${reference.name} (${owner})`))];
    return {
      reason: 'too-few-subjects',
      why: `The gate may not read ${nameList(names)}: add the names to params.secrets and apply the Role that "golive plan --rbac" prints.`,
    } as const;
  }
  if (references.length < minReferences)
    return {
      reason: 'no-subjects',
      why: `Workloads in ${namespace} name ${references.length} Secrets, at least ${minReferences} expected: where do their credentials come from?`,
    } as const;
  return null;
}

function evidenceOf(
  references: readonly Named[],
  { sources, configMaps, facts, readings }: Gathered,
): readonly [Evidence, ...Evidence[]] {
  return [
    table(
      'References to Secrets',
      ['by', 'secret', 'key', 'optional', 'for', 'path'],
      references.map(({ owner, reference: { name, key, optional, use, path } }) => [
        owner,
        name,
        key ?? 'all',
        optional,
        use,
        path,
      ]),
    ),
    table(
      'Secrets read by name (sizes, never values)',
      ['secret', 'key', 'bytes', 'placeholder'],
      facts.flatMap(({ name, keys }) =>
        keys === null
          ? [[name, 'does not exist', null, null]]
          : keys.map(({ key, bytes, placeholder }) => [name, key, bytes, placeholder]),
      ),
    ),
    {
      type: 'text',
      title: 'Searched for written-out credentials',
      text: `${sources.length} pod templates and pods, ${configMaps.length} ConfigMaps`,
    },
    ...readings.map(readingEvidence),
  ];
}

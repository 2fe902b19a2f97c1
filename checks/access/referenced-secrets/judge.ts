/** How references to Secrets, and literals in their place, are judged. */
import type { SecretKeyFacts } from '../../contract/secrets.ts';
import { nameList, table } from '../../kit/evidence.ts';
import { objectSubject, subjectText, type Refusal, type Say, type Subject } from '../../kit/kind.ts';
import {
  literalsInAnnotations,
  literalsInConfigMap,
  literalsInPod,
  type Literal,
} from '../../protocols/literal-credentials.ts';
import { sourceSubject, type PodSource } from '../../protocols/workloads.ts';
import { allowancesOf } from '../allowances.ts';
import { keyText, referencesTo, templatesFirst, type Named } from '../references.ts';
import type { Params } from './params.ts';

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
} as const;

interface Seen {
  readonly sources: readonly PodSource[];
  readonly configMaps: readonly {
    readonly name: string;
    readonly data: unknown;
    /** Values of `binaryData` that are text, decoded. */
    readonly binaryData?: unknown;
  }[];
  /** Of the Secrets in params that something names; `keys` is null when there is no such Secret, or reading it was refused. */
  readonly facts: readonly {
    readonly name: string;
    readonly keys: readonly SecretKeyFacts[] | null;
    readonly refusal?: Refusal | undefined;
  }[];
}
type Saying = Say<typeof messages>;

export function judge(params: Params, seen: Seen, say: Saying): void {
  const { namespace, secrets, minReferences } = params;
  const { sources, configMaps, facts } = seen;
  const references = referencesTo('Secret', sources);
  const unreadable = references.filter(({ name }) => !secrets.includes(name));
  for (const reference of references)
    if (secrets.includes(reference.name)) judgeReference(namespace, reference, facts, say);
  judgeLiterals(params, seen, say);
  for (const { name, refusal } of facts)
    if (refusal) say.refused(refusal, objectSubject('Secret', { namespace, name }));
  say.judged(...sources.map(({ owner }) => sourceSubject(owner)));
  if (sources.length === 0) say.unsure('no-subjects', `Namespace ${namespace} has no pod template and no pod.`);
  else if (unreadable.length > 0) {
    const names = [...new Set(unreadable.map(({ owner, name }) => `${name} (${owner})`))];
    say.unsure(
      'too-few-subjects',
      `The gate may not read ${nameList(names)}: add the names to params.secrets and grant the rights: "golive can" prints the command.`,
    );
  } else if (references.length < minReferences)
    say.unsure(
      'no-subjects',
      `Workloads in ${namespace} name ${references.length} Secrets, at least ${minReferences} expected: where do their credentials come from?`,
    );
  say.show(
    table(
      'References to Secrets',
      ['by', 'secret', 'key', 'optional', 'for', 'path'],
      references.map(({ owner, name, key, optional, use, path }) => [owner, name, key ?? 'all', optional, use, path]),
    ),
    table(
      'Secrets read by name (sizes, never values)',
      ['secret', 'key', 'bytes', 'placeholder'],
      facts.flatMap(({ name, keys, refusal }) =>
        keys === null
          ? [[name, refusal ? 'could not be read' : 'does not exist', null, null]]
          : keys.map(({ key, bytes, placeholder }) => [name, key, bytes, placeholder]),
      ),
    ),
    {
      type: 'text',
      title: 'Searched for written-out credentials',
      text: `${sources.length} pod templates and pods, ${configMaps.length} ConfigMaps`,
    },
  );
}

function judgeReference(namespace: string, reference: Named, facts: Seen['facts'], say: Saying): void {
  const { owner, name: secret, key, optional, path } = reference;
  const { keys = null, refusal } = facts.find(({ name }) => name === secret) ?? {};
  if (refusal) return;
  say.judged(keyText('Secret', namespace, reference));
  if (keys === null) {
    if (!optional) say.fail('secretMissing', sourceSubject(owner), { secret, path }, { path });
    return;
  }
  const named = keys.filter((fact) => key === undefined || fact.key === key);
  if (named.length === 0 && key === undefined) say.fail('empty', keyText('Secret', namespace, reference));
  else if (named.length === 0 && !optional)
    say.fail('keyMissing', sourceSubject(owner), { secret, key: key ?? '', path }, { path });
  for (const fact of named) {
    const subject = keyText('Secret', namespace, { name: secret, key: fact.key });
    if (fact.empty) say.fail('empty', subject);
    else if (fact.placeholder !== null) say.fail('placeholder', subject, { rule: fact.placeholder });
  }
}

function judgeLiterals({ namespace, exemptions }: Params, { sources, configMaps }: Seen, say: Saying): void {
  const exempt = allowancesOf(exemptions, ['subject', 'place']);
  const found = (subject: Subject, { place, rule }: Literal): void => {
    if (!exempt.allows(subjectText(subject), place)) say.fail('literal', subject, { place, rule });
  };
  // A pod repeats its template's literals: the same place of the same workload is told once.
  const told = new Set<string>();
  for (const { owner, workload, podSpec, podMetadata, specPath } of templatesFirst(sources))
    for (const literal of [...literalsInPod(podSpec, specPath), ...literalsInAnnotations(podMetadata, specPath)]) {
      const id = `${workload} ${literal.place.slice(specPath.length)}`;
      if (!told.has(id)) found(sourceSubject(owner), literal);
      told.add(id);
    }
  for (const { name, data, binaryData } of configMaps) {
    const subject = objectSubject('ConfigMap', { namespace, name });
    say.judged(subject);
    for (const literal of [...literalsInConfigMap(data), ...literalsInConfigMap(binaryData, 'binaryData')])
      found(subject, literal);
  }
  say.show(...exempt.shown('Exemptions'));
}

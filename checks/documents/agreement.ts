/** Whether documents and the platform agree: everything that runs is named, and nothing else is said to run. */
import { table } from '../kit/evidence.ts';
import { objectSubject, type JSONSchema, type Messages, type Say, type Subject } from '../kit/kind.ts';
import type { ReadDocument } from './documents.ts';
import { claims, domainsOf, names, present } from './names.ts';
import { isNameless, type Named, type NamedPlatform } from './platform.ts';

export const agreementParams = {
  past: {
    type: 'array',
    items: { type: 'string', minLength: 1 },
    default: ['History', 'Retired', 'Removed', 'Decommissioned', 'Changelog', 'Former names', 'Planned'],
    description: 'Titles of sections that speak of what no longer runs, or not yet; they are not read.',
  },
  others: {
    type: 'array',
    default: [],
    description: 'Names that documents may give although nothing of the platform is called so, each with the reason.',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['name', 'reason'],
      properties: {
        name: { type: 'string', minLength: 1, description: 'The name, as the document has it.' },
        reason: { type: 'string', minLength: 10, description: 'What it is, in a sentence.' },
      },
    },
  },
} as const satisfies Readonly<Record<string, JSONSchema>>;

export const agreementMessages = {
  unnamed: {
    says: '{subject}: is part of the platform and {documents} does not name it, expected its name.',
    fix: 'Describe it under the very name that the cluster and the environment file give it.',
    also: ['kind'],
  },
  stale: {
    says: '{subject}: says that {kind} {name} is part of the platform, and it is not, expected what is there now.',
    fix: 'Correct the name, move what is gone into a section that says so (params.past), or name it in params.others.',
  },
} as const satisfies Messages;
type AgreementSay = Say<typeof agreementMessages>;
/** Of kinds that need not name everything. */
type StaleSay = Say<Pick<typeof agreementMessages, 'stale'>>;

export interface AgreementParams {
  readonly past: readonly string[];
  readonly others: readonly { readonly name: string; readonly reason: string }[];
}

/** Each thing of the platform must be named by one of the documents. */
export function judgeComplete(
  documents: readonly ReadDocument[],
  { things }: NamedPlatform,
  { past }: AgreementParams,
  say: AgreementSay,
): void {
  const passages = documents.flatMap(({ document }) => (document ? present(document, past) : []));
  const where = documents.map(({ path }) => path).join(', ');
  for (const thing of things.filter(({ idle }) => idle !== true)) {
    const subject = subjectOf(thing);
    say.judged(subject);
    if (isNameless(thing.name))
      say.unsure('unknown-value', `${thing.kind} ${thing.name} has no name that a document could give.`, { subject });
    else if (!names(passages, thing.name)) say.fail('unnamed', subject, { documents: where, kind: thing.kind });
  }
  say.show(
    table(
      'Platform',
      ['what', 'namespace', 'name', 'named'],
      things.map(({ kind, namespace = '', name }) => [kind, namespace, name, names(passages, name)]),
    ),
  );
}

/** Nothing that a document says runs may be missing from the platform. */
export function judgeTrue(
  { path, document }: ReadDocument,
  { things, refused }: NamedPlatform,
  { past, others }: AgreementParams,
  say: StaleSay,
): void {
  if (!document) return;
  const hosts = things.filter(({ kind, name }) => kind === 'Host' && !isNameless(name)).map(({ name }) => name);
  const allowed = new Set(others.map(({ name }) => name));
  for (const { kind, name, line } of claims(present(document, past), domainsOf(hosts))) {
    if (allowed.has(name) || things.some((thing) => isMeant(thing, kind, name))) continue;
    // What could not be listed may be there.
    if (refused.length > 0 && kind !== 'Host') continue;
    const data = { kind: kind === 'Thing' ? 'something called' : kind, name };
    say.fail('stale', path, data, { at: `${path}:${line}:1` });
  }
}

/** Doubts about what could not be listed. */
export function judgeListed({ things, refused }: NamedPlatform, namespaces: readonly string[], say: StaleSay): void {
  for (const { what, refusal } of refused) say.refused(refusal, what);
  for (const namespace of namespaces)
    if (refused.length === 0 && !things.some((thing) => thing.namespace === namespace))
      say.unsure('no-subjects', `Namespace ${namespace} has no workload and no Service.`);
}

/** A diagram does not say what a node is; a store is named by its Service, host or own name alike. */
function isMeant(thing: Named, kind: string, name: string): boolean {
  if (thing.name !== name) return false;
  return kind === 'Thing' || kind === 'Store' || thing.kind === kind || (kind === 'Host' && thing.kind === 'Store');
}

function subjectOf({ kind, name, namespace }: Named): Subject | string {
  return namespace === undefined ? `${kind} ${name}` : objectSubject(kind, { name, namespace });
}

/** Who may sign, as checklist.yaml says it under `roles`, `signing` and `release.authors`. */
import { execFileSync } from 'node:child_process';
import type { JSONSchema } from 'json-schema-to-ts';
import { isRecord } from '../../../checks/contract/json.ts';
import type { Signing, SigningRole } from '../../../checks/contract/people.ts';
import type { Plan, Release } from '../../../checks/contract/plan.ts';

const PRINCIPAL = '^[^\\s,"*?!]+$';

/** A role: a text that says who it is, or a map that names who signs for it, too. */
export const roleSchema = {
  oneOf: [
    { type: 'string', minLength: 1 },
    {
      type: 'object',
      additionalProperties: false,
      required: ['title', 'signers'],
      properties: {
        title: { type: 'string', minLength: 1, description: 'Who that is' },
        signers: {
          type: 'array',
          minItems: 1,
          uniqueItems: true,
          items: { type: 'string', pattern: PRINCIPAL },
          description: 'Principals of allowed_signers who may sign for it, in full, without wildcards',
        },
        quorum: { type: 'integer', minimum: 1, description: 'How many of them must (1)' },
      },
    },
  ],
} as const satisfies JSONSchema;

export const signingSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    twoPerson: { type: 'boolean', description: 'Nobody signs for two roles (true)' },
    excludeAuthors: {
      type: 'boolean',
      description: 'Who wrote the release does not sign it, nor who wrote a waiver or an override approve it (true)',
    },
    maxWaived: { type: 'integer', minimum: 0, description: 'How many items may be waived at once (as many as are)' },
  },
  description: 'The rules by which signatures count',
} as const satisfies JSONSchema;

export const authorsSchema = {
  type: 'array',
  uniqueItems: true,
  items: { type: 'string', pattern: PRINCIPAL },
  description:
    'Who wrote the release, as allowed_signers names them; without it the authors of its commit in this repository',
} as const satisfies JSONSchema;

/** As the file says it; `authors` where it names them. */
export type StatedSigning = Omit<Signing, 'authors'> & { readonly authors?: readonly string[] };

/** Titles of roles by name, whichever way they are written. */
export function roleTitles(roles: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(roles).map(([name, role]) => [name, isRecord(role) ? String(role['title']) : String(role)]),
  );
}

/** What a checklist says of signing; undefined where it names no signer. */
export function signingOf(value: Readonly<Record<string, unknown>>): StatedSigning {
  const roles = isRecord(value['roles']) ? value['roles'] : {};
  const rules = isRecord(value['signing']) ? value['signing'] : {};
  const release = isRecord(value['release']) ? value['release'] : {};
  const authors: unknown = release['authors'];
  return {
    roles: Object.fromEntries(
      Object.entries(roles).flatMap(([name, role]) => (isRecord(role) ? [[name, signersOf(role)]] : [])),
    ),
    twoPerson: rules['twoPerson'] !== false,
    excludeAuthors: rules['excludeAuthors'] !== false,
    ...(Array.isArray(authors) ? { authors: authors.map(String) } : {}),
    ...(typeof rules['maxWaived'] === 'number' ? { maxWaived: rules['maxWaived'] } : {}),
  };
}

function signersOf(role: Readonly<Record<string, unknown>>): SigningRole {
  const signers: unknown = role['signers'];
  return { signers: Array.isArray(signers) ? signers.map(String) : [], quorum: Number(role['quorum'] ?? 1) };
}

/** Whom a rehearsal's keys are made for. */
export function rehearsalSigner(role: string): string {
  return `${role}@rehearsal`;
}

/** The rules a plan is frozen with; nothing where nobody may sign. A rehearsal has a person of its own for each role. */
export function plannedSigning(
  { roles, signing }: { readonly roles: Readonly<Record<string, string>>; readonly signing: StatedSigning },
  environment: Pick<Plan['environment'], 'rehearsal'>,
  authorsOf: () => readonly string[] | null,
): { readonly signing?: Signing } {
  const names = environment.rehearsal
    ? Object.fromEntries(Object.keys(roles).map((role) => [role, { signers: [rehearsalSigner(role)], quorum: 1 }]))
    : signing.roles;
  const { twoPerson, excludeAuthors, authors, maxWaived } = signing;
  if (Object.keys(names).length === 0 && maxWaived === undefined) return {};
  return {
    signing: {
      ...{ roles: names, twoPerson, excludeAuthors, authors: authors ?? (excludeAuthors ? authorsOf() : []) },
      ...(maxWaived === undefined ? {} : { maxWaived }),
    },
  };
}

/** Author, committer and co-authors of the release's commit, where this repository has it. */
export function commitAuthors(root: string, { commit }: Release): readonly string[] | null {
  if (!/^[0-9a-f]{40}$/.test(commit)) return null;
  const format = '%ae%n%ce%n%(trailers:key=Co-authored-by,valueonly)';
  try {
    const text = execFileSync('git', ['log', '-1', `--format=${format}`, commit, '--'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const names = text.split('\n').map((line) => /<([^>]+)>/.exec(line)?.[1] ?? line.trim());
    return [...new Set(names.filter((name) => name !== ''))];
  } catch {
    return null;
  }
}

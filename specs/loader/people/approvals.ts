/**
 * Signatures on a release: `approvals/<environment>/*.yaml` beside the checklist, each with its signature beside it (`FILE.sig`). Anybody can
 * verify one: ssh-keygen -Y verify -f allowed_signers -I SIGNER -n golive-signoff -s FILE.sig < FILE
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { FromSchema, JSONSchema } from 'json-schema-to-ts';
import type { Approval, WrittenApproval } from '../../../checks/contract/people.ts';
import { PHASES } from '../../../checks/contract/plan.ts';
import { schemaErrors } from '../../../checks/kit/params.ts';
import { problemsFromAjv } from '../ajv-problems.ts';
import type { Problem } from '../problems.ts';
import { API_VERSION } from '../schemas.ts';
import { parseYamlFile } from '../yaml/parse.ts';
import { timestampOf } from './timestamps.ts';
import { peopleFolders, signedBy, type KeyPlace, type PeopleKeys } from './keys.ts';

export const APPROVALS_FOLDER = 'approvals';

const text = (description: string) => ({ type: 'string', minLength: 1, description }) as const;
const map = <const P extends Readonly<Record<string, JSONSchema>>, const R extends readonly (keyof P & string)[]>(
  properties: P,
  required: R,
) => ({ type: 'object', additionalProperties: false, required, properties }) as const;

const covers = map(
  {
    plan: text('Digest of the frozen plan'),
    checklist: text("The checklist's name"),
    release: map({ name: text('Name'), version: text('Version'), commit: text('Commit') }, [
      'name',
      'version',
      'commit',
    ]),
    environment: map({ name: text('Name'), uid: text("UID of the cluster's kube-system") }, ['name', 'uid']),
    through: { enum: PHASES, description: 'The last phase that it covers' },
    readiness: text('Readiness when it was signed'),
    images: { type: 'array', items: text('Name and digest'), description: 'Images that the evidence is bound to' },
    items: {
      type: 'object',
      additionalProperties: text('Outcome; waivers and attestations by their digest'),
      description: 'What became of each item',
    },
  },
  ['plan', 'checklist', 'release', 'environment', 'through', 'readiness', 'images', 'items'],
);

export const approvalSchema = map(
  {
    apiVersion: { const: API_VERSION, description: 'The format of this file' },
    approval: map(
      {
        role: text('The role that signs'),
        signer: text('Who signs, as allowed_signers names them'),
        verdict: { enum: ['approve', 'reject'], description: 'A rejection is a veto' },
        reason: text('Why it is rejected'),
        signedAt: text('RFC 3339'),
        covers,
      },
      ['role', 'signer', 'verdict', 'signedAt', 'covers'],
    ),
  },
  ['apiVersion', 'approval'],
);

export interface LoadedApprovals {
  readonly approvals: readonly Approval[];
  readonly problems: readonly Problem[];
}

/** Everything signed for an environment. Never throws. */
export function readApprovals(
  root: string,
  place: KeyPlace & { readonly environment?: { readonly name: string; readonly rehearsal: boolean } },
  keys: PeopleKeys,
): LoadedApprovals {
  const { environment } = place;
  if (!environment) return { approvals: [], problems: [] };
  const files = peopleFolders(place).flatMap((folder) =>
    yamlFiles(root, join(folder, APPROVALS_FOLDER, environment.name)),
  );
  const read = files.map((file) => readApproval(root, file, keys, place.checklist.file));
  return {
    approvals: read.flatMap((one) => ('approval' in one ? [one.approval] : [])),
    problems: read.flatMap((one) => ('problems' in one ? one.problems : [])),
  };
}

/** `checklist`: its file, where timestamps are looked at, too. Never throws. */
export function readApproval(
  root: string,
  file: string,
  keys: PeopleKeys,
  checklist?: string,
): { readonly approval: Approval } | { readonly problems: readonly Problem[] } {
  const path = resolve(root, file);
  try {
    const text = readFileSync(path, 'utf8');
    const beside = existsSync(`${path}.sig`) ? { signature: readFileSync(`${path}.sig`, 'utf8') } : {};
    const read = parseApproval({ text, ...beside }, file, keys);
    const timestamp = checklist === undefined ? undefined : timestampOf(root, `${file}.sig`, checklist);
    return 'approval' in read && timestamp ? { approval: { ...read.approval, timestamp } } : read;
  } catch {
    const message = 'it cannot be read';
    return { problems: [{ file, line: 0, column: 0, field: '', message, fix: 'Make it readable, or remove it' }] };
  }
}

/** What an approval says and whose it is, wherever its text comes from. `file`: what places name. */
export function parseApproval(
  written: WrittenApproval,
  file: string,
  keys: PeopleKeys,
): { readonly approval: Approval } | { readonly problems: readonly Problem[] } {
  const yaml = parseYamlFile(written.text, file);
  if (yaml.value === undefined || yaml.problems.length > 0) return { problems: yaml.problems };
  const errors = schemaErrors(approvalSchema, yaml.value);
  if (errors.length > 0) return { problems: problemsFromAjv(errors, { yaml, base: '' }) };
  const { approval } = yaml.value as FromSchema<typeof approvalSchema>;
  const { line, column } = yaml.at('/approval');
  const signed = signedBy(written.text, written.signature, keys);
  return { approval: { ...approval, place: `${file}:${line}:${column}`, signed, written } };
}

function yamlFiles(root: string, folder: string): readonly string[] {
  const path = resolve(root, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path)
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => join(folder, name));
}

/** The objects that files of the project describe. */
import { JSON_SCHEMA } from 'js-yaml';
import type { ProjectFiles } from '../../contract/capabilities.ts';
import type { KubeObject } from '../../contract/cluster.ts';
import { isRecord, textAt } from '../../contract/json.ts';
import { attempt, ObservationError } from '../../kit/kind.ts';
import { yamlDocuments } from '../../protocols/yaml.ts';

export interface Manifest {
  readonly file: string;
  readonly object: KubeObject;
  /** Some of its values are put in before it is applied. */
  readonly isTemplate: boolean;
}
export interface Manifests {
  readonly manifests: readonly Manifest[];
  /** Their keys are compared where the gate may read them; their values never. */
  readonly secrets: readonly Manifest[];
  /** What was not compared, and why. */
  readonly leftOut: readonly { readonly what: string; readonly why: string }[];
}

/** Reads every manifest of a folder. Throws `misconfigured` for a file that is none. */
export async function readManifests(files: ProjectFiles, folder: string): Promise<Manifests> {
  const [manifests, secrets]: [Manifest[], Manifest[]] = [[], []];
  const leftOut: { what: string; why: string }[] = [];
  for (const file of await files.list(folder)) {
    const isTemplate = /\.(ya?ml|json)\.(template|tpl|tmpl)$/.test(file);
    if (!isTemplate && !/\.(ya?ml|json)$/.test(file)) {
      leftOut.push({ what: file, why: 'no manifest' });
      continue;
    }
    const text = await files.read(file);
    const { seen } = isTemplate
      ? await attempt(async () => Promise.resolve(parse(file, text)))
      : { seen: parse(file, text) };
    // Some become YAML only when they are filled in: nothing of those can be compared.
    if (!seen) leftOut.push({ what: file, why: 'a template that is no YAML before it is filled in' });
    for (const object of seen ?? [])
      (object.apiVersion === 'v1' && object.kind === 'Secret' ? secrets : manifests).push({ file, object, isTemplate });
  }
  return { manifests, secrets, leftOut };
}

/** `Deployment shop/api`. */
export function subjectOf({ kind, metadata: { namespace, name } }: KubeObject): string {
  return namespace === undefined ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}

function parse(file: string, text: string): KubeObject[] {
  let documents: unknown[];
  try {
    documents = yamlDocuments(text, { schema: JSON_SCHEMA });
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    throw new ObservationError('misconfigured', `${file} is no YAML: ${why}`, { fix: 'Correct the file' });
  }
  return documents
    .filter((document) => document !== null && document !== undefined)
    .flatMap((one) => objectsOf(file, one));
}

/** One object, or the members of a List. */
function objectsOf(file: string, document: unknown): KubeObject[] {
  if (isRecord(document) && document['kind'] === 'List' && Array.isArray(document['items'])) {
    return (document['items'] as unknown[]).flatMap((item) => objectsOf(file, item));
  }
  const isObject =
    isRecord(document) &&
    textAt(document, '', 'apiVersion') !== '' &&
    textAt(document, '', 'kind') !== '' &&
    textAt(document, '', 'metadata', 'name') !== '';
  if (isObject) return [document as unknown as KubeObject];
  throw new ObservationError('misconfigured', `${file} holds something without apiVersion, kind or metadata.name`, {
    fix: 'Move what is no manifest out of the folder, or complete it',
  });
}

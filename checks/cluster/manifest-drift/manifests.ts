/** The objects that files of the project describe. */
import { JSON_SCHEMA } from 'js-yaml';
import type { ProjectFiles } from '../../contract/capabilities.ts';
import type { KubeObject } from '../../contract/cluster.ts';
import { ObservationError } from '../../contract/capabilities.ts';
import { isRecord, textAt } from '../../contract/json.ts';
import { yamlDocuments } from '../../protocols/yaml.ts';

export interface Manifest {
  readonly file: string;
  readonly object: KubeObject;
}
export interface Manifests {
  readonly manifests: readonly Manifest[];
  /** What was not compared, and why. */
  readonly leftOut: readonly { readonly what: string; readonly why: string }[];
}

/** Reads every manifest of a folder. Throws `misconfigured` for a file that is none. */
export async function readManifests(files: ProjectFiles, folder: string): Promise<Manifests> {
  const manifests: Manifest[] = [];
  const leftOut: { what: string; why: string }[] = [];
  for (const file of await files.list(folder)) {
    if (!/\.(ya?ml|json)$/.test(file)) {
      leftOut.push({
        what: file,
        why: /\.template$/.test(file) ? 'a template: its values are not in the project' : 'no manifest',
      });
      continue;
    }
    for (const object of parse(file, await files.read(file))) {
      if (object.apiVersion === 'v1' && object.kind === 'Secret') {
        leftOut.push({ what: `${file}: ${subjectOf(object)}`, why: 'a Secret: its values are never read' });
      } else manifests.push({ file, object });
    }
  }
  return { manifests, leftOut };
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

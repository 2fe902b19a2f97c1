/**
 * ConfigMaps and Secrets that the release of before takes, as they were before the cutover, and putting them back. What they hold stays in the
 * memory of this process: a journal is no place for it. Another process, of a cutover that died, can only tell that one was changed.
 */
import { canonicalJson } from '../checks/contract/canonical.ts';
import { ObservationError } from '../checks/contract/capabilities.ts';
import type { KubeObject, ResourceType } from '../checks/contract/cluster.ts';
import type { RecordedSetting } from '../checks/contract/cutover.ts';
import { at, isRecord } from '../checks/contract/json.ts';
import { CONFIG_MAPS, DEPLOYMENTS, SECRETS } from '../checks/protocols/kubernetes.ts';
import type { JsonPatchOperation } from '../checks/protocols/traffic/system.ts';
import type { ClusterLink } from '../fixtures/capabilities/cluster-link.ts';
import { podReferences } from '../k8s/semantics/references.ts';
import { CONFLICTS, patchObject, readObject } from './persistence.ts';

export interface DeclaredSettings {
  readonly configMaps: readonly string[];
  readonly secrets: readonly string[];
}
export interface KeptSettings {
  /**
   * What the Deployments take now. Throws ObservationError `precondition` for one that is not declared, `not-found` for one that is not
   * there: neither could be put back.
   */
  record(deployments: readonly string[], signal: AbortSignal): Promise<readonly RecordedSetting[]>;
  /** Throws ObservationError `precondition` where it was changed and nobody knows any more what it held, `not-found` where it is gone. */
  restore(recorded: RecordedSetting, signal: AbortSignal): Promise<'unchanged' | 'restored'>;
}
/** What an object holds: `data`, `binaryData` of a ConfigMap. */
type Content = Readonly<Partial<Record<'data' | 'binaryData', unknown>>>;

const TYPES: Readonly<Record<RecordedSetting['kind'], ResourceType>> = { ConfigMap: CONFIG_MAPS, Secret: SECRETS };
/** Shorter ones are hidden by nobody, and never written here either. */
const SHORTEST = 8;
const PARTS = ['data', 'binaryData'] as const;

/** `hide` is told each value of a Secret, so that none is ever written. */
export function keptSettings(
  link: ClusterLink,
  namespace: string,
  declared: DeclaredSettings,
  hide: (value: string) => void,
): KeptSettings {
  const contents = new Map<string, Content>();
  return {
    async record(deployments, signal) {
      const taken = await takenBy(link, namespace, deployments, signal);
      for (const { kind, name, by } of taken) requireDeclared(declared, { kind, name, by, namespace });
      return await Promise.all(
        taken.map(async ({ kind, name, by }) => {
          const object = await readObject(link, TYPES[kind], namespace, name, signal);
          if (!object) throw notThere(link, { kind, namespace, name }, `Deployment ${by} takes it`);
          if (kind === 'Secret') for (const value of valuesOf(object)) hide(value);
          const { uid = '', resourceVersion = '' } = object.metadata;
          contents.set(`${kind} ${name}`, contentOf(object));
          return { kind, namespace, name, uid, resourceVersion };
        }),
      );
    },
    restore: (recorded, signal) => restore(link, recorded, contents.get(`${recorded.kind} ${recorded.name}`), signal),
  };
}

interface Taken {
  readonly kind: RecordedSetting['kind'];
  readonly name: string;
  /** The first Deployment that takes it. */
  readonly by: string;
}

/** What their pods could not start without, each once. */
async function takenBy(
  link: ClusterLink,
  namespace: string,
  deployments: readonly string[],
  signal: AbortSignal,
): Promise<readonly Taken[]> {
  const found = new Map<string, Taken>();
  for (const by of deployments) {
    const deployment = await readObject(link, DEPLOYMENTS, namespace, by, signal);
    for (const { kind, name, optional, use } of podReferences(at(deployment, 'spec', 'template', 'spec'))) {
      const isSetting = (kind === 'ConfigMap' || kind === 'Secret') && use !== 'imagePull' && !optional;
      if (isSetting && !found.has(`${kind} ${name}`)) found.set(`${kind} ${name}`, { kind, name, by });
    }
  }
  return [...found.values()];
}

function requireDeclared(
  { configMaps, secrets }: DeclaredSettings,
  { kind, name, by, namespace }: Taken & { readonly namespace: string },
): void {
  if ((kind === 'ConfigMap' ? configMaps : secrets).includes(name)) return;
  throw new ObservationError(
    'precondition',
    `Deployment ${namespace}/${by} takes ${kind} ${namespace}/${name}, which is not among the settings of the item: once changed, nobody could put it back`,
    {
      fix: `Add ${name} to params.settings.${kind === 'ConfigMap' ? 'configMaps' : 'secrets'} of the item of kind cutover/weights, and grant its rights`,
    },
  );
}

async function restore(
  link: ClusterLink,
  recorded: RecordedSetting,
  content: Content | undefined,
  signal: AbortSignal,
): Promise<'unchanged' | 'restored'> {
  const { kind, namespace, name, uid, resourceVersion } = recorded;
  const type = TYPES[kind];
  for (let attempt = 1; ; attempt += 1) {
    const object = await readObject(link, type, namespace, name, signal);
    if (!object) throw notThere(link, recorded, 'it was there when the cutover began');
    const isUntouched = object.metadata.uid === uid && object.metadata.resourceVersion === resourceVersion;
    if (isUntouched || (content && canonicalJson(contentOf(object)) === canonicalJson(content)))
      return attempt === 1 ? 'unchanged' : 'restored';
    if (!content)
      throw new ObservationError(
        'precondition',
        `${link.where}: ${kind} ${namespace}/${name} was written since the cutover began, and what it held then was known to the process of the cutover alone`,
        { fix: `Compare it with what the release before had, put that back, and restart its pods` },
      );
    const patched = await patchObject(link, type, object, operationsOf(object, content), signal);
    if (patched.done) return 'restored';
    // Without the server's words: what it finds invalid it may quote.
    if (attempt > CONFLICTS)
      throw new ObservationError(
        'protocol',
        `${link.where}: ${kind} ${namespace}/${name} could not be put back: the API server answers ${patched.answer.response.status}`,
      );
  }
}

function operationsOf(object: KubeObject, content: Content): readonly JsonPatchOperation[] {
  const { resourceVersion = '' } = object.metadata;
  return [
    { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
    // An empty map holds nothing, as an absent one does.
    ...PARTS.filter((part) => content[part] !== undefined || at(object, part) !== undefined).map(
      (part): JsonPatchOperation => ({ op: 'add', path: `/${part}`, value: content[part] ?? {} }),
    ),
  ];
}

function contentOf(object: KubeObject): Content {
  const held = PARTS.map((part) => [part, at(object, part)] as const);
  return Object.fromEntries(held.filter(([, value]) => isRecord(value) && Object.keys(value).length > 0));
}

/** Without plain words: `true` or the name of a user would be taken out of every line of the log. */
const valuesOf = (secret: KubeObject): readonly string[] =>
  Object.values(at(secret, 'data') ?? {})
    .flatMap((value) => (typeof value === 'string' ? [Buffer.from(value, 'base64').toString('utf8')] : []))
    .filter((value) => value.length >= SHORTEST && !/^[A-Za-z-]*$/.test(value));

function notThere(
  link: ClusterLink,
  { kind, namespace, name }: Pick<RecordedSetting, 'kind' | 'namespace' | 'name'>,
  why: string,
): ObservationError {
  return new ObservationError('not-found', `${link.where}: ${kind} ${namespace}/${name} does not exist, and ${why}`, {
    fix: 'Create it as the release before had it',
  });
}

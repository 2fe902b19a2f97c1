import { kubernetesName } from '../../contract/param-schemas.ts';
import type { KubeObject, ResourceType } from '../../contract/cluster.ts';
import {
  defineCheck,
  ObservationError,
  type Capabilities,
  type FromSchema,
  type JSONSchema,
} from '../../kit/define-check.ts';
import { groupOf } from '../../protocols/kubernetes.ts';
import { judge, messages, type Gathered, type Held } from './judge.ts';
import { readManifests, subjectOf, type Manifest } from './manifests.ts';

const text = (description: string) => ({ type: 'string', minLength: 1, description }) as const;
const params = {
  type: 'object',
  additionalProperties: false,
  required: ['folder', 'resources'],
  properties: {
    folder: text(
      'Folder of the project that holds the manifests (*.yaml, *.yml, *.json). Templates in it are left out.',
    ),
    resources: {
      type: 'array',
      minItems: 1,
      description:
        'Every type of object in the manifests, by namespace: what the gate gets the right to read and to try to apply.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['apiVersion', 'kind', 'resource'],
        properties: {
          apiVersion: text('For example apps/v1.'),
          kind: text('For example Deployment.'),
          resource: text('Its plural in lower case, for example deployments.'),
          namespace: kubernetesName('Namespace of the objects; absent for types without one.'),
        },
      },
    },
    ignore: {
      type: 'array',
      default: [],
      description: 'Fields that may differ, each with the reason: replicas that an autoscaler sets, for example.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['kind', 'field', 'why'],
        properties: {
          kind: text('Kind of the object.'),
          name: text('Name of the object; absent for all of the kind.'),
          field: text('The field as findings name it, for example spec.replicas; what stands below it is meant too.'),
          why: { type: 'string', minLength: 10, description: 'Why it may differ, in a sentence.' },
        },
      },
    },
  },
} as const satisfies JSONSchema;
export type Params = FromSchema<typeof params>;

/** Marks the one dry run that must come back changed. */
const CONTROL = 'golive.dev/dry-run-control';

export const manifestDrift = defineCheck({
  meta: {
    kind: 'cluster/manifest-drift',
    title: 'The cluster holds what the manifests describe',
    why: 'What was changed by hand is lost with the next rollout, and what was never applied is missing on the day it is needed.',
    sees: 'For each object of the manifests: that it exists, and that applying the manifest (server-side, as a dry run) would change nothing in it, after the API server has filled in its defaults; that a dry run with a change does come back changed, and that nothing of it was stored. Not: fields and objects that no manifest names, templates, and Secrets, whose values a check never reads. The gate needs the right to patch, and dry runs of a changed Role need its rights as well.',
    needs: ['cluster', 'files'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: ({ resources }: Params) => [
    ...resources.map((resource) => ({
      ...(resource.namespace === undefined ? {} : { namespace: resource.namespace }),
      groups: [groupOf(resource)],
      resources: [resource.resource],
      verbs: ['get', 'patch'],
    })),
    // What the types are called in paths is looked up; not every cluster lets everybody do that.
    {
      groups: [],
      resources: [],
      verbs: ['get'],
      nonResourceURLs: [...new Set(resources.map(({ apiVersion }) => discoveryPath(apiVersion)))],
    },
  ],
  gather,
  judge,
});

async function gather(
  { folder, resources }: Params,
  { cluster, files }: Pick<Capabilities, 'cluster' | 'files'>,
): Promise<Gathered> {
  const { manifests, leftOut } = await readManifests(files, folder);
  const typed = manifests.map((manifest) => ({ manifest, type: typeOf(manifest, resources) }));
  const objects: Held[] = [];
  for (const { manifest, type } of typed) objects.push(await look(cluster, type, manifest));
  const first = typed.find((_, index) => objects[index]?.live !== null);
  return { objects, leftOut, control: first ? await control(cluster, first.type, first.manifest) : null };
}

function discoveryPath(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

function typeOf({ file, object }: Manifest, resources: Params['resources']): ResourceType {
  const { apiVersion, kind, metadata } = object;
  const found = resources.find(
    (one) => one.apiVersion === apiVersion && one.kind === kind && one.namespace === metadata.namespace,
  );
  if (found) return { apiVersion, kind, resource: found.resource };
  const where = metadata.namespace === undefined ? 'without a namespace' : `in namespace ${metadata.namespace}`;
  throw new ObservationError(
    'misconfigured',
    `${file}: ${subjectOf(object)} is of a type that resources does not name`,
    {
      fix: `Add ${kind} of ${apiVersion} ${where} to resources of the item`,
    },
  );
}

async function look(cluster: Capabilities['cluster'], type: ResourceType, { file, object }: Manifest): Promise<Held> {
  const { name, namespace } = object.metadata;
  const held = { file, subject: subjectOf(object), kind: object.kind, name };
  let live: KubeObject;
  try {
    live = await cluster.get(type, name, namespace);
  } catch (error) {
    if (error instanceof ObservationError && error.code === 'not-found') return { ...held, live: null, applied: null };
    throw error;
  }
  try {
    return { ...held, live, applied: await tried(cluster, object) };
  } catch (error) {
    // The manifest is refused: a field that cannot be changed differs, or the manifest is invalid for this cluster.
    if (!(error instanceof ObservationError) || error.code !== 'protocol') throw error;
    return { ...held, live, applied: null, refusal: error.message };
  }
}

async function tried(cluster: Capabilities['cluster'], object: KubeObject): Promise<KubeObject> {
  const applied = await cluster.dryRunApply(object);
  if (applied.kind === object.kind && applied.metadata.name === object.metadata.name) return applied;
  throw new ObservationError('unreachable', `a dry run of ${subjectOf(object)} answered ${subjectOf(applied)}`, {
    fix: 'Check that the address is an API server and no proxy that answers in its place',
  });
}

/** A dry run with one more annotation must show it, and must not store it. */
async function control(
  cluster: Capabilities['cluster'],
  type: ResourceType,
  { object }: Manifest,
): Promise<Gathered['control']> {
  const { metadata } = object;
  const changed = { ...object, metadata: { ...metadata, annotations: { ...metadata.annotations, [CONTROL]: 'true' } } };
  const subject = subjectOf(object);
  try {
    const applied = await tried(cluster, changed);
    const stored = await cluster.get(type, metadata.name, metadata.namespace);
    const shows = (one: KubeObject): boolean => one.metadata.annotations?.[CONTROL] === 'true';
    return { subject, shown: shows(applied), stored: shows(stored) };
  } catch (error) {
    // Refused like the manifest itself, which is a finding already.
    if (!(error instanceof ObservationError) || error.code !== 'protocol') throw error;
    return { subject, shown: false, stored: false };
  }
}

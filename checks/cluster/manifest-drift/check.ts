import type { KubeObject, ResourceType } from '../../contract/cluster.ts';
import { isRecord } from '../../contract/json.ts';
import { attempt, kind, ObservationError, type Capabilities } from '../../kit/kind.ts';
import { groupOf } from '../../protocols/kubernetes.ts';
import { judge, messages, type Held, type Seen } from './judge.ts';
import { overlaid } from './overlay.ts';
import { readManifests, subjectOf, type Manifest } from './manifests.ts';
import { params, type Params } from './params.ts';

/** Marks the one dry run that must come back changed. */
const CONTROL = 'golive.dev/dry-run-control';

export const manifestDrift = kind('cluster/manifest-drift', {
  title: 'The cluster holds what the manifests describe',
  why: 'What was changed by hand is lost with the next rollout, and what was never applied is missing on the day it is needed.',
  sees: [
    'For each object of the manifests, that it exists, and that applying the manifest (server-side, as a dry run) would change nothing in it, after the API server has filled in its defaults.',
    'A dry run with a change does come back changed, and nothing of it was stored.',
    'Roles and bindings whose dry run needs rights that the gate lacks, and objects of templates of a declared type, field by field.',
    'Of declared Secrets that they have the keys that the manifest names, and no others.',
    'Nothing added that no manifest names: containers, variables, volumes and whatever else in pod templates, keys of ConfigMaps, ports of Services, labels and annotations with an effect.',
  ],
  not: ['Objects that no manifest names.', 'Values of Secrets.'],
  needs: ['cluster', 'files', 'secrets'],
  required: ['folder', 'resources'],
  params,
  messages,
  rights: ({ resources, secrets }) => [
    ...secrets.map(({ namespace, name }) => ({
      namespace,
      groups: [''],
      resources: ['secrets'],
      verbs: ['get'],
      resourceNames: [name],
    })),
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

  async gather({ folder, resources, secrets: declared }, { cluster, files, secrets }): Promise<Seen> {
    const { manifests, secrets: shapes, leftOut } = await readManifests(files, folder);
    const typed = manifests.map((manifest) => ({ manifest, type: typeOf(manifest, resources) }));
    const compared = typed.flatMap(({ manifest, type }) => (type ? [{ manifest, type }] : []));
    const objects = await Promise.all(compared.map(({ manifest, type }) => look(cluster, type, manifest)));
    const first = compared.find((_, index) => isTried(objects[index]));
    const isDeclared = ({ object: { metadata } }: Manifest): boolean =>
      declared.some(({ namespace, name }) => namespace === metadata.namespace && name === metadata.name);
    const named = ({ file, object }: Manifest): string => `${file}: ${subjectOf(object)}`;
    return {
      objects,
      secrets: await Promise.all(shapes.filter(isDeclared).map((shape) => keysOf(secrets, shape))),
      leftOut: [
        ...leftOut,
        ...shapes
          .filter((one) => !isDeclared(one))
          .map((one) => ({ what: named(one), why: 'params.secrets does not name it' })),
        ...typed.flatMap(({ manifest, type }) =>
          type ? [] : [{ what: named(manifest), why: 'a template of a type that resources does not name' }],
        ),
      ],
      control: first ? await control(cluster, first.type, first.manifest) : null,
    };
  },

  judge,
});

const isTried = (held?: Held): boolean => Boolean(held?.live) && !held?.untried && !held?.isDirect;

function discoveryPath(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

/** Undefined for what a template holds of a type that is not declared. */
function typeOf({ file, object, isTemplate }: Manifest, resources: Params['resources']): ResourceType | undefined {
  const { apiVersion, kind, metadata } = object;
  const found = resources.find(
    (one) => one.apiVersion === apiVersion && one.kind === kind && one.namespace === metadata.namespace,
  );
  if (found) return { apiVersion, kind, resource: found.resource };
  if (isTemplate) return undefined;
  const where = metadata.namespace === undefined ? 'without a namespace' : `in namespace ${metadata.namespace}`;
  throw new ObservationError(
    'misconfigured',
    `${file}: ${subjectOf(object)} is of a type that resources does not name`,
    {
      fix: `Add ${kind} of ${apiVersion} ${where} to resources of the item`,
    },
  );
}

async function look(
  cluster: Capabilities['cluster'],
  type: ResourceType,
  { file, object, isTemplate }: Manifest,
): Promise<Held> {
  const { name, namespace } = object.metadata;
  const held = { file, subject: subjectOf(object), kind: object.kind, name, manifest: object };
  const { seen: live, refusal } = await attempt(() => cluster.get(type, name, namespace));
  if (!live)
    return { ...held, live: null, applied: null, ...(refusal.code === 'not-found' ? {} : { untried: refusal }) };
  // What the values in its places are nobody here knows, so there is nothing to apply.
  if (isTemplate) return { ...held, live, applied: overlaid(live, object) as KubeObject, isDirect: true };
  try {
    return { ...held, live, applied: await tried(cluster, object) };
  } catch (error) {
    if (!(error instanceof ObservationError)) throw error;
    const { code, message } = error;
    // The manifest is refused: a field that cannot be changed differs, or the manifest is invalid for this cluster.
    if (code === 'protocol') return { ...held, live, applied: null, refusal: message };
    if (code !== 'forbidden') throw error;
    // Whoever changes a role needs its rights, also in a dry run: its fields have no defaults and are compared as they stand.
    if (object.apiVersion.startsWith(`${RBAC_GROUP}/`))
      return { ...held, live, applied: withGrants(live, object), isDirect: true };
    return { ...held, live, applied: null, untried: { code, message } };
  }
}

/** What the manifest of a Secret and the cluster say that its keys are. */
async function keysOf(secrets: Capabilities['secrets'], { file, object }: Manifest): Promise<Seen['secrets'][number]> {
  const { name, namespace = '' } = object.metadata;
  const { seen, refusal } = await attempt(() => secrets.facts(namespace, name));
  const wanted = ['data', 'stringData'].flatMap((field) => Object.keys(recordAt(object, field)));
  return { file, subject: subjectOf(object), wanted, keys: seen?.map(({ key }) => key) ?? null, refusal };
}

const recordAt = (object: KubeObject, field: string): object => (isRecord(object[field]) ? object[field] : {});

const RBAC_GROUP = 'rbac.authorization.k8s.io';

/** The live object with what the manifest grants, and to whom; the group is all that the API server fills in. */
function withGrants(live: KubeObject, { rules, aggregationRule, roleRef, subjects }: KubeObject): KubeObject {
  const grouped = (one: unknown): unknown =>
    isRecord(one) && one['kind'] !== 'ServiceAccount' ? { apiGroup: RBAC_GROUP, ...one } : one;
  return {
    ...live,
    rules,
    aggregationRule,
    roleRef: grouped(roleRef),
    subjects: Array.isArray(subjects) ? subjects.map(grouped) : subjects,
  };
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
): Promise<Seen['control']> {
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

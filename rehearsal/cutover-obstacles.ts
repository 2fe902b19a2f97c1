/**
 * Levers over what a cutover needs of the cluster: its rights, its Lease, the revisions it would go back to.
 *
 *   rbac.revoke   {role, resource, group?, verbs, namespace?}  takes verbs on a resource out of a Role's rules; the release puts its rules back
 *   lease.hold    {name, holder?, namespace?}                  somebody else holds the Lease and keeps renewing it; the release deletes it
 *   revision.lose {deployment, namespace?}                     the Deployment is paused and its ReplicaSets are gone; their pods stay. The
 *                                                              release lets it go on: it makes a ReplicaSet, which takes the pods over.
 */
import type { ResourceType } from '../checks/contract/cluster.ts';
import { at, isRecord, listAt, textAt } from '../checks/contract/json.ts';
import type { ControlPlane } from './control-plane-types.ts';
import type { LeverArguments } from '../fixtures/rehearsal-client/control-protocol.ts';
import type { Levers, Release } from './levers.ts';
import { NAMESPACE } from './topology.ts';

const ROLES: ResourceType = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', resource: 'roles' };
const LEASES: ResourceType = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', resource: 'leases' };
const DEPLOYMENTS: ResourceType = { apiVersion: 'apps/v1', kind: 'Deployment', resource: 'deployments' };
const REPLICA_SETS: ResourceType = { apiVersion: 'apps/v1', kind: 'ReplicaSet', resource: 'replicasets' };

const RENEW_MS = 500;
const LEASE_SECONDS = 15;
/** How long the other ReplicaSets' owner may take to notice. */
const GONE_MS = 10_000;

type Plane = Pick<ControlPlane, 'apply' | 'get' | 'patch' | 'remove' | 'watchObjects'>;
type Json = Readonly<Record<string, unknown>>;

/** Adds `rbac.revoke`, `lease.hold` and `revision.lose`. */
export function addCutoverObstacles(levers: Levers, plane: Plane): void {
  levers.add('rbac.revoke', (args) => revoke(plane, args));
  levers.add('lease.hold', (args) => holdLease(plane, args));
  levers.add('revision.lose', (args) => loseRevision(plane, args));
}

async function revoke(plane: Plane, args: LeverArguments): Promise<Release> {
  const name = textOf(args, 'role');
  const resource = textOf(args, 'resource');
  const target = { name, namespace: textAt(args, NAMESPACE, 'namespace') };
  const verbs = listAt(args, 'verbs').map(String);
  const rules = listAt(await plane.get(ROLES, name, target.namespace), 'rules').filter(isRecord);
  const left = rules.flatMap((rule) => withoutVerbs(rule, textAt(args, '', 'group'), resource, verbs));
  if (JSON.stringify(left) === JSON.stringify(rules))
    throw new Error(`Role ${target.namespace}/${name} grants none of ${verbs.join(', ')} on ${resource}`);
  await plane.patch(ROLES, target, { rules: left });
  return async () => {
    await plane.patch(ROLES, target, { rules });
  };
}

/** The rule without those verbs on that resource: split in two where it is about others as well. */
function withoutVerbs(rule: Json, group: string, resource: string, verbs: readonly string[]): readonly Json[] {
  const [groups, resources] = [listAt(rule, 'apiGroups'), listAt(rule, 'resources')];
  const kept = listAt(rule, 'verbs').filter((verb) => !verbs.includes(String(verb)));
  if (!groups.includes(group) || !resources.includes(resource) || kept.length === listAt(rule, 'verbs').length)
    return [rule];
  const others = resources.filter((one) => one !== resource);
  return [
    ...(others.length > 0 ? [{ ...rule, resources: others }] : []),
    ...(kept.length > 0 ? [{ ...rule, resources: [resource], verbs: kept }] : []),
  ];
}

async function holdLease(plane: Plane, args: LeverArguments): Promise<Release> {
  const name = textOf(args, 'name');
  const holder = textAt(args, 'another-cutover', 'holder');
  const target = { name, namespace: textAt(args, NAMESPACE, 'namespace') };
  const spec = (): Json => ({
    holderIdentity: holder,
    leaseDurationSeconds: LEASE_SECONDS,
    renewTime: new Date().toISOString().replace('Z', '000Z'),
  });
  const write = async (): Promise<void> => {
    if (await plane.get(LEASES, name, target.namespace)) await plane.patch(LEASES, target, { spec: spec() });
    else await plane.apply({ apiVersion: LEASES.apiVersion, kind: LEASES.kind, metadata: target, spec: spec() });
  };
  await write();
  let writing = Promise.resolve();
  // What fails is tried again with the next one: whoever looks at it waits for its duration.
  const timer = setInterval(() => {
    writing = writing.then(write).catch(() => undefined);
  }, RENEW_MS);
  return async () => {
    clearInterval(timer);
    await writing;
    const left = await plane.get(LEASES, name, target.namespace);
    // It may be somebody else's by now.
    if (textAt(left, '', 'spec', 'holderIdentity') === holder) await plane.remove(LEASES, target);
  };
}

async function loseRevision(plane: Plane, args: LeverArguments): Promise<Release> {
  const name = textOf(args, 'deployment');
  const target = { name, namespace: textAt(args, NAMESPACE, 'namespace') };
  const { metadata } = (await plane.get(DEPLOYMENTS, name, target.namespace)) ?? {};
  if (!metadata) throw new Error(`there is no Deployment ${target.namespace}/${name}`);
  await plane.patch(DEPLOYMENTS, target, { spec: { paused: true } });
  const release = async (): Promise<void> => {
    await plane.patch(DEPLOYMENTS, target, { spec: { paused: null } });
  };
  try {
    await removeReplicaSets(plane, target.namespace, metadata.uid ?? '');
  } catch (error) {
    await release();
    throw error;
  }
  return release;
}

/** Removes the ReplicaSets of an owner, and leaves their pods; settles when there are none. */
function removeReplicaSets(plane: Plane, namespace: string, owner: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => finish(new Error(`its ReplicaSets have not gone in ${GONE_MS / 1000} s`)), GONE_MS);
    const asked = new Set<string>();
    const end = plane.watchObjects(REPLICA_SETS, (objects) => {
      const own = objects.filter(
        (one) =>
          one.metadata.namespace === namespace &&
          listAt(one, 'metadata', 'ownerReferences').some((reference) => at(reference, 'uid') === owner),
      );
      if (own.length === 0) finish();
      for (const { metadata } of own) {
        if (asked.has(metadata.uid ?? '')) continue;
        asked.add(metadata.uid ?? '');
        plane.remove(REPLICA_SETS, { name: metadata.name, namespace }, { orphan: true }).catch(finish);
      }
    });
    const finish = (cause?: Error): void => {
      clearTimeout(timer);
      end();
      if (cause) reject(cause);
      else resolve();
    };
  });
}

function textOf(args: LeverArguments, name: string): string {
  const value = args[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new Error(`the lever needs ${name}, a text`);
}

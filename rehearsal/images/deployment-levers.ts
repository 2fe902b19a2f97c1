/**
 * Lever over Deployments, as `kubectl set image` and its like change them: a merge patch of an object would have to repeat the whole list
 * of containers.
 *
 *   deployment.container {name, namespace?, container?, patch}  merges a patch into one container of the template (the first unless named);
 *                                                               the release puts the former containers back
 */
import { isRecord } from '../../checks/contract/json.ts';
import type { ResourceType } from '../../checks/contract/cluster.ts';
import type { ControlPlane } from '../control-plane-types.ts';
import type { LeverArguments } from '../../fixtures/rehearsal-client/control-protocol.ts';
import type { Levers, Release } from '../levers.ts';
import { NAMESPACE } from '../topology.ts';

const DEPLOYMENTS: ResourceType = { apiVersion: 'apps/v1', kind: 'Deployment', resource: 'deployments' };

type Json = Readonly<Record<string, unknown>>;
type Plane = Pick<ControlPlane, 'get' | 'patch'>;

/** Adds `deployment.container`. */
export function addDeploymentLevers(levers: Levers, plane: Plane): void {
  levers.add('deployment.container', (args) => changeContainer(plane, args));
}

async function changeContainer(plane: Plane, args: LeverArguments): Promise<Release> {
  const { name, namespace = NAMESPACE, container, patch } = args;
  if (typeof name !== 'string' || typeof namespace !== 'string' || !isRecord(patch)) {
    throw new Error('name and patch must say which Deployment and what to change');
  }
  const target = { name, namespace };
  const containers = containersOf(await plane.get(DEPLOYMENTS, name, namespace));
  const index = container === undefined ? 0 : containers.findIndex((one) => one['name'] === container);
  if (!containers[index]) throw new Error(`Deployment ${namespace}/${name} has no such container`);
  const put = async (list: readonly Json[]): Promise<void> => {
    await plane.patch(DEPLOYMENTS, target, { spec: { template: { spec: { containers: list } } } });
  };
  await put(containers.map((one, at) => (at === index ? merged(one, patch) : one)));
  return () => put(containers);
}

function containersOf(deployment: unknown): readonly Json[] {
  const found = ['spec', 'template', 'spec', 'containers'].reduce<unknown>(
    (value, name) => (isRecord(value) ? value[name] : undefined),
    deployment,
  );
  return Array.isArray(found) ? found.filter(isRecord) : [];
}

/** RFC 7396: null removes a member. */
function merged(before: Json, patch: Json): Json {
  const result: Record<string, unknown> = { ...before };
  for (const [name, value] of Object.entries(patch)) {
    const was = result[name];
    if (value === null) Reflect.deleteProperty(result, name);
    else result[name] = isRecord(value) && isRecord(was) ? merged(was, value) : value;
  }
  return result;
}

/** The rights of the process of the cutover, and asking for each by itself. */
import type { AccessAttributes, ClusterReader } from '../../contract/cluster.ts';
import type { Permission } from '../../kit/kind.ts';
import { systemOf } from '../../protocols/traffic/systems.ts';
import type { Params } from './params.ts';

export interface Right {
  readonly verb: string;
  /** `deployments.apps web`. */
  readonly resource: string;
  readonly allowed: boolean;
  readonly reason: string;
}

/** Weights, Lease, the rollback, and the health of critical services. */
export function cutoverRights({ route, together = [], deployments, services, lease, settings }: Params): Permission[] {
  const { namespace } = route;
  const may = (
    group: string,
    resource: string,
    verbs: readonly string[],
    resourceNames?: readonly string[],
  ): Permission => ({
    namespace,
    groups: [group],
    resources: [resource],
    verbs,
    ...(resourceNames && { resourceNames }),
  });
  return [
    ...[route, ...together].map((one) => ({
      ...may(groupOf(one), systemOf(one).type.resource, ['get', 'patch'], [one.name]),
      namespace: one.namespace,
    })),
    may('coordination.k8s.io', 'leases', ['get', 'update'], [lease]),
    // What does not exist yet has no name to be narrowed to.
    may('coordination.k8s.io', 'leases', ['create']),
    may('apps', 'deployments', ['get', 'patch'], deployments),
    may('apps', 'replicasets', ['get', 'list']),
    ...(['configMaps', 'secrets'] as const)
      .filter((name) => settings[name].length > 0)
      .map((name) => may('', name.toLowerCase(), ['get', 'patch'], settings[name])),
    may('', 'services/proxy', ['get'], [...new Set(services.map((service) => `${service.name}:${service.port}`))]),
  ];
}

const groupOf = (route: Params['route']): string => systemOf(route).type.apiVersion.split('/')[0] ?? '';

export async function askRights(params: Params, cluster: ClusterReader): Promise<Right[]> {
  const asked = cutoverRights(params)
    .flatMap(attributesOf)
    .map(async (attributes) => {
      const { allowed, reason } = await cluster.canI(attributes);
      return { verb: attributes.verb, resource: resourceText(attributes), allowed, reason };
    });
  return await Promise.all(asked);
}

type ResourceAttributes = Extract<AccessAttributes, { readonly resource: string }>;

function attributesOf({ namespace, groups, resources, verbs, resourceNames }: Permission) {
  const names: readonly (string | undefined)[] = resourceNames ?? [undefined];
  const [group = ''] = groups;
  const [resource = '', subresource] = (resources[0] ?? '').split('/');
  const all = { group, resource, ...(subresource && { subresource }), ...(namespace && { namespace }) };
  return verbs.flatMap((verb) => names.map((name): ResourceAttributes => ({ verb, ...all, ...(name && { name }) })));
}

/** `httproutes.gateway.networking.k8s.io api`. */
function resourceText({ group, resource, subresource, name }: ResourceAttributes): string {
  const whole = `${resource}${group && `.${group}`}${subresource === undefined ? '' : `/${subresource}`}`;
  return name === undefined ? whole : `${whole} ${name}`;
}

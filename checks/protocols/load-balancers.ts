/** Where the platform is entered from outside: a Gateway, an Ingress or a Service of type LoadBalancer, and what its status says. */
import type { ClusterReader, KubeObject, ResourceType } from '../contract/cluster.ts';
import { kubernetesName } from '../contract/param-schemas.ts';
import type { Permission } from '../contract/plan.ts';
import { at, listAt, textAt } from '../contract/json.ts';
import { HTTP_ROUTES } from './http-route.ts';
import { groupOf, SERVICES } from './kubernetes.ts';

export const GATEWAYS: ResourceType = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  resource: 'gateways',
};
export const INGRESSES: ResourceType = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', resource: 'ingresses' };
const TYPES = { Gateway: GATEWAYS, Ingress: INGRESSES, Service: SERVICES } as const;

export const loadBalancer = {
  type: 'object',
  additionalProperties: false,
  required: ['namespace', 'name'],
  description: 'The object that traffic enters by.',
  properties: {
    kind: {
      type: 'string',
      enum: ['Gateway', 'Ingress', 'Service'],
      default: 'Gateway',
      description: 'Gateway (gateway.networking.k8s.io), Ingress, or Service of type LoadBalancer.',
    },
    namespace: kubernetesName('Namespace of the object.'),
    name: kubernetesName('Name of the object.'),
  },
} as const;
export interface LoadBalancer {
  readonly kind: 'Gateway' | 'Ingress' | 'Service';
  readonly namespace: string;
  readonly name: string;
}

export const balancerName = ({ kind, namespace, name }: LoadBalancer): string => `${kind} ${namespace}/${name}`;

/** The right to get this one object. */
export function mayGetBalancer({ kind, namespace, name }: LoadBalancer): Permission {
  const type = TYPES[kind];
  return { namespace, groups: [groupOf(type)], resources: [type.resource], verbs: ['get'], resourceNames: [name] };
}

export async function readBalancer(
  cluster: ClusterReader,
  { kind, namespace, name }: LoadBalancer,
): Promise<KubeObject> {
  return await cluster.get(TYPES[kind], name, namespace);
}

/** IP addresses and host names that its status gives. */
export function addressesOf(kind: LoadBalancer['kind'], object: KubeObject): readonly string[] {
  if (kind === 'Gateway') return texts(listAt(object, 'status', 'addresses').map((one) => textAt(one, '', 'value')));
  return texts(
    listAt(object, 'status', 'loadBalancer', 'ingress').map((one) => textAt(one, textAt(one, '', 'hostname'), 'ip')),
  );
}
const texts = (list: readonly string[]): string[] => list.filter((text) => text !== '');

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number | null;
}
export function conditionsOf(holder: unknown): readonly Condition[] {
  return listAt(holder, 'conditions').map((one) => {
    const observed = at(one, 'observedGeneration');
    return {
      type: textAt(one, '', 'type'),
      status: textAt(one, 'Unknown', 'status'),
      reason: textAt(one, '', 'reason'),
      message: textAt(one, '', 'message'),
      observedGeneration: typeof observed === 'number' ? observed : null,
    };
  });
}

/** HTTPRoutes of every namespace that name this Gateway: it often stands apart from the applications. */
export async function routesOf(
  cluster: ClusterReader,
  gateway: LoadBalancer,
  fresh: boolean,
): Promise<readonly KubeObject[]> {
  const { items } = await cluster.list(HTTP_ROUTES, { fresh });
  return items.filter((route) => listAt(route, 'spec', 'parentRefs').some((ref) => namesGateway(ref, route, gateway)));
}
/** Whether a parentRef of this route names the Gateway. */
export function namesGateway(ref: unknown, route: KubeObject, gateway: LoadBalancer): boolean {
  return (
    textAt(ref, 'Gateway', 'kind') === 'Gateway' &&
    textAt(ref, 'gateway.networking.k8s.io', 'group') === 'gateway.networking.k8s.io' &&
    textAt(ref, '', 'name') === gateway.name &&
    textAt(ref, route.metadata.namespace ?? '', 'namespace') === gateway.namespace
  );
}

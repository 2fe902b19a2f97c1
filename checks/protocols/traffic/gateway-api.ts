/** HTTPRoute and GRPCRoute (gateway.networking.k8s.io/v1): weights of backendRefs, in one rule or in every rule with one of both Services. */
import type { KubeObject, ResourceType } from '../../contract/cluster.ts';
import { listAt } from '../../contract/json.ts';
import {
  backendsIn,
  findBackends,
  GRPC_ROUTES,
  HTTP_ROUTES,
  notAccepted,
  servedBeside,
  type Backends,
} from '../http-route.ts';
import {
  lastManagerOf,
  mostOf,
  onThisVersion,
  refused,
  targetOf,
  type RouteName,
  type RouteProblem,
  type SplitState,
  type TrafficSystem,
} from './system.ts';

interface Moved extends Backends {
  readonly rule: number;
}

/** Indices of the rules that are moved: all that serve users by one of both Services, or the declared one. */
export function rulesMoved(object: KubeObject, { rule, namespace, stable, canary }: RouteName): readonly number[] {
  if (rule !== 'all') return [rule];
  const serves = (one: unknown): boolean =>
    backendsIn(listAt(one, 'backendRefs'), namespace, namespace).some(({ name }) => name === stable || name === canary);
  return listAt(object, 'spec', 'rules').flatMap((one, index) => (serves(one) ? [index] : []));
}

function moved(system: TrafficSystem, object: KubeObject, route: RouteName): readonly Moved[] {
  const rules = rulesMoved(object, route);
  const none = {
    what: 'no rule has one of both Services',
    fix: 'Correct stable and canary of the route in the checklist',
  };
  if (rules.length === 0) throw refused(targetOf(system, route), none);
  return rules.map((rule) => {
    const found = findBackends(object, { ...route, rule });
    if ('what' in found) throw refused(targetOf(system, route), found);
    return { rule, ...found };
  });
}

function gatewayApi(type: ResourceType): TrafficSystem {
  const system: TrafficSystem = {
    type,
    atAChange:
      'Shares go by requests; connections stand, and a session that a policy of the gateway pins stays where it was.',
    besides: [HTTP_ROUTES, GRPC_ROUTES],
    state(object, route): SplitState {
      const splits = moved(system, object, route).map(({ stable, canary }) => ({
        stable: stable.weight,
        canary: canary.weight,
      }));
      const why = notAccepted(object)?.why ?? null;
      return {
        weights: mostOf(splits),
        splits,
        generation: object.metadata.generation ?? 0,
        resourceVersion: object.metadata.resourceVersion ?? '',
        accepted: why === null,
        why,
        lastManager: lastManagerOf(object, ['f:spec', 'f:rules']),
      };
    },
    operations: (object, route, wanted) => [
      onThisVersion(object),
      ...moved(system, object, route).flatMap(({ rule, stable, canary }) => {
        const backend = (index: number): string => `/spec/rules/${rule}/backendRefs/${index}`;
        return [
          { op: 'test' as const, path: `${backend(stable.index)}/name`, value: route.stable },
          { op: 'test' as const, path: `${backend(canary.index)}/name`, value: route.canary },
          // A weight that is left out counts as 1; `add` writes it in either case.
          { op: 'add' as const, path: `${backend(stable.index)}/weight`, value: wanted.stable },
          { op: 'add' as const, path: `${backend(canary.index)}/weight`, value: wanted.canary },
        ];
      }),
    ],
    problems: (object, route, others) =>
      servedBeside(object, others, route).map(
        ({ object: { kind, metadata }, rule, service, isMirror }): RouteProblem => ({
          what: `rule ${rule} of ${kind} ${metadata.namespace ?? ''}/${metadata.name} sends ${isMirror ? 'copies of requests' : 'requests'} to ${service} by itself`,
          fix: 'Merge the rule into one that is moved, or take the Service out of it',
        }),
      ),
  };
  return system;
}

export const httpRouteSystem = gatewayApi(HTTP_ROUTES);
export const grpcRouteSystem = gatewayApi(GRPC_ROUTES);

/**
 * GRPCRoutes as routes of HTTP: a method is a path (`/service/method`). The services of the rehearsal speak HTTP, so that a request is taken
 * whatever its method and content type are. Pure.
 */
import type { KubeObject, ResourceType } from '../../checks/contract/cluster.ts';
import { at, isRecord, listAt, textAt } from '../../checks/contract/json.ts';

export const GRPC_ROUTES: ResourceType = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'GRPCRoute',
  resource: 'grpcroutes',
};

/** The same object with rules of an HTTPRoute. */
export function asHttpRoute(route: KubeObject): KubeObject {
  const spec = isRecord(route['spec']) ? route['spec'] : {};
  const rules = listAt(route, 'spec', 'rules').map((rule) => ({
    ...(isRecord(rule) ? rule : {}),
    matches: listAt(rule, 'matches').map((match) => ({ path: pathOf(match), headers: listAt(match, 'headers') })),
  }));
  return { ...route, spec: { ...spec, rules } };
}

function pathOf(match: unknown): Readonly<Record<string, unknown>> {
  if (textAt(match, 'Exact', 'method', 'type') !== 'Exact') return { type: 'RegularExpression' };
  const [service, method] = [at(match, 'method', 'service'), at(match, 'method', 'method')];
  if (typeof service !== 'string')
    return method === undefined ? { type: 'PathPrefix', value: '/' } : { type: 'RegularExpression' };
  return typeof method === 'string'
    ? { type: 'Exact', value: `/${service}/${method}` }
    : { type: 'PathPrefix', value: `/${service}` };
}

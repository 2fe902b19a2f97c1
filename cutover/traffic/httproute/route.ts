/** The weights of an HTTPRoute's two backends: read, and set without writing over what somebody else wrote. */
import { ObservationError } from '../../../checks/contract/capabilities.ts';
import type { KubeObject } from '../../../checks/contract/cluster.ts';
import type { Weights } from '../../../checks/contract/cutover.ts';
import {
  backendsOf,
  HTTP_ROUTES,
  routeState,
  type RouteName,
  type RouteState,
} from '../../../checks/protocols/http-route.ts';
import type { ClusterLink } from '../../../fixtures/capabilities/cluster-link.ts';
import { refusal } from '../../../fixtures/capabilities/cluster-requests.ts';
import { pause } from '../../../fixtures/capabilities/deadline.ts';
import { CONFLICTS, patchObject, readObject, type JsonPatchOperation } from '../../persistence.ts';

export type { RouteState } from '../../../checks/protocols/http-route.ts';

export interface RouteClient {
  read(signal: AbortSignal): Promise<RouteState>;
  /**
   * Gives the canary this share, in percent, and the stable release the rest; answers what the server stored. It writes only on the
   * version it has read, and does nothing where the weights are so already.
   * @throws ObservationError `misconfigured` when the rule is not as declared, `not-found`, `protocol` when somebody else keeps writing
   */
  set(canary: number, signal: AbortSignal): Promise<RouteState>;
}

export function routeClient(link: ClusterLink, route: RouteName): RouteClient {
  const target = `HTTPRoute ${route.namespace}/${route.name}`;
  const load = async (signal: AbortSignal): Promise<KubeObject> => {
    const found = await readObject(link, HTTP_ROUTES, route.namespace, route.name, signal);
    if (found) return found;
    throw new ObservationError('not-found', `${link.where}: ${target} does not exist`, {
      fix: 'Create it, or correct namespace and name of the route in the checklist',
    });
  };
  return {
    read: async (signal) => routeState(await load(signal), route),
    async set(canary, signal) {
      if (!Number.isInteger(canary) || canary < 0 || canary > 100)
        throw new ObservationError('misconfigured', `${target}: a weight of ${canary} %, expected 0 to 100`);
      const wanted: Weights = { stable: 100 - canary, canary };
      let refusedAt = '';
      for (let attempt = 1; ; attempt += 1) {
        const present = await load(signal);
        const state = routeState(present, route);
        if (state.weights.stable === wanted.stable && state.weights.canary === canary) return state;
        const patched = await patchObject(link, HTTP_ROUTES, present, operationsFor(present, route, wanted), signal);
        if (patched.done) return routeState(patched.object, route);
        const { access, response } = patched.answer;
        // Invalid again on the version that was read just before: that is no lost race.
        if (response.status === 422 && refusedAt === state.resourceVersion)
          throw refusal(access, patched.request, response, {
            verb: 'patch',
            resource: 'httproutes.gateway.networking.k8s.io',
            namespace: route.namespace,
          });
        refusedAt = state.resourceVersion;
        if (attempt === CONFLICTS) {
          throw new ObservationError(
            'protocol',
            `${link.where}: ${target} was written by somebody else ${CONFLICTS} times while its weights were to be set`,
            { fix: 'Find who writes it (kubectl get httproute -o yaml --show-managed-fields) and stop it' },
          );
        }
        await pause(20 * 2 ** attempt, signal, `${link.where}: ${target}`);
      }
    },
  };
}

/** The patch that sets the weights of exactly these two backends on exactly this version (RFC 6902). */
export function operationsFor(object: KubeObject, route: RouteName, wanted: Weights): readonly JsonPatchOperation[] {
  const { stable, canary } = backendsOf(object, route);
  const backend = (index: number): string => `/spec/rules/${route.rule}/backendRefs/${index}`;
  return [
    { op: 'test', path: '/metadata/resourceVersion', value: object.metadata.resourceVersion ?? '' },
    { op: 'test', path: `${backend(stable.index)}/name`, value: route.stable },
    { op: 'test', path: `${backend(canary.index)}/name`, value: route.canary },
    // A weight that is left out counts as 1; `add` writes it in either case.
    { op: 'add', path: `${backend(stable.index)}/weight`, value: wanted.stable },
    { op: 'add', path: `${backend(canary.index)}/weight`, value: wanted.canary },
  ];
}

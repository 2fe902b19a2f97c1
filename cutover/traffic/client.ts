/** The weights of one object, by its system: read, and set without writing over what somebody else wrote. */
import { ObservationError } from '../../checks/contract/capabilities.ts';
import type { KubeObject } from '../../checks/contract/cluster.ts';
import type { Weights } from '../../checks/contract/cutover.ts';
import { targetOf, type RouteName, type SplitState } from '../../checks/protocols/traffic/system.ts';
import { systemOf } from '../../checks/protocols/traffic/systems.ts';
import type { ClusterLink } from '../../fixtures/capabilities/cluster-link.ts';
import { refusal } from '../../fixtures/capabilities/cluster-requests.ts';
import { pause } from '../../fixtures/capabilities/deadline.ts';
import { CONFLICTS, patchObject, readObject } from '../persistence.ts';

export interface RouteClient {
  read(signal: AbortSignal): Promise<SplitState>;
  /**
   * Gives the canary this share, in percent, and the stable release the rest; answers what the server stored. It writes only on the
   * version it has read, and does nothing where the weights are so already.
   * @throws ObservationError `misconfigured` when the object is not as declared, `not-found`, `protocol` when somebody else keeps writing
   */
  set(canary: number, signal: AbortSignal): Promise<SplitState>;
}

export function routeClient(link: ClusterLink, route: RouteName): RouteClient {
  const system = systemOf(route);
  const target = targetOf(system, route);
  const { apiVersion, resource } = system.type;
  const load = async (signal: AbortSignal): Promise<KubeObject> => {
    const found = await readObject(link, system.type, route.namespace, route.name, signal);
    if (found) return found;
    throw new ObservationError('not-found', `${link.where}: ${target} does not exist`, {
      fix: 'Create it, or correct namespace and name of the route in the checklist',
    });
  };
  return {
    read: async (signal) => system.state(await load(signal), route),
    async set(canary, signal) {
      if (!Number.isInteger(canary) || canary < 0 || canary > 100)
        throw new ObservationError('misconfigured', `${target}: a weight of ${canary} %, expected 0 to 100`);
      const wanted: Weights = { stable: 100 - canary, canary };
      let refusedAt = '';
      for (let attempt = 1; ; attempt += 1) {
        const present = await load(signal);
        const state = system.state(present, route);
        if (state.splits.every((one) => isSo(one, canary))) return state;
        const patched = await patchObject(
          link,
          system.type,
          present,
          system.operations(present, route, wanted),
          signal,
        );
        if (patched.done) return system.state(patched.object, route);
        const { access, response } = patched.answer;
        // Invalid again on the version that was read just before: that is no lost race.
        if (response.status === 422 && refusedAt === state.resourceVersion)
          throw refusal(access, patched.request, response, {
            verb: 'patch',
            resource: `${resource}.${apiVersion.split('/')[0] ?? ''}`,
            namespace: route.namespace,
          });
        refusedAt = state.resourceVersion;
        if (attempt === CONFLICTS) {
          throw new ObservationError(
            'protocol',
            `${link.where}: ${target} was written by somebody else ${CONFLICTS} times while its weights were to be set`,
            {
              fix: `Find who writes it (kubectl get ${system.type.kind.toLowerCase()} -o yaml --show-managed-fields) and stop it`,
            },
          );
        }
        await pause(20 * 2 ** attempt, signal, `${link.where}: ${target}`);
      }
    },
  };
}

/** Whole shares of whatever total the system counts in. */
const isSo = ({ stable, canary }: Weights, percent: number): boolean =>
  stable + canary > 0 && canary * 100 === percent * (stable + canary);

import type { ClusterReader, KubeObject, ResourceType } from '../../contract/cluster.ts';
import { isRecord, listAt } from '../../contract/json.ts';
import { attempt, kind, ObservationError, type Refusal } from '../../kit/kind.ts';
import { endpointsOf } from '../../protocols/endpoints.ts';
import { findBackends, GRPC_ROUTES, HTTP_ROUTES, routeState, type Backends } from '../../protocols/http-route.ts';
import { DEPLOYMENTS, ENDPOINT_SLICES, mayList } from '../../protocols/kubernetes.ts';
import { judge, messages, TRIAL, type DryRun, type Seen } from './judge.ts';
import { params, required, type Params } from './params.ts';
import { askRights, cutoverRights } from './rights.ts';

const LEASES: ResourceType = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', resource: 'leases' };

export const cutoverWeights = kind('cutover/weights', {
  title: 'Traffic can be moved by the weights of a route, and nobody is moving it',
  why: 'A route that another tool owns, a right that is missing or a second cutover is found out in the middle of a release otherwise.',
  sees: [
    'The HTTPRoute: accepted by each of its gateways as it is now, both Services in the rule and no other with traffic, none of it for the new release yet.',
    'No other rule, of this HTTPRoute or of another HTTPRoute or GRPCRoute with the same gateway and host name, that sends requests or copies of them to one of the two Services; rules for a header or a query parameter may preview the new release.',
    'Ready endpoints behind both.',
    'What the API server would store of the first step, and that nothing changed by asking.',
    'Every right the cutover and its rollback need, the Deployments to go back to rolled out, the Lease free.',
  ],
  not: [
    'That the gateway obeys the weights; cutover/split proves it by answers.',
    'Ways to the Services that no HTTPRoute or GRPCRoute describes.',
  ],
  needs: ['cluster'],
  required,
  params,
  messages,
  // What is read here, and what the process of the cutover needs: this item declares it, so no other can name its rights.
  rights: (declared) => [
    ...cutoverRights(declared),
    ...mayList([ENDPOINT_SLICES], declared.route.namespace),
    ...mayList([HTTP_ROUTES, GRPC_ROUTES]),
    { groups: ['authorization.k8s.io'], resources: ['selfsubjectaccessreviews'], verbs: ['create'] },
  ],

  async gather(declared, { cluster }): Promise<Seen> {
    const { namespace, name, stable, canary } = declared.route;
    const refused: Refusal[] = [];
    // An API server that is gone is not waited for again and again.
    const isGone = (): boolean => refused.some(({ code }) => code === 'unreachable' || code === 'timeout');
    const look = async <T>(reading: () => Promise<T>, missing?: T): Promise<T | undefined> => {
      if (isGone()) return undefined;
      const { seen, refusal } = await attempt(reading);
      if (refusal?.code === 'not-found' && missing !== undefined) return missing;
      if (refusal && !refused.some(({ message }) => message === refusal.message)) refused.push(refusal);
      return seen;
    };
    const read = (type: ResourceType, object: string) =>
      look<KubeObject | null>(() => cluster.get(type, object, namespace), null);
    const list = async (type: ResourceType, where: { readonly namespace?: string } = {}) =>
      (await look(async () => (await cluster.list(type, { ...where, fresh: true })).items, []))?.map((object) => ({
        ...object,
        kind: type.kind,
      }));

    const rights = (await look(() => askRights(declared, cluster))) ?? [];
    const route = await read(HTTP_ROUTES, name);
    const backends = route && findBackends(route, declared.route);
    const mayPatch = !rights.some(({ verb, resource, allowed }) => !allowed && verb === 'patch' && isRoute(resource));
    const dryRun =
      route && backends && 'stable' in backends && mayPatch
        ? ((await look(() => tryWeights(declared, route, backends, cluster))) ?? null)
        : null;
    const slices = await list(ENDPOINT_SLICES, { namespace });
    const deployments: Seen['deployments'][number][] = [];
    for (const deployment of declared.deployments) {
      const object = await read(DEPLOYMENTS, deployment);
      if (object !== undefined) deployments.push({ name: deployment, object });
    }
    return {
      refused,
      route,
      routes: [await list(HTTP_ROUTES), await list(GRPC_ROUTES)].flatMap((all = []) => all).filter(isOther(declared)),
      rights,
      dryRun,
      after: dryRun && (await read(HTTP_ROUTES, name)),
      services: [stable, canary].flatMap((service) => {
        const own = slices?.filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === service);
        return own ? [{ name: service, endpoints: endpointsOf(own) }] : [];
      }),
      deployments,
      lease: await read(LEASES, declared.lease),
      askedAt: new Date().toISOString(),
    };
  },
  judge,
});

const isOther =
  ({ route: { namespace, name } }: Params) =>
  ({ kind: type, metadata }: KubeObject): boolean =>
    type !== HTTP_ROUTES.kind || metadata.name !== name || metadata.namespace !== namespace;

const isRoute = (resource: string): boolean => resource.startsWith('httproutes');

/** What the API server would store if the first step were taken. */
async function tryWeights(
  { route: { namespace, name, ...route } }: Params,
  object: KubeObject,
  backends: Backends,
  cluster: ClusterReader,
): Promise<DryRun> {
  try {
    const stored = await cluster.dryRunApply({
      apiVersion: HTTP_ROUTES.apiVersion,
      kind: HTTP_ROUTES.kind,
      metadata: { name, namespace },
      spec: withWeights(object, route.rule, backends),
    });
    return { weights: routeState(stored, { namespace, name, ...route }).weights };
  } catch (error) {
    // Admission refuses with 403, too; the right itself has been asked for.
    const refused =
      error instanceof ObservationError && ['protocol', 'forbidden', 'misconfigured'].includes(error.code);
    if (refused) return { refused: error.message };
    throw error;
  }
}

/** The whole spec: `rules` is one value to server-side apply. */
function withWeights(
  object: KubeObject,
  rule: number,
  { stable, canary }: Backends,
): Readonly<Record<string, unknown>> {
  const shares = new Map([
    [stable.index, TRIAL.stable],
    [canary.index, TRIAL.canary],
  ]);
  const weighted = (ref: unknown, index: number): unknown =>
    isRecord(ref) && shares.has(index) ? { ...ref, weight: shares.get(index) } : ref;
  const rules = listAt(object, 'spec', 'rules').map((one, index) =>
    index === rule && isRecord(one) ? { ...one, backendRefs: listAt(one, 'backendRefs').map(weighted) } : one,
  );
  return { ...(isRecord(object['spec']) ? object['spec'] : {}), rules };
}

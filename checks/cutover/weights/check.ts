import jsonPatch, { type Operation } from 'fast-json-patch';
import type { ClusterReader, KubeObject, ResourceType } from '../../contract/cluster.ts';
import { isRecord } from '../../contract/json.ts';
import { attempt, kind, ObservationError, type Refusal } from '../../kit/kind.ts';
import { endpointsOf } from '../../protocols/endpoints.ts';
import { DEPLOYMENTS, ENDPOINT_SLICES, mayList } from '../../protocols/kubernetes.ts';
import {
  sharesIn,
  type JsonPatchOperation,
  type RouteName,
  type TrafficSystem,
} from '../../protocols/traffic/system.ts';
import { systemOf } from '../../protocols/traffic/systems.ts';
import { judge, messages, TRIAL, type DryRun, type Seen } from './judge.ts';
import { params, required, type Params } from './params.ts';
import { askRights, cutoverRights } from './rights.ts';

const LEASES: ResourceType = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', resource: 'leases' };

export const cutoverWeights = kind('cutover/weights', {
  title: 'Traffic can be moved by the weights of a route, and nobody is moving it',
  why: 'A route that another tool owns, a right that is missing or a second cutover is found out in the middle of a release otherwise.',
  sees: [
    'The object that holds the weights (HTTPRoute, GRPCRoute, canary Ingress of ingress-nginx, VirtualService of Istio): taken as it is now by each gateway that can say so, both Services in each rule that is moved and no other with traffic, none of it for the new release yet; the same of what advances together with it.',
    'No other rule, of this object or of another one with the same gateway and host name, that sends requests or copies of them to one of the two Services; rules for a header or a query parameter may preview the new release. Of an Ingress and a VirtualService what makes their weights untrue: no such path beside, a Service that is a primary elsewhere, a cookie that pins users, a rule that stands behind one for everything, a subset that nobody declares.',
    'Ready endpoints behind both.',
    'What the API server would store of the first step, and that nothing changed by asking.',
    'Every right the cutover and its rollback need, the Deployments to go back to rolled out, the Lease free.',
  ],
  not: [
    'That the gateway obeys the weights; cutover/split proves it by answers.',
    'Ways to the Services that no object of these kinds describes.',
  ],
  needs: ['cluster'],
  required,
  params,
  messages,
  // What is read here, and what the process of the cutover needs: this item declares it, so no other can name its rights.
  rights: (declared) => [
    ...cutoverRights(declared),
    ...mayList([ENDPOINT_SLICES], declared.route.namespace),
    ...mayList(besidesOf(declared)),
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
    const system = systemOf(declared.route);
    const route = await read(system.type, name);
    const isRoute = (resource: string): boolean => resource.startsWith(system.type.resource);
    const mayPatch = !rights.some(({ verb, resource, allowed }) => !allowed && verb === 'patch' && isRoute(resource));
    const dryRun =
      route && 'weights' in sharesIn(system, route, declared.route) && mayPatch
        ? ((await look(() => tryWeights(system, declared.route, route, cluster))) ?? null)
        : null;
    const together: NonNullable<Seen['together']>[number][] = [];
    for (const one of declared.together ?? []) {
      const object = await look<KubeObject | null>(
        () => cluster.get(systemOf(one).type, one.name, one.namespace),
        null,
      );
      if (object !== undefined) together.push({ ...one, object });
    }
    const others: KubeObject[] = [];
    for (const type of besidesOf(declared)) others.push(...((await list(type)) ?? []));
    const slices = await list(ENDPOINT_SLICES, { namespace });
    const deployments: Seen['deployments'][number][] = [];
    for (const deployment of declared.deployments) {
      const object = await read(DEPLOYMENTS, deployment);
      if (object !== undefined) deployments.push({ name: deployment, object });
    }
    return {
      refused,
      route,
      routes: others.filter(isOther(declared)),
      ...(declared.together ? { together } : {}),
      rights,
      dryRun,
      after: dryRun && (await read(system.type, name)),
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

/** Kinds of objects that decide where requests go, besides the one that is moved. */
function besidesOf({ route, together = [] }: Params): readonly ResourceType[] {
  const all = [route, ...together].map(systemOf).flatMap(({ type, besides }) => [...besides, type]);
  return [...new Map(all.map((type) => [type.kind, type])).values()];
}

const isOther =
  ({ route }: Params) =>
  ({ kind: type, metadata }: KubeObject): boolean =>
    type !== systemOf(route).type.kind || metadata.name !== route.name || metadata.namespace !== route.namespace;

/** What the API server would store if the first step were taken. */
async function tryWeights(
  system: TrafficSystem,
  route: RouteName,
  object: KubeObject,
  cluster: ClusterReader,
): Promise<DryRun> {
  const { apiVersion, kind: type } = system.type;
  const wanted = patched(object, system.operations(object, route, TRIAL));
  const { annotations } = wanted.metadata;
  const metadata = { name: route.name, namespace: route.namespace };
  try {
    const stored = await cluster.dryRunApply({
      apiVersion,
      kind: type,
      metadata: type === 'Ingress' && annotations ? { ...metadata, annotations } : metadata,
      // The whole spec: lists of rules are one value to server-side apply.
      spec: isRecord(wanted['spec']) ? wanted['spec'] : {},
    });
    return { weights: system.state(stored, route).weights };
  } catch (error) {
    // Admission refuses with 403, too; the right itself has been asked for.
    const refused =
      error instanceof ObservationError && ['protocol', 'forbidden', 'misconfigured'].includes(error.code);
    if (refused) return { refused: error.message };
    throw error;
  }
}

function patched(object: KubeObject, operations: readonly JsonPatchOperation[]): KubeObject {
  const writes = operations.filter(({ op }) => op !== 'test') as Operation[];
  return jsonPatch.applyPatch(structuredClone(object), writes).newDocument;
}

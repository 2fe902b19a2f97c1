import type { AccessAttributes, ClusterReader, KubeObject, ResourceType } from '../../contract/cluster.ts';
import { duration, endpoint, kubernetesName } from '../../contract/param-schemas.ts';
import type { Permission } from '../../contract/plan.ts';
import {
  defineCheck,
  ObservationError,
  type Capabilities,
  type FromSchema,
  type JSONSchema,
} from '../../kit/define-check.ts';
import { endpointsOf } from '../../protocols/endpoints.ts';
import { findBackends, HTTP_ROUTES, routeState, type Backends } from '../../protocols/http-route.ts';
import { isRecord, listAt } from '../../contract/json.ts';
import { DEPLOYMENTS, ENDPOINT_SLICES, mayList, readList } from '../../protocols/kubernetes.ts';
import { judge, messages, TRIAL, type DryRun, type Gathered, type Right } from './judge.ts';

const text = (description: string) => ({ type: 'string', minLength: 1, description }) as const;
const path = (description: string) => ({ type: 'string', pattern: '^/', description }) as const;

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['route', 'version', 'endpoint', 'path', 'deployments', 'services', 'verify'],
  properties: {
    route: {
      type: 'object',
      additionalProperties: false,
      required: ['namespace', 'name', 'stable', 'canary'],
      description: 'The HTTPRoute whose weights the cutover moves.',
      properties: {
        namespace: kubernetesName('Namespace of the route, its Services, the Deployments and the Lease.'),
        name: kubernetesName('Name of the HTTPRoute.'),
        rule: { type: 'integer', minimum: 0, default: 0, description: 'Which of its rules, counted from 0.' },
        stable: kubernetesName('Service of the release that serves users now.'),
        canary: kubernetesName('Service of the release that goes live.'),
      },
    },
    version: {
      type: 'object',
      additionalProperties: false,
      required: ['canary'],
      description: 'How an answer tells which release it is from.',
      properties: {
        header: { ...text('Response header that names the version.'), default: 'x-golive-version' },
        canary: text('Its value where the release that goes live has answered.'),
      },
    },
    endpoint,
    path: path('Path, and query if any, that the cutover probes all the time; a GET that changes nothing.'),
    probeRate: { type: 'number', minimum: 1, maximum: 5000, default: 50, description: 'Probes a second.' },
    probeTimeout: duration('A probe without an answer for this long has failed.', '10s'),
    deployments: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      items: kubernetesName('Name of a Deployment.'),
      description: 'Deployments that a rollback brings back to the revision they have before the cutover.',
    },
    services: {
      type: 'array',
      minItems: 1,
      description: 'Critical services, asked through the API server all the time.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'port', 'path'],
        properties: {
          name: kubernetesName('Name of the Service.'),
          port: { type: 'integer', minimum: 1, maximum: 65_535, description: 'Port of the Service.' },
          path: path('Path that answers 2xx while it is well.'),
        },
      },
    },
    verify: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      items: text('Id of an item.'),
      description: 'Items that are run again after a rollback: those that say whether users are served.',
    },
    lease: {
      ...kubernetesName('Lease that lets one cutover at a time work here.'),
      default: 'golive-cutover',
    },
    rollbackWithin: duration('How long a rollback may take until everything is verified.', '5m'),
  },
} as const satisfies JSONSchema;
export type Params = FromSchema<typeof params>;

const LEASES: ResourceType = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', resource: 'leases' };

export const cutoverWeights = defineCheck({
  meta: {
    kind: 'cutover/weights',
    title: 'Traffic can be moved by the weights of a route, and nobody is moving it',
    why: 'A route that another tool owns, a right that is missing or a second cutover is found out in the middle of a release otherwise.',
    sees: 'The HTTPRoute: taken by its gateways as it is now, both Services in the rule and no other with traffic, none of it for the new release yet; ready endpoints behind both; what the API server would store of the first step, and that nothing changed by asking; every right the cutover and its rollback need; the Deployments to go back to rolled out; the Lease free. Not: that the gateway obeys the weights; cutover/split proves it by answers.',
    needs: ['cluster'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions,
  gather,
  judge,
});

/** What is read here, and what the process of the cutover needs: this item declares it, so no other can name its rights. */
function permissions(params: Params): readonly Permission[] {
  return [
    ...cutoverRights(params),
    ...mayList([ENDPOINT_SLICES], params.route.namespace),
    { groups: ['authorization.k8s.io'], resources: ['selfsubjectaccessreviews'], verbs: ['create'] },
  ];
}

/** Rights of the process: weights, Lease, the way back, and the health of critical services. */
function cutoverRights({ route: { namespace, name }, deployments, services, lease }: Params): readonly Permission[] {
  const proxied = [...new Set(services.map((service) => `${service.name}:${service.port}`))];
  return [
    {
      namespace,
      groups: ['gateway.networking.k8s.io'],
      resources: ['httproutes'],
      verbs: ['get', 'patch'],
      resourceNames: [name],
    },
    {
      namespace,
      groups: ['coordination.k8s.io'],
      resources: ['leases'],
      verbs: ['get', 'update'],
      resourceNames: [lease],
    },
    // What does not exist yet has no name to be narrowed to.
    { namespace, groups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] },
    {
      namespace,
      groups: ['apps'],
      resources: ['deployments'],
      verbs: ['get', 'patch'],
      resourceNames: [...deployments],
    },
    { namespace, groups: ['apps'], resources: ['replicasets'], verbs: ['get', 'list'] },
    { namespace, groups: [''], resources: ['services/proxy'], verbs: ['get'], resourceNames: proxied },
  ];
}

async function gather(params: Params, { cluster }: Pick<Capabilities, 'cluster'>): Promise<Gathered> {
  const { namespace, name, stable, canary } = params.route;
  const rights = await askRights(params, cluster);
  const route = await unlessMissing(cluster.get(HTTP_ROUTES, name, namespace));
  const backends = route && findBackends(route, params.route);
  const mayPatch = rights.every(({ verb, resource, allowed }) => allowed || !(verb === 'patch' && isRoute(resource)));
  const dryRun =
    route && backends && 'stable' in backends && mayPatch ? await tryWeights(params, route, backends, cluster) : null;
  const slices = await readList(cluster, ENDPOINT_SLICES, { namespace, fresh: true });
  const deployments: Gathered['deployments'][number][] = [];
  for (const deployment of params.deployments)
    deployments.push({
      name: deployment,
      object: await unlessMissing(cluster.get(DEPLOYMENTS, deployment, namespace)),
    });
  return {
    route,
    rights,
    dryRun,
    after: dryRun && (await unlessMissing(cluster.get(HTTP_ROUTES, name, namespace))),
    services: [stable, canary].map((service) => ({
      name: service,
      endpoints: endpointsOf(
        slices.items.filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === service),
      ),
    })),
    deployments,
    lease: await unlessMissing(cluster.get(LEASES, params.lease, namespace)),
    askedAt: new Date().toISOString(),
    reading: slices.reading,
  };
}

const isRoute = (resource: string): boolean => resource.startsWith('httproutes');

async function unlessMissing(reading: Promise<KubeObject>): Promise<KubeObject | null> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof ObservationError && error.code === 'not-found') return null;
    throw error;
  }
}

/** Asks for each right of the process by itself. */
async function askRights(params: Params, cluster: ClusterReader): Promise<Right[]> {
  const rights: Right[] = [];
  for (const permission of cutoverRights(params)) {
    for (const attributes of attributesOf(permission)) {
      const { allowed, reason } = await cluster.canI(attributes);
      const { verb } = attributes;
      rights.push({ verb, resource: resourceText(attributes), allowed, reason });
    }
  }
  return rights;
}

type ResourceAttributes = Extract<AccessAttributes, { readonly resource: string }>;

function attributesOf({ namespace, groups, resources, verbs, resourceNames }: Permission): ResourceAttributes[] {
  const names = resourceNames ?? [undefined];
  return groups.flatMap((group) =>
    resources.flatMap((whole) => {
      const [resource = '', subresource] = whole.split('/');
      return verbs.flatMap((verb) =>
        names.map((name) => ({
          verb,
          group,
          resource,
          ...(subresource === undefined ? {} : { subresource }),
          ...(namespace === undefined ? {} : { namespace }),
          ...(name === undefined ? {} : { name }),
        })),
      );
    }),
  );
}

/** `httproutes.gateway.networking.k8s.io api`. */
function resourceText({ group, resource, subresource, name }: ResourceAttributes): string {
  const whole = `${resource}${group === '' ? '' : `.${group}`}${subresource === undefined ? '' : `/${subresource}`}`;
  return name === undefined ? whole : `${whole} ${name}`;
}

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

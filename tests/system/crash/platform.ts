/** What the crash tests cut over: an API server, a Deployment that serves, and a gateway that obeys the weights of its HTTPRoutes. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { KubeObject } from '../../../checks/contract/cluster.ts';
import type { Weights } from '../../../checks/contract/cutover.ts';
import { HTTP_ROUTES, routeState } from '../../../checks/protocols/http-route.ts';
import { loadKubernetes } from '../../../fixtures/capabilities/kubernetes-bundle.ts';
import { deployment, startTestPlane, until, type TestPlane } from '../../../rehearsal/api-server/testing.ts';
import { CANARY, CANARY_VERSION, NAMESPACE, STABLE, VERSION_HEADER } from './project.ts';

const GATEWAY = 'gw';

export interface CrashPlatform {
  readonly plane: TestPlane;
  /** `http://127.0.0.1:PORT/ROUTE`, as the route's weights say. */
  urlOf(route: string): string;
  /** A route that gives everything to the stable release. */
  addRoute(name: string): Promise<void>;
  /** As the API server holds them. */
  weightsOf(route: string): Promise<Weights>;
  /** Its path /health answers 500 from now on. */
  makeUnwell(route: string): void;
  /** A Deployment with one pod, rolled out. */
  addDeployment(name: string): Promise<void>;
  close(): Promise<void>;
}

export async function startCrashPlatform(): Promise<CrashPlatform> {
  await loadKubernetes();
  const plane = await startTestPlane({ nodes: ['node-a'] });
  await plane.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  const ports = [{ port: 80, targetPort: 8080 }];
  const metadata = { name: STABLE, namespace: NAMESPACE };
  await plane.apply({ apiVersion: 'v1', kind: 'Service', metadata, spec: { selector: { app: STABLE }, ports } });
  const addDeployment = async (name: string): Promise<void> => {
    await plane.apply({ ...deployment(name, { replicas: 1 }), metadata: { name, namespace: NAMESPACE } });
    const path = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${name}`;
    const isReady = ({ body }: { readonly body: object }): boolean =>
      (body as { readonly status?: { readonly readyReplicas?: number } }).status?.readyReplicas === 1;
    await until(() => plane.call('GET', path), isReady, 60_000);
  };
  await addDeployment(STABLE);
  const routes = new Map<string, KubeObject>();
  const unwell = new Set<string>();
  const server = await listen(routes, unwell);
  const unwatch = followRoutes(plane, routes);
  const { port } = server.address() as AddressInfo;
  return {
    plane,
    urlOf: (route) => `http://127.0.0.1:${port}/${route}`,
    addDeployment,
    makeUnwell: (route) => void unwell.add(route),
    async addRoute(name) {
      await plane.apply(httpRoute(name));
      await until(
        () => Promise.resolve(routes.get(name)),
        (route) => route !== undefined && routeState(route, named(name)).accepted,
      );
    },
    async weightsOf(route) {
      const object = await plane.get(HTTP_ROUTES, route, NAMESPACE);
      if (!object) throw new Error(`HTTPRoute ${route} is gone`);
      return routeState(object, named(route)).weights;
    },
    async close() {
      unwatch();
      server.closeAllConnections();
      server.close();
      await plane.close();
    },
  };
}

const named = (name: string) => ({ namespace: NAMESPACE, name, rule: 0, stable: STABLE, canary: CANARY });

function httpRoute(name: string): Readonly<Record<string, unknown>> {
  const backendRefs = [
    { name: STABLE, port: 80, weight: 100 },
    { name: CANARY, port: 80, weight: 0 },
  ];
  return {
    apiVersion: HTTP_ROUTES.apiVersion,
    kind: HTTP_ROUTES.kind,
    metadata: { name, namespace: NAMESPACE },
    spec: { parentRefs: [{ name: GATEWAY }], rules: [{ backendRefs }] },
  };
}

/** As a gateway's controller does: takes each generation, and says so in the status. */
function followRoutes(plane: TestPlane, routes: Map<string, KubeObject>): () => void {
  return plane.watchObjects(HTTP_ROUTES, (objects) => {
    for (const object of objects) {
      const { name, generation } = object.metadata;
      routes.set(name, object);
      if (routeState(object, named(name)).accepted) continue;
      const conditions = ['Accepted', 'ResolvedRefs'].map((type) => ({
        type,
        status: 'True',
        reason: type,
        message: '',
        lastTransitionTime: new Date().toISOString().replace(/\.\d+/, ''),
        observedGeneration: generation,
      }));
      const parents = [{ parentRef: { name: GATEWAY }, controllerName: 'test/gateway', conditions }];
      const target = { name, namespace: NAMESPACE, subresource: 'status' } as const;
      plane.patch(HTTP_ROUTES, target, { status: { parents } }).catch(() => undefined);
    }
  });
}

/** Answers under the path of a route by its weights, in exact turns. */
async function listen(routes: ReadonlyMap<string, KubeObject>, unwell: ReadonlySet<string>): Promise<Server> {
  const due = new Map<string, number>();
  const server = createServer((request, response) => {
    const [, name = '', path = ''] = request.url?.split('/') ?? [];
    const route = routes.get(name);
    if (!route) return void response.writeHead(404).end();
    const { stable, canary } = routeState(route, named(name)).weights;
    const share = (due.get(name) ?? 0) + canary / (stable + canary);
    due.set(name, share % 1);
    response.statusCode = path === 'health' && unwell.has(name) ? 500 : 200;
    response.setHeader(VERSION_HEADER, share >= 1 ? CANARY_VERSION : 'v1.0.0').end('ok');
  });
  // A cutover that was stopped for a while finds its connections as they were.
  server.keepAliveTimeout = 120_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

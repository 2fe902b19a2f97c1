/** For tests: a cluster as its administrator, in few words. Every answer that is no success is an error with the server's text. */
import { loadAll } from 'js-yaml';
import { loadKubernetes } from '../../fixtures/capabilities/kubernetes-bundle.ts';
import type { ClusterRequest, ClusterResponse } from '../../fixtures/cluster/types.ts';

/** Anything that kubectl would send or show. */
export interface ClusterObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}
export interface PlatformCluster {
  get(path: string): Promise<ClusterObject>;
  exists(path: string): Promise<boolean>;
  /** Names of a list's items. */
  names(path: string): Promise<readonly string[]>;
  /** JSON Patch where `body` is a list, merge patch otherwise. */
  patch(path: string, body: object): Promise<void>;
  create(path: string, object: object): Promise<void>;
  remove(path: string): Promise<void>;
  /** Deletes an object and answers how to put it back as it was, without what the server had added. */
  take(path: string): Promise<() => Promise<void>>;
  /** Creates the RBAC objects of a YAML text. */
  applyRbac(yaml: string): Promise<void>;
  close(): Promise<void>;
}

const REQUEST_LIMIT_MS = 20_000;
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const JSON_TYPE = { 'content-type': 'application/json' } as const;

export async function openPlatformCluster(path: string, context: string): Promise<PlatformCluster> {
  const { openConnection } = await loadKubernetes();
  const opened = openConnection({ path, context }, () => undefined);
  if (!opened.ok) throw new Error(opened.problem.message);
  const { connection } = opened;

  const ask = (request: Omit<ClusterRequest, 'signal'>): Promise<ClusterResponse> =>
    connection.request({ ...request, signal: AbortSignal.timeout(REQUEST_LIMIT_MS) });
  const succeed = async (request: Omit<ClusterRequest, 'signal'>): Promise<string> => {
    const { status, body } = await ask(request);
    if (status >= 300) throw new Error(`${request.method} ${request.path}: ${status} ${body}`);
    return body;
  };
  const get = async (path: string): Promise<ClusterObject> =>
    JSON.parse(await succeed({ method: 'GET', path })) as ClusterObject;
  const create = async (path: string, object: object): Promise<void> => {
    await succeed({ method: 'POST', path, headers: JSON_TYPE, body: JSON.stringify(object) });
  };
  const remove = async (path: string): Promise<void> => {
    await succeed({ method: 'DELETE', path });
  };
  return {
    get,
    create,
    remove,
    exists: async (path) => (await ask({ method: 'GET', path })).status === 200,
    async names(path) {
      const { items } = JSON.parse(await succeed({ method: 'GET', path })) as { items: ClusterObject[] };
      return items.map(({ metadata }) => metadata.name);
    },
    async patch(path, body) {
      const type = Array.isArray(body) ? 'application/json-patch+json' : 'application/merge-patch+json';
      await succeed({ method: 'PATCH', path, headers: { 'content-type': type }, body: JSON.stringify(body) });
    },
    async take(path) {
      const object = asWritten(await get(path));
      await remove(path);
      return () => create(path.slice(0, path.lastIndexOf('/')), object);
    },
    async applyRbac(yaml) {
      for (const object of loadAll(yaml) as ClusterObject[]) {
        const { namespace } = object.metadata;
        const kind = `${(object.kind ?? '').toLowerCase()}s`;
        await create(namespace === undefined ? `${RBAC}/${kind}` : `${RBAC}/namespaces/${namespace}/${kind}`, object);
      }
    },
    close: () => connection.close(),
  };
}

/** Without what only a server may set. */
function asWritten(object: ClusterObject): ClusterObject {
  const rest = Object.fromEntries(
    Object.entries(object).filter(([field]) => field !== 'status' && field !== 'metadata'),
  );
  const { name, namespace, labels, annotations } = object.metadata;
  return {
    ...rest,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
    },
  };
}

/** What runs on the platform, by the names that documents call it. */
import type { CheckContext } from '../contract/capabilities.ts';
import type { ClusterReader, ResourceType } from '../contract/cluster.ts';
import { at } from '../contract/json.ts';
import { endpoint, namespaceList, redisStore, store } from '../contract/param-schemas.ts';
import type { Permission } from '../contract/plan.ts';
import { attempt, type JSONSchema, type Refusal } from '../kit/kind.ts';
import { CRON_JOBS, DAEMON_SETS, DEPLOYMENTS, mayList, SERVICES, STATEFUL_SETS } from '../protocols/kubernetes.ts';

const NAMED_TYPES = [DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS, CRON_JOBS, SERVICES] as const;

/** Something that runs, or a place where it is reached. */
export interface Named {
  /** `Deployment`, `Service`, `Host`, `Store` … */
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  /** Told to run nothing at present: it need not be described. */
  readonly idle?: boolean;
}
/** The platform's names, and what could not be asked. */
export interface NamedPlatform {
  readonly things: readonly Named[];
  readonly refused: readonly { readonly what: string; readonly refusal: Refusal }[];
}

/** Params that say what the platform consists of. */
export const platformParams = {
  namespaces: namespaceList,
  endpoints: {
    type: 'array',
    default: [],
    items: endpoint,
    description: 'Where users and testers reach it; their hosts are the platform’s: ${environment.endpoints.NAME}.',
  },
  stores: {
    type: 'array',
    default: [],
    items: {
      oneOf: [store, redisStore],
      description: 'A store: ${environment.stores.NAME} or ${environment.caches.NAME}.',
    },
    description:
      'Databases and caches, from the environment file. A store’s name is that of its certificate (tls.serverName), else its host.',
  },
} as const satisfies Readonly<Record<string, JSONSchema>>;
interface PlatformParams {
  readonly namespaces: readonly string[];
  readonly endpoints: readonly { readonly url: string }[];
  readonly stores: readonly unknown[];
}

export function mayReadPlatform({ namespaces }: Pick<PlatformParams, 'namespaces'>): Permission[] {
  return namespaces.flatMap((namespace) => mayList(NAMED_TYPES, namespace));
}

/** Reads the names. A kind of object that may not be listed is told; the others still count. */
export async function readPlatform(
  { namespaces, endpoints, stores }: PlatformParams,
  cluster: ClusterReader,
  { fresh }: Pick<CheckContext, 'fresh'>,
): Promise<NamedPlatform> {
  const asked = await Promise.all(
    namespaces.flatMap((namespace) => NAMED_TYPES.map((type) => namesOf(cluster, type, namespace, fresh))),
  );
  return {
    things: [
      ...asked.flatMap(({ things = [] }) => things),
      ...endpoints.map(({ url }) => ({ kind: 'Host', name: hostOf(url) })),
      ...stores.map((one) => ({ kind: 'Store', name: storeName(one) })),
    ],
    refused: asked.flatMap(({ refusal, what }) => (refusal ? [{ what, refusal }] : [])),
  };
}

async function namesOf(cluster: ClusterReader, type: ResourceType, namespace: string, fresh: boolean) {
  const { seen, refusal } = await attempt(() => cluster.list(type, { namespace, fresh }));
  const things = seen?.items.map((item): Named => {
    const idle = at(item, 'spec', 'replicas') === 0 || at(item, 'spec', 'suspend') === true;
    return { kind: type.kind, name: item.metadata.name, namespace, ...(idle ? { idle } : {}) };
  });
  return { things, refusal, what: `${type.resource} in ${namespace}` };
}

const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).hostname : url);

function storeName(place: unknown): string {
  const [named, host] = [at(place, 'tls', 'serverName'), at(place, 'host')];
  return typeof named === 'string' ? named : String(host);
}

/** Whether a host is an address of the machine or the network rather than a name that a document could give. */
export function isNameless(host: string): boolean {
  return /^[\d.]+$|^\[|:|^localhost$/.test(host);
}

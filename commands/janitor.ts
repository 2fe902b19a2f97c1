/** `golive janitor`: removes what a golive that was killed has left in a cluster. */
import { resolve } from 'node:path';
import { ObservationError } from '../checks/contract/capabilities.ts';
import type { KubeObject, ResourceType } from '../checks/contract/cluster.ts';
import { EXIT } from '../checks/contract/decision.ts';
import { nameOf, PODS } from '../checks/protocols/kubernetes.ts';
import { NETWORK_POLICIES, OTHER_POLICIES } from '../checks/protocols/network-policies.ts';
import {
  askPatiently,
  pathOf,
  refusal,
  resourceName,
  type ClusterAccess,
} from '../fixtures/capabilities/cluster-requests.ts';
import { readList } from '../fixtures/capabilities/cluster-lists.ts';
import { TEST_RUN_OBJECTS } from '../fixtures/capabilities/load-test-run-objects.ts';
import { TEMPORARY } from '../fixtures/capabilities/temporary-object.ts';
import { compileOrTell, type Selection } from './compile.ts';
import { withCluster } from './doctor/cluster.ts';
import { writeError, writeJson, writeOut } from './write.ts';

export interface JanitorOptions extends Selection {
  readonly dryRun?: boolean;
  readonly json?: boolean;
}
/** What golive creates for a while. */
const TYPES: readonly ResourceType[] = [PODS, NETWORK_POLICIES, ...OTHER_POLICIES.slice(0, 1), ...TEST_RUN_OBJECTS];
const LIMIT_MS = 60_000;

interface LeftOver {
  readonly type: ResourceType;
  readonly object: KubeObject;
}

/** 0 nothing is left, 1 something was there and is not removed (a dry run), 2 the cluster refused, 64 invalid files. */
export async function janitor(options: JanitorOptions): Promise<number> {
  const compiled = compileOrTell(options);
  if (!compiled) return EXIT.usage;
  const { root, plan } = compiled;
  const { kubeconfig, namespaces } = plan.environment;
  try {
    return await withCluster({ ...kubeconfig, path: resolve(root, kubeconfig.path) }, async (link) => {
      const signal = AbortSignal.timeout(LIMIT_MS);
      const access = await link.access(signal);
      const found = await leftOvers(access, Object.values(namespaces), signal);
      if (options.dryRun !== true) for (const one of found) await remove(access, one, signal);
      tell(found, options);
      return options.dryRun === true && found.length > 0 ? EXIT['NO-GO'] : EXIT.GO;
    });
  } catch (error) {
    if (!(error instanceof ObservationError)) throw error;
    writeError(`${error.message}.${error.fix === undefined ? '' : `\nFix: ${error.fix}.`}`);
    return EXIT.HOLD;
  }
}

/** Whoever runs now has some, too: the janitor is for when nobody does. */
async function leftOvers(
  access: ClusterAccess,
  namespaces: readonly string[],
  signal: AbortSignal,
): Promise<readonly LeftOver[]> {
  const labelSelector = `${TEMPORARY.label}=${TEMPORARY.value}`;
  const lists = TYPES.flatMap((type) =>
    (type === OTHER_POLICIES[0] ? [undefined] : [...new Set(namespaces)]).map(async (namespace) => {
      try {
        // Nobody needs the values of a Secret to remove it.
        const where = { ...(namespace === undefined ? {} : { namespace }), metadataOnly: true };
        const { items } = await readList(access, { type, labelSelector, ...where }, signal);
        return items.map((object) => ({ type, object }));
      } catch (error) {
        // An API, or a namespace, that the cluster does not have holds nothing.
        if (error instanceof ObservationError && error.code === 'not-found') return [];
        throw error;
      }
    }),
  );
  return (await Promise.all(lists)).flat();
}

async function remove(access: ClusterAccess, { type, object }: LeftOver, signal: AbortSignal): Promise<void> {
  const { name, namespace, uid } = object.metadata;
  const path = pathOf(type, namespace, name);
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid } };
  const request = { method: 'DELETE', path, body } as const;
  const response = await askPatiently(access, request, signal);
  const isGone =
    response.status === 404 || response.status === 409 || (response.status >= 200 && response.status <= 299);
  if (!isGone) throw refusal(access, request, response, { verb: 'delete', resource: resourceName(type), namespace });
}

function tell(found: readonly LeftOver[], { dryRun, json }: JanitorOptions): void {
  const names = found.map(({ type, object }) => nameOf(type.kind, object));
  if (json === true) writeJson({ found: names, removed: dryRun === true ? [] : names });
  else if (names.length === 0) writeOut('Nothing of golive is left in the cluster.');
  else writeOut(names.map((name) => `${dryRun === true ? 'left over' : 'removed'}: ${name}`).join('\n'));
}

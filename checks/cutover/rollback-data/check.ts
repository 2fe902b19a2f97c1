import type { Capabilities } from '../../contract/capabilities.ts';
import type { KubeObject } from '../../contract/cluster.ts';
import { at, listAt, textAt } from '../../contract/json.ts';
import { kubernetesName, store } from '../../contract/param-schemas.ts';
import { attempt, kind, type ParamsOf } from '../../kit/kind.ts';
import {
  CONFIG_MAPS,
  DEPLOYMENTS,
  getOrNull,
  mayList,
  mayReadSecrets,
  PODS,
  SECRETS,
} from '../../protocols/kubernetes.ts';
import { historyOf, TABLE_PATTERN } from '../../protocols/migrations/history.ts';
import { LAYOUT_NAMES, LAYOUTS } from '../../protocols/migrations/layouts.ts';
import { writtenAt } from '../../protocols/written-at.ts';
import { labelRequirements, matchesLabels } from '../../../k8s/semantics/selector.ts';
import { podReferences } from '../../../k8s/semantics/references.ts';
import { judge, messages, type SeenDeployment, type Setting } from './judge.ts';

const names = (description: string) =>
  ({
    type: 'array',
    minItems: 1,
    uniqueItems: true,
    items: kubernetesName('Name of a Deployment.'),
    description,
  }) as const;

const params = {
  namespace: kubernetesName('Namespace of the Deployments.'),
  fresh: names('Deployments of the release that goes live which use the schema.'),
  stable: names('Deployments that serve until then and are gone back to: their settings, and which schema they suit.'),
  withoutSchema: {
    type: 'array',
    items: kubernetesName('Name of a Deployment.'),
    default: [],
    description: 'Those of stable that use no schema.',
  },
  store,
  layout: { enum: LAYOUT_NAMES, description: 'The tool that keeps the history of the schema.' },
  table: {
    type: 'string',
    pattern: TABLE_PATTERN,
    description: 'Table of the history; what the tool calls it unless said.',
  },
  annotation: {
    type: 'string',
    minLength: 1,
    default: 'golive.dev/schema-revisions',
    description: 'Annotation of a Deployment that names the revisions it suits, separated by commas: "2, 3".',
  },
} as const;
type Params = ParamsOf<typeof params, 'namespace' | 'fresh' | 'stable' | 'store' | 'layout'>;

export const rollbackData = kind('cutover/rollback-data', {
  title: 'Schema and settings are such that either release can serve',
  why: 'Traffic goes back in a second; a schema does not. The old release then fails on a column that is gone, or starts with settings made for the new one.',
  sees: [
    'The revision that the history in the database ends with, no migration in it failed, and that each Deployment of either release says it suits this very revision.',
    'That ConfigMaps and Secrets which the Deployments gone back to take into their environment exist, and were last written before the containers that serve were started: a restart gives what serves now. Metadata alone is read.',
    'Again when traffic has to go back, while it goes: what it finds then is told, and the rollback counts as not verified.',
  ],
  not: [
    'Whether what a Deployment says of itself is true: tests of the old release on the new schema show it.',
    'Content of volumes: a running pod follows it.',
  ],
  needs: ['cluster', 'postgres'],
  required: ['namespace', 'fresh', 'stable', 'store', 'layout'],
  params,
  messages,
  rights: ({ namespace, fresh, stable, store }) => [
    {
      namespace,
      groups: ['apps'],
      resources: ['deployments'],
      verbs: ['get'],
      resourceNames: [...new Set([...fresh, ...stable])],
    },
    ...mayList([PODS, CONFIG_MAPS, SECRETS], namespace),
    ...mayReadSecrets([store.password]),
  ],
  gather,
  judge,
});

async function gather(params: Params, { cluster, postgres }: Pick<Capabilities, 'cluster' | 'postgres'>) {
  const { namespace, store, layout, table = LAYOUTS[layout].table } = params;
  const pods = (await cluster.list(PODS, { namespace, fresh: true })).items;
  const deployments: SeenDeployment[] = [];
  for (const name of new Set([...params.fresh, ...params.stable])) {
    const found = await getOrNull(cluster, DEPLOYMENTS, name, namespace);
    deployments.push({
      name,
      declared: found ? (found.metadata.annotations?.[params.annotation] ?? null) : null,
      exists: found !== null,
      startedAt: found ? startedAt(found, pods) : null,
      takes: found ? settingsOf(found) : [],
    });
  }
  const settings = await attempt(async () => {
    const lists = await Promise.all(
      [CONFIG_MAPS, SECRETS].map(async (type) =>
        (await cluster.listMetadata(type, { namespace })).items.map((one): Setting => {
          const written = writtenAt(one);
          return {
            id: `${type.kind} ${one.metadata.name}`,
            writtenAt: written?.at ?? null,
            isContent: written?.isContent === true,
          };
        }),
      ),
    );
    return lists.flat();
  });
  const history = await attempt(() => historyOf(postgres, store, table));
  return {
    deployments,
    settings: settings.seen ?? null,
    history: history.seen ?? null,
    refusals: [settings.refusal, history.refusal].filter((one) => one !== undefined),
  };
}

/** What its containers are given when they start. A running pod follows volumes, and nobody pulls with what is on the node. */
const settingsOf = (deployment: KubeObject): SeenDeployment['takes'] =>
  podReferences(at(deployment, 'spec', 'template', 'spec'))
    .filter(({ kind, use }) => (kind === 'ConfigMap' || kind === 'Secret') && (use === 'env' || use === 'envFrom'))
    .map(({ kind, name, optional }) => ({ id: `${kind} ${name}`, optional }))
    .filter(({ id }, index, all) => all.findIndex((one) => one.id === id) === index);

/** When the oldest of its containers that run was started; null where none runs, or one does not say. */
function startedAt(deployment: KubeObject, pods: readonly KubeObject[]): string | null {
  const selector = labelRequirements(at(deployment, 'spec', 'selector'));
  const times = pods
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined && matchesLabels(selector, metadata.labels))
    .flatMap((pod) => listAt(pod, 'status', 'containerStatuses'))
    .map((status) => textAt(status, '', 'state', 'running', 'startedAt'))
    .filter((time) => time !== '')
    .sort((a, b) => Date.parse(a) - Date.parse(b));
  return times[0] ?? null;
}

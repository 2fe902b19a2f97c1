import type { Capabilities } from '../../contract/capabilities.ts';
import type { KubeObject } from '../../contract/cluster.ts';
import { listAt, textAt } from '../../contract/json.ts';
import { kubernetesName, namespaceList } from '../../contract/param-schemas.ts';
import { attempt, kind } from '../../kit/kind.ts';
import { mayList, nameOf, PODS } from '../../protocols/kubernetes.ts';
import { hasEnded } from '../../protocols/workloads.ts';
import { judge, messages, type SeenPod } from './judge.ts';

/** Of pods that a node runs by itself: no drain asks about them. */
const MIRROR = 'kubernetes.io/config.mirror';

export const nodeDrain = kind('chaos/node-drain', {
  title: 'Every node can be drained',
  why: 'Nodes are upgraded and replaced at night, by machines. A pod that may not be evicted stops that for ever, or is killed without asking.',
  sees: [
    'What the API server answers to the eviction of each pod that runs (dry run: nothing goes, and no budget is spent): its PodDisruptionBudget has room.',
    'That something makes each pod anew elsewhere.',
    'Where a pod runs alone for its budget, each counts by itself, as a drain evicts one after the other and waits.',
  ],
  not: [
    'Whether there is room for the pods on other nodes.',
    'Pods of DaemonSets and those that a node runs by itself: a drain leaves them. What users notice: chaos/pod-deletion.',
  ],
  needs: ['cluster'],
  required: ['namespaces'],
  params: {
    namespaces: namespaceList,
    madeByHand: {
      type: 'array',
      items: kubernetesName('Name of a pod.'),
      default: [],
      description: 'Pods that nobody makes anew and that people move by hand: a drain stops before them.',
    },
  },
  messages,
  rights: ({ namespaces }) => [
    ...namespaces.flatMap((namespace) => mayList([PODS], namespace)),
    ...namespaces.map((namespace) => ({ namespace, groups: [''], resources: ['pods/eviction'], verbs: ['create'] })),
  ],

  async gather({ namespaces, madeByHand }, { cluster }) {
    const pods: SeenPod[] = [];
    for (const namespace of namespaces) {
      const { items } = await cluster.list(PODS, { namespace, fresh: true });
      for (const pod of items.filter(isDrained)) pods.push(await see(pod, madeByHand, cluster));
    }
    return { pods };
  },
  judge,
});

const ownerOf = (pod: KubeObject): string =>
  pod.metadata.ownerReferences?.find(({ controller }) => controller === true)?.kind ?? '';

/** What goes already, has ended, or waits for a node takes nothing from a budget. */
function isDrained(pod: KubeObject): boolean {
  const { deletionTimestamp, annotations } = pod.metadata;
  if (deletionTimestamp !== undefined || hasEnded(pod) || textAt(pod, '', 'spec', 'nodeName') === '') return false;
  return ownerOf(pod) !== 'DaemonSet' && annotations?.[MIRROR] === undefined;
}

async function see(
  pod: KubeObject,
  madeByHand: readonly string[],
  cluster: Pick<Capabilities['cluster'], 'dryRunEvict'>,
): Promise<SeenPod> {
  const { name, namespace = '' } = pod.metadata;
  const { seen, refusal } = await attempt(() => cluster.dryRunEvict({ namespace, name }));
  return {
    name: nameOf('Pod', pod),
    node: textAt(pod, '', 'spec', 'nodeName'),
    owner: ownerOf(pod),
    isMadeByHand: madeByHand.includes(name),
    ready: listAt(pod, 'status', 'conditions').some(
      (one) => textAt(one, '', 'type') === 'Ready' && textAt(one, '', 'status') === 'True',
    ),
    ...(seen ? { answer: seen } : { refusal }),
  };
}

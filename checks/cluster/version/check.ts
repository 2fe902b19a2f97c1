import {
  isAtLeast,
  kubeletSkew,
  parseVersion,
  VersionError,
  type KubernetesVersion,
} from '../../../k8s/semantics/version-skew.ts';
import {
  defineCheck,
  ObservationError,
  type Capabilities,
  type CheckContext,
  type Evidence,
  type Finding,
  type FromSchema,
  type JSONSchema,
  type Judgement,
} from '../../define-check.ts';
import { readingEvidence, table, type Reading } from '../../support/evidence.ts';
import { judged, present } from '../../support/judged.ts';
import { apiAnswer, mayList, NODES, readList, textAt } from '../../support/kubernetes.ts';

const messages = {
  tooOld: {
    says: '{subject}: is {actual}, expected at least {expected}.',
    fix: 'Upgrade the control plane first, then the nodes, one minor version at a time.',
  },
  skewed: {
    says: '{subject}: {why}, expected a kubelet no newer and at most {allowed} minor versions older.',
    fix: 'Upgrade the node, or replace it by one with the version of the control plane.',
  },
  unreadable: {
    says: '{subject}: reports the version "{actual}", expected one such as v1.31.4.',
    fix: 'Look at what runs there: no released kubelet or API server reports such a version.',
  },
};
type Id = keyof typeof messages;

const params = {
  type: 'object',
  additionalProperties: false,
  properties: {
    minimum: {
      type: 'string',
      pattern: '^1\\.[0-9]+(\\.[0-9]+)?$',
      default: '1.28',
      description: 'Lowest version accepted, for the API server and for every kubelet.',
    },
  },
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;

const PATH = '/version';

interface Gathered {
  readonly apiServer: string;
  readonly nodes: readonly { readonly name: string; readonly kubelet: string }[];
  readonly reading: Reading;
}

export const clusterVersion = defineCheck({
  meta: {
    kind: 'cluster/version',
    title: 'The API server and every kubelet are recent enough and fit each other',
    why: 'One forgotten node on an old version runs pods without the fixes, or not at all.',
    sees: 'The version the API server states, and nodeInfo.kubeletVersion of every node, against the minimum and the version skew policy. Not: patch levels the vendor adds, and not kube-proxy or the container runtime.',
    needs: ['cluster'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: () => [{ groups: [], resources: [], verbs: ['get'], nonResourceURLs: [PATH] }, ...mayList([NODES])],
  gather,
  judge,
});

async function gather(
  _: Params,
  { cluster }: Pick<Capabilities, 'cluster'>,
  { fresh }: CheckContext,
): Promise<Gathered> {
  const apiServer = textAt(apiAnswer(PATH, await cluster.raw(PATH)), '', 'gitVersion');
  if (apiServer === '') throw new ObservationError('protocol', `GET ${PATH} answered without gitVersion.`);
  const { items, reading } = await readList(cluster, NODES, { fresh });
  const nodes = items.map((node) => ({
    name: node.metadata.name,
    kubelet: textAt(node, '', 'status', 'nodeInfo', 'kubeletVersion'),
  }));
  return { apiServer, nodes, reading };
}

function judge({ minimum }: Params, gathered: Gathered): Judgement<Id> {
  const { apiServer, nodes } = gathered;
  const server = versionOf(apiServer);
  const lowest = parseVersion(minimum);
  const findings: Finding<Id>[] = present([
    versionFinding('API server', apiServer, lowest),
    ...nodes.flatMap(({ name, kubelet }) => [
      versionFinding(`Node ${name}`, kubelet, lowest),
      server && skewFinding(`Node ${name}`, server, kubelet),
    ]),
  ]);
  const evidence = evidenceOf(gathered);
  if (findings.length === 0 && nodes.length === 0)
    return {
      outcome: 'inconclusive',
      reason: 'no-subjects',
      why: `The API server is ${apiServer}, but it lists no node: no kubelet was looked at.`,
      evidence,
    };
  return judged(findings, ['API server', ...nodes.map(({ name }) => `Node ${name}`)], evidence, '');
}

function versionOf(text: string): KubernetesVersion | null {
  try {
    return parseVersion(text);
  } catch (error) {
    if (error instanceof VersionError) return null;
    throw error;
  }
}

function versionFinding(subject: string, text: string, lowest: KubernetesVersion): Finding<Id> | null {
  const version = versionOf(text);
  if (!version) return { message: 'unreadable', subject, data: { actual: text } };
  return isAtLeast(version, lowest)
    ? null
    : { message: 'tooOld', subject, data: { actual: text, expected: lowest.text } };
}

function skewFinding(subject: string, server: KubernetesVersion, text: string): Finding<Id> | null {
  const kubelet = versionOf(text);
  const skew = kubelet && kubeletSkew(server, kubelet);
  return skew && !skew.supported
    ? { message: 'skewed', subject, data: { why: skew.why, allowed: skew.allowed } }
    : null;
}

function evidenceOf({ apiServer, nodes, reading }: Gathered): readonly [Evidence, ...Evidence[]] {
  return [
    { type: 'query', title: 'API server', language: 'kubernetes', query: `GET ${PATH}`, answer: apiServer },
    table(
      'Kubelets',
      ['node', 'kubelet'],
      nodes.map(({ name, kubelet }) => [name, kubelet]),
    ),
    readingEvidence(reading),
  ];
}

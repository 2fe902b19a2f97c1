import { isAtLeast, kubeletSkew, parseVersion, tryParseVersion } from '../../../k8s/semantics/version-skew.ts';
import { kind, objectSubject, ObservationError } from '../../kit/kind.ts';
import { table } from '../../kit/evidence.ts';
import { textAt } from '../../contract/json.ts';
import { apiAnswer, mayList, NODES } from '../../protocols/kubernetes.ts';

const PATH = '/version';

export const clusterVersion = kind('cluster/version', {
  title: 'The API server and every kubelet are recent enough and fit each other',
  why: 'One forgotten node on an old version runs pods without the fixes, or not at all.',
  sees: [
    'The version the API server states, against the minimum.',
    'nodeInfo.kubeletVersion of every node, against the minimum and the version skew policy.',
  ],
  not: ['Patch levels the vendor adds.', 'kube-proxy and the container runtime.'],
  needs: ['cluster'],
  params: {
    minimum: {
      type: 'string',
      pattern: '^1\\.[0-9]+(\\.[0-9]+)?$',
      default: '1.28',
      description: 'Lowest version accepted, for the API server and for every kubelet.',
    },
  },
  messages: {
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
  },
  rights: () => [{ groups: [], resources: [], verbs: ['get'], nonResourceURLs: [PATH] }, ...mayList([NODES])],

  async gather(_, { cluster }, { fresh }) {
    const apiServer = textAt(apiAnswer(PATH, await cluster.raw(PATH)), '', 'gitVersion');
    if (apiServer === '') throw new ObservationError('protocol', `GET ${PATH} answered without gitVersion.`);
    const { items } = await cluster.list(NODES, { fresh });
    const nodes = items.map((node) => ({
      name: node.metadata.name,
      kubelet: textAt(node, '', 'status', 'nodeInfo', 'kubeletVersion'),
    }));
    return { apiServer, nodes };
  },

  judge({ minimum }, { apiServer, nodes }, say) {
    const lowest = parseVersion(minimum);
    const server = tryParseVersion(apiServer);
    const kubelets = nodes.map(({ name, kubelet }) => [objectSubject('Node', { name }), kubelet] as const);
    for (const [subject, text] of [['API server', apiServer] as const, ...kubelets]) {
      const version = tryParseVersion(text);
      const skew = server && version && subject !== 'API server' ? kubeletSkew(server, version) : null;
      say.judged(subject);
      if (text === '') say.unknown(subject, 'its version');
      else if (!version) say.fail('unreadable', subject, { actual: text });
      else if (!isAtLeast(version, lowest)) say.fail('tooOld', subject, { actual: text, expected: lowest.text });
      if (skew && !skew.supported) say.fail('skewed', subject, { why: skew.why, allowed: skew.allowed });
    }
    if (nodes.length === 0)
      say.unsure('no-subjects', `The API server is ${apiServer}, but it lists no node: no kubelet was looked at.`);
    say.show(
      { type: 'value', title: 'Nodes', value: nodes.length, unit: 'count' },
      table(
        `Versions (the API server is ${apiServer})`,
        ['node', 'kubelet'],
        nodes.map(({ name, kubelet }) => [name, kubelet]),
      ),
    );
  },
});

import { isRecord, parseJson } from '../../contract/json.ts';
import { namespaceList } from '../../contract/param-schemas.ts';
import { attempt, kind } from '../../kit/kind.ts';
import { CLAIMS, mayList, refuseRefusal, STORAGE_CLASSES } from '../../protocols/kubernetes.ts';
import { yamlDocuments } from '../../protocols/yaml.ts';
import { judge, messages, type Facts } from './judge.ts';

const path = (description: string) => ({ type: 'string', minLength: 1, description }) as const;
const METRICS = '/metrics';

const params = {
  configuration: path('The EncryptionConfiguration that the API servers are started with, below the project folder.'),
  provider: {
    type: 'object',
    additionalProperties: false,
    required: ['name', 'facts'],
    description: 'For a control plane that a cloud runs: what its API says of the cluster.',
    properties: {
      name: { type: 'string', enum: ['eks', 'gke', 'aks'], description: 'Whose cluster it is.' },
      facts: path(
        'JSON file with the answer of "aws eks describe-cluster", "gcloud container clusters describe" or "az aks show".',
      ),
    },
  },
  counters: {
    type: 'boolean',
    default: true,
    description: "Whether the API server's own counters are read, which say how Secrets are stored and found stored.",
  },
  namespaces: namespaceList,
  encryptedDrivers: {
    type: 'array',
    default: [],
    description: 'Storage drivers whose volumes are encrypted by other means, each with the reason.',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['driver', 'reason'],
      properties: {
        driver: path('The provisioner, as the StorageClass names it.'),
        reason: { type: 'string', minLength: 10, description: 'By what its volumes are encrypted, in a sentence.' },
      },
    },
  },
} as const;

export const encryptionAtRest = kind('access/encryption-at-rest', {
  title: 'Secrets and volumes are encrypted at rest',
  why: 'A stolen backup of etcd, or a disk that was sent back, holds every password of the platform.',
  sees: [
    'That the first provider for Secrets in the EncryptionConfiguration encrypts, or that the cloud says the same of its control plane.',
    'By the API server, that it writes Secrets encrypted and has found none that are not.',
    'Of each claim of the namespaces, that its storage class, or its driver, encrypts the volume.',
  ],
  not: [
    'Where the keys are kept, and who may read them.',
    'API servers that were not asked: a load balancer hands on to one of several.',
    'The volume itself: a class can be replaced after a volume was made.',
  ],
  needs: ['cluster', 'files'],
  required: ['namespaces'],
  rules: { anyOf: [{ required: ['configuration'] }, { required: ['provider'] }] },
  params,
  messages,
  rights: ({ namespaces, counters }) => [
    ...mayList([STORAGE_CLASSES]),
    ...namespaces.flatMap((namespace) => mayList([CLAIMS], namespace)),
    ...(counters ? [{ groups: [], resources: [], verbs: ['get'], nonResourceURLs: [METRICS] }] : []),
  ],

  async gather({ configuration, provider, counters, namespaces }, { cluster, files }, { fresh }) {
    const read = async (file: string | undefined, parse: (text: string) => unknown): Promise<Facts | null> => {
      if (file === undefined) return null;
      const { seen, refusal } = await attempt(async () => files.read(file));
      return { file, value: seen === undefined ? null : withoutKeys(parse(seen)), refusal: refusal ?? null };
    };
    const lists = await Promise.all(namespaces.map((namespace) => cluster.list(CLAIMS, { namespace, fresh })));
    return {
      configuration: await read(configuration, (text) => firstDocument(text)),
      facts: await read(provider?.facts, parseJson),
      counters: counters ? await readCounters() : null,
      claims: lists.flatMap(({ items }) => items),
      classes: (await cluster.list(STORAGE_CLASSES, { fresh })).items,
    };

    async function readCounters() {
      const { seen, refusal } = await attempt(async () => {
        const answer = await cluster.raw(METRICS);
        refuseRefusal(METRICS, answer);
        return answer;
      });
      // Thousands of other lines are not looked at.
      const lines = (seen?.body ?? '')
        .split('\n')
        .filter((line) => line.startsWith('apiserver_storage_transformation_'));
      return { status: seen?.status ?? 0, lines, refusal: refusal ?? null };
    }
  },

  judge,
});

function firstDocument(text: string): unknown {
  try {
    return yamlDocuments(text)[0];
  } catch {
    return undefined;
  }
}

/** Keys lie in the configuration itself: they go no further than this. */
function withoutKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutKeys);
  if (!isRecord(value)) return value;
  const kept = Object.entries(value).filter(([name]) => name !== 'keys' && name !== 'secret');
  return Object.fromEntries(kept.map(([name, member]) => [name, withoutKeys(member)]));
}

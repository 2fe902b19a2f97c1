import { credential, kubernetesName } from '../../contract/param-schemas.ts';
import {
  defineCheck,
  ObservationError,
  type Capabilities,
  type CheckContext,
  type FromSchema,
  type JSONSchema,
} from '../../kit/define-check.ts';
import { mayList, mayReadSecrets, SERVICE_ACCOUNTS, readList } from '../../protocols/kubernetes.ts';
import { registrySession, type RegistrySession } from '../../protocols/oci.ts';
import { lookUp } from '../../protocols/oci-manifests.ts';
import { pulledReference } from '../../protocols/oci-reference.ts';
import { mayReadRelease, namedImages, readDeployments, releaseProperties, releaseRequired } from '../oci-workloads.ts';
import { judge, messages, type Gathered, type PullSecret, type Tried } from './judge.ts';

const params = {
  type: 'object',
  additionalProperties: false,
  required: [...releaseRequired, 'pullCredential'],
  properties: {
    ...releaseProperties,
    pullCredential: {
      ...credential,
      description: 'Who nodes pull as, and who must not be able to push: ${environment.credentials.NAME}.',
    },
    pullSecrets: {
      type: 'array',
      uniqueItems: true,
      default: [],
      items: kubernetesName('Name of a Secret.'),
      description:
        'Secrets that the Deployments pull with, by imagePullSecrets of their own or of their service account.',
    },
    requirePullSecret: {
      type: 'boolean',
      default: true,
      description: 'Whether each Deployment must have a pull secret; false for images that anybody may pull.',
    },
  },
} as const satisfies JSONSchema;
export type Params = FromSchema<typeof params>;

export const pushPermission = defineCheck({
  meta: {
    kind: 'supply-chain/push-permission',
    title: 'Who builds may push, who runs may only pull',
    why: 'A pipeline that cannot push stops the hotfix; a node that can push lets whoever takes one pod replace the images of all.',
    sees: 'For each repository of the release: an upload opened with the credential of the registry and cancelled, a manifest pulled with pullCredential (the positive control) and an upload refused to it; and that the pull secrets of the Deployments exist and hold a credential for the hosts of their images. Not: whether that credential is still valid; nothing is pushed to the end.',
    needs: ['cluster', 'http', 'secrets'],
    effect: 'mutating',
    mutation: 'apply',
    params,
    messages,
  },
  permissions: (params: Params) => [
    ...mayReadRelease(params),
    ...mayList([SERVICE_ACCOUNTS], params.namespace),
    ...mayReadSecrets([params.pullCredential.password]),
    ...(params.pullSecrets.length === 0
      ? []
      : [
          {
            namespace: params.namespace,
            groups: [''],
            resources: ['secrets'],
            verbs: ['get'],
            resourceNames: params.pullSecrets,
          },
        ]),
  ],
  gather,
  judge,
});

async function gather(
  params: Params,
  { cluster, http, secrets }: Pick<Capabilities, 'cluster' | 'http' | 'secrets'>,
  context: CheckContext,
): Promise<Gathered> {
  const { registry, pullCredential, namespace, pullSecrets } = params;
  if (registry.credential === undefined)
    throw new ObservationError('misconfigured', 'The registry has no credential to push with', {
      fix: 'Give the registry of this item the credential of the pipeline in the environment file.',
    });
  const { items, reading } = await readDeployments(cluster, params, context);
  const accounts = await readList(cluster, SERVICE_ACCOUNTS, { namespace, fresh: context.fresh });
  const found: PullSecret[] = [];
  for (const name of pullSecrets) {
    const facts = await secrets.facts(namespace, name);
    const registries = facts?.flatMap((fact) => fact.registries ?? []) ?? null;
    found.push({ name, registries });
  }
  const pusher = registrySession(http, registry);
  const puller = registrySession(http, { ...registry, credential: pullCredential });
  const tried: Tried[] = [];
  const seen = new Set<string>();
  for (const { reference } of namedImages(items, params.thirdParty)) {
    if (reference === null || !params.hosts.includes(reference.host) || seen.has(reference.repository)) continue;
    const { repository } = reference;
    seen.add(repository);
    tried.push({
      repository,
      push: await tryPush(pusher, repository),
      pull: await tryPull(puller, repository, pulledReference(reference)),
      pullerPush: await tryPush(puller, repository),
    });
  }
  return { deployments: items, accounts: accounts.items, secrets: found, tried, readings: [reading, accounts.reading] };
}

/** Opens an upload and cancels it at once. A refusal, by the registry or its token service, is an answer. */
async function tryPush(session: RegistrySession, repository: string): Promise<Tried['push']> {
  const actions = 'pull,push';
  try {
    const path = `/v2/${repository}/blobs/uploads/`;
    const { status, headers } = await session.call({ method: 'POST', path, repository, actions });
    const location = headers['location'];
    if (status !== 202 || location === undefined) return { status };
    const cancelled = await session.call({ method: 'DELETE', path: location, repository, actions });
    return { status, cancelled: cancelled.status };
  } catch (error) {
    return { status: statusOf(error) };
  }
}

async function tryPull(session: RegistrySession, repository: string, reference: string): Promise<Tried['pull']> {
  try {
    const found = await lookUp(session, repository, reference);
    return { status: found.found ? 200 : found.status };
  } catch (error) {
    return { status: statusOf(error) };
  }
}

function statusOf(error: unknown): number {
  if (error instanceof ObservationError && error.code === 'unauthorized') return 401;
  if (error instanceof ObservationError && error.code === 'forbidden') return 403;
  throw error;
}

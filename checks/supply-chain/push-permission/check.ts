import { credential, kubernetesName } from '../../contract/param-schemas.ts';
import { attempt, kind, ObservationError } from '../../kit/kind.ts';
import { DEPLOYMENTS, mayList, mayReadSecrets, SERVICE_ACCOUNTS } from '../../protocols/kubernetes.ts';
import { registrySession, type RegistrySession } from '../../protocols/oci.ts';
import { lookUp } from '../../protocols/oci-manifests.ts';
import { isHostOf, pulledReference } from '../../protocols/oci-reference.ts';
import { asking, mayReadRelease, namedImages, releaseParams, releaseRequired } from '../release-images.ts';
import { judge, messages, type Tried } from './judge.ts';

export const pushPermission = kind('supply-chain/push-permission', {
  title: 'Who builds may push, who runs may only pull',
  why: 'A pipeline that cannot push stops the hotfix; a node that can push lets whoever takes one pod replace the images of all.',
  sees: [
    'For each repository of the release: an upload opened with the credential of the registry and cancelled, a manifest pulled with pullCredential (the positive control) and an upload refused to it.',
    'The pull secrets of the Deployments exist and hold a credential for the hosts of their images.',
  ],
  not: ['Whether the credential in a pull secret is valid, or what it may do.', 'A push to its end.'],
  needs: ['cluster', 'http', 'secrets'],
  changes: 'apply',
  required: [...releaseRequired, 'pullCredential'],
  params: {
    ...releaseParams,
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
  messages,
  rights: (params) => [
    ...mayReadRelease(params),
    ...mayList([SERVICE_ACCOUNTS], params.namespace),
    ...mayReadSecrets([params.pullCredential.password]),
    // Each is read whole: which key names the registries follows from its type.
    ...mayReadSecrets(
      params.pullSecrets.map((name) => ({ from: 'kubernetes-secret', namespace: params.namespace, name, key: '' })),
    ),
  ],

  async gather(params, { cluster, http, secrets }, { fresh }) {
    const { registry, pullCredential, namespace, selector: labelSelector, pullSecrets } = params;
    if (registry.credential === undefined)
      throw new ObservationError('misconfigured', 'The registry has no credential to push with', {
        fix: 'Give the registry of this item the credential of the pipeline in the environment file.',
      });
    const { items: deployments } = await cluster.list(DEPLOYMENTS, { namespace, labelSelector, fresh });
    const accounts = await cluster.list(SERVICE_ACCOUNTS, { namespace, fresh });
    const found = [];
    for (const name of pullSecrets) {
      const { seen, refusal } = await attempt(() => secrets.facts(namespace, name));
      const registries = seen?.flatMap((fact) => fact.registries ?? []) ?? null;
      found.push({ name, registries, ...(refusal ? { refused: refusal } : {}) });
    }
    const pusher = registrySession(http, registry);
    const puller = registrySession(http, { ...registry, credential: pullCredential });
    const ask = asking();
    const tried = new Map<string, Tried>();
    for (const { reference } of namedImages(deployments, params.thirdParty)) {
      if (!reference || !isHostOf(params.hosts, reference.host) || tried.has(reference.repository)) continue;
      const { repository } = reference;
      const { seen, refusal } = await ask(async () => ({
        push: await tryPush(pusher, repository),
        pull: await tryPull(puller, repository, pulledReference(reference)),
        pullerPush: await tryPush(puller, repository),
      }));
      tried.set(repository, seen ? { repository, ...seen } : { repository, refused: refusal });
    }
    return { deployments, accounts: accounts.items, secrets: found, tried: [...tried.values()] };
  },
  judge,
});

/** Opens an upload and cancels it at once. A refusal, by the registry or its token service, is an answer. */
async function tryPush(session: RegistrySession, repository: string) {
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

async function tryPull(session: RegistrySession, repository: string, reference: string) {
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

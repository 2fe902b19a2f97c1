import type { Credential } from '../../contract/environment.ts';
import { credential, kubernetesName } from '../../contract/param-schemas.ts';
import { attempt, kind, ObservationError } from '../../kit/kind.ts';
import { DEPLOYMENTS, mayList, mayReadSecrets, SERVICE_ACCOUNTS } from '../../protocols/kubernetes.ts';
import { isHostOf, isKeyOf } from '../../protocols/oci-reference.ts';
import { mayReadRelease, releaseParams, releaseRequired, type ReleaseParams } from '../release-images.ts';
import { judge, messages, pullsOf, type Pulls, type PullSecret } from './judge.ts';
import { tryAll, type Target } from './tried.ts';

export const pushPermission = kind('supply-chain/push-permission', {
  title: 'Who builds may push, who runs may only pull',
  why: 'A pipeline that cannot push stops the hotfix; a node that can push lets whoever takes one pod replace the images of all.',
  sees: [
    'For each repository of the release: an upload opened with the credential of the registry and cancelled, a manifest pulled with pullCredential (the positive control) and an upload refused to it.',
    'The same with what each pull secret of its Deployments holds; every image is covered by one of them.',
    'An upload without any credential refused.',
  ],
  not: ['A push to its end.'],
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
    const { registry, namespace, selector: labelSelector } = params;
    if (registry.credential === undefined)
      throw new ObservationError('misconfigured', 'The registry has no credential to push with', {
        fix: 'Give the registry of this item the credential of the pipeline in the environment file.',
      });
    const { items: deployments } = await cluster.list(DEPLOYMENTS, { namespace, labelSelector, fresh });
    const { items: accounts } = await cluster.list(SERVICE_ACCOUNTS, { namespace, fresh });
    const found: PullSecret[] = [];
    for (const name of params.pullSecrets) {
      const { seen, refusal } = await attempt(() => secrets.facts(namespace, name));
      const registries = seen?.flatMap((fact) => fact.registries ?? []) ?? null;
      found.push({ name, registries, ...(refusal ? { refused: refusal } : {}) });
    }
    const pulls = deployments.map((deployment) => pullsOf(deployment, accounts, params));
    return {
      deployments,
      accounts,
      secrets: found,
      tried: await tryAll(http, registry, targetsOf(params, pulls, found)),
    };
  },
  judge,
});

/** Each repository once, with the secrets that hold a credential for it and that pods of its images pull with. */
function targetsOf(
  { hosts, namespace, pullCredential }: ReleaseParams & { readonly pullCredential: Credential },
  pulls: readonly Pulls[],
  secrets: readonly PullSecret[],
): Target[] {
  const targets = new Map<string, Target>();
  for (const { images, secrets: own } of pulls)
    for (const { name: image, repository, reference } of images.filter(({ host }) => isHostOf(hosts, host))) {
      const target = targets.get(repository) ?? { repository, reference, logins: new Map([[null, pullCredential]]) };
      targets.set(repository, target);
      for (const { name, registries } of secrets)
        if (own.includes(name) && registries?.some((key) => isKeyOf(key, image)))
          target.logins.set(name, { from: 'pull-secret', namespace, name, image });
    }
  return [...targets.values()];
}

/** How the rights at the registry are judged, and the secrets that nodes pull with. */
import type { KubeObject } from '../../contract/cluster.ts';
import { at, listAt, textAt } from '../../contract/json.ts';
import { nameList, table } from '../../kit/evidence.ts';
import { objectSubject, subjectText, type Refusal, type Say } from '../../kit/kind.ts';
import { isHostOf, isKeyOf, pulledReference, repositoryName } from '../../protocols/oci-reference.ts';
import { namedImages, type ReleaseParams } from '../release-images.ts';
import type { Tried } from './tried.ts';

export const messages = {
  pushRefused: {
    says: '{subject}: answers {status} to an upload by {user}, expected 202.',
    fix: 'Give the credential of the pipeline the right to push to this repository, or renew it.',
  },
  pullRefused: {
    says: '{subject}: answers {status} to {user}, as whom nodes pull, expected its manifest.',
    fix: 'Give the pull credential the right to pull from this repository, or renew it.',
  },
  pullerNotRefused: {
    says: '{subject}: answers {status} to an upload by {user}, expected a refusal (401 or 403).',
    fix: 'Take the right to push from the credential that nodes pull with, and from who has none.',
  },
  elsewhere: {
    says: '{subject}: names images of {host}, expected hosts of the item ({hosts}) only.',
    fix: 'Add the host to the item if this registry stands for it, or the repository to thirdParty if others push it.',
  },
  noPullSecret: {
    says: '{subject}: has no imagePullSecrets, nor has its service account {account}, expected one.',
    fix: 'Name a pull secret in the service account, or set requirePullSecret to false if anybody may pull the images.',
  },
  unknownPullSecret: {
    says: '{subject}: pulls with Secret {secret}, expected one of those that the item names ({expected}).',
    fix: 'Add the Secret to pullSecrets of the item, so that the gate may look at it, or take it from the Deployment.',
  },
  pullSecretMissing: {
    says: '{subject}: does not exist, expected a credential that {users} pull with.',
    fix: 'Create it: "kubectl create secret docker-registry". Until then nodes pull as nobody.',
  },
  pullSecretOfOthers: {
    says: '{subject}: holds a credential for {actual}, expected one for {expected}.',
    fix: 'Create the Secret again with the address of the registry as the images name it.',
  },
} as const;
type OwnSay = Say<typeof messages>;

export interface PullSecret {
  readonly name: string;
  /** What it holds a credential for, as the kubelet reads it; null when there is no such Secret. */
  readonly registries: readonly string[] | null;
  readonly refused?: Refusal;
}
export type Pulls = ReturnType<typeof pullsOf>;
interface Seen {
  readonly deployments: readonly KubeObject[];
  readonly accounts: readonly KubeObject[];
  readonly secrets: readonly PullSecret[];
  readonly tried: readonly Tried[];
}
type Params = ReleaseParams & {
  readonly pullCredential: { readonly username: string };
  readonly pullSecrets: readonly string[];
  readonly requirePullSecret: boolean;
};

/** How a Deployment's pods pull: the admission plugin ServiceAccount copies the account's secrets into pods that name none of their own. */
export function pullsOf(
  deployment: KubeObject,
  accounts: readonly KubeObject[],
  { thirdParty }: Pick<ReleaseParams, 'thirdParty'>,
) {
  const spec = at(deployment, 'spec', 'template', 'spec');
  const account = textAt(spec, textAt(spec, 'default', 'serviceAccount'), 'serviceAccountName');
  const names = (object: unknown): string[] =>
    listAt(object, 'imagePullSecrets').flatMap((entry) => textAt(entry, '', 'name') || []);
  const own = names(spec);
  return {
    deployment: objectSubject('Deployment', deployment.metadata),
    images: namedImages([deployment], thirdParty).map(({ reference }) => ({
      host: reference?.host ?? 'nowhere',
      repository: reference?.repository ?? '',
      /** `ghcr.io/org/api`, as the keys of pull secrets name it. */
      name: reference ? repositoryName(reference) : '',
      reference: reference ? pulledReference(reference) : '',
    })),
    account,
    secrets: own.length > 0 ? own : names(accounts.find(({ metadata }) => metadata.name === account)),
  };
}

export function judge(params: Params, { deployments, accounts, secrets, tried }: Seen, say: OwnSay): void {
  const pulls = deployments.map((deployment) => pullsOf(deployment, accounts, params));
  for (const one of secrets) judgeSecret(one, secrets, pulls, params, say);
  for (const one of pulls) judgePulls(one, tried, params, say);
  for (const one of tried) judgeTried(one, params, say);
  if (tried.length === 0)
    say.unsure(
      'no-subjects',
      `No Deployment in ${params.namespace} with the labels ${params.selector} names an image: no repository was tried.`,
    );
  show(tried, secrets, say);
}

const REFUSALS = [401, 403];
const repositorySubject = (repository: string): string => `Repository ${repository}`;
const userOf = (secret: string | null, { pullCredential, namespace }: Params): string =>
  secret === null ? pullCredential.username : `Secret ${namespace}/${secret}`;

/** Some registries hide from who may not push that one could: 404 or 405, where another may push. */
const isRefusal = (status: number, push: Tried['push']): boolean =>
  REFUSALS.includes(status) || ([404, 405].includes(status) && push?.status === 202);

function judgeTried({ repository, push, anonymous, pullers, refused }: Tried, params: Params, say: OwnSay): void {
  const subject = repositorySubject(repository);
  say.judged(subject);
  if (refused) say.refused(refused, subject);
  if (push && push.status !== 202)
    say.fail('pushRefused', subject, { status: push.status, user: params.registry.credential?.username ?? 'nobody' });
  if (anonymous && !isRefusal(anonymous.status, push))
    say.fail('pullerNotRefused', subject, { status: anonymous.status, user: 'anybody' });
  for (const one of pullers) {
    if (!isRefusal(one.push.status, push))
      say.fail('pullerNotRefused', subject, { status: one.push.status, user: userOf(one.secret, params) });
    if (one.secret === null) judgePull(repository, one.pull, params, say);
  }
}

function judgePull(repository: string, status: number, { pullCredential }: Params, say: OwnSay): void {
  const subject = repositorySubject(repository);
  if (REFUSALS.includes(status)) say.fail('pullRefused', subject, { status, user: pullCredential.username });
  else if (status !== 200)
    say.unsure(
      'no-positive-control',
      `${repository}: the manifest that the release names is not there, so whether the pull credential may pull is not shown.`,
      { subject, detail: `http-${status}` },
    );
}

function judgePulls(
  { deployment, images, account, secrets }: Pulls,
  tried: readonly Tried[],
  params: Params,
  say: OwnSay,
): void {
  say.judged(deployment);
  for (const host of new Set(images.map((image) => image.host)))
    if (!isHostOf(params.hosts, host)) say.fail('elsewhere', deployment, { host, hosts: nameList(params.hosts) });
  if (secrets.length === 0 && params.requirePullSecret) say.fail('noPullSecret', deployment, { account });
  for (const secret of secrets)
    if (!params.pullSecrets.includes(secret))
      say.fail('unknownPullSecret', deployment, { secret, expected: nameList(params.pullSecrets) });
  // The kubelet tries one secret after the other: it is enough that one of them may pull.
  for (const { repository, pullers } of tried.filter((one) =>
    images.some((image) => image.repository === one.repository),
  )) {
    const own = pullers.filter(({ secret }) => secret !== null && secrets.includes(secret));
    for (const { secret, pull } of own.some((one) => one.pull === 200) ? [] : own)
      if (REFUSALS.includes(pull))
        say.fail('pullRefused', repositorySubject(repository), { status: pull, user: userOf(secret, params) });
  }
}

function judgeSecret(
  { name, registries, refused }: PullSecret,
  all: readonly PullSecret[],
  pulls: readonly Pulls[],
  params: Params,
  say: OwnSay,
): void {
  const subject = objectSubject('Secret', { name, namespace: params.namespace });
  const users = pulls.filter(({ secrets }) => secrets.includes(name));
  say.judged(subject);
  if (refused) return say.refused(refused, subject);
  if (registries === null) {
    const names = nameList(users.map(({ deployment }) => subjectText(deployment)));
    return say.fail('pullSecretMissing', subject, { users: users.length === 0 ? 'Deployments' : names });
  }
  // A Deployment may pull with several secrets, one for each registry: what counts is what they hold together.
  const lacking = users.flatMap(({ images, secrets }) => {
    const together = all.filter((other) => secrets.includes(other.name));
    // What nobody could read may hold it.
    if (together.some((other) => other.refused)) return [];
    const held = together.flatMap((other) => other.registries ?? []);
    const own = images.filter(({ host }) => isHostOf(params.hosts, host));
    return own.flatMap(({ name: image, host }) => (held.some((key) => isKeyOf(key, image)) ? [] : host));
  });
  if (registries.length > 0 && lacking.length === 0) return;
  const expected = nameList(lacking.length > 0 ? [...new Set(lacking)] : params.hosts);
  say.fail('pullSecretOfOthers', subject, { actual: nameList(registries), expected });
}

function show(tried: readonly Tried[], secrets: readonly PullSecret[], say: OwnSay): void {
  say.show(
    table(
      'Tried at the registry',
      ['repository', 'who', 'manifest', 'upload', 'cancelled'],
      tried.flatMap(({ repository, push, anonymous, pullers }) => [
        [repository, 'who builds', null, push?.status ?? null, push?.cancelled ?? null],
        [repository, 'anybody', null, anonymous?.status ?? null, anonymous?.cancelled ?? null],
        ...pullers.map((one) => [
          repository,
          one.secret === null ? 'who pulls' : `Secret ${one.secret}`,
          one.pull,
          one.push.status,
          one.push.cancelled ?? null,
        ]),
      ]),
    ),
    table(
      'Pull secrets',
      ['secret', 'registries'],
      secrets.map(({ name, registries, refused }) => [
        name,
        refused?.code ?? (registries === null ? 'no such Secret' : nameList(registries)),
      ]),
    ),
  );
}

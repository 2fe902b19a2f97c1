/** How the rights at the registry are judged, and the secrets that nodes pull with. */
import type { KubeObject } from '../../contract/cluster.ts';
import { at, listAt, textAt } from '../../contract/json.ts';
import { nameList, table } from '../../kit/evidence.ts';
import { objectSubject, type Refusal, type Say } from '../../kit/kind.ts';
import { nameOf } from '../../protocols/kubernetes.ts';
import { isHostOf } from '../../protocols/oci-reference.ts';
import { namedImages, type ReleaseParams } from '../release-images.ts';

export const messages = {
  pushRefused: {
    says: '{subject}: answers {status} to an upload by {user}, expected 202.',
    fix: 'Give the credential of the pipeline the right to push to this repository, or renew it.',
  },
  pullRefused: {
    says: '{subject}: answers {status} to {user}, who nodes pull as, expected its manifest.',
    fix: 'Give the pull credential the right to pull from this repository, or renew it.',
  },
  pullerNotRefused: {
    says: '{subject}: answers {status} to an upload by {user}, expected a refusal (401 or 403).',
    fix: 'Take the right to push from the credential that nodes pull with.',
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

interface Upload {
  readonly status: number;
  /** What the registry said to its end. */
  readonly cancelled?: number;
}
/** What was tried at one repository, by its path at the registry. */
export type Tried =
  | { readonly repository: string; readonly refused: Refusal }
  | {
      readonly repository: string;
      readonly refused?: undefined;
      /** By who builds. */
      readonly push: Upload;
      /** Manifest by who pulls: the positive control of the next. */
      readonly pull: { readonly status: number };
      readonly pullerPush: Upload;
    };
interface PullSecret {
  readonly name: string;
  /** Hosts it holds a credential for; null when there is no such Secret. */
  readonly registries: readonly string[] | null;
  readonly refused?: Refusal;
}
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

export function judge(params: Params, { deployments, accounts, secrets, tried }: Seen, say: OwnSay): void {
  const pulls = deployments.map((deployment) => pullsOf(deployment, accounts, params));
  for (const one of secrets) judgeSecret(one, secrets, pulls, params, say);
  for (const one of pulls) judgePulls(one, params, say);
  for (const one of tried) judgeTried(one, params, say);
  if (tried.length === 0)
    say.unsure(
      'no-subjects',
      `No Deployment in ${params.namespace} with the labels ${params.selector} names an image: no repository was tried.`,
    );
  show(tried, secrets, pulls, say);
}

const REFUSALS = [401, 403];

function judgeTried(one: Tried, params: Params, say: OwnSay): void {
  const subject = `Repository ${one.repository}`;
  say.judged(subject);
  if (one.refused) return say.refused(one.refused, subject);
  const { push, pull, pullerPush } = one;
  const user = params.pullCredential.username;
  if (push.status !== 202)
    say.fail('pushRefused', subject, { status: push.status, user: params.registry.credential?.username ?? 'nobody' });
  if (!REFUSALS.includes(pullerPush.status)) say.fail('pullerNotRefused', subject, { status: pullerPush.status, user });
  if (REFUSALS.includes(pull.status)) say.fail('pullRefused', subject, { status: pull.status, user });
  else if (pull.status !== 200)
    say.unsure(
      'no-positive-control',
      `${one.repository}: the manifest that the release names is not there, so whether the pull credential may pull is not shown.`,
      { subject, detail: `http-${pull.status}` },
    );
}

/** How a Deployment's pods pull. */
interface Pulls {
  readonly deployment: KubeObject;
  /** Of its images. */
  readonly hosts: readonly string[];
  readonly account: string;
  /** Names of the Secrets; those of a pod stand before those of its service account, which only fill an empty list. */
  readonly secrets: readonly string[];
}

/** The admission plugin ServiceAccount copies the account's secrets into pods that name none of their own. */
function pullsOf(deployment: KubeObject, accounts: readonly KubeObject[], { thirdParty }: Params): Pulls {
  const spec = at(deployment, 'spec', 'template', 'spec');
  const account = textAt(spec, 'default', 'serviceAccountName');
  const names = (object: unknown): string[] =>
    listAt(object, 'imagePullSecrets').flatMap((entry) => textAt(entry, '', 'name') || []);
  const own = names(spec);
  const inherited = names(accounts.find(({ metadata }) => metadata.name === account));
  const hosts = namedImages([deployment], thirdParty).map(({ reference }) => reference?.host ?? 'nowhere');
  return { deployment, hosts: [...new Set(hosts)], account, secrets: own.length > 0 ? own : inherited };
}

function judgePulls({ deployment, hosts, account, secrets }: Pulls, params: Params, say: OwnSay): void {
  const subject = objectSubject('Deployment', deployment.metadata);
  say.judged(subject);
  for (const host of hosts)
    if (!isHostOf(params.hosts, host)) say.fail('elsewhere', subject, { host, hosts: nameList(params.hosts) });
  if (secrets.length === 0 && params.requirePullSecret) say.fail('noPullSecret', subject, { account });
  for (const secret of secrets)
    if (!params.pullSecrets.includes(secret))
      say.fail('unknownPullSecret', subject, { secret, expected: nameList(params.pullSecrets) });
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
    const names = nameList(users.map(({ deployment }) => nameOf('Deployment', deployment)));
    return say.fail('pullSecretMissing', subject, { users: users.length === 0 ? 'Deployments' : names });
  }
  // A Deployment may pull with several secrets, one for each registry: what counts is what they hold together.
  const lacking = users.flatMap(({ hosts, secrets }) => {
    const together = all.filter((other) => secrets.includes(other.name));
    // What nobody could read may hold it.
    if (together.some((other) => other.refused)) return [];
    const held = together.flatMap((other) => other.registries ?? []);
    return hosts.filter((host) => isHostOf(params.hosts, host) && !isHostOf(held, host));
  });
  if (registries.length > 0 && lacking.length === 0) return;
  const expected = nameList(lacking.length > 0 ? [...new Set(lacking)] : params.hosts);
  say.fail('pullSecretOfOthers', subject, { actual: nameList(registries), expected });
}

function show(tried: readonly Tried[], secrets: readonly PullSecret[], pulls: readonly Pulls[], say: OwnSay): void {
  say.show(
    table(
      'Tried at the registry',
      ['repository', 'upload by who builds', 'cancelled', 'manifest by who pulls', 'upload by who pulls'],
      tried.map((one) =>
        one.refused
          ? [one.repository, one.refused.code, null, null, null]
          : [one.repository, one.push.status, one.push.cancelled ?? null, one.pull.status, one.pullerPush.status],
      ),
    ),
    table(
      'Pull secrets',
      ['Deployment', 'service account', 'secrets'],
      pulls.map(({ deployment, account, secrets: names }) => [deployment.metadata.name, account, nameList(names)]),
    ),
    table(
      'Registries of the pull secrets',
      ['secret', 'registries'],
      secrets.map(({ name, registries, refused }) => [
        name,
        refused?.code ?? (registries === null ? 'no such Secret' : nameList(registries)),
      ]),
    ),
  );
}

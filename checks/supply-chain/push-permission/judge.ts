/** How the rights at the registry are judged, and the secrets that nodes pull with. */
import type { KubeObject } from '../../contract/cluster.ts';
import type { Evidence, Finding, Judgement, NonEmpty } from '../../kit/define-check.ts';
import { nameList, readingEvidence, table, type Reading } from '../../kit/evidence.ts';
import { judged, present } from '../../kit/judged.ts';
import { at, listAt, textAt } from '../../contract/json.ts';
import { nameOf } from '../../protocols/kubernetes.ts';
import { namedImages } from '../oci-workloads.ts';
import type { Params } from './check.ts';

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
};
type Id = keyof typeof messages;

export interface Tried {
  /** Path at the registry. */
  readonly repository: string;
  /** Upload by who builds; `cancelled` is what the registry said to that. */
  readonly push: { readonly status: number; readonly cancelled?: number };
  /** Manifest by who pulls: the positive control of the next. */
  readonly pull: { readonly status: number };
  readonly pullerPush: { readonly status: number; readonly cancelled?: number };
}
export interface PullSecret {
  readonly name: string;
  /** Hosts it holds a credential for; null when there is no such Secret. */
  readonly registries: readonly string[] | null;
}
export interface Gathered {
  readonly deployments: readonly KubeObject[];
  readonly accounts: readonly KubeObject[];
  readonly secrets: readonly PullSecret[];
  readonly tried: readonly Tried[];
  readonly readings: readonly Reading[];
}

export function judge(params: Params, gathered: Gathered): Judgement<Id> {
  const { tried, deployments } = gathered;
  const pulls = deployments.map((deployment) => pullsOf(deployment, gathered.accounts));
  const findings = [
    ...tried.flatMap((one) => triedFindings(one, params)),
    ...deployments.flatMap((deployment) => hostFindings(deployment, params)),
    ...pulls.flatMap((one) => pullFindings(one, params)),
    ...gathered.secrets.flatMap((secret) => secretFindings(secret, gathered.secrets, pulls, params)),
  ];
  const subjects = [
    ...tried.map(({ repository }) => `Repository ${repository}`),
    ...gathered.secrets.map(({ name }) => `Secret ${params.namespace}/${name}`),
  ];
  const evidence = evidenceOf(gathered, pulls);
  const uncontrolled = tried.filter(({ pull }) => pull.status !== 200);
  if (findings.length === 0 && uncontrolled.length > 0)
    return {
      outcome: 'inconclusive',
      reason: 'no-positive-control',
      why: `${nameList(uncontrolled.map(({ repository }) => repository))}: the manifest that the release names is not there, so whether the pull credential may pull is not shown.`,
      evidence,
    };
  const none = `No Deployment in ${params.namespace} with the labels ${params.selector} names an image: no repository was tried.`;
  return judged(findings, tried.length === 0 ? [] : subjects, evidence, none);
}

const REFUSALS = [401, 403];

function triedFindings({ repository, push, pull, pullerPush }: Tried, params: Params): Finding<Id>[] {
  const subject = `Repository ${repository}`;
  const pusher = params.registry.credential?.username ?? 'nobody';
  const user = params.pullCredential.username;
  return present<Finding<Id>>([
    push.status !== 202 && { message: 'pushRefused', subject, data: { status: push.status, user: pusher } },
    REFUSALS.includes(pull.status) && { message: 'pullRefused', subject, data: { status: pull.status, user } },
    !REFUSALS.includes(pullerPush.status) && {
      message: 'pullerNotRefused',
      subject,
      data: { status: pullerPush.status, user },
    },
  ]);
}

const hostsOf = (deployment: KubeObject, { thirdParty }: Params): string[] => [
  ...new Set(namedImages([deployment], thirdParty).map(({ reference }) => reference?.host ?? 'nowhere')),
];

function hostFindings(deployment: KubeObject, params: Params): Finding<Id>[] {
  return hostsOf(deployment, params)
    .filter((host) => !params.hosts.includes(host))
    .map((host) => ({
      message: 'elsewhere',
      subject: nameOf('Deployment', deployment),
      data: { host, hosts: nameList(params.hosts) },
    }));
}

interface Pulls {
  readonly deployment: KubeObject;
  readonly account: string;
  /** Names of the Secrets; those of a pod stand before those of its service account, which only fill an empty list. */
  readonly secrets: readonly string[];
}

/** The admission plugin ServiceAccount copies the account's secrets into pods that name none of their own. */
function pullsOf(deployment: KubeObject, accounts: readonly KubeObject[]): Pulls {
  const spec = at(deployment, 'spec', 'template', 'spec');
  const account = textAt(spec, 'default', 'serviceAccountName');
  const names = (object: unknown): string[] =>
    listAt(object, 'imagePullSecrets').flatMap((entry) => textAt(entry, '', 'name') || []);
  const own = names(spec);
  const inherited = names(accounts.find(({ metadata }) => metadata.name === account));
  return { deployment, account, secrets: own.length > 0 ? own : inherited };
}

function pullFindings({ deployment, account, secrets }: Pulls, params: Params): Finding<Id>[] {
  const subject = nameOf('Deployment', deployment);
  if (secrets.length === 0)
    return params.requirePullSecret ? [{ message: 'noPullSecret', subject, data: { account } }] : [];
  return secrets
    .filter((secret) => !params.pullSecrets.includes(secret))
    .map((secret) => ({
      message: 'unknownPullSecret',
      subject,
      data: { secret, expected: nameList(params.pullSecrets) },
    }));
}

/** Docker Hub is called by other names in credentials than in references. */
const canonicalHost = (host: string): string =>
  ['index.docker.io', 'registry-1.docker.io'].includes(host) ? 'docker.io' : host;

function secretFindings(
  { name, registries }: PullSecret,
  all: readonly PullSecret[],
  pulls: readonly Pulls[],
  params: Params,
): Finding<Id>[] {
  const subject = `Secret ${params.namespace}/${name}`;
  const users = pulls.filter(({ secrets }) => secrets.includes(name));
  if (registries === null) {
    const names = nameList(users.map(({ deployment }) => nameOf('Deployment', deployment)));
    return [{ message: 'pullSecretMissing', subject, data: { users: users.length === 0 ? 'Deployments' : names } }];
  }
  const held = registries.map(canonicalHost);
  // A Deployment may pull with several secrets, one for each registry: what counts is what they hold together.
  const lacking = users.flatMap(({ deployment, secrets }) => {
    const together = secrets.flatMap((other) => heldBy(other, all));
    return hostsOf(deployment, params).filter((host) => params.hosts.includes(host) && !together.includes(host));
  });
  if (held.length > 0 && lacking.length === 0) return [];
  const expected = nameList(lacking.length > 0 ? [...new Set(lacking)] : params.hosts);
  return [{ message: 'pullSecretOfOthers', subject, data: { actual: nameList(held), expected } }];
}

const heldBy = (name: string, all: readonly PullSecret[]): string[] =>
  all.find((secret) => secret.name === name)?.registries?.map(canonicalHost) ?? [];

function evidenceOf({ tried, secrets, readings }: Gathered, pulls: readonly Pulls[]): NonEmpty<Evidence> {
  return [
    table(
      'Tried at the registry',
      ['repository', 'upload by who builds', 'cancelled', 'manifest by who pulls', 'upload by who pulls'],
      tried.map(({ repository, push, pull, pullerPush }) => [
        repository,
        push.status,
        push.cancelled ?? null,
        pull.status,
        pullerPush.status,
      ]),
    ),
    table(
      'Pull secrets',
      ['Deployment', 'service account', 'secrets'],
      pulls.map(({ deployment, account, secrets: names }) => [deployment.metadata.name, account, nameList(names)]),
    ),
    table(
      'Registries of the pull secrets',
      ['secret', 'registries'],
      secrets.map(({ name, registries }) => [name, registries === null ? 'no such Secret' : nameList(registries)]),
    ),
    ...readings.map(readingEvidence),
  ];
}

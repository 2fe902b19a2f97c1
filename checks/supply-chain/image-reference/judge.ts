/** How the references of a release are judged: as they are written, in the registry, and in the pods that run. */
import { containersOf } from '../../../k8s/semantics/pod-security.ts';
import { labelRequirements, matchesLabels } from '../../../k8s/semantics/selector.ts';
import type { CheckContext } from '../../contract/capabilities.ts';
import type { KubeObject } from '../../contract/cluster.ts';
import type { Finding, Judgement } from '../../kit/define-check.ts';
import { nameList, table } from '../../kit/evidence.ts';
import { judged, present } from '../../kit/judged.ts';
import { at, listAt, textAt } from '../../contract/json.ts';
import { nameOf } from '../../protocols/kubernetes.ts';
import { lookupFindings, lookupMessages, releaseEvidence, subjectOf } from '../oci-judging.ts';
import type { Release, ReleaseImage } from '../oci-workloads.ts';
import { isLeaving } from '../../protocols/workloads.ts';
import type { Params } from './check.ts';

export const messages = {
  ...lookupMessages,
  noTag: {
    says: '{subject}: has no tag, expected {expected}.',
    fix: 'Name version and digest in the manifest of {owners}: people read the one, nodes pull the other.',
  },
  latest: {
    says: '{subject}: is tagged latest, expected {expected}.',
    fix: 'Name the version in the manifest of {owners}: latest is whatever was pushed last.',
  },
  otherTag: {
    says: '{subject}: is tagged {actual}, expected {expected}.',
    fix: 'Name the version of the release in the manifest of {owners}, or correct the release.',
  },
  notPinned: {
    says: '{subject}: is not pinned by digest, expected {expected}.',
    fix: 'Write the digest behind the tag in the manifest of {owners}.',
  },
  tagMoved: {
    says: '{subject}: its tag leads to {actual} in the registry, expected {expected} as it is pinned.',
    fix: 'Find who pushed the tag again; release a new version instead of moving a tag.',
  },
  noPods: {
    says: '{subject}: has no running pod, expected at least one that runs its images.',
    fix: 'See "kubectl describe" of the Deployment for why it has none.',
  },
  podRunsOther: {
    says: '{subject}: container {container} runs {actual}, expected {expected}.',
    fix: 'Roll the Deployment out again, by digest; a pod that has not started yet needs time first.',
  },
};
type Id = keyof typeof messages;

export interface Gathered {
  readonly release: Release;
  /** All pods of the namespace. */
  readonly pods: readonly KubeObject[];
}
/** A container of a pod of the release, and what its status says that it runs. */
interface Running {
  readonly pod: string;
  readonly container: string;
  /** As the template names it. */
  readonly image: string;
  /** `sha256:…`, or an empty text before it has started. */
  readonly runs: string;
}

export function judge(params: Params, gathered: Gathered, { now }: Pick<CheckContext, 'now'>): Judgement<Id> {
  const { hosts, version, namespace, selector } = params;
  const { release } = gathered;
  const { images, deployments } = release;
  const perDeployment = deployments.map((deployment) => ({ deployment, pods: podsOf(deployment, gathered.pods, now) }));
  const running = perDeployment.flatMap(({ deployment, pods }) => pods.flatMap((pod) => containersIn(pod, deployment)));
  const judgedRunning = running.filter(({ image }) => images.some((one) => one.image === image));
  const findings: Finding<Id>[] = [
    ...images.flatMap((image) => lookupFindings(image, hosts)),
    ...images.filter(({ repository }) => repository !== null).flatMap((image) => referenceFindings(image, version)),
    ...perDeployment
      .filter(({ pods }) => pods.length === 0)
      .map(({ deployment }) => ({ message: 'noPods' as const, subject: nameOf('Deployment', deployment) })),
    ...judgedRunning.flatMap((one) => runningFindings(one, images)),
  ];
  const evidence = [
    table(
      'What pods run',
      ['pod', 'container', 'image', 'runs'],
      judgedRunning.map(({ pod, container, image, runs }) => [pod, container, image, runs]),
    ),
    ...releaseEvidence(release),
  ] as const;
  const none = `No Deployment in ${namespace} with the labels ${selector} names an image.`;
  const judgement = judged(findings, images.map(subjectOf), evidence, none);
  const digests = images.flatMap(({ digest }) => digest ?? []);
  return judgement.outcome === 'pass' ? { ...judgement, images: digests.sort() } : judgement;
}

function referenceFindings(image: ReleaseImage, version: string): Finding<Id>[] {
  const { tag, digest, byTag, byDigest } = image;
  const subject = subjectOf(image);
  const owners = nameList(image.owners);
  const data = { expected: version, owners };
  const inRegistry = byTag?.found === true ? byTag.digest : 'a digest';
  return present<Finding<Id>>([
    tag === null && { message: 'noTag', subject, data },
    tag === 'latest' && { message: 'latest', subject, data },
    tag !== null &&
      tag !== 'latest' &&
      tag !== version && { message: 'otherTag', subject, data: { ...data, actual: tag } },
    digest === null && { message: 'notPinned', subject, data: { expected: inRegistry, owners } },
    byTag?.found === true &&
      byDigest?.found === true &&
      byTag.digest !== byDigest.digest && {
        message: 'tagMoved',
        subject,
        data: { actual: byTag.digest, expected: byDigest.digest },
      },
  ]);
}

/** Pods that the Deployment selects, without those that have ended or are leaving. */
function podsOf(deployment: KubeObject, pods: readonly KubeObject[], now: Date): readonly KubeObject[] {
  const selector = at(deployment, 'spec', 'selector');
  // The API server refuses a Deployment without one; an empty one would select every pod.
  if (selector === undefined) return [];
  const requirements = labelRequirements(selector);
  return pods.filter(
    (pod) =>
      matchesLabels(requirements, pod.metadata.labels) &&
      !isLeaving(pod, now) &&
      !['Succeeded', 'Failed'].includes(textAt(pod, '', 'status', 'phase')),
  );
}

/** The template's containers with what the pod says of each; one of a pod of another template runs something else. */
function containersIn(pod: KubeObject, deployment: KubeObject): Running[] {
  const statuses = ['initContainerStatuses', 'containerStatuses'].flatMap((list) => listAt(pod, 'status', list));
  return containersOf(at(deployment, 'spec', 'template', 'spec')).map(({ name, fields }) => {
    const status = statuses.find((one) => textAt(one, '', 'name') === name);
    const runs = /sha256:[0-9a-f]{64}/.exec(textAt(status, '', 'imageID'))?.[0] ?? '';
    const { image } = fields;
    return { pod: nameOf('Pod', pod), container: name, image: typeof image === 'string' ? image : '', runs };
  });
}

function runningFindings({ pod, container, image, runs }: Running, images: readonly ReleaseImage[]): Finding<Id>[] {
  const { byTag = null, byDigest = null, digest = null } = images.find((one) => one.image === image) ?? {};
  const found = byDigest?.found === true ? byDigest : byTag?.found === true ? byTag : null;
  // What cannot be looked up was found missing above.
  if (found === null) return [];
  // Runtimes report the index, the platform's manifest, or the configuration: each names the same content.
  const accepted = [found.digest, ...found.manifests.flatMap((one) => [one.digest, one.config.digest])];
  if (accepted.includes(runs)) return [];
  const data = { container, actual: runs === '' ? 'nothing yet' : runs, expected: digest ?? found.digest };
  return [{ message: 'podRunsOther', subject: pod, data }];
}

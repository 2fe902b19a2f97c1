/** How the references of a release are judged: as they are written, in the registry, and in the pods that run. */
import { containersOf } from '../../../k8s/semantics/pod-security.ts';
import { labelRequirements, matchesLabels } from '../../../k8s/semantics/selector.ts';
import type { KubeObject } from '../../contract/cluster.ts';
import { at, listAt, textAt } from '../../contract/json.ts';
import { nameList, table } from '../../kit/evidence.ts';
import { objectSubject, subjectText, type Say, type Subject } from '../../kit/kind.ts';
import { digestOfImageId } from '../../protocols/oci-reference.ts';
import { hasEnded, isLeaving } from '../../protocols/workloads.ts';
import { judgeRelease, lookupMessages, subjectOf, type ReleaseImage, type ReleaseParams } from '../release-images.ts';

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
} as const;
type OwnSay = Say<typeof messages>;

interface Seen {
  readonly deployments: readonly KubeObject[];
  readonly images: readonly ReleaseImage[];
  /** All pods of the namespace. */
  readonly pods: readonly KubeObject[];
}
/** A container of a pod of the release. */
interface Running {
  readonly pod: Subject;
  readonly container: string;
  /** As the template names it. */
  readonly image: ReleaseImage;
  /** As the pod's status reports it: an empty text before it has started. */
  readonly imageId: string;
}

export function judge(
  params: ReleaseParams & { readonly version: string },
  { deployments, images, pods }: Seen,
  say: OwnSay,
  now: Date,
): void {
  judgeRelease(say, params, { images });
  for (const image of images) if (image.repository !== null) judgeReference(image, params.version, say);
  const running = deployments.flatMap((deployment) => {
    const own = podsOf(deployment, pods, now);
    if (own.length === 0) say.fail('noPods', objectSubject('Deployment', deployment.metadata));
    return own.flatMap((pod) => containersIn(pod, deployment, images));
  });
  for (const one of running) judgeRunning(one, say);
  say.show(
    table(
      'What pods run',
      ['pod', 'container', 'image', 'runs'],
      running.map(({ pod, container, image, imageId }) => [subjectText(pod), container, image.image, imageId]),
    ),
  );
  say.boundTo(...images.flatMap(({ digest }) => digest ?? []).sort());
}

function judgeReference(image: ReleaseImage, version: string, say: OwnSay): void {
  const { tag, digest, byTag, byDigest } = image;
  const subject = subjectOf(image);
  const owners = nameList(image.owners);
  if (tag === null) say.fail('noTag', subject, { expected: version, owners });
  else if (tag === 'latest') say.fail('latest', subject, { expected: version, owners });
  else if (tag !== version) say.fail('otherTag', subject, { actual: tag, expected: version, owners });
  const inRegistry = byTag?.found === true ? byTag.digest : 'a digest';
  if (digest === null) say.fail('notPinned', subject, { expected: inRegistry, owners });
  if (byTag?.found === true && byDigest?.found === true && byTag.digest !== byDigest.digest)
    say.fail('tagMoved', subject, { actual: byTag.digest, expected: byDigest.digest });
}

/** Pods that the Deployment selects, without those that have ended or are leaving. */
function podsOf(deployment: KubeObject, pods: readonly KubeObject[], now: Date): readonly KubeObject[] {
  const selector = at(deployment, 'spec', 'selector');
  // The API server refuses a Deployment without one; an empty one would select every pod.
  if (selector === undefined) return [];
  const requirements = labelRequirements(selector);
  return pods.filter(
    (pod) => matchesLabels(requirements, pod.metadata.labels) && !isLeaving(pod, now) && !hasEnded(pod),
  );
}

/** The template's containers with what the pod says of each; one of a pod of another template runs something else. */
function containersIn(pod: KubeObject, deployment: KubeObject, images: readonly ReleaseImage[]): Running[] {
  const statuses = ['initContainerStatuses', 'containerStatuses'].flatMap((list) => listAt(pod, 'status', list));
  return containersOf(at(deployment, 'spec', 'template', 'spec')).flatMap(({ name, fields }) => {
    const image = images.find((one) => one.image === fields['image']);
    const status = statuses.find((one) => textAt(one, '', 'name') === name);
    const imageId = textAt(status, '', 'imageID');
    return image
      ? [{ pod: objectSubject('Pod', pod.metadata, { container: name }), container: name, image, imageId }]
      : [];
  });
}

function judgeRunning({ pod, container, image: { byTag, byDigest, digest }, imageId }: Running, say: OwnSay): void {
  const found = byDigest?.found === true ? byDigest : byTag?.found === true ? byTag : null;
  // What cannot be looked up was found missing, or is in doubt, already.
  if (found === null) return;
  // Runtimes report the index, the platform's manifest, or the configuration: each names the same content.
  const accepted = [found.digest, ...found.manifests.flatMap((one) => [one.digest, one.config.digest])];
  if (found === byDigest && digest !== null) accepted.push(digest);
  const actual = digestOfImageId(imageId);
  if (actual === null && imageId !== '')
    say.unknown(pod, `the digest of the image of container ${container} (its imageID is ${imageId})`);
  else if (actual === null || !accepted.includes(actual))
    say.fail('podRunsOther', pod, { container, actual: actual ?? 'nothing yet', expected: digest ?? found.digest });
}

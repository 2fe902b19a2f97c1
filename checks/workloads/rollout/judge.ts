/** How a rollout is judged: the Deployment's own account of it, held against its ReplicaSets, pods and endpoints. */
import { containersOf } from '../../../k8s/semantics/pod-security.ts';
import { rolloutStatus, type RolloutStatus } from '../../../k8s/semantics/rollout-status.ts';
import type { KubeObject } from '../../contract/cluster.ts';
import { at, listAt, numberAt, textAt } from '../../contract/json.ts';
import { nameList, table } from '../../kit/evidence.ts';
import { objectSubject, subjectText, type Refusal, type Say, type Subject } from '../../kit/kind.ts';
import type { Endpoint } from '../../protocols/endpoints.ts';
import { isSameImage, parseReference } from '../../protocols/oci-reference.ts';
import { canaryProgress, primaryOf, targets } from '../../protocols/progressive-delivery/flagger.ts';
import { hasEnded, isLeaving } from '../../protocols/workloads.ts';
import type { Params } from './params.ts';
import {
  judgeCounted,
  judgeReady,
  judgeRestarts,
  judgeWaiting,
  podMessages,
  podSubject,
  restartsOf,
  runningIn,
} from './pods.ts';

export const messages = {
  ...podMessages,
  missing: {
    says: '{subject}: does not exist, expected a Deployment.',
    fix: 'Apply its manifest, or correct the name in the item.',
  },
  incomplete: {
    says: '{subject}: {why}, expected a complete rollout.',
    fix: 'See "kubectl rollout status" and "kubectl describe" of the Deployment and of its newest pods for what holds it up.',
  },
  tooFewReplicas: {
    says: '{subject}: wants {actual} replicas, expected at least {expected}.',
    fix: 'Scale it up: nothing of it runs, or less than what go-live needs.',
  },
  oldPods: {
    says: '{subject}: {names} of an older revision, or deleted and not gone, expected none.',
    fix: 'Wait for the rollout to end; delete what is left ("kubectl delete pod --grace-period=30") if it does not go by itself.',
  },
  podsMissing: {
    says: '{subject}: {actual} pods of the current revision were found, expected {expected}.',
    fix: 'Look again once the Deployment is settled; if it stays so, compare its selector with the labels of the pods.',
  },
  otherImage: {
    says: '{subject}: container {container} runs {actual}, expected {expected} as in the template.',
    fix: 'Find who changed the pod. After an edit by hand roll the Deployment out again; where a webhook rewrites images, that changes nothing: write into the template what it makes of it, or exempt this Deployment.',
  },
  digestsDiffer: {
    says: '{subject}: container {container} runs {count} different digests of {image}, expected one.',
    fix: 'The tag was moved between two pulls: deploy by digest, or by a tag that is never reused.',
  },
  notPinned: {
    says: '{subject}: container {container} names its image by tag alone ({image}), expected a digest (name:tag@sha256:…).',
    fix: 'Put the digest of the tested image into the template: a tag can be moved to another image.',
  },
  paused: {
    says: '{subject}: is paused, expected one that rolls out, and rolls back, what it is given.',
    fix: 'Resume it ("kubectl rollout resume"): a paused Deployment refuses "kubectl rollout undo".',
  },
  foreignEndpoints: {
    says: '{subject}: sends traffic to {names}, expected only pods of the current revision of the Deployments named.',
    fix: 'Correct the selector of the Service, or the labels of what else it selects; if the pods are meant, name their Deployment.',
  },
  noEndpoints: {
    says: '{subject}: has no ready endpoint, expected at least one.',
    fix: 'Compare the selector of the Service with the labels of the pods, and see why they are not ready.',
  },
} as const;
type Saying = Say<typeof messages>;

interface Seen {
  /** Those of the params that exist, and what serves users in place of one at rest. */
  readonly deployments: readonly KubeObject[];
  /** Of Flagger, whose target is a Deployment that is named and at rest. */
  readonly canaries: readonly KubeObject[];
  readonly refused: readonly Refusal[];
  readonly replicaSets: readonly KubeObject[];
  readonly pods: readonly KubeObject[];
  readonly services: readonly { readonly name: string; readonly endpoints: readonly Endpoint[] }[];
}

/** A Deployment, the pods of its newest ReplicaSet and those of older ones that are not leaving yet. */
interface Rollout {
  readonly subject: Subject;
  readonly deployment: KubeObject;
  readonly status: RolloutStatus;
  readonly current: readonly KubeObject[];
  readonly old: readonly KubeObject[];
  /** Two ReplicaSets claim to be the newest: old and current pods cannot be told apart. */
  readonly ambiguous: boolean;
}

export function judge(params: Params, seen: Seen, say: Saying, now: Date): void {
  const { namespace } = params;
  const rollouts = seen.deployments.flatMap((deployment) => rolloutOf(deployment, seen, now) ?? []);
  for (const refusal of seen.refused) say.refused(refusal);
  for (const template of params.deployments) {
    const name = servingName(template, seen, say);
    const subject = objectSubject('Deployment', { namespace, name });
    const rollout = rollouts.find(({ deployment }) => deployment.metadata.name === name);
    say.judged(subject);
    if (rollout) judgeRollout(rollout, params, say);
    else say.fail('missing', subject);
  }
  for (const service of seen.services) judgeService(namespace, service, rollouts, say);
  const bare = params.pods.flatMap((name) => {
    const subject = objectSubject('Pod', { namespace, name });
    const pod = seen.pods.find((one) => one.metadata.name === name && !hasEnded(one));
    say.judged(subject);
    if (!pod) {
      say.fail('podMissing', subject);
      return [];
    }
    judgeWaiting(pod, say);
    judgeReady(subject, pod, say);
    return pod;
  });
  const current = [...rollouts.flatMap((rollout) => rollout.current), ...bare];
  const others = params.restartsOfAll ? seen.pods.filter((pod) => !current.includes(pod)) : [];
  for (const pod of [...current, ...others]) {
    say.judged(podSubject(pod));
    judgeRestarts(pod, params, now, say);
  }
  show(rollouts, [...current, ...others], seen, say);
}

export const isAtRest = (deployment: KubeObject): boolean => at(deployment, 'spec', 'replicas') === 0;

/** The Deployment that serves users: with Flagger not the one that is rolled out. */
function servingName(template: string, { canaries }: Seen, say: Saying): string {
  const canary = canaries.find((one) => targets(one, { kind: 'Deployment', metadata: { name: template } }));
  if (!canary) return template;
  const subject = objectSubject('Canary', canary.metadata);
  const progress = canaryProgress(canary);
  say.judged(subject);
  if ('why' in progress) say.unsure('unknown-value', `${subjectText(subject)}: ${progress.why}.`, { subject });
  else if (progress.stage !== 'promoted') say.fail('incomplete', subject, { why: progress.how }, { path: 'status' });
  return primaryOf(canary);
}

function rolloutOf(deployment: KubeObject, { replicaSets, pods }: Seen, now: Date): Rollout | null {
  const status = rolloutStatus({ ...deployment, kind: 'Deployment' });
  if (!status) return null;
  const sets = replicaSets.filter((set) => isControlledBy(set, deployment));
  const highest = Math.max(...sets.map(revisionOf));
  const newest = sets.filter((set) => revisionOf(set) === highest);
  const ofOne = (among: readonly KubeObject[], pod: KubeObject): boolean =>
    among.some((set) => isControlledBy(pod, set));
  // An evicted pod stays as Failed, beside the one that took its place.
  const running = pods.filter((pod) => !hasEnded(pod) && ofOne(sets, pod));
  const isCurrent = (pod: KubeObject): boolean => pod.metadata.deletionTimestamp === undefined && ofOne(newest, pod);
  return {
    subject: objectSubject('Deployment', deployment.metadata),
    deployment,
    status,
    current: running.filter(isCurrent),
    // One that should have left long ago, or has a year to do so, runs on, of whichever revision it is.
    old: running.filter((pod) => !isCurrent(pod) && !isLeaving(pod, now)),
    ambiguous: newest.length > 1,
  };
}

function isControlledBy({ metadata }: KubeObject, owner: KubeObject): boolean {
  return (
    owner.metadata.uid !== undefined &&
    listAt(metadata, 'ownerReferences').some(
      (reference) => at(reference, 'controller') === true && at(reference, 'uid') === owner.metadata.uid,
    )
  );
}

const isPinned = (image: string): boolean => (parseReference(image)?.digest ?? null) !== null;

function revisionOf({ metadata }: KubeObject): number {
  return numberAt(metadata, 'annotations', 'deployment.kubernetes.io/revision') || 0;
}

function judgeRollout(
  { subject, deployment, status, current, old, ambiguous }: Rollout,
  { minReplicas, requireDigest, mirrors }: Params,
  say: Saying,
): void {
  const { desired } = status.numbers;
  // The kubelet knows why a pod does not start, the Deployment does not: its reason comes first.
  for (const pod of current) judgeWaiting(pod, say);
  if (!status.complete) say.fail('incomplete', subject, { why: status.why }, { path: 'status' });
  if (status.paused) say.fail('paused', subject, {}, { path: 'spec.paused' });
  if (desired < minReplicas)
    say.fail('tooFewReplicas', subject, { actual: desired, expected: minReplicas }, { path: 'spec.replicas' });
  if (old.length > 0) say.fail('oldPods', subject, { names: nameList(old.map(({ metadata }) => metadata.name)) });
  if (status.complete) {
    if (current.length !== desired) say.fail('podsMissing', subject, { actual: current.length, expected: desired });
    for (const pod of current) judgeCounted(pod, say);
  }
  for (const { name, fields, path } of containersOf(at(deployment, 'spec', 'template', 'spec'), 'spec.template.spec')) {
    const image = textAt(fields, '', 'image');
    if (requireDigest && !isPinned(image))
      say.fail('notPinned', subject, { container: name, image }, { path: `${path}.image` });
    // Every container of the template runs its image in every pod, in whichever form a webhook writes it; containers that it added are not the template's.
    for (const pod of current) {
      const runs = containersOf(pod['spec']).find((container) => container.name === name)?.fields;
      const [whom, actual] = [podSubject(pod), textAt(runs, 'nothing', 'image')];
      const same = isSameImage(image, actual, mirrors);
      if (same === false) say.fail('otherImage', whom, { container: name, actual, expected: image });
      if (same === null) say.unknown(whom, `the tag of container ${name} (${actual} stands for ${image})`);
    }
  }
  const served = current.flatMap((pod) =>
    containersOf(pod['spec']).filter(
      ({ list, fields }) => list === 'containers' || fields['restartPolicy'] === 'Always',
    ),
  );
  for (const [container, fields] of new Map(served.map(({ name, fields }) => [name, fields])))
    judgeDigests(subject, current, { container, image: textAt(fields, '', 'image') }, say);
  if (ambiguous)
    say.unsure(
      'too-few-subjects',
      `${subjectText(subject)}: several ReplicaSets carry the highest revision, so old pods cannot be told from new ones.`,
      { subject },
    );
}

/** Runtimes name an image by the registry's digest or by its configuration, which differs by architecture: like is held against like. */
function judgeDigests(
  subject: Subject,
  pods: readonly KubeObject[],
  { container, image }: { readonly container: string; readonly image: string },
  say: Saying,
): void {
  const running = pods.map((pod) => runningIn(pod, container));
  const valuesOf = (form: 'digest' | 'id'): Set<string> =>
    new Set(running.flatMap((one) => (one?.form === form ? one.value : [])));
  const [digests, ids] = [valuesOf('digest'), valuesOf('id')];
  if (digests.size > 1) return say.fail('digestsDiffer', subject, { container, count: digests.size, image });
  // A pinned image is the same one wherever it runs.
  if (isPinned(image)) return;
  if (ids.size > 1 || (ids.size > 0 && digests.size > 0))
    say.unsure(
      'unknown-value',
      `${subjectText(subject)}: container ${container} of ${image} is reported by ids of configurations that cannot be compared, expected one digest. Deploy by digest.`,
      { subject },
    );
  for (const [index, pod] of pods.entries())
    if (running[index] === null) say.unknown(podSubject(pod), `the digest that its container ${container} runs`);
}

/** A Service whose selector fits another application is full of endpoints that are ready. */
function judgeService(
  namespace: string,
  { name, endpoints }: Seen['services'][number],
  rollouts: readonly Rollout[],
  say: Saying,
): void {
  const subject = objectSubject('Service', { namespace, name });
  const serving = endpoints.filter(({ ready, terminating }) => ready && !terminating);
  // Pods of an older revision, and those that cannot be told apart, are found elsewhere.
  const own = new Set(
    rollouts.flatMap(({ current, old }) => [...current, ...old].map((pod) => subjectText(podSubject(pod)))),
  );
  const foreign = serving.filter(({ target }) => !own.has(target)).map(({ target, address }) => target || address);
  say.judged(subject);
  if (serving.length === 0) say.fail('noEndpoints', subject);
  if (foreign.length > 0) say.fail('foreignEndpoints', subject, { names: nameList(foreign) });
}

function show(rollouts: readonly Rollout[], pods: readonly KubeObject[], { services }: Seen, say: Saying): void {
  const counts = ['generation', 'observed', 'desired', 'updated', 'ready', 'available', 'old pods'];
  say.show(
    table(
      'Rollouts',
      ['deployment', 'state', ...counts, 'paused', 'why'],
      rollouts.map(({ subject, status, old }) => {
        const { generation, observedGeneration, desired, updated, ready, available } = status.numbers;
        const numbers = [generation, observedGeneration, desired, updated, ready, available, old.length];
        return [subjectText(subject), status.state, ...numbers, status.paused, status.why];
      }),
    ),
    table(
      'Pods of the current revision, and the others that were judged',
      ['pod', 'container', 'image', 'digest', 'restarts'],
      pods.flatMap((pod) =>
        containersOf(pod['spec']).map(({ name, fields }) => [
          pod.metadata.name,
          name,
          textAt(fields, '', 'image'),
          runningIn(pod, name)?.value ?? 'not reported',
          restartsOf(pod, name),
        ]),
      ),
    ),
    table(
      'Endpoints',
      ['service', 'ready', 'all'],
      services.map(({ name, endpoints }) => [name, endpoints.filter(({ ready }) => ready).length, endpoints.length]),
    ),
  );
}

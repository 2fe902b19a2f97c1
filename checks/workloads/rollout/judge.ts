/** How a rollout is judged: the Deployment's own account of it, held against its ReplicaSets, pods and endpoints. */
import { containersOf } from '../../../k8s/semantics/pod-security.ts';
import { rolloutStatus, type RolloutStatus } from '../../../k8s/semantics/rollout-status.ts';
import type { CheckContext } from '../../contract/capabilities.ts';
import type { KubeObject } from '../../contract/cluster.ts';
import type { Evidence, Finding, Judgement } from '../../kit/define-check.ts';
import type { Endpoint } from '../../protocols/endpoints.ts';
import { nameList, readingEvidence, table, type Reading } from '../../kit/evidence.ts';
import { judged, present } from '../../kit/judged.ts';
import { at, listAt, textAt } from '../../contract/json.ts';
import { isLeaving } from '../../protocols/workloads.ts';
import type { Params } from './check.ts';
import { barePodFindings, digestlessFindings, podMessages, restartFindings } from './restarts.ts';
import { waitingFindings, waitingMessages } from './waiting.ts';

export const messages = {
  ...waitingMessages,
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
    says: '{subject}: {names} of an older revision still there, expected none.',
    fix: 'Wait for the rollout to end; delete what is left if it does not go by itself.',
  },
  podsMissing: {
    says: '{subject}: {actual} pods of the current revision were found, expected {expected}.',
    fix: 'Look again once the Deployment is settled; if it stays so, compare its selector with the labels of the pods.',
  },
  otherImage: {
    says: '{subject}: container {container} runs {actual}, expected {expected} as in the template.',
    fix: 'Find who changed the pod (a webhook, an edit by hand) and roll the Deployment out again.',
  },
  digestsDiffer: {
    says: '{subject}: container {container} runs {count} different digests of {image}, expected one.',
    fix: 'The tag was moved between two pulls: deploy by digest, or by a tag that is never reused.',
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
};
type Id = keyof typeof messages;

export interface Gathered {
  /** Those of the params that exist. */
  readonly deployments: readonly KubeObject[];
  readonly replicaSets: readonly KubeObject[];
  readonly pods: readonly KubeObject[];
  readonly services: readonly { readonly name: string; readonly endpoints: readonly Endpoint[] }[];
  readonly readings: readonly Reading[];
}

/** A Deployment, the pods of its newest ReplicaSet and those of older ones that are not leaving yet. */
interface Rollout {
  readonly subject: string;
  readonly deployment: KubeObject;
  readonly status: RolloutStatus;
  readonly current: readonly KubeObject[];
  readonly old: readonly KubeObject[];
  /** Two ReplicaSets claim to be the newest: old and current pods cannot be told apart. */
  readonly ambiguous: boolean;
}

export function judge(params: Params, gathered: Gathered, { now }: Pick<CheckContext, 'now'>): Judgement<Id> {
  const { namespace } = params;
  const { services } = gathered;
  const rollouts = gathered.deployments.flatMap((deployment) => rolloutOf(deployment, gathered, now) ?? []);
  const bare = params.pods.map((name) => ({ name, pod: runningPod(gathered.pods, name) }));
  const missing = params.deployments.filter(
    (name) => !rollouts.some(({ deployment }) => deployment.metadata.name === name),
  );
  const current = [...rollouts.flatMap((rollout) => rollout.current), ...bare.flatMap(({ pod }) => pod ?? [])];
  const others = params.restartsOfAll ? gathered.pods.filter((pod) => !current.includes(pod)) : [];
  const findings: Finding<Id>[] = [
    ...missing.map((name) => ({ message: 'missing' as const, subject: `Deployment ${namespace}/${name}` })),
    ...rollouts.flatMap((rollout) => findingsOf(rollout, params.minReplicas)),
    ...rollouts.flatMap(({ current }) => current.flatMap((pod) => restartFindings(pod, params, now))),
    ...others.flatMap((pod) => restartFindings(pod, params, now)),
    ...bare.flatMap(({ name, pod }) => [
      ...(pod ? [...waitingFindings(pod), ...restartFindings(pod, params, now)] : []),
      ...barePodFindings(namespace, name, pod),
    ]),
    ...rollouts.flatMap(({ subject, deployment }) =>
      params.requireDigest ? digestlessFindings(subject, at(deployment, 'spec', 'template', 'spec')) : [],
    ),
    ...services.flatMap(({ name, endpoints }) =>
      endpoints.some(({ ready, terminating }) => ready && !terminating)
        ? []
        : [{ message: 'noEndpoints' as const, subject: `Service ${namespace}/${name}` }],
    ),
    ...services.flatMap((service) => foreignFindings(namespace, service, rollouts)),
  ];
  const subjects = [
    ...params.deployments.map((name) => `Deployment ${namespace}/${name}`),
    ...services.map(({ name }) => `Service ${namespace}/${name}`),
    ...bare.map(({ name }) => `Pod ${namespace}/${name}`),
    ...others.map(({ metadata }) => `Pod ${namespace}/${metadata.name}`),
  ];
  const evidence = evidenceOf(rollouts, [...current, ...others], gathered);
  const unclear = rollouts.filter(({ ambiguous }) => ambiguous).map(({ subject }) => subject);
  if (findings.length === 0 && unclear.length > 0)
    return {
      outcome: 'inconclusive',
      reason: 'too-few-subjects',
      why: `${nameList(unclear)}: several ReplicaSets carry the highest revision, so old pods cannot be told from new ones.`,
      evidence,
    };
  const judgement = judged(findings, subjects, evidence, '');
  const images = [
    ...new Set(rollouts.flatMap(({ current }) => current.flatMap(digestsOf)).map(({ digest }) => digest)),
  ];
  return judgement.outcome === 'pass' && images.length > 0 ? { ...judgement, images: images.sort() } : judgement;
}

/** By name; one that has ended runs nothing. */
function runningPod(pods: readonly KubeObject[], name: string): KubeObject | undefined {
  const pod = pods.find(({ metadata }) => metadata.name === name);
  return pod && !['Succeeded', 'Failed'].includes(textAt(pod, '', 'status', 'phase')) ? pod : undefined;
}

/** A Service whose selector fits another application is full of endpoints that are ready. */
function foreignFindings(
  namespace: string,
  { name, endpoints }: Gathered['services'][number],
  rollouts: readonly Rollout[],
): Finding<Id>[] {
  // Pods of an older revision, and those that cannot be told apart, are told elsewhere.
  const own = new Set(
    rollouts.flatMap(({ current, old }) =>
      [...current, ...old].map(({ metadata }) => `Pod ${metadata.namespace ?? ''}/${metadata.name}`),
    ),
  );
  const foreign = endpoints
    .filter(({ ready, terminating, target }) => ready && !terminating && !own.has(target))
    .map(({ target, address }) => (target === '' ? address : target));
  if (foreign.length === 0) return [];
  return [{ message: 'foreignEndpoints', subject: `Service ${namespace}/${name}`, data: { names: nameList(foreign) } }];
}

function rolloutOf(deployment: KubeObject, { replicaSets, pods }: Gathered, now: Date): Rollout | null {
  const status = rolloutStatus({ ...deployment, kind: 'Deployment' });
  if (!status) return null;
  const mine = replicaSets.filter((set) => isControlledBy(set, deployment));
  const [newest, second] = [...mine].sort((a, b) => revisionOf(b) - revisionOf(a));
  const ambiguous = newest !== undefined && second !== undefined && revisionOf(newest) === revisionOf(second);
  // An evicted pod stays as Failed, beside the one that took its place.
  const running = pods.filter((pod) => !['Succeeded', 'Failed'].includes(textAt(pod, '', 'status', 'phase')));
  const living = running.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const podsOf = (sets: readonly KubeObject[], among = living): KubeObject[] =>
    among.filter((pod) => sets.some((set) => isControlledBy(pod, set)));
  return {
    subject: `Deployment ${deployment.metadata.namespace ?? ''}/${deployment.metadata.name}`,
    deployment,
    status,
    current: podsOf(ambiguous ? mine : newest ? [newest] : []),
    // One that should have left long ago still runs the older revision.
    old: ambiguous
      ? []
      : podsOf(
          mine.filter((set) => set !== newest),
          running.filter((pod) => !isLeaving(pod, now)),
        ),
    ambiguous,
  };
}

function isControlledBy({ metadata }: KubeObject, owner: KubeObject): boolean {
  return (
    owner.metadata.uid !== undefined &&
    (metadata.ownerReferences ?? []).some(({ controller, uid }) => controller === true && uid === owner.metadata.uid)
  );
}

function revisionOf({ metadata }: KubeObject): number {
  return Number(metadata.annotations?.['deployment.kubernetes.io/revision'] ?? 0);
}

function findingsOf({ subject, deployment, status, current, old }: Rollout, minReplicas: number): Finding<Id>[] {
  const { desired } = status.numbers;
  return present<Finding<Id>>([
    ...current.flatMap(waitingFindings),
    !status.complete && { message: 'incomplete', subject, data: { why: status.why } },
    status.paused && { message: 'paused', subject },
    desired < minReplicas && { message: 'tooFewReplicas', subject, data: { actual: desired, expected: minReplicas } },
    old.length > 0 && {
      message: 'oldPods',
      subject,
      data: { names: nameList(old.map(({ metadata }) => metadata.name)) },
    },
    status.complete &&
      current.length !== desired && {
        message: 'podsMissing',
        subject,
        data: { actual: current.length, expected: desired },
      },
    ...imageFindings(deployment, current),
    ...digestFindings(subject, current),
  ]);
}

/** Every container of the template runs its image in every pod; containers a webhook added are not the template's. */
function imageFindings(deployment: KubeObject, pods: readonly KubeObject[]): Finding<Id>[] {
  const wanted = containersOf(at(deployment, 'spec', 'template', 'spec'));
  return pods.flatMap((pod) => {
    const running = new Map(containersOf(pod['spec']).map(({ name, fields }) => [name, textAt(fields, '', 'image')]));
    return wanted.flatMap(({ name, fields }): Finding<Id>[] => {
      const expected = textAt(fields, '', 'image');
      const actual = running.get(name) ?? 'nothing';
      if (actual === expected) return [];
      const subject = `Pod ${pod.metadata.namespace ?? ''}/${pod.metadata.name}`;
      return [{ message: 'otherImage', subject, data: { container: name, actual, expected } }];
    });
  });
}

interface Running {
  readonly container: string;
  readonly image: string;
  /** `sha256:…` of what was pulled. */
  readonly digest: string;
}

function digestsOf(pod: KubeObject): Running[] {
  return listAt(pod, 'status', 'containerStatuses').flatMap((status) => {
    const digest = /sha256:[0-9a-f]{64}/.exec(textAt(status, '', 'imageID'))?.[0];
    if (digest === undefined) return [];
    return [{ container: textAt(status, '', 'name'), image: textAt(status, '', 'image'), digest }];
  });
}

function digestFindings(subject: string, pods: readonly KubeObject[]): Finding<Id>[] {
  const running = pods.flatMap(digestsOf);
  return [...new Set(running.map(({ container }) => container))].flatMap((container): Finding<Id>[] => {
    const mine = running.filter((entry) => entry.container === container);
    const count = new Set(mine.map(({ digest }) => digest)).size;
    if (count < 2) return [];
    return [{ message: 'digestsDiffer', subject, data: { container, count, image: mine[0]?.image ?? '' } }];
  });
}

function evidenceOf(
  rollouts: readonly Rollout[],
  current: readonly KubeObject[],
  { services, readings }: Gathered,
): readonly [Evidence, ...Evidence[]] {
  return [
    table(
      'Rollouts',
      [
        'deployment',
        'state',
        'generation',
        'observed',
        'desired',
        'updated',
        'ready',
        'available',
        'old pods',
        'paused',
        'why',
      ],
      rollouts.map(({ subject, status, old }) => {
        const { generation, observedGeneration, desired, updated, ready, available } = status.numbers;
        const counts = [generation, observedGeneration, desired, updated, ready, available, old.length];
        return [subject, status.state, ...counts, status.paused, status.why];
      }),
    ),
    table(
      'Pods of the current revision, and the others that were judged',
      ['pod', 'container', 'image', 'digest', 'restarts'],
      current.flatMap((pod) =>
        containersOf(pod['spec']).map(({ name, fields }) => [
          pod.metadata.name,
          name,
          textAt(fields, '', 'image'),
          digestsOf(pod).find(({ container }) => container === name)?.digest ?? 'not reported',
          restartsOf(pod, name),
        ]),
      ),
    ),
    table(
      'Endpoints',
      ['service', 'ready', 'all'],
      services.map(({ name, endpoints }) => [name, endpoints.filter(({ ready }) => ready).length, endpoints.length]),
    ),
    ...readings.map(readingEvidence),
  ];
}

function restartsOf(pod: KubeObject, container: string): number | null {
  const status = listAt(pod, 'status', 'containerStatuses').find((one) => textAt(one, '', 'name') === container);
  const count = at(status, 'restartCount');
  return typeof count === 'number' ? count : null;
}

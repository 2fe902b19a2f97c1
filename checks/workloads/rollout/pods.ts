/** What a pod says of itself: containers that cannot start, that ended and were started again, and what they run. */
import { containersOf } from '../../../k8s/semantics/pod-security.ts';
import type { KubeObject } from '../../contract/cluster.ts';
import { at, listAt, textAt } from '../../contract/json.ts';
import { durationMs } from '../../contract/units.ts';
import { shortened } from '../../kit/evidence.ts';
import { objectSubject, type Say, type Subject } from '../../kit/kind.ts';
import { hasEnded } from '../../protocols/workloads.ts';
import type { Params } from './params.ts';

export const podMessages = {
  imageNotPulled: {
    says: '{subject}: container {container} cannot get its image {image} ({reason}{detail}), expected it to be pulled.',
    fix: 'Push the image or correct its name and tag in the template; where the registry asks for a login, give the pod imagePullSecrets.',
  },
  notCreated: {
    says: '{subject}: container {container} of image {image} cannot be started ({reason}{detail}), expected it to run.',
    fix: 'Repair what the message names: create the Secret, ConfigMap or key, or correct the template.',
  },
  crashing: {
    says: '{subject}: container {container} of image {image} ends again and again ({reason}{detail}), expected it to run.',
    fix: 'Read why it ended ("kubectl logs --previous" of that pod and container); correct it, or roll back ("kubectl rollout undo").',
  },
  restarted: {
    says: '{subject}: container {container} was restarted {actual} times (last exit code {code}{reason}, {when}), expected at most {expected}.',
    fix: 'Read why it ended ("kubectl logs --previous" of that pod and container) and correct it; then replace the pod, or roll out anew, so that the count begins again.',
  },
  podMissing: {
    says: '{subject}: does not exist or has ended, expected a pod that runs.',
    fix: 'Apply its manifest, or correct the name in the item.',
  },
  podNotReady: {
    says: '{subject}: is not ready ({why}), expected a pod that is.',
    fix: 'See "kubectl describe pod" for the probe or condition that holds it up.',
  },
} as const;
type Saying = Say<typeof podMessages>;

export const podSubject = ({ metadata }: KubeObject): Subject => objectSubject('Pod', metadata);

/** What the kubelet says of one container. */
interface Status {
  readonly container: string;
  /** An init container that ends before the others begin; a sidecar (restartPolicy Always) is none. */
  readonly runsOnce: boolean;
  readonly status: unknown;
  readonly path: string;
}

function statusesOf(pod: KubeObject): readonly Status[] {
  const lasting = containersOf(pod['spec']).filter(({ fields }) => fields['restartPolicy'] === 'Always');
  return (['initContainerStatuses', 'containerStatuses'] as const).flatMap((field) =>
    listAt(pod, 'status', field).map((status) => {
      const container = textAt(status, 'of unknown name', 'name');
      const runsOnce = field === 'initContainerStatuses' && !lasting.some(({ name }) => name === container);
      return { container, runsOnce, status, path: `status.${field}` };
    }),
  );
}

const statusOf = (pod: KubeObject, container: string): unknown =>
  statusesOf(pod).find((one) => one.container === container)?.status;

/** Reasons as the kubelet gives them (k8s.io/kubernetes/pkg/kubelet: images/types.go, container/sync_result.go, kuberuntime). */
const WAITING = {
  ErrImagePull: 'imageNotPulled',
  ImagePullBackOff: 'imageNotPulled',
  ErrImageNeverPull: 'imageNotPulled',
  InvalidImageName: 'imageNotPulled',
  ImageInspectError: 'imageNotPulled',
  RegistryUnavailable: 'imageNotPulled',
  SignatureValidationFailed: 'imageNotPulled',
  CreateContainerConfigError: 'notCreated',
  CreateContainerError: 'notCreated',
  PreCreateHookError: 'notCreated',
  PreStartHookError: 'notCreated',
  PostStartHookError: 'notCreated',
  RunContainerError: 'notCreated',
  CrashLoopBackOff: 'crashing',
} as const;
const isWaiting = (reason: string): reason is keyof typeof WAITING => Object.hasOwn(WAITING, reason);

/** One finding for each container of the pod that waits for something that does not come by itself, in the kubelet's words. */
export function judgeWaiting(pod: KubeObject, say: Saying): void {
  const images = new Map(containersOf(pod['spec']).map(({ name, fields }) => [name, textAt(fields, '', 'image')]));
  for (const { status, container, path } of statusesOf(pod)) {
    const reason = textAt(status, '', 'state', 'waiting', 'reason');
    if (!isWaiting(reason)) continue;
    const image = images.get(container) ?? textAt(status, 'unknown', 'image');
    const data = { container, image, reason, detail: detailOf(status) };
    say.fail(WAITING[reason], { ...podSubject(pod), container }, data, { path });
  }
}

/** The kubelet's message, and how the container ended last: `: back-off 40s restarting …; last exit code 137, OOMKilled`. */
function detailOf(status: unknown): string {
  const said = textAt(status, '', 'state', 'waiting', 'message');
  const code = at(status, 'lastState', 'terminated', 'exitCode');
  const why = textAt(status, '', 'lastState', 'terminated', 'reason');
  const last = typeof code === 'number' ? `last exit code ${code}${why === '' ? '' : `, ${why}`}` : '';
  const parts = [shortened(said.replace(/\s+/g, ' '), 300), last].filter((part) => part !== '');
  return parts.length === 0 ? '' : `: ${parts.join('; ')}`;
}

/** A finding for each container of the pod with too many restarts. */
export function judgeRestarts(pod: KubeObject, { maxRestarts, restartWindow }: Params, now: Date, say: Saying): void {
  for (const { status, runsOnce, container, path } of statusesOf(pod)) {
    const count = at(status, 'restartCount');
    // An init container, or a Job's, may be tried again until what it waits for is there; once it has ended well, its tries are over.
    const isDone = (runsOnce || hasEnded(pod)) && at(status, 'state', 'terminated', 'exitCode') === 0;
    if (typeof count !== 'number' || count <= maxRestarts || isDone) continue;
    const finished = textAt(status, '', 'lastState', 'terminated', 'finishedAt');
    // One that does not say when it ended counts.
    if (restartWindow !== undefined && now.getTime() - Date.parse(finished) > durationMs(restartWindow)) continue;
    const code = at(status, 'lastState', 'terminated', 'exitCode');
    const reason = textAt(status, '', 'lastState', 'terminated', 'reason');
    const data = {
      container,
      actual: count,
      expected: maxRestarts,
      code: typeof code === 'number' ? code : 'unknown',
      reason: reason === '' ? '' : `, ${reason}`,
      when: finished === '' ? 'at an unknown time' : `at ${finished}`,
    };
    say.fail('restarted', { ...podSubject(pod), container }, data, { path });
  }
}

const readiness = (pod: KubeObject): unknown =>
  listAt(pod, 'status', 'conditions').find((condition) => textAt(condition, '', 'type') === 'Ready');

/** What the pod itself says against what its controller has counted: one that stands still counts what was. */
export function judgeCounted(pod: KubeObject, say: Saying): void {
  if (readiness(pod) !== undefined) judgeReady(podSubject(pod), pod, say);
}

/** A pod that no controller counts: running, ready and not on its way out. */
export function judgeReady(subject: Subject, pod: KubeObject, say: Saying): void {
  const ready = readiness(pod);
  const leaving = pod.metadata.deletionTimestamp !== undefined;
  if (textAt(ready, '', 'status') === 'True' && !leaving) return;
  const said = [textAt(ready, '', 'reason'), textAt(ready, '', 'message')].filter((text) => text !== '').join(': ');
  const phase = `phase ${textAt(pod, 'unknown', 'status', 'phase')}`;
  const why = leaving ? 'it is being deleted' : said === '' ? phase : said;
  say.fail('podNotReady', subject, { why }, { path: 'status.conditions' });
}

/** The content that a container runs, as the runtime names it: the registry's digest, or the id of the image's configuration. */
export interface Running {
  readonly form: 'digest' | 'id';
  readonly value: string;
}

/** Null where the runtime reports nothing that names the content: `repo@sha256:…`, `docker://sha256:…`, CRI-O's bare digits. */
export function runningIn(pod: KubeObject, container: string): Running | null {
  const imageId = textAt(statusOf(pod, container), '', 'imageID');
  const [, at, value] = /(@)?(?:sha256:)?([0-9a-f]{64})$/.exec(imageId) ?? [];
  return value === undefined ? null : { form: at === undefined ? 'id' : 'digest', value };
}

export function restartsOf(pod: KubeObject, container: string): number | null {
  const count = at(statusOf(pod, container), 'restartCount');
  return typeof count === 'number' ? count : null;
}

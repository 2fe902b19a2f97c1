/** Containers that the kubelet cannot start, in its own words: what holds a rollout up is told here and nowhere else. */
import { containersOf } from '../../../k8s/semantics/pod-security.ts';
import type { KubeObject } from '../../contract/cluster.ts';
import type { Finding } from '../../kit/define-check.ts';
import { shortened } from '../../kit/evidence.ts';
import { at, listAt, textAt } from '../../contract/json.ts';

export const waitingMessages = {
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
};
type Id = keyof typeof waitingMessages;

/** Reasons as the kubelet gives them (k8s.io/kubernetes/pkg/kubelet: images/types.go, container/sync_result.go, kuberuntime). */
const MESSAGE_OF: Readonly<Record<string, Id>> = {
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
};

/** One finding for each container of the pod that waits for something that does not come by itself. */
export function waitingFindings(pod: KubeObject): Finding<Id>[] {
  const subject = `Pod ${pod.metadata.namespace ?? ''}/${pod.metadata.name}`;
  const images = new Map(containersOf(pod['spec']).map(({ name, fields }) => [name, textAt(fields, '', 'image')]));
  return ['initContainerStatuses', 'containerStatuses'].flatMap((field) =>
    listAt(pod, 'status', field).flatMap((status): Finding<Id>[] => {
      const reason = textAt(status, '', 'state', 'waiting', 'reason');
      const message = MESSAGE_OF[reason];
      if (message === undefined) return [];
      const container = textAt(status, 'of unknown name', 'name');
      const image = images.get(container) ?? textAt(status, 'unknown', 'image');
      return [{ message, subject, data: { container, image, reason, detail: detailOf(status) } }];
    }),
  );
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

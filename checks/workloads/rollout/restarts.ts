/** Containers that ended and were started again, pods that stand for themselves, and images that are named by no digest. */
import { containersOf } from '../../../k8s/semantics/pod-security.ts';
import type { KubeObject } from '../../contract/cluster.ts';
import { durationMs } from '../../contract/units.ts';
import type { Finding } from '../../kit/define-check.ts';
import { at, listAt, textAt } from '../../contract/json.ts';
import type { Params } from './check.ts';

export const podMessages = {
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
  notPinned: {
    says: '{subject}: container {container} names its image by tag alone ({image}), expected a digest (name:tag@sha256:…).',
    fix: 'Put the digest of the tested image into the template: a tag can be moved to another image.',
  },
};
type Id = keyof typeof podMessages;

/** A finding for each container of the pod with too many restarts. */
export function restartFindings(pod: KubeObject, { maxRestarts, restartWindow }: Params, now: Date): Finding<Id>[] {
  return ['initContainerStatuses', 'containerStatuses'].flatMap((field) =>
    listAt(pod, 'status', field).flatMap((status): Finding<Id>[] => {
      const count = at(status, 'restartCount');
      if (typeof count !== 'number' || count <= maxRestarts) return [];
      const finished = textAt(status, '', 'lastState', 'terminated', 'finishedAt');
      const ageMs = now.getTime() - Date.parse(finished);
      // One that does not say when it ended counts.
      if (restartWindow !== undefined && ageMs > durationMs(restartWindow)) return [];
      const code = at(status, 'lastState', 'terminated', 'exitCode');
      const reason = textAt(status, '', 'lastState', 'terminated', 'reason');
      const data = {
        container: textAt(status, 'of unknown name', 'name'),
        actual: count,
        expected: maxRestarts,
        code: typeof code === 'number' ? code : 'unknown',
        reason: reason === '' ? '' : `, ${reason}`,
        when: finished === '' ? 'at an unknown time' : `at ${finished}`,
      };
      return [{ message: 'restarted', subject: nameOf(pod), data }];
    }),
  );
}

/** A pod that belongs to no Deployment: there, running and ready. */
export function barePodFindings(namespace: string, name: string, pod: KubeObject | undefined): Finding<Id>[] {
  const subject = `Pod ${namespace}/${name}`;
  if (!pod) return [{ message: 'podMissing', subject }];
  const ready = listAt(pod, 'status', 'conditions').find((condition) => textAt(condition, '', 'type') === 'Ready');
  if (textAt(ready, '', 'status') === 'True') return [];
  const said = [textAt(ready, '', 'reason'), textAt(ready, '', 'message')].filter((text) => text !== '').join(': ');
  const why = said === '' ? `phase ${textAt(pod, 'unknown', 'status', 'phase')}` : said;
  return [{ message: 'podNotReady', subject, data: { why } }];
}

/** Containers of a template whose image has no digest. */
export function digestlessFindings(subject: string, podSpec: unknown): Finding<Id>[] {
  return containersOf(podSpec).flatMap(({ name, fields }): Finding<Id>[] => {
    const image = textAt(fields, '', 'image');
    if (/@sha256:[0-9a-f]{64}$/.test(image)) return [];
    return [{ message: 'notPinned', subject, data: { container: name, image } }];
  });
}

function nameOf({ metadata }: KubeObject): string {
  return `Pod ${metadata.namespace ?? ''}/${metadata.name}`;
}

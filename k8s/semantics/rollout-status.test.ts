import { describe, expect, it } from 'vitest';
import type { RolloutStatus } from './rollout-status.ts';
import { rolloutStatus } from './rollout-status.ts';
import recorded from './recorded/rollout-status.json' with { type: 'json' };

type Recorded = (typeof recorded.commands)[number]['objects'][number];
const statusOf = (object: unknown): RolloutStatus => {
  const status = rolloutStatus(object);
  if (!status) throw new Error('this kind has no rollout');
  return status;
};

/** What kubectl prints for a status of ours. */
function kubectlLine(object: Recorded): string {
  const { state, why, numbers } = statusOf(object);
  const { kind, metadata } = object;
  // kubectl goes on waiting when Pods are refused, until the deadline.
  if (state === 'failed' && why.startsWith('exceeded'))
    return `error: deployment "${metadata.name}" ${why.replace(/:.*$/s, '')}\n`;
  if (kind === 'StatefulSet')
    return `partitioned roll out complete: ${String(numbers.updated)} new pods have been updated...\n`;
  const noun = kind === 'DaemonSet' ? 'daemon set' : 'deployment';
  if (state === 'complete') return `${noun} "${metadata.name}" successfully rolled out\n`;
  if (why.startsWith('the spec update')) return `Waiting for ${noun} spec update to be observed...\n`;
  return `Waiting for ${noun} "${metadata.name}" rollout to finish: ${why.replace(/, and .*$|:.*$/s, '')}...\n`;
}

describe('what kubectl rollout status printed', () => {
  it.each(recorded.commands)('$command (steps $steps)', ({ objects, stdout, stderr, exitCode }) => {
    const lines = objects.map(kubectlLine);
    const timedOut = 'error: timed out waiting for the condition\n';
    expect(lines.filter((line) => !line.startsWith('error')).join('')).toBe(stdout);
    expect(lines.filter((line) => line.startsWith('error')).join('')).toBe(stderr.replace(timedOut, ''));
    expect(statusOf(objects.at(-1)).complete).toBe(exitCode === 0);
  });

  it('a whole lifecycle is complete only where all of it is', () => {
    const states = recorded.lifecycle.map((object) => ({
      generation: object.metadata.generation,
      ...statusOf(object),
    }));
    const completed = states.filter((status) => status.complete);
    expect(new Set(completed.map(({ generation }) => generation))).toEqual(new Set([1, 2, 3, 4]));
    for (const { numbers } of completed) {
      expect(numbers.observedGeneration).toBe(numbers.generation);
      expect(numbers).toMatchObject({ updated: numbers.desired, current: numbers.desired, available: numbers.desired });
    }
    expect(states.slice(0, 5).map(({ state }) => state)).toEqual(Array(5).fill('progressing'));
    expect(states[6]).toMatchObject({ complete: false, numbers: { generation: 2, observedGeneration: 1 } });
  });

  it('refused Pods', () => {
    const refusal = 'pods "nq-58857f6c9-4h9b4" is forbidden: failed quota: tight: must specify limits.cpu for: app';
    expect(recorded.replicaFailure.map((object) => [statusOf(object).state, statusOf(object).why])).toEqual([
      ['progressing', 'the spec update has not been observed (generation 1, observed none)'],
      ['progressing', 'the spec update has not been observed (generation 1, observed none)'],
      ['failed', `0 out of 2 new replicas have been updated: ${refusal}`],
      ['failed', `exceeded its progress deadline: ${refusal}`],
    ]);
  });
});

const deployment = (status: object, spec: object = {}, metadata: object = {}) => ({
  kind: 'Deployment',
  metadata: { name: 'web', generation: 2, ...metadata },
  spec: { replicas: 3, ...spec },
  status: { observedGeneration: 2, replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3, ...status },
});
const statefulSet = (status: object, spec: object = {}) => ({
  kind: 'StatefulSet',
  metadata: { name: 'db', generation: 2 },
  spec: { replicas: 3, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } }, ...spec },
  status: {
    observedGeneration: 2,
    replicas: 3,
    readyReplicas: 3,
    availableReplicas: 3,
    currentReplicas: 3,
    updatedReplicas: 3,
    currentRevision: 'b',
    updateRevision: 'b',
    ...status,
  },
});
const daemonSet = (status: object, spec: object = {}) => ({
  kind: 'DaemonSet',
  metadata: { name: 'log', generation: 2 },
  spec,
  status: {
    observedGeneration: 2,
    desiredNumberScheduled: 3,
    currentNumberScheduled: 3,
    updatedNumberScheduled: 3,
    numberReady: 3,
    numberAvailable: 3,
    ...status,
  },
});
const condition = (type: string, status: string, reason: string, message = '') => ({
  conditions: [{ type, status, reason, message }],
});
const partition = (size: number) => ({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: size } } });
const onDelete = { updateStrategy: { type: 'OnDelete' } };

it.each([
  ['all there', deployment({}), 'complete', '3 replicas updated and available'],
  [
    'nothing wanted, nothing there',
    deployment({ replicas: 0, updatedReplicas: 0, readyReplicas: 0, availableReplicas: 0 }, { replicas: 0 }),
    'complete',
    '0 replicas updated and available',
  ],
  [
    'the status of the release before',
    deployment({ observedGeneration: 1 }),
    'progressing',
    'the spec update has not been observed (generation 2, observed 1)',
  ],
  [
    'observed generation absent',
    deployment({ observedGeneration: undefined }),
    'progressing',
    'the spec update has not been observed (generation 2, observed none)',
  ],
  [
    'observed generation 0',
    deployment({ observedGeneration: 0 }, {}, { generation: 0 }),
    'progressing',
    'the spec update has not been observed (generation 0, observed 0)',
  ],
  [
    'no status at all',
    { kind: 'Deployment', metadata: { name: 'web' }, spec: {} },
    'progressing',
    'the spec update has not been observed (generation 0, observed none)',
  ],
  [
    'updated absent',
    deployment({ updatedReplicas: undefined }),
    'progressing',
    '0 out of 3 new replicas have been updated',
  ],
  [
    'some updated',
    deployment({ updatedReplicas: 2, replicas: 4 }),
    'progressing',
    '2 out of 3 new replicas have been updated',
  ],
  ['an old one left', deployment({ replicas: 4 }), 'progressing', '1 old replicas are pending termination'],
  ['one not available', deployment({ availableReplicas: 2 }), 'progressing', '2 of 3 updated replicas are available'],
  [
    'available absent',
    deployment({ availableReplicas: undefined }),
    'progressing',
    '0 of 3 updated replicas are available',
  ],
  [
    'replicas left out of the spec',
    deployment({ replicas: 1, updatedReplicas: 1, availableReplicas: 1 }, { replicas: undefined }),
    'complete',
    '1 replicas updated and available',
  ],
  [
    'deadline exceeded',
    deployment({ updatedReplicas: 1, ...condition('Progressing', 'False', 'ProgressDeadlineExceeded') }),
    'failed',
    'exceeded its progress deadline',
  ],
  [
    'a deadline of the generation before',
    deployment({ observedGeneration: 1, ...condition('Progressing', 'False', 'ProgressDeadlineExceeded') }),
    'progressing',
    'the spec update has not been observed (generation 2, observed 1)',
  ],
  [
    'Pods refused',
    deployment({ updatedReplicas: 1, ...condition('ReplicaFailure', 'True', 'FailedCreate', 'quota') }),
    'failed',
    '1 out of 3 new replicas have been updated: quota',
  ],
  [
    'Pods refused once, all there now',
    deployment(condition('ReplicaFailure', 'True', 'FailedCreate', 'quota')),
    'complete',
    '3 replicas updated and available',
  ],
  [
    'refusal over',
    deployment({ updatedReplicas: 1, ...condition('ReplicaFailure', 'False', 'FailedCreate', 'quota') }),
    'progressing',
    '1 out of 3 new replicas have been updated',
  ],
  [
    'paused half way',
    deployment({ updatedReplicas: 1 }, { paused: true }),
    'progressing',
    '1 out of 3 new replicas have been updated, and the deployment is paused',
  ],
  ['paused and complete', deployment({}, { paused: true }), 'complete', '3 replicas updated and available'],
  ['being deleted', deployment({}, {}, { deletionTimestamp: '2026-01-01T00:00:00Z' }), 'failed', 'it is being deleted'],
  ['StatefulSet all there', statefulSet({}), 'complete', '3 pods updated and ready'],
  [
    'StatefulSet not observed',
    statefulSet({ observedGeneration: 1 }),
    'progressing',
    'the spec update has not been observed (generation 2, observed 1)',
  ],
  ['StatefulSet not ready', statefulSet({ readyReplicas: 1 }), 'progressing', 'waiting for 2 pods to be ready'],
  [
    'StatefulSet half updated',
    statefulSet({ updatedReplicas: 1, currentRevision: 'a' }),
    'progressing',
    '1 out of 3 new pods have been updated',
  ],
  [
    'StatefulSet with a partition',
    statefulSet({ updatedReplicas: 1, currentRevision: 'a' }, partition(2)),
    'progressing',
    '1 out of 3 new pods have been updated (updateStrategy.rollingUpdate.partition is 2)',
  ],
  [
    'StatefulSet with a partition, all updated',
    statefulSet({ currentRevision: 'a' }, partition(2)),
    'complete',
    '3 pods updated and ready',
  ],
  [
    'StatefulSet whose revision is not current yet',
    statefulSet({ currentRevision: 'a' }),
    'progressing',
    '3 pods at revision b, which is not yet the current one',
  ],
  ['StatefulSet shrinking', statefulSet({ replicas: 4 }), 'progressing', '1 pods more than wanted'],
  [
    'StatefulSet within minReadySeconds',
    statefulSet({ availableReplicas: 2 }, { minReadySeconds: 10 }),
    'progressing',
    '2 of 3 pods are available',
  ],
  [
    'StatefulSet of a server that does not count available',
    statefulSet({ availableReplicas: undefined }),
    'complete',
    '3 pods updated and ready',
  ],
  [
    'StatefulSet OnDelete',
    statefulSet({ updatedReplicas: 1, currentRevision: 'a' }, onDelete),
    'progressing',
    '1 out of 3 new pods have been updated (updateStrategy OnDelete replaces a pod when it is deleted)',
  ],
  ['DaemonSet all there', daemonSet({}), 'complete', '3 pods updated and available'],
  [
    'DaemonSet not observed',
    daemonSet({ observedGeneration: undefined }),
    'progressing',
    'the spec update has not been observed (generation 2, observed none)',
  ],
  [
    'DaemonSet half updated',
    daemonSet({ updatedNumberScheduled: 1 }),
    'progressing',
    '1 out of 3 new pods have been updated',
  ],
  [
    'DaemonSet updated absent',
    daemonSet({ updatedNumberScheduled: undefined }),
    'progressing',
    '0 out of 3 new pods have been updated',
  ],
  ['DaemonSet not available', daemonSet({ numberAvailable: 2 }), 'progressing', '2 of 3 updated pods are available'],
  [
    'DaemonSet OnDelete',
    daemonSet({ updatedNumberScheduled: 2 }, onDelete),
    'progressing',
    '2 out of 3 new pods have been updated (updateStrategy OnDelete replaces a pod when it is deleted)',
  ],
])('%s', (_, object, state, why) => {
  expect(statusOf(object)).toMatchObject({ state, why, complete: state === 'complete' });
});

it('tells the numbers, and whether it is paused', () => {
  expect(
    statusOf(deployment({ updatedReplicas: 2, replicas: 4, readyReplicas: undefined }, { paused: true })),
  ).toMatchObject({
    paused: true,
    numbers: { generation: 2, observedGeneration: 2, desired: 3, current: 4, updated: 2, ready: 0, available: 3 },
  });
});

it.each(['Job', 'Pod', undefined])('kind %s has no rollout', (kind) => {
  expect(rolloutStatus({ kind, metadata: { name: 'x' } })).toBeNull();
});

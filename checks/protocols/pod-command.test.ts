import { describe, expect, test } from 'vitest';
import { ObservationError, type Capabilities } from '../contract/capabilities.ts';
import type { KubeObject } from '../contract/cluster.ts';
import { runInPod } from './pod-command.ts';

const TARGET = { namespace: 'shop', pod: 'redis-0' } as const;
const RUNNING = { running: { startedAt: '2026-03-01T10:00:00Z' } };

function pod(state: object, phase = 'Running'): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: TARGET.pod, namespace: TARGET.namespace },
    spec: { containers: [{ name: 'redis' }] },
    status: { phase, containerStatuses: [{ name: 'redis', restartCount: 2, state }] },
  };
}

type Answer = Awaited<ReturnType<Capabilities['exec']['run']>>;
const PONG: Answer = { exitCode: 0, stdout: 'PONG\n', stderr: '', ms: 3 };

async function run(found: KubeObject, answer: Answer | Error) {
  let asked = 0;
  const cluster = { get: () => Promise.resolve(found) } as unknown as Capabilities['cluster'];
  const exec: Capabilities['exec'] = {
    run: () => {
      asked += 1;
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
  };
  const seen = await runInPod({ cluster, exec }, TARGET, ['redis-cli', 'ping']);
  return { seen, asked };
}

describe('a command in a pod', () => {
  test('is run where the container runs', async () => {
    const { seen } = await run(pod(RUNNING), PONG);
    expect(seen).toMatchObject({ phase: 'Running', exec: { exitCode: 0 } });
  });

  test.each([
    [{ waiting: { reason: 'CrashLoopBackOff' } }, 'not running (container redis: CrashLoopBackOff)'],
    [{ terminated: { reason: 'Error', exitCode: 137 } }, 'not running (container redis: Error)'],
    [{ waiting: {} }, 'not running (container redis: waiting)'],
  ])('is not tried while the container of a Running pod is %j', async (state, phase) => {
    const { seen, asked } = await run(pod(state), PONG);
    expect(seen).toEqual({ phase, deleting: false, exec: null });
    expect(asked).toBe(0);
  });

  test('that finds its container gone since it was looked at says that the pod is down', async () => {
    const gone = new ObservationError(
      'protocol',
      'redis-cli in pod shop/redis-0: the API server answered 500: unable to upgrade connection: container not found ("redis")',
    );
    const { seen } = await run(pod(RUNNING), gone);
    expect(seen).toEqual({
      phase: 'not running (container redis: not found by its node)',
      deleting: false,
      exec: null,
    });
  });

  test('that cannot be tried for another reason is no judgement of the pod', async () => {
    const refused = new ObservationError('forbidden', 'pods "redis-0" is forbidden');
    await expect(run(pod(RUNNING), refused)).rejects.toBe(refused);
    const wrong = new ObservationError('protocol', 'container cache is not valid for pod redis-0');
    await expect(run(pod(RUNNING), wrong)).rejects.toBe(wrong);
  });
});

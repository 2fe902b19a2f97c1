/**
 * Stands in for Grafana's k6-operator: runs each TestRun as so many pods, each a real k6 on its share of the load, and says of it what the
 * operator says: `finished` once no runner is active, however they ended. It has no initializer, starter or Jobs, and does not know `cleanup`.
 */
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeObject } from '../../checks/contract/cluster.ts';
import { at, listAt, numberAt, textAt } from '../../checks/contract/json.ts';
import { findTool, toolEnvironment } from '../../fixtures/rehearsal-client/tools.ts';
import type { ControlPlane, ProcessImage } from '../control-plane-types.ts';

export const K6_IMAGE = 'grafana/k6:1.1.0';
const TEST_RUNS = { apiVersion: 'k6.io/v1alpha1', kind: 'TestRun', resource: 'testruns' };
const PODS = { apiVersion: 'v1', kind: 'Pod', resource: 'pods' };
const CONFIG_MAPS = { apiVersion: 'v1', kind: 'ConfigMap', resource: 'configmaps' };

/** A runner's container: k6 in a folder with the files of the ConfigMap that its pod mounts. `logs`: where the API server reads logs. */
export function k6Image(plane: () => Pick<ControlPlane, 'get'>, logs: string): ProcessImage {
  return {
    reference: K6_IMAGE,
    async start({ namespace, pod, container, args, env }) {
      const own = await plane().get(PODS, pod, namespace);
      const mounted = textAt(own, '', 'spec', 'volumes', 0, 'configMap', 'name');
      const files = at(await plane().get(CONFIG_MAPS, mounted, namespace), 'data');
      const folder = mkdtempSync(join(tmpdir(), 'golive-runner-'));
      for (const [name, content] of Object.entries(files ?? {})) writeFileSync(join(folder, name), String(content));
      mkdirSync(logs, { recursive: true });
      const log = createWriteStream(join(logs, `${namespace}_${pod}_${container}.log`));
      const child = spawn(findTool('k6') ?? 'k6', [...args], {
        cwd: folder,
        env: { ...toolEnvironment(), HOME: folder, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      child.stdout.pipe(log, { end: false });
      child.stderr.pipe(log, { end: false });
      const exited = new Promise<number>((resolve) => {
        child.once('error', () => resolve(127));
        child.once('close', (code) => {
          rmSync(folder, { recursive: true, force: true });
          log.end(() => resolve(code ?? 137));
        });
      });
      return {
        pid: child.pid ?? 0,
        ports: {},
        exited,
        async stop(graceMs) {
          child.kill('SIGTERM');
          const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
          await exited;
          clearTimeout(timer);
        },
      };
    },
    exec: () => Promise.resolve({ exitCode: 126, stdout: '', stderr: 'nothing is executed here\n' }),
  };
}

/** Watches TestRuns and their pods until the answer is called. */
export function startK6Operator(
  plane: Pick<ControlPlane, 'apply' | 'get' | 'patch' | 'remove' | 'watchObjects'>,
): () => void {
  const runs = new Map<string, KubeObject>();
  const finished = new Set<string>();
  const say = (run: KubeObject, stage: string): Promise<unknown> =>
    plane.patch(TEST_RUNS, { ...targetOf(run), subresource: 'status' }, { status: { stage } }).catch(() => undefined);

  const begin = async (run: KubeObject): Promise<void> => {
    await say(run, 'initialization');
    const count = numberAt(run, 'spec', 'parallelism');
    for (let index = 0; index < count; index += 1) await plane.apply(runnerOf(run, index, count));
    await say(run, 'started');
  };
  const forget = async (run: KubeObject): Promise<void> => {
    const count = numberAt(run, 'spec', 'parallelism');
    for (let index = 1; index <= count; index += 1)
      await plane
        .remove(PODS, { namespace: run.metadata.namespace ?? '', name: `${run.metadata.name}-${index}` })
        .catch(() => undefined);
  };
  const stopRuns = plane.watchObjects(TEST_RUNS, (objects) => {
    const now = new Map(objects.map((run) => [run.metadata.uid ?? '', run]));
    for (const [uid, run] of now) {
      if (runs.has(uid)) continue;
      runs.set(uid, run);
      void begin(run);
    }
    for (const [uid, run] of runs) {
      if (now.has(uid)) continue;
      runs.delete(uid);
      void forget(run);
    }
  });
  const stopPods = plane.watchObjects(PODS, (pods) => {
    for (const [uid, run] of runs) {
      const own = pods.filter(({ metadata }) => metadata.labels?.['k6_cr'] === run.metadata.name);
      if (finished.has(uid) || own.length < numberAt(run, 'spec', 'parallelism') || !own.every(hasEnded)) continue;
      finished.add(uid);
      void say(run, 'finished');
    }
  });
  return () => {
    stopRuns();
    stopPods();
  };
}

const targetOf = ({ metadata: { name, namespace = '' } }: KubeObject) => ({ name, namespace });
const hasEnded = (pod: KubeObject): boolean =>
  !Number.isNaN(numberAt(pod, 'status', 'containerStatuses', 0, 'state', 'terminated', 'exitCode'));

/** A runner and its share of the load, as the operator cuts it: an execution segment. */
function runnerOf(run: KubeObject, index: number, count: number): Readonly<Record<string, unknown>> {
  const { name, namespace = '' } = run.metadata;
  const share = (part: number): string => (part === 0 ? '0' : part === count ? '1' : `${part}/${count}`);
  const sequence = Array.from({ length: count + 1 }, (_, part) => share(part)).join(',');
  const given = textAt(run, '', 'spec', 'arguments')
    .split(' ')
    .filter((word) => word !== '');
  const segment = [
    '--execution-segment',
    `${share(index)}:${share(index + 1)}`,
    '--execution-segment-sequence',
    sequence,
  ];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `${name}-${index + 1}`, namespace, labels: { app: 'k6', k6_cr: name, runner: 'true' } },
    spec: {
      restartPolicy: 'Never',
      volumes: [{ name: 'script', configMap: { name: textAt(run, '', 'spec', 'script', 'configMap', 'name') } }],
      containers: [
        {
          name: 'k6',
          image: textAt(run, K6_IMAGE, 'spec', 'runner', 'image'),
          args: [
            'run',
            '--quiet',
            '--address',
            '',
            ...segment,
            ...given,
            textAt(run, '', 'spec', 'script', 'configMap', 'file'),
          ],
          env: listAt(run, 'spec', 'runner', 'env'),
          volumeMounts: [{ name: 'script', mountPath: '/test' }],
        },
      ],
    },
  };
}

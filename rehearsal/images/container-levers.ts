/**
 * Levers over containers' processes, whichever image they run.
 *
 *   container.kill {app | pod, colour?, namespace?, keep?}  SIGKILL of one process; with `keep` of all, and again whenever they come back.
 *                                                           The release replaces their pods, so that neither a restart is left
 *                                                           counted nor a back-off to be waited for.
 *   container.stop {app | pod, colour?, namespace?}         SIGSTOP of all; the release sends SIGCONT
 *
 * `app` is the label app.kubernetes.io/name, `pod` the beginning of a pod's name.
 */
import { pause } from '../../checks/contract/pause.ts';
import type { ResourceType } from '../../checks/contract/cluster.ts';
import type { ControlPlane } from '../control-plane-types.ts';
import type { LeverArguments } from '../../fixtures/rehearsal-client/control-protocol.ts';
import type { Levers, Release } from '../levers.ts';
import { makeAgain } from '../object-levers.ts';
import { NAMESPACE } from '../topology.ts';

const PODS: ResourceType = { apiVersion: 'v1', kind: 'Pod', resource: 'pods' };
const KILL_AGAIN_MS = 200;
const COLOUR_LABEL = 'mcp.test/colour';
const NAME_LABEL = 'app.kubernetes.io/name';

type Container = ReturnType<ControlPlane['containers']>[number];
type Plane = Pick<ControlPlane, 'apply' | 'containers' | 'get' | 'remove'>;
interface Wanted {
  readonly namespace: string;
  readonly app?: string;
  readonly pod?: string;
  readonly colour?: string;
}

/** Adds `container.kill` and `container.stop`. */
export function addContainerLevers(levers: Levers, plane: Plane): void {
  levers.add('container.kill', (args) => kill(plane, args));
  levers.add('container.stop', (args) => freeze(plane, args));
}

async function kill(plane: Plane, args: LeverArguments): Promise<Release> {
  const wanted = readWanted(args);
  const killed = new Set<string>();
  const strike = (containers: readonly Container[]): void => {
    for (const { start, pid } of containers) {
      killed.add(start.pod);
      signal(pid, 'SIGKILL');
    }
  };
  const first = await existing(plane, wanted);
  strike(args['keep'] === true ? first : first.slice(0, 1));
  const again = args['keep'] === true ? repeat(async () => strike(await find(plane, wanted))) : undefined;
  return async () => {
    await again?.();
    await Promise.all([...killed].map((pod) => replace(plane, wanted.namespace, pod)));
  };
}

async function freeze(plane: Plane, args: LeverArguments): Promise<Release> {
  const frozen = await existing(plane, readWanted(args));
  for (const { pid } of frozen) signal(pid, 'SIGSTOP');
  return () => {
    // Only those that still run: their numbers may be others' by now.
    const running = new Set(plane.containers().map(({ pid, start }) => `${start.podUid} ${pid}`));
    for (const { pid, start } of frozen) if (running.has(`${start.podUid} ${pid}`)) signal(pid, 'SIGCONT');
    return Promise.resolve();
  };
}

function repeat(work: () => Promise<void>): () => Promise<void> {
  let stopped = false;
  const isStopped = (): boolean => stopped;
  const loop = (async () => {
    while (!isStopped()) {
      await pause(KILL_AGAIN_MS);
      if (!isStopped()) await work().catch(() => undefined);
    }
  })();
  return async () => {
    stopped = true;
    await loop;
  };
}

/** Deletes a pod; its Deployment makes another one, and a pod without an owner is made again here. */
async function replace(plane: Plane, namespace: string, name: string): Promise<void> {
  const pod = await plane.get(PODS, name, namespace);
  // Gone with whatever was done to its Deployment meanwhile.
  if (!pod) return;
  await plane.remove(PODS, { name, namespace });
  const owners = pod.metadata['ownerReferences'];
  if (!Array.isArray(owners) || owners.length === 0) await makeAgain(plane, PODS, pod);
}

async function existing(plane: Plane, wanted: Wanted): Promise<readonly Container[]> {
  const found = await find(plane, wanted);
  if (found.length === 0) throw new Error(`no container runs that matches ${JSON.stringify(wanted)}`);
  return found;
}

async function find(plane: Plane, wanted: Wanted): Promise<readonly Container[]> {
  const candidates = plane
    .containers()
    .filter(({ start }) => start.namespace === wanted.namespace && start.pod.startsWith(wanted.pod ?? ''));
  const judged = await Promise.all(
    candidates.map(async (container) => {
      const pod = await plane.get(PODS, container.start.pod, wanted.namespace);
      const labels = pod?.metadata.labels ?? {};
      const fits =
        (wanted.app ?? labels[NAME_LABEL]) === labels[NAME_LABEL] &&
        (wanted.colour ?? labels[COLOUR_LABEL]) === labels[COLOUR_LABEL];
      return fits ? [container] : [];
    }),
  );
  return judged.flat();
}

function readWanted(args: LeverArguments): Wanted {
  const text = (name: string): string | undefined => (typeof args[name] === 'string' ? args[name] : undefined);
  const [app, pod, colour] = [text('app'), text('pod'), text('colour')];
  if (app === undefined && pod === undefined) throw new Error('app or pod must say which containers');
  return {
    namespace: text('namespace') ?? NAMESPACE,
    ...(app === undefined ? {} : { app }),
    ...(pod === undefined ? {} : { pod }),
    ...(colour === undefined ? {} : { colour }),
  };
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has just ended by itself.
  }
}

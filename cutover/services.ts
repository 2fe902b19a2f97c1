/** Asks the critical services through the API server's proxy, over and over: the metric `critical-service`. */
import { ObservationError } from '../checks/contract/capabilities.ts';
import type { ClusterReader } from '../checks/contract/cluster.ts';
import type { Clock } from './clock.ts';
import type { CriticalService } from './settings.ts';

/** A service is down when it failed this often in a row: one lost answer is no outage. */
const FAILURES = 2;
/** A network time-out: never compressed. */
const TIMEOUT_MS = 5000;
/** One that takes longer than a kubelet's probe waits by default may be about to fail: until it has answered, nothing is known of it. */
const LATE_MS = 1000;

/** What is known of the critical services. */
export interface ServicesSeen {
  /** Names of those that are down. */
  readonly down: readonly string[];
  /**
   * Every one was asked, the API server told of every one when it was asked last, none keeps it waiting, and none has failed without being
   * down: the next answer tells.
   */
  readonly known: boolean;
}
export interface ServiceWatch {
  readonly seen: () => ServicesSeen;
  readonly stop: () => void;
}
type Answer = 'well' | 'failed' | 'unknown';

/** Each service is asked by itself: one that hangs keeps nobody else from being seen. */
export function watchServices(
  cluster: Pick<ClusterReader, 'proxyService' | 'raw'>,
  namespace: string,
  services: readonly CriticalService[],
  intervalMs: number,
  clock: Clock,
): ServiceWatch {
  const failures = new Map<string, number>();
  const unknown = new Set(services.map(({ name }) => name));
  const askedAt = new Map<string, number>();
  const over = new AbortController();
  const ask = async ({ name, port, path }: CriticalService): Promise<Answer> => {
    try {
      const service = { namespace, name, port };
      const { status } = await cluster.proxyService(service, path, { timeoutMs: TIMEOUT_MS });
      return status >= 200 && status <= 299 ? 'well' : 'failed';
    } catch (error) {
      const isTimeout = error instanceof ObservationError && error.code === 'timeout';
      return isTimeout && (await isThere(cluster)) ? 'failed' : 'unknown';
    }
  };
  const watchOne = async (service: CriticalService): Promise<void> => {
    const { name } = service;
    while (!over.signal.aborted) {
      askedAt.set(name, clock.now());
      const answer = await ask(service);
      askedAt.delete(name);
      if (answer === 'unknown') unknown.add(name);
      else {
        unknown.delete(name);
        failures.set(name, answer === 'well' ? 0 : (failures.get(name) ?? 0) + 1);
      }
      await clock.wait(intervalMs, over.signal).catch(() => undefined);
    }
  };
  for (const service of services) void watchOne(service);
  return {
    seen: () => {
      const isLate = (at: number): boolean => clock.now() - at > LATE_MS;
      const counts = [...failures.values()];
      return {
        down: services.map(({ name }) => name).filter((name) => (failures.get(name) ?? 0) >= FAILURES),
        known:
          unknown.size === 0 &&
          ![...askedAt.values()].some(isLate) &&
          !counts.some((count) => count > 0 && count < FAILURES),
      };
    },
    stop: () => over.abort(),
  };
}

/** Whether the API server answers by itself: then it was the service that did not. */
async function isThere(cluster: Pick<ClusterReader, 'raw'>): Promise<boolean> {
  return await cluster.raw('/version').then(
    ({ status }) => status < 500,
    () => false,
  );
}

/** Asks the critical services through the API server's proxy, over and over: the metric `critical-service`. */
import type { ClusterReader } from '../../checks/contract/cluster.ts';
import type { CriticalService } from './settings.ts';

/** A service is down when it failed this often in a row: one lost answer is no outage. */
const FAILURES = 2;

/** What is known of the critical services. */
export interface ServicesSeen {
  /** Names of those that are down. */
  readonly down: readonly string[];
  /** Every one was asked, and the API server told of every one when it was asked last. */
  readonly known: boolean;
}
export interface ServiceWatch {
  readonly seen: () => ServicesSeen;
  readonly stop: () => void;
}

export function watchServices(
  cluster: Pick<ClusterReader, 'proxyService'>,
  namespace: string,
  services: readonly CriticalService[],
  intervalMs: number,
): ServiceWatch {
  const failures = new Map<string, number>();
  const unknown = new Set(services.map(({ name }) => name));
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const ask = async ({ name, port, path }: CriticalService): Promise<void> => {
    try {
      const { status } = await cluster.proxyService({ namespace, name, port }, path);
      failures.set(name, status >= 200 && status <= 299 ? 0 : (failures.get(name) ?? 0) + 1);
      unknown.delete(name);
    } catch {
      // The API server did not tell: that says nothing of the service.
      unknown.add(name);
    }
  };
  const round = async (): Promise<void> => {
    await Promise.all(services.map(ask));
    if (!stopped) timer = setTimeout(() => void round(), intervalMs);
  };
  void round();
  return {
    seen: () => ({
      down: services.map(({ name }) => name).filter((name) => (failures.get(name) ?? 0) >= FAILURES),
      known: unknown.size === 0,
    }),
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

/** Asks the critical services through the API server's proxy, over and over: the metric `critical-service`. */
import type { ClusterReader } from '../../checks/contract/capabilities.ts';
import type { CriticalService } from './settings.ts';

/** A service is down when it failed this often in a row: one lost answer is no outage. */
const FAILURES = 2;

export interface ServiceWatch {
  /** Names of the services that are down, and how often all were asked. */
  readonly down: () => { readonly names: readonly string[]; readonly rounds: number };
  readonly stop: () => void;
}

export function watchServices(
  cluster: Pick<ClusterReader, 'proxyService'>,
  namespace: string,
  services: readonly CriticalService[],
  intervalMs: number,
): ServiceWatch {
  const failures = new Map<string, number>();
  let rounds = 0;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const ask = async ({ name, port, path }: CriticalService): Promise<void> => {
    const isUp = await cluster.proxyService({ namespace, name, port }, path).then(
      ({ status }) => status >= 200 && status <= 299,
      () => false,
    );
    failures.set(name, isUp ? 0 : (failures.get(name) ?? 0) + 1);
  };
  const round = async (): Promise<void> => {
    await Promise.all(services.map(ask));
    rounds += 1;
    if (!stopped) timer = setTimeout(() => void round(), intervalMs);
  };
  void round();
  return {
    down: () => ({
      names: services.map(({ name }) => name).filter((name) => (failures.get(name) ?? 0) >= FAILURES),
      rounds,
    }),
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

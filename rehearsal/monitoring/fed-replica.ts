/** A replica that only metrics exist of: they grow with the clock as those of one that serves users badly would. */
import type { LeverArguments } from '../../fixtures/rehearsal-client/control-protocol.ts';
import { NAMESPACE } from '../topology.ts';
import type { TargetGroup } from './discovery.ts';

const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

export interface FedReplica {
  /** How Prometheus finds it at a server that serves its metrics under its name. */
  target(host: string): TargetGroup;
  metrics(): string;
}

export function fedReplica(pod: string, args: LeverArguments): FedReplica {
  const number = (name: string, fallback: number): number => {
    const value = args[name];
    return typeof value === 'number' ? value : fallback;
  };
  const [perSecond, errorRatio, seconds] = [
    number('perSecond', 100),
    number('errorRatio', 0),
    number('seconds', 0.005),
  ];
  const begun = performance.now();
  const job = String(args['job']);
  return {
    target: (host) => ({
      targets: [host],
      labels: {
        __metrics_path__: `/${pod}`,
        job,
        namespace: NAMESPACE,
        pod,
        app: job,
        colour: typeof args['colour'] === 'string' ? args['colour'] : 'blue',
      },
    }),
    metrics() {
      const total = Math.floor(((performance.now() - begun) / 1000) * perSecond);
      const failed = Math.floor(total * errorRatio);
      return [
        ...requests('200', total - failed, seconds),
        ...requests('503', failed, seconds),
        ...throughGateway(`${job}-service`, { good: total - failed, failed, seconds }),
        `process_start_time_seconds ${Math.floor(Date.now() / 1000)}`,
        '',
      ].join('\n');
    },
  };
}

function requests(status: string, count: number, seconds: number): string[] {
  const labels = `method="GET",route="/api/v1/items",status="${status}",client="user"`;
  return series({ counter: 'http_requests_total', name: 'http_request_duration_seconds' }, labels, count, seconds);
}

/** The same requests as the gateway in front of it counts them. */
function throughGateway(
  service: string,
  { good, failed, seconds }: { readonly good: number; readonly failed: number; readonly seconds: number },
): string[] {
  const names = { counter: 'gateway_requests_total', name: 'gateway_request_duration_seconds' };
  const labels = (status: string): string => `service="${service}",status="${status}",client="user"`;
  return [...series(names, labels('200'), good, seconds), ...series(names, labels('503'), failed, seconds)];
}

function series(
  { counter, name }: { readonly counter: string; readonly name: string },
  labels: string,
  count: number,
  seconds: number,
): string[] {
  return [
    `${counter}{${labels}} ${count}`,
    ...BUCKETS.map((le) => `${name}_bucket{${labels},le="${le}"} ${seconds <= le ? count : 0}`),
    `${name}_bucket{${labels},le="+Inf"} ${count}`,
    `${name}_sum{${labels}} ${count * seconds}`,
    `${name}_count{${labels}} ${count}`,
  ];
}

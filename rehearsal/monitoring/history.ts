/**
 * What Prometheus has recorded before the rehearsal began: the business as its users make it, for so long that there is a time before every
 * release. Samples with times of their own, scraped once.
 */
import { USERS_PER_SECOND } from '../network/users-per-second.ts';
import { MEAN_PRICE } from '../services/typescript-api/prices.ts';
import type { TargetGroup } from './discovery.ts';

/** As `storage.tsdb.out_of_order_time_window` of Prometheus says, too: older samples would be refused. */
export const HISTORY_MINUTES = 30;
const EVERY_S = 1;
const PATH = '/history';
/** Of all requests, those that a user does besides what is counted: a list and an item. */
const LOOKS_PER_SESSION = 2;
const FIVES = 0.7;

/** A target of its own: as a replica of a service it would seem to be up when that is down. */
export function historyTarget(host: string): TargetGroup {
  return { targets: [host], labels: { __metrics_path__: PATH, job: 'recorded-before', colour: 'green' } };
}
export const isHistory = (url: string | undefined): boolean => url === PATH;

/** The text of all samples up to then, milliseconds; each counter grows evenly. */
export function historyText(until: number): string {
  const { sessions, orders, inference, compute, ratings } = USERS_PER_SECOND;
  const requests = sessions * (1 + LOOKS_PER_SESSION) + orders + inference + compute + ratings;
  const gateway = 'service="mcp-typescript-api-green-service",status="200",client="user"';
  const perSecond: Readonly<Record<string, number>> = {
    'sessions_total{client="user"}': sessions,
    'orders_total{client="user"}': orders,
    'revenue_euros_total{client="user"}': orders * MEAN_PRICE,
    'feature_uses_total{feature="inference",client="user"}': inference,
    'feature_uses_total{feature="compute",client="user"}': compute,
    'ratings_total{score="5",client="user"}': ratings * FIVES,
    'ratings_total{score="4",client="user"}': ratings * (1 - FIVES),
    [`gateway_requests_total{${gateway}}`]: requests,
    [`gateway_request_duration_seconds_count{${gateway}}`]: requests,
    [`gateway_request_duration_seconds_bucket{${gateway},le="0.5"}`]: requests,
  };
  const seconds = Array.from({ length: (HISTORY_MINUTES * 60) / EVERY_S }, (_, index) => index * EVERY_S);
  const from = until - HISTORY_MINUTES * 60_000;
  const lines = Object.entries(perSecond).flatMap(([series, rate]) => [
    `# TYPE ${series.slice(0, series.indexOf('{'))} untyped`,
    ...seconds.map((second) => `${series} ${(second * rate).toFixed(2)} ${from + second * 1000}`),
  ]);
  return `${lines.filter(isFirst()).join('\n')}\n`;
}

/** A type is told once. */
function isFirst(): (line: string) => boolean {
  const told = new Set<string>();
  return (line) => {
    if (!line.startsWith('#')) return true;
    if (told.has(line)) return false;
    told.add(line);
    return true;
  };
}

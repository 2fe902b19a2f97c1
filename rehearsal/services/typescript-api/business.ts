/** What the business counts, as consequences of requests: orders and what they bring in, features in use, how satisfied users say they are. */
import { randomUUID } from 'node:crypto';
import { clientOf } from '../../../checks/contract/gate-traffic.ts';
import { HttpError, readJsonObject, type Answer } from '../frame/http.ts';
import type { Routes, RoutedRequest } from '../frame/router.ts';
import type { Parts } from './parts.ts';
import { priceOf } from './prices.ts';

const MOST_OF_ONE = 100;
/** What the misbehaviour `charges-less` leaves out of a price, where it does not say. */
const LESS = 0.3;

type BusinessParts = Pick<Parts, 'database' | 'users' | 'metrics' | 'misbehaviours'>;

export function businessRoutes(parts: BusinessParts): Routes {
  return {
    '/api/v1/orders': { POST: (routed) => order(parts, routed) },
    '/api/v1/ratings': { POST: (routed) => rate(parts, routed) },
  };
}

/** Counts one use of a feature, or one session. */
export function countUse(
  { metrics }: Pick<Parts, 'metrics'>,
  { request }: Pick<RoutedRequest, 'request'>,
  name: 'sessions_total' | 'feature_uses_total',
  labels: Readonly<Record<string, string>> = {},
): void {
  metrics.add(name, { ...labels, client: clientOf(request.headers) });
}

async function order(parts: BusinessParts, { request }: RoutedRequest): Promise<Answer> {
  const { database, users, metrics, misbehaviours } = parts;
  const { username } = users.authenticate(request);
  const { item, quantity = 1 } = await readJsonObject(request);
  if (!isCount(item, Number.MAX_SAFE_INTEGER)) throw new HttpError(400, 'item must be the id of an item');
  if (!isCount(quantity, MOST_OF_ONE))
    throw new HttpError(400, `quantity must be a whole number from 1 to ${MOST_OF_ONE}`);
  if (!(await database.get(item))) throw new HttpError(404, 'no such item');
  const less = misbehaviours.how('charges-less');
  const cents = Math.round(priceOf(item) * quantity * (less ? 1 - (less.ratio ?? LESS) : 1));
  const client = clientOf(request.headers);
  metrics.add('orders_total', { client });
  metrics.add('revenue_euros_total', { client }, cents / 100);
  return {
    status: 201,
    body: { id: randomUUID(), item, quantity, orderedBy: username, total: cents / 100, currency: 'EUR' },
  };
}

async function rate({ users, metrics }: BusinessParts, { request }: RoutedRequest): Promise<Answer> {
  users.authenticate(request);
  const { score } = await readJsonObject(request);
  if (!isCount(score, 5)) throw new HttpError(400, 'score must be a whole number from 1 to 5');
  metrics.add('ratings_total', { score: String(score), client: clientOf(request.headers) });
  return { status: 202, body: { score } };
}

const isCount = (value: unknown, most: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most;

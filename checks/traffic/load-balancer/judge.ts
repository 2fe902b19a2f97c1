/** Whether a way in leads somewhere: on paper, behind it, and for a request that takes it. */
import type { HttpAnswer } from '../../contract/http.ts';
import { table } from '../../kit/evidence.ts';
import type { Say } from '../../kit/kind.ts';
import { wrongHeaders } from '../../protocols/http-answers.ts';
import type { Condition, LoadBalancer } from '../../protocols/load-balancers.ts';

export const messages = {
  noAddress: {
    says: '{subject}: has no address, expected one that users reach it at.',
    fix: 'Find out why it got none: whether its controller runs, the quota of addresses, its events.',
  },
  notTrue: {
    says: '{subject}: condition {condition} is {actual}, expected True at generation {generation}.',
    fix: 'Read the condition: it names what its controller misses, a certificate, a listener or a reference.',
  },
  unattached: {
    says: '{subject}: no controller has attached it to {gateway}, expected a status for that parent.',
    fix: 'Check parentRefs of the route and allowedRoutes of the listener, and that the controller runs.',
  },
  noBackend: {
    says: '{subject}: {count} of its rules send traffic to nobody, expected a backend with a weight above 0.',
    fix: 'Give one of its backends a weight.',
  },
  noEndpoints: {
    says: '{subject}: has no ready endpoint, but {from} sends traffic to it; expected at least one.',
    fix: 'Bring its pods up, or take its weight away.',
  },
  noAnswer: {
    says: '{subject}: no answer at {address} ({why}), expected {expected}.',
    fix: 'Start the gateway, or open the way to its address from where the gate runs.',
  },
  wrongStatus: {
    says: '{subject}: answered {actual} at {address}, expected {expected}.',
    fix: 'Look at the log of the gateway for a 404 (no route) or 5xx (no backend), else at that of the service.',
  },
  notThePlatform: {
    says: '{subject}: the answer at {address} has {header} {actual}, expected {expected}: somebody else answers.',
    fix: 'Find out who answers at that address: an old platform, or the default backend of the load balancer.',
  },
} as const;

interface Expected {
  readonly loadBalancer: Pick<LoadBalancer, 'kind'>;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}
export interface RouteFacts {
  readonly name: string;
  readonly generation: number | null;
  /** Conditions of each of its parentRefs to this gateway; null where no controller has answered. */
  readonly parents: readonly (readonly Condition[] | null)[];
  readonly rulesWithoutBackend: number;
}
export interface Request {
  readonly url: string;
  readonly address: string;
  readonly answer: Pick<HttpAnswer, 'status' | 'headers' | 'ms'> | null;
  readonly why?: string;
}
export interface Seen {
  /** `Gateway shop/edge` */
  readonly name: string;
  readonly generation: number | null;
  readonly addresses: readonly string[];
  /** Of a Gateway; null for what has none. */
  readonly conditions: readonly Condition[] | null;
  readonly routes: readonly RouteFacts[];
  /** What is behind a weight above 0, with its ready endpoints; null for what is no Service. */
  readonly backends: readonly { readonly from: string; readonly service: string; readonly ready: number | null }[];
  readonly requests: readonly Request[];
}
type Speaks = Say<typeof messages>;

export function judge(expected: Expected, seen: Seen, say: Speaks): void {
  const { name, generation, addresses, conditions, routes, backends, requests } = seen;
  say.judged(name, ...routes.map((route) => route.name), ...backends.map(({ service }) => service));
  if (addresses.length === 0) say.fail('noAddress', name);
  if (conditions) judgeConditions(name, conditions, ['Accepted', 'Programmed'], generation, say);
  for (const route of routes) judgeRoute(route, name, say);
  for (const { service, from, ready } of backends) {
    if (ready === null) say.unknown(service, 'ready endpoints');
    else if (ready === 0) say.fail('noEndpoints', service, { from });
  }
  for (const request of requests) judgeRequest(expected, request, say);
  // What was not there to be judged proves nothing.
  const missing = [
    expected.loadBalancer.kind === 'Gateway' && routes.length === 0 && 'no HTTPRoute',
    backends.length === 0 && 'no backend that carries traffic',
    requests.length === 0 && 'no host name to ask for, and no endpoint is declared',
  ].find((one) => one !== false);
  if (missing !== undefined) say.unsure('no-subjects', `${name} has ${missing}.`);
  showAll(seen, say);
}

function judgeConditions(
  subject: string,
  conditions: readonly Condition[],
  types: readonly string[],
  generation: number | null,
  say: Speaks,
): void {
  for (const condition of types) {
    const found = conditions.filter((one) => one.type === condition);
    if (found.length === 0)
      say.fail('notTrue', subject, { condition, actual: 'missing', generation: generation ?? 'unknown' });
    for (const { status, reason, message, observedGeneration: observed } of found) {
      const why = [reason, message].filter((text) => text !== '').join(': ');
      const data = { condition, generation: generation ?? 'unknown' };
      if (status !== 'True')
        say.fail('notTrue', subject, { ...data, actual: `${status}${why === '' ? '' : ` (${why})`}` });
      else if (observed === null || generation === null)
        say.unknown(subject, `the generation that its condition ${condition} is of`);
      else if (observed < generation)
        say.fail('notTrue', subject, { ...data, actual: `True at generation ${observed}` });
    }
  }
}

function judgeRoute(
  { name, generation, parents, rulesWithoutBackend }: RouteFacts,
  gateway: string,
  say: Speaks,
): void {
  if (parents.length === 0 || parents.includes(null)) say.fail('unattached', name, { gateway });
  for (const conditions of parents)
    if (conditions) judgeConditions(name, conditions, ['Accepted', 'ResolvedRefs'], generation, say);
  if (rulesWithoutBackend > 0) say.fail('noBackend', name, { count: rulesWithoutBackend });
}

function judgeRequest(
  { status, headers }: Expected,
  { url, address, answer, why = 'none' }: Request,
  say: Speaks,
): void {
  const subject = `GET ${url}`;
  say.judged(`${url} at ${address}`);
  if (!answer) return say.fail('noAnswer', subject, { address, why, expected: status });
  if (answer.status !== status)
    return say.fail('wrongStatus', subject, { address, actual: answer.status, expected: status });
  for (const wrong of wrongHeaders(headers, answer.headers)) say.fail('notThePlatform', subject, { address, ...wrong });
}

function showAll({ name, generation, addresses, conditions, routes, backends, requests }: Seen, say: Speaks): void {
  const rows = (owner: string, at: number | null, list: readonly Condition[]) =>
    list.map((one) => [owner, one.type, one.status, one.reason, one.observedGeneration, at] as const);
  say.show(
    { type: 'text', title: `Addresses of ${name}`, text: addresses.join(', ') || 'none' },
    table(
      'Conditions',
      ['object', 'condition', 'status', 'reason', 'observed generation', 'generation'],
      [
        ...rows(name, generation, conditions ?? []),
        ...routes.flatMap((route) =>
          rows(
            route.name,
            route.generation,
            route.parents.flatMap((one) => one ?? []),
          ),
        ),
      ],
    ),
    table(
      'Backends that carry traffic',
      ['from', 'Service', 'ready endpoints'],
      backends.map(({ from, service, ready }) => [from, service, ready]),
    ),
    table(
      'Requests',
      ['url', 'at', 'status', 'ms'],
      requests.map(({ url, address, answer, why = 'no answer' }) => [
        url,
        address,
        answer?.status ?? why,
        answer ? Math.round(answer.ms) : null,
      ]),
    ),
  );
}

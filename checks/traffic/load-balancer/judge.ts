/** Whether a way in leads somewhere: on paper, behind it, and for a request that takes it. */
import type { HttpAnswer } from '../../contract/http.ts';
import type { Evidence, Finding, Judgement } from '../../kit/define-check.ts';
import { table } from '../../kit/evidence.ts';
import { judged, present } from '../../kit/judged.ts';
import type { Condition } from '../../protocols/load-balancers.ts';
import type { Params } from './check.ts';

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
};
type Id = keyof typeof messages;

export interface RouteFacts {
  readonly name: string;
  readonly generation: number | null;
  /** Conditions of each parent status for this gateway. */
  readonly parents: readonly (readonly Condition[])[];
  readonly rulesWithoutBackend: number;
}
export interface Request {
  readonly url: string;
  readonly address: string;
  readonly answer: Pick<HttpAnswer, 'status' | 'headers' | 'ms'> | null;
  readonly why?: string;
}
export interface Gathered {
  /** `Gateway shop/edge` */
  readonly name: string;
  readonly generation: number | null;
  readonly addresses: readonly string[];
  /** Of a Gateway; null for what has none. */
  readonly conditions: readonly Condition[] | null;
  readonly routes: readonly RouteFacts[];
  /** Services behind a weight above 0, with their ready endpoints. */
  readonly backends: readonly { readonly from: string; readonly service: string; readonly ready: number }[];
  readonly requests: readonly Request[];
}

export function judge(params: Params, gathered: Gathered): Judgement<Id> {
  const { name, generation, addresses, conditions, routes, backends, requests } = gathered;
  const evidence = evidenceOf(gathered);
  const findings: Finding<Id>[] = present<Finding<Id>>([
    addresses.length === 0 && { message: 'noAddress', subject: name },
    ...(conditions ? conditionFindings(name, conditions, ['Accepted', 'Programmed'], generation) : []),
    ...routes.flatMap((route) => routeFindings(route, name)),
    ...backends.map(
      ({ service, from, ready }): Finding<Id> | false =>
        ready === 0 && { message: 'noEndpoints', subject: service, data: { from } },
    ),
    ...requests.flatMap((request) => requestFindings(params, request)),
  ]);
  if (findings.length === 0) {
    const missing = missingOf(params, gathered);
    if (missing !== undefined) return { outcome: 'inconclusive', reason: 'no-subjects', why: missing, evidence };
  }
  const urls = requests.map(({ url, address }) => `${url} at ${address}`);
  return judged(findings, [name, ...routes.map((route) => route.name), ...urls], evidence, '');
}

/** What was not there to be judged: then nothing was proved. */
function missingOf({ loadBalancer }: Params, { name, routes, backends, requests }: Gathered): string | undefined {
  if (loadBalancer.kind === 'Gateway' && routes.length === 0) return `${name} has no HTTPRoute.`;
  if (backends.length === 0) return `${name} has no backend that carries traffic.`;
  if (requests.length === 0) return `${name} has no host name to ask for, and no endpoint is declared.`;
  return undefined;
}

function conditionFindings(
  subject: string,
  conditions: readonly Condition[],
  types: readonly string[],
  generation: number | null,
): Finding<Id>[] {
  return present(
    types.map((type): Finding<Id> | false => {
      const found = conditions.find((one) => one.type === type);
      const current =
        generation === null || found?.observedGeneration === null || (found?.observedGeneration ?? 0) >= generation;
      if (found?.status === 'True' && current) return false;
      const why = found ? [found.reason, found.message].filter((text) => text !== '').join(': ') : '';
      const actual = !found
        ? 'missing'
        : found.status === 'True'
          ? `True at generation ${found.observedGeneration ?? 0}`
          : `${found.status}${why === '' ? '' : ` (${why})`}`;
      return { message: 'notTrue', subject, data: { condition: type, actual, generation: generation ?? 'unknown' } };
    }),
  );
}

function routeFindings(route: RouteFacts, gateway: string): Finding<Id>[] {
  return present<Finding<Id>>([
    route.parents.length === 0 && { message: 'unattached', subject: route.name, data: { gateway } },
    ...route.parents.flatMap((conditions) =>
      conditionFindings(route.name, conditions, ['Accepted', 'ResolvedRefs'], route.generation),
    ),
    route.rulesWithoutBackend > 0 && {
      message: 'noBackend',
      subject: route.name,
      data: { count: route.rulesWithoutBackend },
    },
  ]);
}

function requestFindings({ status, headers }: Params, { url, address, answer, why }: Request): Finding<Id>[] {
  const subject = `GET ${url}`;
  if (!answer) return [{ message: 'noAnswer', subject, data: { address, why: why ?? 'none', expected: status } }];
  if (answer.status !== status)
    return [{ message: 'wrongStatus', subject, data: { address, actual: answer.status, expected: status } }];
  return Object.entries(headers).flatMap(([header, pattern]): Finding<Id>[] => {
    const actual = answer.headers[header.toLowerCase()];
    if (actual !== undefined && new RegExp(pattern).test(actual)) return [];
    return [
      { message: 'notThePlatform', subject, data: { address, header, actual: actual ?? 'missing', expected: pattern } },
    ];
  });
}

function evidenceOf({
  name,
  generation,
  addresses,
  conditions,
  routes,
  backends,
  requests,
}: Gathered): readonly [Evidence, ...Evidence[]] {
  const rows = (owner: string, at: number | null, list: readonly Condition[]) =>
    list.map((one) => [owner, one.type, one.status, one.reason, one.observedGeneration, at] as const);
  return [
    { type: 'text', title: `Addresses of ${name}`, text: addresses.join(', ') || 'none' },
    table(
      'Conditions',
      ['object', 'condition', 'status', 'reason', 'observed generation', 'generation'],
      [
        ...rows(name, generation, conditions ?? []),
        ...routes.flatMap((route) => rows(route.name, route.generation, route.parents.flat())),
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
      requests.map(({ url, address, answer, why }) => [
        url,
        address,
        answer?.status ?? why ?? 'no answer',
        answer ? Math.round(answer.ms) : null,
      ]),
    ),
  ];
}

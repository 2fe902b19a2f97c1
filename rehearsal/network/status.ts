/** What the gateway's controller writes back: status of Gateway and HTTPRoute as gateway.networking.k8s.io/v1 defines them. */
import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '../../checks/contract/cluster.ts';
import { at, isRecord, listAt, textAt } from '../../checks/contract/json.ts';
import type { RouteVerdict } from './routes.ts';

export const CONTROLLER = 'golive.test/rehearsal-gateway';

interface Claim {
  readonly type: string;
  readonly ok: boolean;
  readonly reason: string;
  readonly message: string;
}
type Status = Readonly<Record<string, unknown>>;

/** The condition; the time of its last transition stays where its status does. */
function condition(claim: Claim, generation: number, before: readonly unknown[], now: string): Status {
  const status = claim.ok ? 'True' : 'False';
  const known = before.find((one) => textAt(one, '', 'type') === claim.type);
  const same = textAt(known, '', 'status') === status;
  return {
    type: claim.type,
    status,
    reason: claim.reason,
    message: claim.message,
    observedGeneration: generation,
    lastTransitionTime: same ? textAt(known, now, 'lastTransitionTime') : now,
  };
}

export interface GatewayFacts {
  readonly gateway: KubeObject;
  readonly verdicts: readonly RouteVerdict[];
  /** Why the certificate of a TLS listener cannot be used; by listener name. */
  readonly certificateProblems: Readonly<Record<string, string>>;
  /** Where its process listens; none while it does not run. */
  readonly addresses: readonly string[];
  /** RFC 3339. */
  readonly now: string;
}

export function gatewayStatus({ gateway, verdicts, certificateProblems, addresses, now }: GatewayFacts): Status {
  const generation = gateway.metadata.generation ?? 1;
  const running = addresses.length > 0;
  const before = listAt(gateway, 'status', 'conditions');
  const programmed: Claim = running
    ? { type: 'Programmed', ok: true, reason: 'Programmed', message: 'The gateway is configured' }
    : { type: 'Programmed', ok: false, reason: 'NoResources', message: 'The process of the gateway does not run' };
  const listeners = listAt(gateway, 'spec', 'listeners').map((listener) => {
    const name = textAt(listener, '', 'name');
    const own = listAt(gateway, 'status', 'listeners').find((one) => textAt(one, '', 'name') === name);
    const problem = certificateProblems[name];
    const claims: readonly Claim[] = [
      { type: 'Accepted', ok: true, reason: 'Accepted', message: 'Listener is accepted' },
      problem === undefined
        ? { type: 'ResolvedRefs', ok: true, reason: 'ResolvedRefs', message: 'All references are resolved' }
        : { type: 'ResolvedRefs', ok: false, reason: 'InvalidCertificateRef', message: problem },
      problem === undefined ? programmed : { type: 'Programmed', ok: false, reason: 'Invalid', message: problem },
    ];
    return {
      name,
      supportedKinds: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute' }],
      attachedRoutes: verdicts.filter((verdict) => verdict.listeners.includes(name)).length,
      conditions: claims.map((claim) => condition(claim, generation, listAt(own, 'conditions'), now)),
    };
  });
  return {
    addresses: addresses.map((value) => ({ type: 'IPAddress', value })),
    conditions: [{ type: 'Accepted', ok: true, reason: 'Accepted', message: 'Gateway is accepted' }, programmed].map(
      (claim) => condition(claim, generation, before, now),
    ),
    listeners,
  };
}

export function routeStatus(verdict: RouteVerdict, now: string): Status {
  const { route, accepted, reason, message, resolved } = verdict;
  const generation = route.metadata.generation ?? 1;
  const known = listAt(route, 'status', 'parents');
  const others = known.filter((parent) => textAt(parent, '', 'controllerName') !== CONTROLLER);
  const own = verdict.parents.map((parentRef) => {
    const before = known.find(
      (one) => textAt(one, '', 'controllerName') === CONTROLLER && isDeepStrictEqual(at(one, 'parentRef'), parentRef),
    );
    const claims: readonly Claim[] = [
      { type: 'Accepted', ok: accepted, reason, message },
      { type: 'ResolvedRefs', ...resolved },
    ];
    return {
      parentRef,
      controllerName: CONTROLLER,
      conditions: claims.map((claim) => condition(claim, generation, listAt(before, 'conditions'), now)),
    };
  });
  return { parents: [...others, ...own] };
}

/** Whether the object says all of that already: a status that is written without a change would be answered by itself. */
export function hasStatus(object: KubeObject, status: Status): boolean {
  const current = at(object, 'status');
  return isRecord(current) && Object.entries(status).every(([name, value]) => isDeepStrictEqual(current[name], value));
}

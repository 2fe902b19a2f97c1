/** Endpoints of a Service as its EndpointSlices list them. */
import type { KubeObject } from '../contract/cluster.ts';
import { at, isRecord, listAt, textAt } from '../contract/json.ts';

export interface Endpoint {
  readonly address: string;
  /** `Pod shop/api-1`, or an empty text. */
  readonly target: string;
  readonly ready: boolean;
  /** On its way out; kept in the slice until it has stopped. */
  readonly terminating: boolean;
}

/**
 * One entry for each address of the slices; an address in two slices counts once. Not known to be ready means ready, as the
 * EndpointSlice API defines it (`conditions.ready`: "nil should be interpreted as true").
 */
export function endpointsOf(slices: readonly KubeObject[]): Endpoint[] {
  const byAddress = new Map<string, Endpoint>();
  for (const slice of slices) {
    for (const entry of listAt(slice, 'endpoints')) {
      const [address] = listAt(entry, 'addresses');
      if (typeof address !== 'string') continue;
      const target = at(entry, 'targetRef');
      byAddress.set(address, {
        address,
        target: isRecord(target)
          ? `${textAt(target, '', 'kind')} ${textAt(target, '', 'namespace')}/${textAt(target, '', 'name')}`
          : '',
        ready: at(entry, 'conditions', 'ready') !== false,
        terminating: at(entry, 'conditions', 'terminating') === true,
      });
    }
  }
  return [...byAddress.values()];
}

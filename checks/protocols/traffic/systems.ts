/** The systems that can be moved, by the kind of the object that holds the shares. */
import type { TrafficKind } from '../../contract/cutover.ts';
import { grpcRouteSystem, httpRouteSystem } from './gateway-api.ts';
import { ingressNginxSystem } from './ingress-nginx.ts';
import { istioSystem } from './istio.ts';
import type { TrafficSystem } from './system.ts';

export const TRAFFIC_SYSTEMS: Readonly<Record<TrafficKind, TrafficSystem>> = {
  HTTPRoute: httpRouteSystem,
  GRPCRoute: grpcRouteSystem,
  Ingress: ingressNginxSystem,
  VirtualService: istioSystem,
};

export const systemOf = ({ kind = 'HTTPRoute' }: { readonly kind?: TrafficKind }): TrafficSystem =>
  TRAFFIC_SYSTEMS[kind];

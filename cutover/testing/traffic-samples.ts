/** For tests of traffic systems: an object of each, who is served by it as its API is published, and a world whose users go by it. */
import jsonPatch, { type Operation } from 'fast-json-patch';
import type { KubeObject } from '../../checks/contract/cluster.ts';
import type { TrafficKind } from '../../checks/contract/cutover.ts';
import { at, isRecord, listAt, textAt } from '../../checks/contract/json.ts';
import type { JsonPatchOperation, RouteName } from '../../checks/protocols/traffic/system.ts';
import { systemOf } from '../../checks/protocols/traffic/systems.ts';
import type { CutoverParts, RouteState } from '../parts.ts';
import { World } from './world.ts';

export interface Sample {
  readonly kind: TrafficKind;
  readonly route: RouteName;
  readonly object: KubeObject;
  /** Share of the new release in each rule that users reach; read by hand, without the system under test. */
  readonly served: (object: KubeObject) => readonly number[];
}

const NAMED = { namespace: 'shop', name: 'api', rule: 'all', stable: 'green', canary: 'blue' } as const;
const metadata = { namespace: 'shop', name: 'api', uid: 'u1', generation: 1, resourceVersion: '1' };

const gatewayRoute = (kind: 'HTTPRoute' | 'GRPCRoute'): Sample => ({
  kind,
  route: { ...NAMED, kind },
  object: {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind,
    metadata,
    spec: {
      parentRefs: [{ name: 'gw' }],
      rules: [
        {
          backendRefs: [
            { name: 'green', port: 80 },
            { name: 'blue', port: 80, weight: 0 },
          ],
        },
        { filters: [{ type: 'RequestRedirect', requestRedirect: { scheme: 'https' } }] },
        {
          backendRefs: [
            { name: 'blue', port: 80, weight: 0 },
            { name: 'green', port: 80, weight: 9 },
          ],
        },
      ],
    },
    status: {
      parents: [
        {
          parentRef: { name: 'gw' },
          controllerName: 'test/gw',
          conditions: ['Accepted', 'ResolvedRefs'].map((type) => ({ type, status: 'True', observedGeneration: 1e6 })),
        },
      ],
    },
  },
  served: (object) =>
    listAt(object, 'spec', 'rules')
      .map((rule) => listAt(rule, 'backendRefs'))
      .filter((refs) => refs.length > 0)
      .map((refs) => shareOf(refs, (ref) => textAt(ref, '', 'name'), 1)),
});

const ingress: Sample = {
  kind: 'Ingress',
  route: { ...NAMED, kind: 'Ingress' },
  object: {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: {
      ...metadata,
      annotations: {
        'nginx.ingress.kubernetes.io/canary': 'true',
        'nginx.ingress.kubernetes.io/canary-weight': '0',
        'nginx.ingress.kubernetes.io/canary-weight-total': '1000',
        'example.com/owner': 'team',
      },
    },
    spec: {
      rules: [
        {
          host: 'shop.test',
          http: {
            paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'blue', port: { number: 80 } } } }],
          },
        },
      ],
    },
  },
  served: ({ metadata: { annotations = {} } }) => [
    Number(annotations['nginx.ingress.kubernetes.io/canary-weight']) / 1000,
  ],
};

const virtualService: Sample = {
  kind: 'VirtualService',
  route: { ...NAMED, kind: 'VirtualService', stable: 'api', canary: 'api', subsets: { stable: 'v1', canary: 'v2' } },
  object: {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata,
    spec: {
      hosts: ['shop.test'],
      gateways: ['edge', 'mesh'],
      http: [
        {
          match: [{ uri: { prefix: '/orders' } }],
          route: [
            { destination: { host: 'api.shop.svc.cluster.local', subset: 'v1' }, weight: 100 },
            { destination: { host: 'api', subset: 'v2' } },
          ],
        },
        {
          route: [
            { destination: { host: 'api', subset: 'v2' }, weight: 0 },
            { destination: { host: 'api', subset: 'v1' }, weight: 100 },
          ],
        },
      ],
    },
  },
  served: (object) =>
    listAt(object, 'spec', 'http').map((rule) =>
      shareOf(
        listAt(rule, 'route'),
        (one) => (textAt(one, '', 'destination', 'subset') === 'v2' ? 'blue' : 'green'),
        0,
      ),
    ),
};

function shareOf(refs: readonly unknown[], name: (ref: unknown) => string, absent: number): number {
  const weightOf = (ref: unknown): number => Number(at(ref, 'weight') ?? absent);
  const sum = (all: readonly unknown[]): number => all.reduce<number>((total, ref) => total + weightOf(ref), 0);
  return sum(refs.filter((ref) => name(ref) === 'blue')) / sum(refs);
}

export const SAMPLES: readonly Sample[] = [
  gatewayRoute('HTTPRoute'),
  gatewayRoute('GRPCRoute'),
  ingress,
  virtualService,
];

/** What the API server makes of a patch: refused as a whole where a test does not hold, else a new version. */
export function patchedBy(object: KubeObject, operations: readonly JsonPatchOperation[]): KubeObject {
  const { newDocument } = jsonPatch.applyPatch(structuredClone(object), operations as Operation[], true);
  const version = Number(newDocument.metadata.resourceVersion) + 1;
  return { ...newDocument, metadata: { ...newDocument.metadata, resourceVersion: String(version) } };
}

/** Users go by the object as it stands. */
export class SystemWorld extends World {
  readonly #sample: Sample;
  object: KubeObject;

  constructor(sample: Sample) {
    super();
    this.#sample = sample;
    this.object = sample.object;
  }

  override parts(): CutoverParts {
    const { route, served } = this.#sample;
    const system = systemOf(route);
    const read = (): Promise<RouteState> => Promise.resolve(system.state(this.object, route));
    return {
      ...super.parts(),
      route: {
        read,
        set: (canary) => {
          const operations = system.operations(this.object, route, { stable: 100 - canary, canary });
          this.object = patchedBy(this.object, operations);
          const shares = served(this.object);
          // A rule that is left behind shows in what users get.
          this.weight = Math.round((shares.reduce((sum, one) => sum + one, 0) / shares.length) * 100);
          this.sets.push(canary);
          return read();
        },
      },
    };
  }
}

/** The object with what is said at a path, which may not be there yet. */
export function withValue(object: KubeObject, path: string, value: unknown): KubeObject {
  const copy = structuredClone(object);
  const { newDocument } = jsonPatch.applyPatch(copy, [{ op: 'add', path, value }]);
  if (!isRecord(newDocument)) throw new Error(`${path} is no path of the object`);
  return newDocument;
}

import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../checks/contract/cluster.ts';
import { asHttpRoute } from './grpc-routes.ts';
import { findRule, type Asked } from './route-table.ts';
import { compileVirtualServices } from './virtual-services.ts';

const object = (kind: string, name: string, spec: Readonly<Record<string, unknown>>): KubeObject => ({
  apiVersion: 'networking.istio.io/v1',
  kind,
  metadata: { name, namespace: 'shop' },
  spec,
});
const services = ['stable', 'next'].map((name): KubeObject => ({
  ...object('Service', name, { ports: [{ port: 80 }] }),
  apiVersion: 'v1',
}));
const gateway = object('Gateway', 'edge', {
  servers: [{ port: { number: 443, name: 'https', protocol: 'HTTPS' }, hosts: ['*.shop.test'] }],
});
const to = (host: string, weight?: number, subset?: string) => ({
  destination: { host, ...(subset === undefined ? {} : { subset }) },
  ...(weight === undefined ? {} : { weight }),
});
const virtual = (http: readonly unknown[], spec: Readonly<Record<string, unknown>> = {}): KubeObject =>
  object('VirtualService', 'api', { hosts: ['api.shop.test'], gateways: ['edge'], http, ...spec });
const compile = (virtualService: KubeObject, destinationRules: readonly KubeObject[] = []) =>
  compileVirtualServices({ gateways: [gateway], virtualServices: [virtualService], destinationRules, services });
const asked = (path = '/', more: Partial<Asked> = {}): Asked => ({
  listener: 'HTTPS',
  host: 'api.shop.test',
  path,
  method: 'GET',
  query: '',
  headers: {},
  ...more,
});
function sharesFor({ rules }: ReturnType<typeof compile>, request = asked()) {
  const action = findRule(rules, request)?.action;
  return action?.does === 'forward' ? action.backends.map(({ service, weight }) => [service, weight]) : undefined;
}

describe('Istio', () => {
  it('splits by weights; one destination gets all, and of several one without a weight nothing', () => {
    expect(sharesFor(compile(virtual([{ route: [to('stable', 95), to('next.shop.svc.cluster.local', 5)] }])))).toEqual([
      ['shop/stable:80', 95],
      ['shop/next:80', 5],
    ]);
    expect(sharesFor(compile(virtual([{ route: [to('stable', 3)] }])))).toEqual([['shop/stable:80', 100]]);
    expect(sharesFor(compile(virtual([{ route: [to('stable'), to('next', 1)] }])))).toEqual([
      ['shop/stable:80', 0],
      ['shop/next:80', 1],
    ]);
  });

  it('goes by the first rule that matches', () => {
    const all = compile(
      virtual([
        { match: [{ uri: { prefix: '/api' }, headers: { 'X-Next': { exact: 'me' } } }], route: [to('next')] },
        { route: [to('stable')] },
        { match: [{ uri: { exact: '/late' } }], route: [to('next')] },
      ]),
    );
    expect(sharesFor(all, asked('/apiary', { headers: { 'x-next': 'me' } }))).toEqual([['shop/next:80', 100]]);
    expect(sharesFor(all, asked('/apiary'))).toEqual([['shop/stable:80', 100]]);
    expect(sharesFor(all, asked('/late'))).toEqual([['shop/stable:80', 100]]);
  });

  it('sends to the pods of a subset; one that nobody declares is an error for its share', () => {
    const rule = object('DestinationRule', 'api', {
      host: 'stable',
      subsets: [{ name: 'v2', labels: { version: 'v2' } }],
    });
    const all = compile(virtual([{ route: [to('stable', 90, 'v2'), to('stable', 10, 'v3')] }]), [rule]);
    expect(sharesFor(all)).toEqual([
      ['shop/stable:80#v2', 90],
      [null, 10],
    ]);
    expect(all.subsets).toEqual({ 'shop/stable:80#v2': { version: 'v2' } });
  });

  it.each([
    ['names no gateway', virtual([{ route: [to('stable')] }], { gateways: undefined })],
    ['names another gateway', virtual([{ route: [to('stable')] }], { gateways: ['mesh', 'other/edge'] })],
    ['has a host the gateway does not serve', virtual([{ route: [to('stable')] }], { hosts: ['api.other.test'] })],
  ])('is not taken where it %s', (_, service) => {
    expect(compile(service).rules).toEqual([]);
  });

  it('is ignored whole where it asks for what is not built', () => {
    const all = compile(
      virtual([
        { match: [{ uri: { regex: '.*' } }], route: [to('next')] },
        { route: [to('stable')], fault: {} },
      ]),
    );
    expect(all.rules).toEqual([]);
    expect(all.ignored).toEqual(['VirtualService shop/api: regex, fault is not built here']);
  });
});

it('a GRPCRoute is a route of paths', () => {
  const route = {
    ...object('GRPCRoute', 'api', {}),
    spec: {
      parentRefs: [{ name: 'edge' }],
      rules: [
        {
          matches: [{ method: { service: 'shop.Api', method: 'Get' } }, { method: { service: 'shop.Api' } }, {}],
          backendRefs: [{ name: 'stable', port: 80, weight: 1 }],
        },
        {},
      ],
    },
  };
  expect(asHttpRoute(route)['spec']).toMatchObject({
    parentRefs: [{ name: 'edge' }],
    rules: [
      {
        matches: [
          { path: { type: 'Exact', value: '/shop.Api/Get' } },
          { path: { type: 'PathPrefix', value: '/shop.Api' } },
          { path: { type: 'PathPrefix', value: '/' } },
        ],
        backendRefs: [{ name: 'stable' }],
      },
      { matches: [] },
    ],
  });
});

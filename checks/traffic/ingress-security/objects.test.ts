/** Which hosts are served how, from objects as they are written. */
import { expect, it } from 'vitest';
import type { KubeObject } from '../../contract/cluster.ts';
import { gatewayHosts, ingressHosts, listenersOf, snippetsOf } from './objects.ts';

const object = (
  kind: string,
  name: string,
  more: object,
  annotations: Readonly<Record<string, string>> = {},
): KubeObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, namespace: 'shop', annotations, generation: 4 },
  ...more,
});

it('a host has TLS where a name or one label of a wildcard covers it', () => {
  const rules = ['shop.test', 'a.shop.test', 'a.b.shop.test', undefined].map((host) => ({ host }));
  const hosts = ingressHosts(
    object('Ingress', 'web', { spec: { tls: [{ hosts: ['shop.test', '*.shop.test'] }], rules } }),
  );
  expect(hosts.map(({ host, tls }) => [host, tls])).toEqual([
    ['shop.test', true],
    ['a.shop.test', true],
    ['a.b.shop.test', false],
    ['', false],
  ]);
  const [all] = ingressHosts(object('Ingress', 'web', { spec: { tls: [{ secretName: 'x' }], defaultBackend: {} } }));
  expect(all).toMatchObject({ host: '', tls: true });
});

it('snippets are keys that a controller obeys, under its own prefix', () => {
  const keys = {
    'nginx.ingress.kubernetes.io/auth-snippet': 'x',
    'ingress.kubernetes.io/configuration-snippet': 'x',
    'nginx.ingress.kubernetes.io/server-alias': 'x',
    'haproxy.org/backend-config-snippet': 'x',
    'nginx.org/location-snippets': 'x',
  };
  expect(snippetsOf(object('Ingress', 'web', {}, keys))).toEqual([
    'nginx.ingress.kubernetes.io/auth-snippet',
    'haproxy.org/backend-config-snippet',
    'nginx.org/location-snippets',
  ]);
});

const gateway = object('Gateway', 'edge', {
  spec: {
    listeners: [
      { name: 'http', port: 80, protocol: 'HTTP', hostname: '*.test' },
      { name: 'https', port: 443, protocol: 'HTTPS', hostname: '*.test' },
    ],
  },
  status: {
    listeners: [
      {
        name: 'https',
        conditions: [
          { type: 'Programmed', status: 'False', reason: 'Invalid', observedGeneration: 4 },
          { type: 'ResolvedRefs', status: 'False', reason: 'RefNotPermitted', observedGeneration: 4 },
        ],
      },
    ],
  },
});
const route = (name: string, spec: object): KubeObject => object('HTTPRoute', name, { spec });

it('a route without sectionName is served by every listener, and one that only redirects by none', () => {
  const forward = [{ backendRefs: [{ name: 'web' }] }];
  const redirect = [{ filters: [{ type: 'RequestRedirect', requestRedirect: { scheme: 'https' } }] }];
  const hosts = gatewayHosts(gateway, [
    route('both', { parentRefs: [{ name: 'edge' }], hostnames: ['both.test'], rules: forward }),
    route('tls', { parentRefs: [{ name: 'edge', sectionName: 'https' }], rules: forward }),
    route('redirect', { parentRefs: [{ name: 'edge', sectionName: 'http' }], rules: redirect }),
    route('other', { parentRefs: [{ name: 'another' }], rules: forward }),
  ]);
  expect(hosts).toMatchObject([
    { object: 'HTTPRoute shop/both', host: 'both.test', tls: true, plaintext: true, httpPort: 80, httpsPort: 443 },
    { object: 'HTTPRoute shop/tls', host: '*.test', tls: true, plaintext: false },
  ]);
});

it('each listener has conditions of its own, and those of an older form say nothing', () => {
  expect(listenersOf(gateway)).toMatchObject([
    { listener: 'https', problem: 'ResolvedRefs is False, RefNotPermitted' },
  ]);
  const conditions = [{ type: 'Programmed', status: 'True', reason: 'Programmed', observedGeneration: 3 }];
  const stale = { ...gateway, status: { listeners: [{ name: 'https', conditions }] } };
  expect(listenersOf(stale)).toMatchObject([{ problem: null, isUnknown: true }]);
});

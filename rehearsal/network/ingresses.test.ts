import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../checks/contract/cluster.ts';
import { compileIngresses } from './ingresses.ts';
import { findRule, type Asked } from './route-table.ts';

const service = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'shop' },
  spec: { ports: [{ name: 'http', port: 80 }] },
});
const services = ['stable', 'next', 'other'].map(service);
const PREFIX = 'nginx.ingress.kubernetes.io/';

function ingress(
  name: string,
  to: string,
  annotations: Readonly<Record<string, string>> = {},
  { host = 'shop.test', path = '/', pathType = 'Prefix', tls = false, className = 'nginx' } = {},
): KubeObject {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: {
      name,
      namespace: 'shop',
      annotations: Object.fromEntries(Object.entries(annotations).map(([key, value]) => [PREFIX + key, value])),
    },
    spec: {
      ingressClassName: className,
      ...(tls ? { tls: [{ hosts: [host] }] } : {}),
      rules: [
        { host, http: { paths: [{ path, pathType, backend: { service: { name: to, port: { number: 80 } } } }] } },
      ],
    },
  };
}
const compile = (...ingresses: KubeObject[]) => compileIngresses({ ingresses, services, httpsPort: 8443 });
const asked = (headers: Asked['headers'] = {}, path = '/', listener: Asked['listener'] = 'HTTPS'): Asked => ({
  listener,
  host: 'shop.test',
  path,
  method: 'GET',
  query: '',
  headers,
});
function sharesFor({ rules }: ReturnType<typeof compile>, request = asked()) {
  const action = findRule(rules, request)?.action;
  if (action?.does !== 'forward') return action;
  return Object.fromEntries(
    action.backends.map((one) => [one.service?.replace(/^shop\/(.*):80$/, '$1') ?? '', one.weight]),
  );
}
const CANARY = { canary: 'true', 'canary-weight': '20' };

describe('ingress-nginx', () => {
  it('splits between an Ingress and its canary, by a total where that is above 100', () => {
    expect(sharesFor(compile(ingress('a', 'stable'), ingress('b', 'next', CANARY)))).toEqual({ stable: 80, next: 20 });
    const ofThousand = { ...CANARY, 'canary-weight-total': '1000' };
    expect(sharesFor(compile(ingress('a', 'stable'), ingress('b', 'next', ofThousand)))).toEqual({
      stable: 980,
      next: 20,
    });
    const ofTen = { ...CANARY, 'canary-weight-total': '50' };
    expect(sharesFor(compile(ingress('a', 'stable'), ingress('b', 'next', ofTen)))).toEqual({ stable: 80, next: 20 });
  });

  it('goes by a header before the weight', () => {
    const all = compile(ingress('a', 'stable'), ingress('b', 'next', { ...CANARY, 'canary-by-header': 'X-Next' }));
    expect(sharesFor(all, asked({ 'x-next': 'always' }))).toEqual({ next: 1 });
    expect(sharesFor(all, asked({ 'x-next': 'never' }))).toEqual({ stable: 1 });
    expect(sharesFor(all, asked({ 'x-next': 'perhaps' }))).toEqual({ stable: 80, next: 20 });
    const byValue = { ...CANARY, 'canary-by-header': 'X-Next', 'canary-by-header-value': 'me' };
    const named = compile(ingress('a', 'stable'), ingress('b', 'next', byValue));
    expect(sharesFor(named, asked({ 'x-next': 'me' }))).toEqual({ next: 1 });
    expect(sharesFor(named, asked({ 'x-next': 'always' }))).toEqual({ stable: 80, next: 20 });
  });

  it.each([
    ['another host', ingress('b', 'next', CANARY, { host: 'next.test' })],
    ['another type of path', ingress('b', 'next', CANARY, { pathType: 'Exact' })],
    ['a class of another controller', ingress('b', 'next', CANARY, { className: 'other' })],
    ['what is not built', ingress('b', 'next', { ...CANARY, 'canary-by-cookie': 'next' })],
  ])('a canary of %s has no effect', (_, canary) => {
    expect(sharesFor(compile(ingress('a', 'stable'), canary))).toEqual({ stable: 1 });
  });

  it('a canary whose Service is what another Ingress serves has no effect, and the log alone tells', () => {
    const direct = ingress('direct', 'next', {}, { host: 'next.shop.test' });
    const all = compile(ingress('a', 'stable'), ingress('b', 'next', CANARY), direct);
    expect(sharesFor(all)).toEqual({ stable: 1 });
    expect(all.ignored).toEqual(['Ingress shop/b: shop.test Prefix /: its Service is what another Ingress serves']);
  });

  it('of two canaries of one path the older counts', () => {
    const all = compile(ingress('a', 'stable'), ingress('b', 'next', CANARY), ingress('c', 'other', CANARY));
    expect(sharesFor(all)).toEqual({ stable: 80, next: 20 });
  });

  it('redirects plain requests where there is TLS, and tries exact and longer paths first', () => {
    const all = compile(
      ingress('a', 'stable', {}, { tls: true }),
      ingress('b', 'other', {}, { path: '/api' }),
      ingress('c', 'next', {}, { path: '/api', pathType: 'Exact' }),
    );
    expect(sharesFor(all, asked({}, '/', 'HTTP'))).toMatchObject({ does: 'redirect', status: 308, port: 8443 });
    expect(sharesFor(all, asked({}, '/api'))).toEqual({ next: 1 });
    expect(sharesFor(all, asked({}, '/api/x'))).toEqual({ other: 1 });
    expect(sharesFor(all, asked({}, '/apiary'))).toEqual({ stable: 1 });
  });
});

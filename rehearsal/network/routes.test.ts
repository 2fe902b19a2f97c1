import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../checks/contract/cluster.ts';
import { findRule, hostMatches, type Asked } from './route-table.ts';
import { compileRoutes, type Compiled } from './routes.ts';
import { findAddresses } from './service-names.ts';
import { weightedTurn } from './weighted-turn.ts';

const service = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'shop' },
  spec: { ports: [{ port: 80 }] },
});
const gateway: KubeObject = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: { name: 'edge', namespace: 'shop' },
  spec: {
    listeners: [
      { name: 'https', protocol: 'HTTPS', port: 443, hostname: '*.shop.test' },
      { name: 'http', protocol: 'HTTP', port: 80 },
    ],
  },
};
const route = (name: string, spec: Readonly<Record<string, unknown>>, metadata: object = {}): KubeObject => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name, namespace: 'shop', ...metadata },
  spec: { parentRefs: [{ name: 'edge', sectionName: 'https' }], ...spec },
});
const to = (name: string, path = '/', type = 'PathPrefix') => ({
  matches: [{ path: { type, value: path } }],
  backendRefs: [{ name, port: 80 }],
});
const compile = (...routes: KubeObject[]): Compiled =>
  compileRoutes({ gateway, routes, services: ['a', 'b', 'c'].map(service), httpsPort: 8443 });
const asked = (host: string, path = '/', more: Partial<Asked> = {}): Asked => ({
  listener: 'HTTPS',
  host,
  path,
  method: 'GET',
  query: '',
  headers: {},
  ...more,
});
/** The Service that answers. */
function answers({ rules }: Compiled, request: Asked): string | null | undefined {
  const action = findRule(rules, request)?.action;
  return action?.does === 'forward' ? action.backends[0]?.service : undefined;
}

describe('precedence', () => {
  it('of host names: exact before wildcard, longer wildcards first', () => {
    const all = compile(
      route('any', { rules: [to('a')] }),
      route('wild', { hostnames: ['*.eu.shop.test'], rules: [to('b')] }),
      route('exact', { hostnames: ['api.eu.shop.test'], rules: [to('c')] }),
    );
    expect(answers(all, asked('api.eu.shop.test'))).toBe('shop/c:80');
    expect(answers(all, asked('x.eu.shop.test'))).toBe('shop/b:80');
    expect(answers(all, asked('x.us.shop.test'))).toBe('shop/a:80');
    expect(answers(all, asked('shop.test'))).toBeUndefined();
  });

  it('of paths: exact, then the longest prefix, which ends at a slash', () => {
    const all = compile(route('r', { rules: [to('a'), to('b', '/api'), to('c', '/api/v1', 'Exact')] }));
    expect(answers(all, asked('x.shop.test', '/api/v1'))).toBe('shop/c:80');
    expect(answers(all, asked('x.shop.test', '/api/v1/items'))).toBe('shop/b:80');
    expect(answers(all, asked('x.shop.test', '/api'))).toBe('shop/b:80');
    expect(answers(all, asked('x.shop.test', '/apiary'))).toBe('shop/a:80');
  });

  it('of methods and headers, then of age', () => {
    const rule = (name: string, match: object) => ({ matches: [match], backendRefs: [{ name, port: 80 }] });
    const all = compile(
      route('young', { rules: [rule('a', {})] }, { creationTimestamp: '2026-02-01T00:00:00Z' }),
      route('old', { rules: [rule('b', {})] }, { creationTimestamp: '2026-01-01T00:00:00Z' }),
      route('post', { rules: [rule('c', { method: 'POST' })] }, { creationTimestamp: '2026-03-01T00:00:00Z' }),
      route('header', { rules: [rule('a', { headers: [{ name: 'X-Test', value: 'blue' }] })] }),
    );
    expect(answers(all, asked('x.shop.test'))).toBe('shop/b:80');
    expect(answers(all, asked('x.shop.test', '/', { method: 'POST' }))).toBe('shop/c:80');
    expect(answers(all, asked('x.shop.test', '/', { headers: { 'x-test': 'blue' } }))).toBe('shop/a:80');
  });
});

describe('what cannot be done', () => {
  const verdict = (spec: Readonly<Record<string, unknown>>) => {
    const { verdicts, rules } = compile(route('r', spec));
    return [verdicts[0]?.reason, verdicts[0]?.resolved.reason, rules.length];
  };
  it.each([
    [{ rules: [to('a')], hostnames: ['api.other.test'] }, ['NoMatchingListenerHostname', 'ResolvedRefs', 0]],
    [
      { rules: [to('a')], parentRefs: [{ name: 'edge', sectionName: 'grpc' }] },
      ['NoMatchingParent', 'ResolvedRefs', 0],
    ],
    [{ rules: [{ ...to('a'), filters: [{ type: 'URLRewrite' }] }] }, ['UnsupportedValue', 'ResolvedRefs', 0]],
    [{ rules: [to('a', '/.*', 'RegularExpression')] }, ['UnsupportedValue', 'ResolvedRefs', 0]],
    [{ rules: [to('nobody')] }, ['Accepted', 'BackendNotFound', 1]],
    [{ rules: [{ backendRefs: [{ name: 'a', port: 81 }] }] }, ['Accepted', 'BackendNotFound', 1]],
    [{ rules: [{ backendRefs: [{ name: 'a', namespace: 'other', port: 80 }] }] }, ['Accepted', 'RefNotPermitted', 1]],
    [{ rules: [{ backendRefs: [{ kind: 'Bucket', group: 'x', name: 'a' }] }] }, ['Accepted', 'InvalidKind', 1]],
  ])('%j', (spec, expected) => {
    expect(verdict(spec)).toEqual(expected);
  });

  it('takes no route of another namespace, and none of another gateway', () => {
    const foreign = route(
      'r',
      { parentRefs: [{ name: 'edge', namespace: 'shop' }], rules: [to('a')] },
      { namespace: 'x' },
    );
    expect(compile(foreign).verdicts.map(({ reason }) => reason)).toEqual(['NotAllowedByListeners']);
    expect(compile(route('r', { parentRefs: [{ name: 'other' }] })).verdicts).toEqual([]);
  });
});

it('a wildcard stands for one or more labels, not for none', () => {
  expect(
    ['a.shop.test', 'b.a.shop.test', 'shop.test', 'ashop.test'].map((host) => hostMatches('*.shop.test', host)),
  ).toEqual([true, true, false, false]);
});

describe('weights', () => {
  const turns = (weights: Readonly<Record<string, number>>, count: number): string[] => {
    const turn = weightedTurn(Object.entries(weights).map(([member, weight]) => ({ member, weight })));
    return Array.from({ length: count }, () => turn.next() ?? 'nobody');
  };
  it('are kept exactly in every round, and spread', () => {
    expect(turns({ green: 3, blue: 1 }, 8).join(' ')).toBe('green green blue green green green blue green');
    const hundred = turns({ green: 95, blue: 5 }, 1000);
    expect(hundred.filter((one) => one === 'blue')).toHaveLength(50);
  });
  it('of 0 get nothing, and all of 0 leave nobody', () => {
    expect(new Set(turns({ green: 100, blue: 0 }, 50))).toEqual(new Set(['green']));
    expect(turns({ green: 0 }, 1)).toEqual(['nobody']);
  });
});

describe('addresses of Services in a text', () => {
  const known = new Set(['shop/db:5432', 'shop/redis:6379', 'other/db:5432']);
  const found = (text: string) =>
    findAddresses(text, 'shop', ({ namespace, name, port }) => known.has(`${namespace}/${name}:${port}`)).map(
      ({ namespace, start, end }) => `${namespace} ${text.slice(start, end)}`,
    );
  it.each([
    ['postgres://user:secret@db:5432/app?x=1', ['shop db:5432']],
    ['db.other:5432,redis:6379', ['other db.other:5432', 'shop redis:6379']],
    ['http://db.other.svc.cluster.local:5432', ['other db.other.svc.cluster.local:5432']],
    ['redis://redis:6379@redis:6379', ['shop redis:6379']],
    ['mydb:5432 db:54321 db:5432.example db.example.com:5432 x-db:5432', []],
  ])('%s', (text, expected) => {
    expect(found(text)).toEqual(expected);
  });
});

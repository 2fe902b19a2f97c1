/** One contract for every system whose weights are moved, and what each refuses. */
import { afterAll, describe, expect, it } from 'vitest';
import type { KubeObject } from '../checks/contract/cluster.ts';
import type { RouteName } from '../checks/protocols/traffic/system.ts';
import { systemOf } from '../checks/protocols/traffic/systems.ts';
import { SETTINGS } from './testing/world.ts';
import { at, reasonOf } from './testing/worlds.ts';
import { groupClient } from './traffic/group.ts';
import { patchedBy, SAMPLES, SystemWorld, withValue, type Sample } from './testing/traffic-samples.ts';

const sampleOf = (kind: Sample['kind']): Sample => {
  const found = SAMPLES.find((one) => one.kind === kind);
  if (!found) throw new Error(`no sample of ${kind}`);
  return found;
};
const made: SystemWorld[] = [];
afterAll(() => made.forEach((one) => one.remove()));
const worldOf = (sample: Sample): SystemWorld => {
  const one = new SystemWorld(sample);
  made.push(one);
  return one;
};

describe.each(SAMPLES)('$kind', ({ route, object, served }) => {
  const system = systemOf(route);
  const given = (from: KubeObject, canary: number): KubeObject =>
    patchedBy(from, system.operations(from, route, { stable: 100 - canary, canary }));

  it('gives nothing to the new release at first, and says so', () => {
    const { weights, splits, accepted } = system.state(object, route);
    expect(weights.canary).toBe(0);
    expect(splits.map(({ canary }) => canary)).toEqual(served(object).map(() => 0));
    expect(accepted).toBe(true);
  });

  it('gives every rule the shares that are asked for, reads them back, and goes back to nothing', () => {
    let present = object;
    for (const percent of [5, 25, 50, 100, 0]) {
      present = given(present, percent);
      for (const share of served(present)) expect(share).toBeCloseTo(percent / 100, 9);
      for (const { stable, canary } of system.state(present, route).splits)
        expect(canary / (stable + canary)).toBeCloseTo(percent / 100, 9);
    }
  });

  it('changes nothing but the shares', () => {
    const blank = (one: KubeObject): string =>
      JSON.stringify(one)
        .replace(/"(weight|resourceVersion|[^"]*canary-weight)":"?\d+"?,?/g, '')
        .replace(/,\}/g, '}');
    expect(blank(given(object, 25))).toBe(blank(object));
  });

  it('writes on the version that was read, and on no other', () => {
    const operations = system.operations(object, route, { stable: 75, canary: 25 });
    expect(() => patchedBy(withValue(object, '/metadata/resourceVersion', '2'), operations)).toThrow(/test/i);
  });

  it('refuses an object that has none of both releases', () => {
    expect(() =>
      system.state({ ...object, metadata: { ...object.metadata, annotations: {} }, spec: {} }, route),
    ).toThrow();
  });

  it.each<[string, (one: SystemWorld) => void]>([
    ['TRI-ERR', (one) => (one.failing = 0.6)],
    ['TRI-P95', (one) => (one.ms = 900)],
    ['TRI-SVC', (one) => (one.down = ['api'])],
  ])('goes back for %s', { timeout: 30_000 }, async (trigger, breakIt) => {
    const one = worldOf({ kind: route.kind ?? 'HTTPRoute', route, object, served });
    const breaking = at(one, 50, () => breakIt(one));
    const [end] = await Promise.all([one.run(), one.items(), breaking]);
    expect(end).toBe('rolled-back');
    expect(reasonOf(one)).toMatchObject({ code: 'trigger', facts: { trigger } });
    expect(served(one.object).every((share) => share === 0)).toBe(true);
  });

  it('goes up to the end, and back where another hand moves one of its rules', { timeout: 30_000 }, async () => {
    const fine = worldOf({ kind: route.kind ?? 'HTTPRoute', route, object, served });
    expect(await Promise.all([fine.run(), fine.items()])).toMatchObject(['finished', undefined]);
    expect(served(fine.object).every((share) => share === 1)).toBe(true);
    const moved = worldOf({ kind: route.kind ?? 'HTTPRoute', route, object, served });
    const steps = SETTINGS.steps.map((step) => ({ ...step, watchMs: 2000 }));
    const moving = at(moved, 50, () => {
      const operations = system.operations(moved.object, route, { stable: 90, canary: 10 });
      // The last of its rules alone.
      moved.object = patchedBy(moved.object, [...operations.slice(0, 1), ...operations.slice(-2)]);
    });
    await Promise.all([moved.run({ ...SETTINGS, steps }), moved.items(), moving]);
    expect(reasonOf(moved)).toMatchObject({ code: 'reverted-by-another' });
  });
});

describe('what is refused', () => {
  const said = (
    kind: Sample['kind'],
    change: (object: KubeObject) => KubeObject,
    others: readonly KubeObject[] = [],
  ) => {
    const { route, object } = sampleOf(kind);
    const changed = change(object);
    const system = systemOf(route);
    try {
      system.state(changed, route);
    } catch (error) {
      return [(error as Error).message];
    }
    return system.problems(changed, route, others).map(({ what }) => what);
  };
  const ingressOf = (
    name: string,
    service: string,
    more: Readonly<Record<string, string>> = {},
    path = '/',
  ): KubeObject => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { namespace: 'shop', name, annotations: more },
    spec: {
      rules: [
        { host: 'shop.test', http: { paths: [{ path, pathType: 'Prefix', backend: { service: { name: service } } }] } },
      ],
    },
  });
  const primary = ingressOf('shop', 'green');
  const annotation = (name: string, value: string) => (object: KubeObject) =>
    withValue(object, `/metadata/annotations/nginx.ingress.kubernetes.io~1${name}`, value);
  const same = (object: KubeObject): KubeObject => object;
  const subsets: KubeObject = {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { namespace: 'shop', name: 'api' },
    spec: { host: 'api', subsets: [{ name: 'v1' }, { name: 'v2' }] },
  };

  it.each<[string, readonly string[], RegExp | null]>([
    ['a canary with its primary', said('Ingress', same, [primary]), null],
    ['without a primary', said('Ingress', same), /no Ingress serves shop.test\/ \(Prefix\) by green/],
    ['a cookie', said('Ingress', annotation('canary-by-cookie', 'next'), [primary]), /canary-by-cookie/],
    ['a header, before the weight', said('Ingress', annotation('canary-by-header', 'x-next'), [primary]), null],
    ['an unknown annotation', said('Ingress', annotation('canary-by-moon', 'full'), [primary]), /canary-by-moon/],
    ['a weight that is none', said('Ingress', annotation('canary-weight', '5%'), [primary]), /no whole number/],
    ['a weight above its total', said('Ingress', annotation('canary-weight', '1001'), [primary]), /1001 of 1000/],
    [
      'a total of at most 100, which does not count',
      said('Ingress', annotation('canary-weight-total', '50'), [primary]),
      null,
    ],
    [
      'sticky sessions',
      said('Ingress', same, [ingressOf('shop', 'green', { 'nginx.ingress.kubernetes.io/affinity': 'cookie' })]),
      /pins users/,
    ],
    [
      'a primary elsewhere',
      said('Ingress', same, [primary, ingressOf('direct', 'blue', {}, '/next')]),
      /Ingress shop\/direct/,
    ],
    [
      'a second canary of the path',
      said('Ingress', same, [primary, ingressOf('other', 'red', { 'nginx.ingress.kubernetes.io/canary': 'true' })]),
      /only one counts/,
    ],
    [
      'a path left on the old release',
      said('Ingress', same, [primary, ingressOf('orders', 'green', {}, '/orders')]),
      /left on the old release/,
    ],
    ['subsets that are declared', said('VirtualService', same, [subsets]), null],
    ['subsets that nobody declares', said('VirtualService', same), /503/],
    [
      'a match that is not known',
      said('VirtualService', (one) => withValue(one, '/spec/http/0/match/0/phaseOfMoon', 'full'), [subsets]),
      /phaseOfMoon/,
    ],
    [
      'a delegate',
      said('VirtualService', (one) => withValue(one, '/spec/http/1/delegate', { name: 'other' }), [subsets]),
      /delegates/,
    ],
    [
      'a mirror',
      said('VirtualService', (one) => withValue(one, '/spec/http/0/mirror', { host: 'api', subset: 'v2' }), [subsets]),
      /mirrors/,
    ],
    [
      'a third destination',
      said('VirtualService', (one) => withValue(one, '/spec/http/0/route/-', { destination: { host: 'red' } }), [
        subsets,
      ]),
      /exactly both/,
    ],
    [
      'a rule behind one for everything',
      said('VirtualService', (one) => withValue(one, '/spec/http/0/match', []), [subsets]),
      /stands behind http\[0\]/,
    ],
    [
      'two of one host',
      said('VirtualService', same, [
        subsets,
        { ...sampleOf('VirtualService').object, metadata: { namespace: 'shop', name: 'older' } },
      ]),
      /VirtualService shop\/older/,
    ],
    [
      'a rule left on the old release',
      said('HTTPRoute', (one) => withValue(one, '/spec/rules/-', { backendRefs: [{ name: 'green' }] })),
      /no backend Service blue/,
    ],
  ])('%s', (_, problems, wanted) => {
    if (wanted === null) expect(problems).toEqual([]);
    else expect(problems.join('\n')).toMatch(wanted);
  });
});

describe('a group', () => {
  const signal = new AbortController().signal;
  const client = (name: RouteName['name'], log: string[], fails: () => boolean) => ({
    read: () => Promise.reject(new Error(`${name} was not to be read`)),
    set: (canary: number) => {
      log.push(`${name} ${canary}`);
      const weights = { stable: 100 - canary, canary };
      const state = {
        weights,
        splits: [weights],
        generation: 1,
        resourceVersion: '1',
        accepted: true,
        why: null,
        lastManager: null,
      };
      return fails() ? Promise.reject(new Error(`${name} cannot be moved`)) : Promise.resolve(state);
    },
  });

  it('stops at the first that cannot advance, and takes all back whatever becomes of one', async () => {
    const log: string[] = [];
    let broken = true;
    const group = groupClient(
      client('api', log, () => false),
      [client('orders', log, () => broken), client('search', log, () => false)],
    );
    await expect(group.set(25, signal)).rejects.toThrow('orders cannot be moved');
    expect(log).toEqual(['api 25', 'orders 25']);
    log.length = 0;
    await expect(group.set(0, signal)).rejects.toThrow('orders cannot be moved');
    expect(log).toEqual(['api 0', 'orders 0', 'search 0']);
    broken = false;
    expect(await group.set(0, signal)).toMatchObject({ weights: { canary: 0 }, splits: [{}, {}, {}] });
  });
});

import { describe, expect, it } from 'vitest';
import { patched, type Patch } from './patch.ts';

const original = () => ({
  pods: [
    { name: 'a', ready: true, conditions: [{ type: 'Ready', status: 'True' }] },
    { metadata: { name: 'b', labels: { 'app.test/part': 'web' } } },
    { path: '/x', port: 80 },
    { path: '/x', port: 443 },
  ],
  weights: [1, 2, 3],
  none: null,
});
const patch = (over: Partial<Patch>) => patched(original(), { set: {}, insert: {}, remove: [], ...over });
const valueOf = (over: Partial<Patch>) => {
  const { value, problems } = patch(over);
  expect(problems).toEqual([]);
  return value;
};
const problemsOf = (over: Partial<Patch>) => patch(over).problems;

describe('pointers', () => {
  it.each([
    ['/pods/[a]/ready', ['pods', 0, 'ready']],
    ['/pods/[b]/metadata/uid', ['pods', 1, 'metadata', 'uid']],
    ['/pods/1/metadata/name', ['pods', 1, 'metadata', 'name']],
    ['/pods/[port=443]/port', ['pods', 3, 'port']],
    ['/pods/[metadata.labels.app.test/part=web]', undefined],
    ['/pods/[a]/conditions/[type=Ready]/status', ['pods', 0, 'conditions', 0, 'status']],
    ['/pods/[b]/metadata/labels/app.test~1part', ['pods', 1, 'metadata', 'labels', 'app.test/part']],
    ['/weights/2', ['weights', 2]],
    ['/none', ['none']],
    ['/new', ['new']],
  ])('%s', (pointer, path) => {
    const { value, problems } = patch({ set: { [pointer]: 'changed' } });
    expect(problems.length).toBe(path ? 0 : 1);
    if (!path) return;
    expect(path.reduce<unknown>((at, key) => (at as Readonly<Record<string, unknown>>)[key], value)).toBe('changed');
  });

  it.each([
    ['pods/0', 'is no pointer, write it like /gathered/pods/[api]/ready'],
    ['/pods//ready', 'is no pointer, write it like /gathered/pods/[api]/ready'],
    ['/pods/[c]/ready', '/pods/[c] matches nothing, there are [a], [b]'],
    ['/pods/[path=/x]', '/pods/[path=/x] matches 2 elements, point at one of them by its index'],
    ['/pods/4', '/pods/4 matches nothing, there are [a], [b]'],
    ['/pods/-', '/pods/- matches nothing, there are [a], [b]'],
    ['/weights/[a]', '/weights/[a] matches nothing, the list has 3 elements'],
    ['/deployments/[a]', '/deployments matches nothing, there are pods, weights, none'],
    ['/none/ready', '/none/ready matches nothing, there is no map and no list'],
    ['/[pods]', '/[pods] matches nothing, there is a map: there are pods, weights, none'],
    ['/constructor/name', '/constructor matches nothing, there are pods, weights, none'],
  ])('refuses to set %s', (pointer, problem) => {
    expect(problemsOf({ set: { [pointer]: 1 } })).toEqual([`set ${pointer}: ${problem}`]);
  });

  it('removes and inserts only what and where something is', () => {
    expect(problemsOf({ remove: ['/new'] })).toEqual([
      'remove /new: /new matches nothing, there are pods, weights, none',
    ]);
    expect(problemsOf({ insert: { '/weights/3': [4] } })).toHaveLength(1);
    expect(problemsOf({ insert: { '/weights': [4] } })).toEqual([
      'insert /weights: points at no element, write /- for the end of a list',
    ]);
  });
});

describe('a patch', () => {
  it('leaves the original and what it was given untouched', () => {
    const before = original();
    const given = { deep: { value: 1 } };
    const { value } = patched(before, { set: { '/pods/[a]/ready': given }, insert: {}, remove: ['/weights/0'] });
    const { deep } = (value as { pods: [{ ready: typeof given }] }).pods[0].ready;
    deep.value = 2;
    expect(before).toEqual(original());
    expect(given.deep.value).toBe(1);
  });

  it('resolves every index against the original, in whatever order it is written', () => {
    const expected = [0.5, 1, 20, 2.5, 4];
    const insert = { '/weights/0': [0.5], '/weights/2': [2.5], '/weights/-': [4] };
    expect(valueOf({ set: { '/weights/1': 20 }, insert, remove: ['/weights/2'] })['weights']).toEqual(expected);
    const turned = Object.fromEntries(Object.entries(insert).reverse());
    expect(valueOf({ remove: ['/weights/2'], insert: turned, set: { '/weights/1': 20 } })['weights']).toEqual(expected);
    expect(valueOf({ remove: ['/weights/0', '/weights/1'] })['weights']).toEqual([3]);
    expect(valueOf({ remove: ['/weights/1', '/weights/0', '/weights/2'] })['weights']).toEqual([]);
  });

  it('changes an element and what stands before it', () => {
    const { pods } = valueOf({ set: { '/pods/[a]/ready': false }, insert: { '/pods/[a]': [{ name: 'first' }] } });
    expect(pods).toMatchObject([{ name: 'first' }, { name: 'a', ready: false }, {}, {}, {}]);
  });

  it.each<[string, Partial<Patch>]>([
    ['a value and what is inside it', { set: { '/pods': [], '/pods/[a]/ready': false } }],
    ['what is removed', { set: { '/pods/[a]/ready': false }, remove: ['/pods/[a]'] }],
    ['one place by two names', { remove: ['/pods/[a]', '/pods/0'] }],
    ['one list that is also replaced', { set: { '/weights': [] }, insert: { '/weights/-': [4] } }],
    ['two insertions at one place', { insert: { '/pods/[a]': [1], '/pods/0': [2] } }],
  ])('does not say twice what becomes of %s', (_, over) => {
    expect(problemsOf(over)).toEqual([expect.stringMatching(/ overlap: one of them is enough$/)]);
  });

  it('names every problem at once', () => {
    expect(problemsOf({ set: { '/a/b': 1 }, remove: ['/c'] })).toHaveLength(2);
  });
});

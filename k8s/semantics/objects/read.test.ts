import { expect, it } from 'vitest';
import { readObjects } from './read.ts';

const TEXT = `
apiVersion: v1
kind: List
items:
  - { apiVersion: v1, kind: Pod, metadata: { name: y, namespace: 1, labels: { app: web } }, spec: { hostNetwork: yes } }
---
{ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": 12, "namespace": "shop" } }
`;
const metadataOf = (text: string, options = {}): readonly unknown[] =>
  readObjects(text, 'a.yaml', options).objects.map(({ object }) => object['metadata']);

it('a name that YAML 1.1 takes for a truth value or a number is a text where names are taken as written', () => {
  expect(metadataOf(TEXT, { hasNamesAsWritten: true })).toEqual([
    { name: 'y', namespace: '1', labels: { app: 'web' } },
    { name: '12', namespace: 'shop' },
  ]);
  expect(readObjects(TEXT, 'a.yaml', { hasNamesAsWritten: true }).objects[0]?.object['spec']).toEqual({
    hostNetwork: true,
  });
});
it('it stays what kubectl makes of it where an API server would refuse it', () => {
  expect(metadataOf(TEXT)).toMatchObject([{ name: true, namespace: 1 }, { name: 12 }]);
});

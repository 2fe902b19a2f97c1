import { expect, it } from 'vitest';
import { yamlDocuments } from './yaml.ts';

it('reads documents, with the aliases of honest files', () => {
  expect(yamlDocuments('a: &a { b: 1 }\nc: *a\n---\nd: 2\n')).toEqual([{ a: { b: 1 }, c: { b: 1 } }, { d: 2 }]);
});

it('refuses a bomb', () => {
  const lines = Array.from({ length: 40 }, (_, index) => `b${index + 1}: &b${index + 1} [*b${index}, *b${index}]`);
  expect(() => yamlDocuments(`b0: &b0 [x]\n${lines.join('\n')}\n`)).toThrow(/unfold to more than/);
});

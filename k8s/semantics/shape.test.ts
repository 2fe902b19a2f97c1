import { expect, it } from 'vitest';
import { quote } from './quote.ts';
import { at, isShape, nameOf, number, shape, shapes, text, textMap, texts } from './shape.ts';

it('reads what is there', () => {
  const object = { metadata: { name: 'n' }, list: [{ a: 1 }, { b: 2 }] };
  expect(at(object, 'metadata.name')).toBe('n');
  expect(nameOf(object)).toBe('n');
  expect(shapes(object.list)).toEqual([{ a: 1 }, { b: 2 }]);
  expect(textMap({ a: 'x', b: 1 })).toEqual({ a: 'x' });
  expect([text('x'), number(1), texts(['a', 1])]).toEqual(['x', 1, ['a']]);
});

it.each([undefined, null, 'text', 1, []])('takes %j for no object', (value) => {
  expect(isShape(value)).toBe(false);
  expect(shape(value)).toEqual({});
  expect(at(value, 'a.b')).toBeUndefined();
  expect(nameOf(value)).toBe('');
});

it.each([undefined, null, 'text', {}])('takes %j for no list', (value) => {
  expect(shapes(value)).toEqual([]);
  expect(texts(value)).toEqual([]);
});

it('takes what is not of a type for absent', () => {
  expect([text(1), number('1'), number(Number.NaN)]).toEqual([undefined, undefined, undefined]);
});

it.each([
  ['a', '"a"'],
  ['a"b\\c', String.raw`"a\"b\\c"`],
  ['a\nb\tc', String.raw`"a\nb\tc"`],
  ['\u0001\u0007\u000b\u007f', String.raw`"\x01\a\v\x7f"`],
  ['\\u0001', String.raw`"\\u0001"`],
  ['é<&>', '"é<&>"'],
])('quotes %j as Go does', (value, quoted) => {
  expect(quote(value)).toBe(quoted);
});

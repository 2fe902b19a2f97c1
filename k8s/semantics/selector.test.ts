import { describe, expect, it } from 'vitest';
import {
  labelRequirements,
  matchesFields,
  matchesLabels,
  parseFieldSelector,
  parseLabelSelector,
  SelectorError,
} from './selector.ts';

const labels = { a: 'b', tier: 'web', 'example.com/n': '5', empty: '' };

describe('label selectors as text', () => {
  it.each([
    ['', true],
    ['a', true],
    ['b', false],
    ['!b', true],
    ['!a', false],
    ['! b', true],
    ['a=b', true],
    ['a==b', true],
    ['a = b', true],
    ['a=c', false],
    ['a=', false],
    ['empty=', true],
    ['empty', true],
    ['a!=c', true],
    ['a!=b', false],
    ['nothing!=b', true],
    ['a in (x,b)', true],
    ['a in (x, y)', false],
    ['nothing in (x)', false],
    ['a in (b,)', true],
    ['empty in ()', true],
    ['a notin (x,y)', true],
    ['a notin (b)', false],
    ['nothing notin (b)', true],
    ['a=b,tier=web', true],
    ['a=b,tier=db', false],
    ['a=b , tier in (web,db), !x', true],
    ['a=b,c!=d,tier in (web,db),empty,!g', true],
    ['example.com/n>4', true],
    ['example.com/n>5', false],
    ['example.com/n<6', true],
    ['example.com/n<5', false],
    ['a>1', false],
    ['nothing>1', false],
    ['in=x', false],
    ['notin', false],
    ['toString', false],
    ['toString!=x', true],
  ])('%s', (selector, selected) => {
    expect(matchesLabels(parseLabelSelector(selector), labels)).toBe(selected);
  });

  it.each([
    ['a=b,', "found '', expected: identifier after ','"],
    ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ['a=b c', "found 'c', expected: ',' or 'end of string'"],
    ['=b', "unable to parse requirement: found '=', expected: identifier"],
    ['a in b', "unable to parse requirement: found 'b' expected: '('"],
    ['a in (b', "unable to parse requirement: found '', expected: ',' or ')'"],
    ['a in (b c)', "unable to parse requirement: found 'c', expected: ',' or ')'"],
    ['a=b=c', "found '=', expected: ',' or 'end of string'"],
    ['!a=b', "found '=', expected: ',' or 'end of string'"],
    ['a>b', "unable to parse requirement: for 'Gt', 'Lt' operators, the value must be an integer"],
    ['a==(', "unable to parse requirement: found '(', expected: identifier"],
    [',a', "unable to parse requirement: found ',', expected: identifier"],
    ['-a=b', 'unable to parse requirement: key: Invalid value: "-a": expected [prefix/]name'],
    ['Ex.com/a=b', 'unable to parse requirement: key: Invalid value: "Ex.com/a": expected [prefix/]name'],
    [
      'a=b/c',
      `unable to parse requirement: values: Invalid value: "b/c": expected at most 63 letters, digits, '-', '_' or '.'`,
    ],
  ])('refuses %s', (selector, message) => {
    expect(() => parseLabelSelector(selector)).toThrow(new SelectorError(message));
  });

  it('refuses a value of 64 characters and takes one of 63', () => {
    expect(() => parseLabelSelector(`a=${'x'.repeat(64)}`)).toThrow(SelectorError);
    expect(matchesLabels(parseLabelSelector(`a=${'x'.repeat(63)}`), { a: 'x'.repeat(63) })).toBe(true);
  });
});

describe('label selectors as objects', () => {
  const expression = (key: string, operator: string, values?: readonly string[]) => ({
    matchExpressions: [{ key, operator, values }],
  });
  it.each([
    ['an empty one', {}, true],
    ['labels', { matchLabels: { a: 'b', tier: 'web' } }, true],
    ['one label that differs', { matchLabels: { a: 'b', tier: 'db' } }, false],
    ['In', expression('tier', 'In', ['db', 'web']), true],
    ['In, without it', expression('tier', 'In', ['db']), false],
    ['NotIn', expression('tier', 'NotIn', ['db']), true],
    ['NotIn, with it', expression('tier', 'NotIn', ['web']), false],
    ['NotIn of an absent label', expression('x', 'NotIn', ['web']), true],
    ['Exists', expression('empty', 'Exists'), true],
    ['Exists of an absent label', expression('x', 'Exists'), false],
    ['DoesNotExist', expression('x', 'DoesNotExist'), true],
    ['DoesNotExist of a label', expression('a', 'DoesNotExist'), false],
    ['labels and expressions', { matchLabels: { a: 'b' }, ...expression('x', 'Exists') }, false],
  ])('%s', (_, selector, selected) => {
    expect(matchesLabels(labelRequirements(selector), labels)).toBe(selected);
  });

  it('an object without labels is selected by what asks for none', () => {
    expect(matchesLabels(labelRequirements({}), undefined)).toBe(true);
    expect(matchesLabels(labelRequirements({ matchLabels: { a: 'b' } }), undefined)).toBe(false);
  });

  it.each([
    ['an unknown operator', expression('a', 'Gt', ['1']), '"Gt" is not a valid label selector operator'],
    [
      'In without values',
      expression('a', 'In', []),
      `values: Required value: must be specified when operator is 'In' (key "a")`,
    ],
    [
      'Exists with values',
      expression('a', 'Exists', ['b']),
      `values: Forbidden: may not be specified when operator is 'Exists' (key "a")`,
    ],
    [
      'no key',
      { matchExpressions: [{ operator: 'Exists' }] },
      'unable to parse requirement: key: Invalid value: "": expected [prefix/]name',
    ],
  ])('refuses %s', (_, selector, message) => {
    expect(() => labelRequirements(selector)).toThrow(new SelectorError(message));
  });
});

describe('field selectors', () => {
  const pod = {
    metadata: { name: 'p', namespace: 'n' },
    spec: { nodeName: 'node-a', hostNetwork: true },
    status: { phase: 'Running' },
  };
  it.each([
    ['', true],
    ['metadata.name=p', true],
    ['metadata.name==p', true],
    ['metadata.name=q', false],
    ['metadata.name!=q', true],
    ['metadata.namespace=n,spec.nodeName=node-a', true],
    ['metadata.namespace=n,spec.nodeName=node-b', false],
    ['status.phase!=Running', false],
    ['spec.hostNetwork=true', true],
    ['spec.absent=', true],
    ['spec.absent!=', false],
    ['spec.absent=x', false],
  ])('%s', (selector, selected) => {
    expect(matchesFields(parseFieldSelector(selector), pod)).toBe(selected);
  });

  it('read what is escaped as itself', () => {
    expect(parseFieldSelector(String.raw`metadata.name=a\,b\=c\\d`)).toEqual([
      { field: 'metadata.name', operator: '=', value: String.raw`a,b=c\d` },
    ]);
  });

  it.each([
    ['metadata.name', "invalid selector: 'metadata.name'; can't understand 'metadata.name'"],
    ['=x', "invalid selector: '=x'; can't understand '=x'"],
    ['a=b=c', 'invalid field selector: unescaped or wrongly escaped character in value: b=c'],
    [String.raw`a=b\x`, String.raw`invalid field selector: unescaped or wrongly escaped character in value: b\x`],
    ['spec.image=x', 'field label not supported: spec.image'],
  ])('refuse %s', (selector, message) => {
    const supported = selector.startsWith('spec') ? ['metadata.name'] : undefined;
    expect(() => parseFieldSelector(selector, supported)).toThrow(new SelectorError(message));
  });

  it('take a supported field', () => {
    expect(parseFieldSelector('metadata.name=x', ['metadata.name'])).toHaveLength(1);
  });
});

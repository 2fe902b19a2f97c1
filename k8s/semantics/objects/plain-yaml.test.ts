/** What is read the short way is what js-yaml reads, at the same places. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { load, parseEvents } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { MANIFEST_SCHEMA } from './manifest-schema.ts';
import { readPlainYaml, type Offsets } from './plain-yaml.ts';
import { positionsOf } from './positions.ts';

const RUNS = 3000;

/** Undefined where js-yaml refuses it. */
function whole(text: string): { readonly found: unknown } | undefined {
  try {
    return { found: load(text, { schema: MANIFEST_SCHEMA, json: true, maxAliases: 100, maxDepth: 100 }) };
  } catch {
    return undefined;
  }
}

/** True when it was plain. */
function compare(text: string): boolean {
  const offsets: Offsets = new Map();
  const plain = readPlainYaml(text);
  if (plain === undefined) return false;
  expect(plain, text).toStrictEqual(whole(text));
  if (readPlainYaml(text, offsets) === undefined) return true;
  const expected = [...positionsOf(text, parseEvents(text, {})).offsets].filter(([pointer]) => pointer !== '');
  expect(Object.fromEntries(offsets), text).toStrictEqual(
    Object.fromEntries(expected.map(([pointer, { key, value }]) => [pointer, key ?? value])),
  );
  return true;
}

const KEYS = ['a', 'b', 'spec', 'app.kubernetes.io/name', 'y', 'on', 'null', '"q"', '1', '__proto__', '<<', 'toString'];
const VALUES = [
  ...[
    '',
    ' ',
    'x',
    'web-1',
    'a b',
    'a  b',
    '1',
    '0',
    '017',
    '1_000',
    '0x1f',
    '1e3',
    '-1',
    '+1',
    '.5',
    '1.',
    '-.inf',
    '.nan',
  ],
  ...[
    '~',
    'null',
    'Null',
    'yes',
    'No',
    'on',
    'y',
    'true',
    'TRUE',
    '22:22',
    '1:2:3',
    '2020-01-01',
    '1.2.3',
    '128Mi',
    '100m',
  ],
  ...[
    'a # c',
    'a#c',
    '# c',
    'a: b',
    'a:b',
    'a:',
    ':a',
    '- a',
    '-',
    '--- a',
    '-a',
    '---',
    '...',
    '?',
    '? a',
    '%a',
    '=',
    '<<',
    '<a',
  ],
  ...[
    `''`,
    `'a'`,
    `'a''b'`,
    `'a' # c`,
    `'a'#c`,
    `'a: b'`,
    `'a`,
    '""',
    '"a"',
    '"a\\n"',
    '"a" b',
    '"#"',
    '"a": b',
    `"'"`,
    `'"'`,
  ],
  ...[
    '[]',
    '{}',
    '[a, b]',
    '[a,b]',
    '[ a , b ]',
    '[a, ]',
    '[,]',
    '[1, yes]',
    '[a b, "c"]',
    '[a: b]',
    '[a:b]',
    '[[a], {b: c}]',
  ],
  ...[
    '{a: b}',
    '{ a: b, c: 1 }',
    '{a: b,c: d}',
    '{a:b}',
    '{a}',
    '{a: }',
    '{a: [b]}',
    '{"a": b}',
    '{a: b} x',
    '[a] # c',
    '[a]#c',
    '[-1]',
    '{a: -}',
  ],
  ...[
    '|',
    '|-',
    '|+',
    '>',
    '| # c',
    '|2',
    '&x a',
    '*x',
    '!!str a',
    '@a',
    '`a`',
    '$(a)',
    '(a)',
    '/a',
    './a',
    '~a',
    '*',
    '"',
    "'",
  ],
];
const indent = fc.constantFrom(0, 0, 1, 2, 2, 3, 4, 4, 6);
const line = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .record({
        indent,
        dash: fc.constantFrom('', '', '- ', '-   ', '- - '),
        key: fc.constantFrom(...KEYS),
        value: fc.constantFrom(...VALUES),
      })
      .map((one) => `${' '.repeat(one.indent)}${one.dash}${one.key}: ${one.value}`),
  },
  {
    weight: 3,
    arbitrary: fc
      .record({ indent, key: fc.constantFrom(...KEYS) })
      .map((one) => `${' '.repeat(one.indent)}${one.key}:`),
  },
  {
    weight: 3,
    arbitrary: fc
      .record({ indent, value: fc.constantFrom(...VALUES) })
      .map((one) => `${' '.repeat(one.indent)}- ${one.value}`),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({ indent, value: fc.constantFrom(...VALUES) })
      .map((one) => ' '.repeat(one.indent) + one.value),
  },
  fc.constantFrom(
    '',
    '  ',
    '# c',
    '  # c',
    '---',
    'é: ü',
    'a: ü – b',
    'a: \u{1f600}',
    'a: \u00a0',
    'a: \u2028b',
    'a: \ufeff',
    '\ta: b',
    'a:\tb',
    'a: b\r',
    '-',
    '  -',
  ),
);
/** Nested maps and lists as people indent them, with the values above in them. */
const { tree } = fc.letrec<{ tree: readonly string[]; map: readonly string[]; list: readonly string[] }>((tie) => {
  const value = fc.constantFrom(...VALUES);
  const member = fc.oneof(
    { weight: 3, arbitrary: fc.tuple(fc.constantFrom('a', 'b', 'c-d'), value).map(([key, one]) => [`${key}: ${one}`]) },
    fc
      .tuple(fc.constantFrom('e', 'f'), fc.boolean(), tie('tree'))
      .map(([key, deep, lines]) => [
        `${key}:`,
        ...lines.map((one) => (deep || !(lines[0] ?? '').startsWith('- ') ? `  ${one}` : one)),
      ]),
    fc
      .tuple(
        fc.constantFrom('| ', '|', '|-', '>', '>-'),
        fc.array(fc.constantFrom('one', '  two', '', '# three', 'a: b'), { minLength: 1, maxLength: 4 }),
      )
      .map(([mark, lines]) => [`g: ${mark}`, ...lines.map((one) => (one === '' ? '' : `  ${one}`))]),
    fc.constantFrom(
      ['j:', '  [a, b=c]'],
      ['j:', '  { a: b,', '    c: d }'],
      ['j:', '    [a]', '  '],
      ['j:', '  {a: b}: c'],
      ['j:', '  [a]', '  b: c'],
      ['k: { a:', '    b }'],
      ['k: {', '    a:', '      { b: c } }'],
      ['k: { a:', '  }'],
      ['# c'],
      [''],
      ['h: one', '  two', '   - three', '  "four"'],
      ['h: one', '', '  two'],
      ['h: one # c', '  two'],
      ['h: one', '  two # c', '  three'],
      ['h: 1', '  2'],
    ),
  );
  return {
    tree: fc.oneof({ depthSize: 'small' }, tie('map'), tie('list')),
    map: fc.array(member, { minLength: 1, maxLength: 4 }).map((members) => members.flat()),
    list: fc
      .array(
        fc.oneof(
          value.map((one) => [one]),
          tie('map'),
        ),
        { minLength: 1, maxLength: 3 },
      )
      .map((members) => members.flatMap((lines) => lines.map((one, index) => `${index === 0 ? '- ' : '  '}${one}`))),
  };
});
const ended = (lines: fc.Arbitrary<readonly string[]>): fc.Arbitrary<string> =>
  fc.tuple(lines, fc.boolean()).map(([all, end]) => all.join('\n') + (end ? '\n' : ''));

describe('plain YAML', () => {
  it('is what js-yaml reads, or is left to it', () => {
    let plain = 0;
    const holds = (text: string): void => {
      if (compare(text)) plain += 1;
    };
    fc.assert(fc.property(ended(fc.array(line, { maxLength: 7 })), holds), { numRuns: RUNS });
    fc.assert(fc.property(ended(tree), holds), { numRuns: RUNS });
    expect(plain).toBeGreaterThan(RUNS / 10);
  });

  it('is what our own manifests are written in', () => {
    const folder = join(import.meta.dirname, '../../manifests');
    const documents = readdirSync(folder)
      .filter((name) => name.endsWith('.yaml'))
      .flatMap((name) => readFileSync(join(folder, name), 'utf8').split(/^---$/m));
    const plain = documents.filter(compare);
    expect(plain.length).toBeGreaterThan(documents.length * 0.8);
  });
});

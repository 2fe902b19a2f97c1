import { describe, expect, it } from 'vitest';
import { renderProblem } from '../problems.ts';
import { MAX_YAML_BYTES, parseYamlFile, readYamlFile } from './parse.ts';

const told = (text: string): string[] => parseYamlFile(text, 'x.yaml').problems.map(renderProblem);

describe('parseYamlFile', () => {
  it('gives the place of every value and key', () => {
    const file = parseYamlFile('# a comment\na:\n  - b: "x"\n    "c/d": { e: 1 }\nlast:\n', 'x.yaml');
    expect(file.problems).toEqual([]);
    expect(file.value).toEqual({ a: [{ b: 'x', 'c/d': { e: 1 } }], last: null });
    const at = (pointer: string, what?: 'key'): string => {
      const { line, column } = file.at(pointer, what);
      return `${line}:${column}`;
    };
    expect(at('/a')).toBe('3:3');
    expect(at('/a', 'key')).toBe('2:1');
    expect(at('/a/0')).toBe('3:5');
    expect(at('/a/0/b')).toBe('3:8');
    expect(at('/a/0/c~1d/e')).toBe('4:17');
    expect(at('/last')).toBe('5:1');
    expect(at('/a/0/c~1d/missing')).toBe('4:5');
  });

  it('counts the same with a byte order mark and Windows line ends', () => {
    const file = parseYamlFile('\uFEFFa: 1\r\nb: { c: 2 }\r\n', 'x.yaml');
    expect(file.value).toEqual({ a: 1, b: { c: 2 } });
    expect(file.at('/b/c')).toEqual({ file: 'x.yaml', line: 2, column: 9 });
  });

  it('keeps words, dates and numbers of YAML 1.2 as they are written', () => {
    expect(parseYamlFile('a: yes\nb: 2026-01-01\nc: 1:30\nd: on\ne: true\nf: 12\n', 'x.yaml').value).toEqual({
      a: 'yes',
      b: '2026-01-01',
      c: '1:30',
      d: 'on',
      e: true,
      f: 12,
    });
  });

  it('refuses what a reader could misread', () => {
    expect(told('a: 1\na: 2\nb: { c: 1, c: 2 }\n')).toEqual([
      'x.yaml:2:1: a: the key "a" is written twice (first on line 1). Fix: Remove one of the two.',
      'x.yaml:3:12: b.c: the key "c" is written twice (first on line 3). Fix: Remove one of the two.',
    ]);
    expect(told('a:\n\tb: 1\n')).toEqual(['x.yaml:2:1: a tab is used for indentation. Fix: Indent with spaces.']);
    expect(told('a: 1\n---\nb: 2\n')).toEqual(['x.yaml: it holds more than one document. Fix: Split it into files.']);
    expect(told('')).toEqual(['x.yaml: it is empty. Fix: Write the document.']);
    expect(told('__proto__: { a: 1 }\n')[0]).toContain('this key is not allowed');
    expect(told('? [1, 2]\n: 3\n')[0]).toContain('a key must be text');
    expect(told('a: "open')[0]).toContain('a quote is not closed');
    expect(told('a: [1, 2')[0]).toContain('a bracket is not closed');
    expect(told('a: [1, 2\nb: 3\n')[0]).toContain('a quote or bracket opened above it is not closed');
    expect(told('a: b: c\n')[0]).toContain('the indentation is wrong here');
  });

  it('refuses anchors, aliases, tags and merge keys before anything is built from them', () => {
    const bomb = [
      'a: &a [x, x]',
      ...Array.from({ length: 30 }, (_, i) => `b${i}: &b${i} [*${i ? `b${i - 1}` : 'a'}, *a]`),
    ];
    const file = parseYamlFile(bomb.join('\n'), 'x.yaml');
    expect(file.value).toBeUndefined();
    expect(file.problems).toHaveLength(31);
    expect(told('a: *nowhere\n')[0]).toContain('an alias (*) is not allowed');
    expect(told('a: !!js/function "x"\n')[0]).toContain('a tag (!) is not allowed');
    expect(told('a:\n  <<: { b: 1 }\n')[0]).toContain('merge keys are not allowed');
  });

  it('refuses depth and size', () => {
    expect(told('['.repeat(5000))[0]).toContain('nested deeper');
    expect(told(`a: ${'x'.repeat(MAX_YAML_BYTES)}`)[0]).toContain('larger than 1024 KiB');
  });

  it('never shows a secret beside a problem', () => {
    const file = parseYamlFile('{ password: "hunter2", a: 1, a: 2 }', 'x.yaml');
    expect(file.problems[0]?.excerpt).toBe('{ password: ***, a: 1, a: 2 }');
  });
});

describe('readYamlFile', () => {
  it('tells a missing file and a folder', () => {
    expect(readYamlFile('/', 'nowhere/x.yaml').problems.map(renderProblem)).toEqual([
      'nowhere/x.yaml: there is no such file. Fix: Create it or correct the name.',
    ]);
    expect(readYamlFile('/', 'tmp').problems.map(renderProblem)).toEqual([
      'tmp: it is not a file. Fix: Name a YAML file.',
    ]);
  });
});

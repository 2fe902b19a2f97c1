import { expect, it } from 'vitest';
import { readMarkdown } from './markdown.ts';

const read = (text: string) => readMarkdown('docs/a.md', text);

it('takes the front matter as it is written, and only at the very beginning', () => {
  const { front } = read('---\nreviewed: 2026-01-10\nreviewer: no\nnumber: 01\n---\n# A\n');
  expect(front).toEqual({ reviewed: '2026-01-10', reviewer: 'no', number: '01' });
  expect(read('\n---\nreviewed: 2026-01-10\n---\n').front).toEqual({});
  expect(read('---\na: [\n---\n').frontProblem).toMatch(/./);
  expect(read('---\r\nreviewer: Jane\r\n---\r\ntext').front).toEqual({ reviewer: 'Jane' });
});

it('has another digest when the text changes, and not when only the front matter does', () => {
  expect(read('---\na: 1\n---\ntext').digest).toBe(read('---\na: 2\n---\ntext').digest);
  expect(read('text').digest).not.toBe(read('text.').digest);
});

it('makes anchors as GitHub does', () => {
  const { sections } = read('# Setup & Run\n\n# Größe\n\n# Same\n\n# Same\n\n## `code` and *more*\n');
  expect(sections.map(({ anchor }) => anchor)).toEqual(['setup--run', 'größe', 'same', 'same-1', 'code-and-more']);
});

it('counts the words of a section with those below it, and finds what is still to be written', () => {
  const { sections } = read('# A\n\none two\n\n## B\n\nthree\n\n# C\n\nTODO: write\n');
  expect(sections.map(({ title, words, unwritten }) => [title, words, unwritten])).toEqual([
    ['A', 3, undefined],
    ['B', 1, undefined],
    ['C', 2, 'TODO'],
  ]);
});

it('knows the line of each passage, also below a front matter and within code', () => {
  const { passages, links } = read('---\na: 1\n---\n# T\n\ntext\n[a](b.md)\n\n```sh\nfirst\nsecond\n```\n');
  expect(passages.map(({ line, text, form }) => [line, text, form])).toEqual([
    [4, 'T', 'heading'],
    [6, 'text a', 'prose'],
    [10, 'first', 'code'],
    [11, 'second', 'code'],
  ]);
  expect(links).toEqual([{ to: 'b.md', line: 7 }]);
});

it('keeps the column of a cell, and the sections around a passage', () => {
  const { passages } = read('# T\n\n## U\n\n| Service | port |\n|---|---|\n| `api` | 80 |\n\n# V\n\nlast\n');
  expect(passages.find(({ text }) => text === '`api`')).toMatchObject({
    column: 'Service',
    within: ['T', 'U'],
    line: 7,
  });
  expect(passages.find(({ text }) => text === 'last')).toMatchObject({ within: ['V'] });
});

it('leaves out what is struck out or a comment, and sees set anchors', () => {
  const { passages, ids } = read('~~old `gone`~~ new\n\n<!-- `hidden` -->\n\n<a id="here"></a>\n\n`x <a id="code">`\n');
  expect(JSON.stringify(passages)).not.toMatch(/gone|hidden/);
  expect(ids).toEqual(['here']);
});

it('takes time that grows with the length alone', () => {
  const lines = (count: number): string =>
    Array.from({ length: count }, (_, i) => `## H${i}\n\ntext \`a\`\n`).join('\n');
  expect(read(lines(3000)).sections).toHaveLength(3000);
});

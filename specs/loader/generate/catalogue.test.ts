import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CATALOGUE_FILE, SHAPES_FILE } from './catalogue.ts';
import { anchor } from './params-table.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const pages = [
  CATALOGUE_FILE,
  SHAPES_FILE,
  ...readdirSync(join(ROOT, 'checks'))
    .map((domain) => `checks/${domain}/README.md`)
    .filter((file) => existsSync(join(ROOT, file))),
];
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const prose = (text: string): string => text.replace(/```.*?```|`[^`\n]*`/gs, '');

describe('the catalogue', () => {
  it.each(pages)('%s links to headings that exist', (page) => {
    const links = [...prose(read(page)).matchAll(/\]\(([^)#\s]*)#?([^)\s]*)\)/g)];
    const broken = links.flatMap(([link, file = '', heading = '']) => {
      const target = file === '' ? page : join(dirname(page), file);
      if (!existsSync(join(ROOT, target))) return [link];
      const headings = [...read(target).matchAll(/^#+ (.+)$/gm)].map((match) => anchor(match[1] ?? ''));
      return heading === '' || headings.includes(heading) ? [] : [link];
    });
    expect(links.length).toBeGreaterThan(0);
    expect(broken).toEqual([]);
  });

  it('describes a shared shape on its own page only', () => {
    const described = pages.filter((page) => read(page).includes('"kubernetes-secret"'));
    expect(described).toEqual([SHAPES_FILE]);
  });
});

import { expect, it } from 'vitest';
import { reachFigure, reachMatrixSvg } from './reach-matrix.ts';

const matrix = {
  sources: ['shop/web', 'shop/<db>'],
  targets: ['shop/<db> 5432/TCP'],
  cells: [['allow'], ['undefined']],
} as const;

it('says of each pair whether it may, in words too, and no name becomes markup', () => {
  const svg = reachMatrixSvg(matrix);
  expect(svg).toMatch(/^<svg\s+xmlns="http:\/\/www\.w3\.org\/2000\/svg"\s/);
  expect(svg).toContain('<title>shop/web to shop/&lt;db&gt; 5432/TCP: allowed</title');
  expect(svg).toContain('shop/&lt;db&gt; to shop/&lt;db&gt; 5432/TCP: not judged');
  expect(svg.match(/<rect /g)).toHaveLength(2);
  expect(svg).not.toContain('<db>');
});

it('is an image also where there is nobody', () => {
  expect(reachMatrixSvg({ sources: [], targets: [], cells: [] })).toMatch(/<\/svg>\s*$/);
});

it('is in the report without a style of its own, and as a table', () => {
  const figure = reachFigure('Who may reach whom', matrix).toString();
  expect(figure).not.toContain('<style');
  expect(figure).toMatch(/<td>shop\/web<\/td>\s*<td>allowed<\/td>/);
  expect(figure).toMatch(/<td>not judged<\/td>/);
  expect(figure).not.toContain('<db>');
});

/** What was measured over time stands on one timeline: the same moment in the same column. */
import { describe, expect, it } from 'vitest';
import type { Evidence } from '../../../checks/contract/outcome.ts';
import { drawAllEvidence } from './evidence.ts';
import { HOSTILE } from './sample.ts';

const link = () => ({ missing: 'nowhere' });
const series = (title: string, points: readonly (readonly [number, number])[]): Evidence => ({
  type: 'series',
  title,
  unit: 'count',
  points,
});
const drawn = (...all: Evidence[]): string => drawAllEvidence(all, link).map(String).join('\n');
const lines = (text: string): readonly string[] =>
  [...text.matchAll(/polyline points="([^"]+)"/g)].map(([, at = '']) => at);

describe('series', () => {
  it('are drawn over the same time, those that begin later further to the right', () => {
    const load = series('Load', [
      [0, 10],
      [10_000, 20],
    ]);
    const replicas = series('Replicas', [
      [5000, 2],
      [10_000, 4],
    ]);
    const text = drawn(load, { type: 'text', title: 'Words', text: 'x' }, replicas);
    expect(text.match(/<figure/g)).toHaveLength(2);
    expect(text).toMatch(/On one timeline[^]*Load[^]*Replicas/);
    const [first = '', second = ''] = lines(text);
    expect([first.split(',')[0], second.split(',')[0]]).toEqual(['0', '50']);
    expect(second).toMatch(/100,[\d.]+$/);
  });

  it('alone has its own time, as before', () => {
    const text = drawn(
      series('Load', [
        [5000, 1],
        [10_000, 2],
      ]),
    );
    expect(text).not.toContain('On one timeline');
    expect(lines(text)[0]).toMatch(/^0,/);
  });

  it('without a point, or with one, still stand beside the others', () => {
    const text = drawn(
      series('Nothing', []),
      series(HOSTILE, [[5, 1]]),
      series('Load', [
        [0, 1],
        [10, 2],
      ]),
    );
    expect(text).toContain('No points were measured.');
    expect(text).toContain('cx="50"');
    expect(text).not.toContain(HOSTILE);
    expect(drawn(series('A', []), series('B', []))).not.toMatch(/NaN|Infinity/);
  });
});

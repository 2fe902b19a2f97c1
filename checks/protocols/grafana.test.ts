import { describe, expect, it } from 'vitest';
import { panelsOf, putVariables } from './grafana.ts';

describe('panels of a dashboard', () => {
  const steps = [
    { color: 'green', value: null },
    { color: 'red', value: 80 },
  ];
  const panel = (type: string, custom?: object) => ({
    type,
    title: type,
    datasource: { type: 'prometheus', uid: 'p' },
    targets: [
      { refId: 'A', expr: 'up' },
      { refId: 'B', expr: 'down', hide: true },
    ],
    fieldConfig: { defaults: { thresholds: { mode: 'absolute', steps }, ...(custom ? { custom } : {}) } },
  });
  it('are found in rows; hidden queries and texts are left out', () => {
    const found = panelsOf({ panels: [{ type: 'row', panels: [panel('stat')] }, { type: 'text' }] });
    expect(found.map(({ title, queries }) => [title, queries.map(({ expr }) => expr)])).toEqual([['stat', ['up']]]);
  });
  it('show the thresholds that Grafana writes into every panel only where it draws them', () => {
    const drawn = { thresholdsStyle: { mode: 'line' } };
    const found = panelsOf({
      panels: [panel('stat'), panel('timeseries'), panel('timeseries', drawn), panel('table')],
    });
    expect(found.map(({ thresholds }) => thresholds.length)).toEqual([2, 0, 2, 0]);
  });
});

describe('variables of an expression', () => {
  it('are put in whatever way they are written', () => {
    const { expr, unknown } = putVariables('rate(a{job=~"${job:regex}",x="[[x]]"}[$__rate_interval]) > $bound', {
      job: 'api',
      x: 'y',
      __rate_interval: '4m',
    });
    expect(expr).toBe('rate(a{job=~"api",x="y"}[4m]) > $bound');
    expect(unknown).toEqual(['bound']);
  });
  it('are not mistaken for the end of a regular expression', () => {
    expect(putVariables('a{b=~"^c$"}', {})).toEqual({ expr: 'a{b=~"^c$"}', unknown: [] });
  });
});

import { describe, expect, it } from 'vitest';
import { isRed, panelsOf, putVariables, sourceTypeOf, templatingOf } from './grafana.ts';

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
  it('say of their data source what they know, and that a library has their queries', () => {
    const [text, uid, library] = panelsOf({
      panels: [
        { type: 'logs', datasource: '$logs', targets: [{ expr: '{a="b"}' }] },
        { type: 'stat', targets: [{ expr: 'up', datasource: { uid: 'p' } }] },
        { type: 'stat', libraryPanel: { uid: 'x' } },
      ],
    });
    expect([text, uid].map((panel) => panel?.queries[0]?.source)).toEqual([
      { type: '', ref: '$logs' },
      { type: '', ref: 'p' },
    ]);
    expect([text, uid, library].map((panel) => panel?.inLibrary)).toEqual([false, false, true]);
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

it('red is seen in any notation', () => {
  const red = [
    'red',
    'dark-red',
    '#F2495C',
    '#f00',
    '#f00c',
    '#ff0000cc',
    'rgb(242, 73, 92)',
    'rgba(100% 10% 10% / 0.5)',
  ];
  expect([...red, 'hsl(355, 86%, 62%)'].filter((color) => !isRed(color))).toEqual([]);
  expect(['green', '#73BF69', '#ff9830', 'rgb(115,191,105)', 'hsl(120, 90%, 40%)', '', 'text'].filter(isRed)).toEqual(
    [],
  );
});

it('variables have the values that the dashboard brings along', () => {
  const list = [
    { name: 'job', type: 'query', allValue: '.+', current: { value: ['$__all'] } },
    { name: 'any', type: 'query', current: { value: '$__all' } },
    { name: 'pod', type: 'query', current: { value: ['a', 'b'] } },
    { name: 'env', type: 'custom', query: 'x, y', current: { value: '$__all' } },
    { name: 'fixed', type: 'constant', query: 'c' },
    { name: 'unset', type: 'query', current: {} },
    { name: 'logs', type: 'datasource', query: 'loki' },
  ];
  expect(templatingOf({ templating: { list } })).toEqual({
    variables: { job: '.+', any: '.+', pod: '(a|b)', env: '(x|y)', fixed: 'c' },
    sourceTypes: { logs: 'loki' },
  });
});

it('the type of a data source is found by variable, uid, name or as the default, else unknown', () => {
  const sources = [
    { uid: 'p', name: 'Metrics', type: 'prometheus', isDefault: true },
    { uid: 'l', name: 'Lines', type: 'loki', isDefault: false },
  ];
  const typeOf = (ref: string, type = ''): string => sourceTypeOf({ type, ref }, { logs: 'loki' }, sources);
  expect(['$logs', '${logs}', 'l', 'Lines', '', '$other', 'gone'].map((ref) => typeOf(ref))).toEqual([
    'loki',
    'loki',
    'loki',
    'loki',
    'prometheus',
    '',
    '',
  ]);
  expect(typeOf('p', 'tempo')).toBe('tempo');
});

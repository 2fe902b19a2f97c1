import { describe, expect, it } from 'vitest';
import { isRed } from './grafana-colours.ts';
import { colorsOf, panelsOf } from './grafana-panels.ts';
import { putVariables, sourceTypeOf, templatingOf } from './grafana.ts';

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

it('panels have the colours of their mappings, their fields and of older Grafanas', () => {
  const red = [
    { color: 'green', value: null },
    { color: 'red', value: 1 },
  ];
  const [mapped, field, cells, single, expression] = panelsOf({
    panels: [
      {
        type: 'stat',
        fieldConfig: {
          defaults: {
            mappings: [
              { type: 'value', options: { 0: { color: 'red', text: 'DOWN' } } },
              { type: 'range', options: { from: 5, to: null, result: { color: 'dark-red' } } },
            ],
          },
        },
      },
      {
        type: 'stat',
        fieldConfig: { defaults: {}, overrides: [{ properties: [{ id: 'thresholds', value: { steps: red } }] }] },
      },
      {
        type: 'table',
        fieldConfig: { defaults: { thresholds: { steps: red }, custom: { cellOptions: { type: 'color-text' } } } },
      },
      { type: 'singlestat', colorValue: true, thresholds: '50,80', colors: ['green', 'orange', 'red'] },
      {
        type: 'stat',
        targets: [
          { refId: 'A', expr: 'up', hide: true },
          { refId: 'B', datasource: { type: '__expr__', uid: '__expr__' }, expression: '$A * 2' },
        ],
      },
    ],
  });
  expect([0, 3, 7].map((value) => mapped && colorsOf(value, mapped))).toEqual([['red'], [''], ['dark-red']]);
  expect(field && colorsOf(2, field)).toEqual(['', 'red']);
  expect(cells && colorsOf(2, cells)).toEqual(['red']);
  expect([40, 60, 90].map((value) => single && colorsOf(value, single)[0])).toEqual(['green', 'orange', 'red']);
  expect(expression).toMatchObject({ transformed: 'an expression', queries: [{ expr: 'up' }, { expr: '' }] });
});

it('panels below a repeated row are repeated with it', () => {
  const panel = { type: 'stat', title: 'a' };
  const repeats = panelsOf({
    panels: [
      panel,
      { type: 'row', repeat: 'job' },
      panel,
      { ...panel, repeat: 'pod' },
      { type: 'row' },
      panel,
      { type: 'row', repeat: 'job', panels: [panel] },
    ],
  }).map(({ repeat }) => repeat);
  expect(repeats).toEqual([undefined, 'job', 'pod', undefined, 'job']);
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
    'rgba(139, 0, 0, 0.8)',
    '#890f02',
    'crimson',
    'hsl(-5deg 90% 40%)',
  ];
  expect([...red, 'hsl(355, 86%, 62%)'].filter((color) => !isRed(color))).toEqual([]);
  expect(
    [
      'green',
      '#73BF69',
      '#ff9830',
      '#FF780A',
      'rgba(237, 129, 40, 0.89)',
      '#808080',
      '#fff',
      '#000',
      'purple',
      'rgb(115,191,105)',
      'hsl(120, 90%, 40%)',
      '',
      'text',
    ].filter(isRed),
  ).toEqual([]);
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
    choices: { job: ['.+'], any: ['.+'], pod: ['a', 'b'], env: ['x', 'y'], fixed: ['c'] },
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

import { expect, it } from 'vitest';
import { constantQueries } from './constant-queries.ts';

const place = { file: 'specs/a.yaml', line: 3, column: 5 };
const item = (id: string, kind: string, params: Readonly<Record<string, unknown>>) => ({ id, kind, params, place });
const found = (...items: ReturnType<typeof item>[]): string[] =>
  constantQueries(items).map(({ item: { id }, param }) => `${id} ${param}`);

it.each([
  ['sum(rate(errors_total[$window])) or vector(0)', true],
  ['sum(rate(errors_total[${window}])) or vector(0)', true],
  ['vector(1)', true],
  ['max(lag) or absent(lag)', true],
  ['(sum(rate(e[5m])) or vector(0)) / sum(rate(r[5m]))', false],
  ['sum(alerts) or 0 * sum(up)', false],
  ['sum(rate(vector_total[5m]))', false],
  ['this is no PromQL: vector(', false],
])('%s', (query, isConstant) => {
  expect(found(item('A', 'observability/slo-window', { query }))).toEqual(isConstant ? ['A query'] : []);
});

it('is told once, at its place in the params', () => {
  const metrics = [
    { name: 'a', query: 'up' },
    { name: 'b', query: 'b or vector(0)' },
  ];
  expect(found(item('A', 'x/y', { metrics }), item('B', 'x/y', { metrics }))).toEqual(['A metrics[1].query']);
});

it('is meant where a counter of the new release begins', () => {
  const metrics = [{ name: 'Orders', fresh: 'o or vector(0)', stable: 'p or vector(0)' }];
  expect(found(item('A', 'cutover/trigger', { business: { metrics }, other: 'q or vector(0)' }))).toEqual(['A other']);
});

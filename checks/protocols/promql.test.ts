import { describe, expect, it } from 'vitest';
import { inGoodTimes, selectorsOf, selectorText } from './promql.ts';

const texts = (expression: string): string[] => selectorsOf(expression).map(selectorText);

describe('selectors of an expression', () => {
  it('are found in functions, aggregations and operators', () => {
    expect(
      texts('sum by (job, le) (rate(http_seconds_bucket{job="a"}[5m])) / on(job) group_left(team) up > 0.5'),
    ).toEqual(['http_seconds_bucket{job="a"}', 'up']);
    expect(texts('sum(rate(a[5m])) by (job) unless count without (pod) (b offset 5m)')).toEqual(['a', 'b']);
    expect(texts('max_over_time(rate(a[1m])[1h:1m] @ end()) > bool 1e3 and absent(c == 1)')).toEqual(['a', 'c']);
  });
  it('may have no metric name, or one in quotes or in a label', () => {
    expect(texts('{job="a",pod=~"x.*"}')).toEqual(['{job="a",pod=~"x.*"}']);
    expect(texts('{__name__="a", b!="c"}')).toEqual(['a{b!="c"}']);
    expect(texts('{"a.b", c="d"}')).toEqual(['{__name__="a.b",c="d"}']);
  });
  it('are not taken from strings, comments, numbers or label lists', () => {
    expect(texts(`label_replace(up{a="b{c}"}, "x", "$1", "y", "z") # ignored{a="b"}`)).toEqual(['up{a="b{c}"}']);
    expect(texts('vector(1) + 5m * inf or nan')).toEqual([]);
    expect(texts('job:errors:ratio_rate5m{job=`a"b`} > 1')).toEqual(['job:errors:ratio_rate5m{job="a\\"b"}']);
  });
  it('are relaxed where trouble would have to come first', () => {
    const [selector] = selectorsOf('http_requests_total{job="a",status=~"5..",path!="/health"}');
    expect(selector && selectorText(inGoodTimes(selector))).toBe('http_requests_total{job="a",status!=""}');
    const [anyCluster] = selectorsOf('up{cluster=~".*",job=~"a|",pod=~".+"}');
    expect(anyCluster && selectorText(inGoodTimes(anyCluster))).toBe('up{pod!=""}');
  });
});

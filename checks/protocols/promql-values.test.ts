import { expect, it } from 'vitest';
import { holdsFor, impossiblePart } from './promql-values.ts';

const RECORDS: Readonly<Record<string, readonly string[]>> = {
  'job:errors:ratio': ['sum by (job) (rate(r_total{status=~"5.."}[5m])) / sum by (job) (rate(r_total[5m]))'],
};
const records = (metric: string): readonly string[] => RECORDS[metric] ?? [];

it.each([
  'sum(rate(r_total{route!="/x",status=~"5.."}[5m])) / sum(rate(r_total{route!="/x"}[5m])) > 5',
  'sum by (job) (rate(r_total{status=~"5.."}[5m]))\n  / sum by (job) (rate(r_total[5m])) > 1',
  '(sum(increase(r_total{a="b",c="d"}[1h])) or vector(0)) / (sum(increase(r_total{a="b"}[1h])) > 0) >= 1.5',
  '100 * sum(rate(r_total{status=~"5.."}[5m])) / sum(rate(r_total[5m])) > 500',
  '1 - sum(rate(ok_total{a="b"}[5m])) / sum(rate(ok_total[5m])) > 1',
  'rate(hits_total[5m]) / (rate(hits_total[5m]) + rate(misses_total[5m])) > 1',
  'count(up == 0) / count(up) > 1',
  'job:errors:ratio > 5',
  '5 < job:errors:ratio',
  'avg by (job) (up) > 1',
  'up{job="a"} == 2',
  'sum(rate(r_total[5m])) < 0',
  'count(up) < 1',
  'histogram_fraction(0, 1, x) > 1',
  'hour() > 24',
  'clamp_max(x, 10) > 10',
  'x > 5 and x < 3',
  'x > 5 and x < 5',
  'x > 5 unless x',
  'x > 5 unless x > 3',
  'x > 5 unless on () vector(1)',
  'vector(0) == 1',
  'absent(vector(1))',
  'sum(x > 1 and x < 1)',
  'x > 1 and on () vector(0) == 1',
  'absent(x) > 1',
  '-rate(r_total[5m]) > 0',
])('%s can never fire', (text) => {
  expect(impossiblePart(text, records)).not.toBeNull();
});

it.each([
  'sum(rate(r_total{status=~"5.."}[5m])) / sum(rate(r_total[5m])) > 0.05 and sum(rate(r_total[5m])) > 1',
  'sum(rate(r_total{status=~"5.."}[5m])) / sum(rate(other_total[5m])) > 5',
  'sum by (a) (rate(r_total{status=~"5.."}[5m])) / sum(rate(r_total[5m])) > 1 or vector(1)',
  'rate(r_total{status="500"}[1m]) / rate(r_total[5m]) > 1',
  'max(x{a="b"}) / max(x) > 2',
  'sum(degrees{a="b"}) / sum(degrees) > 2',
  '(sum(rate(a_total{b="c"}[5m])) or sum(rate(d_total[5m]))) / sum(rate(a_total[5m])) > 2',
  'clamp_min(sum(rate(a_total{b="c"}[5m])), 9) / sum(rate(a_total[5m])) > 2',
  'histogram_quantile(0.95, sum by (le) (rate(d_bucket[5m]))) > 2',
  'absent(up{job="a"} == 1)',
  'up == 0',
  'up < 1',
  'min(up) != 1',
  'x >= 5 unless x > 5',
  'x > 5 unless x > 10',
  'x > 5 unless on (job) y',
  'x > 5 and x < 10',
  'job:errors:ratio > 0.999',
  '(1 - job:errors:ratio) * 100 < 99.9',
  'kube_deployment_status_replicas_available < kube_deployment_spec_replicas',
  'x > bool 5 == 0',
  'time() - backup_last_seconds > 86400',
  'predict_linear(free_bytes[6h], 4 * 3600) < 0',
  'increase(restarts_total[15m]) > 3',
  'a * on (x) group_left (y) b > 1e9',
  'WITH (x = y) x > 1',
  'x offset 5m > 1',
  'rate(r_total[5m]) == Inf',
  'sum(x) - sum(y) < 0',
  'deriv(x[5m]) < 0',
  'vector(1)',
  'day_of_week() == 6 and x > 1',
  'count(count by (version) (build_info)) > 1',
  'servers_up > 3',
  'balance_total < 0',
  '(count(x) or on () vector(0)) == 0',
  'rate(r_total[5m]) / rate(r_total[5m] offset 1d) > 2',
  'sum by (status) (rate(r_total{status=~"5.."}[5m])) / ignoring (status) group_left () sum(rate(r_total[5m])) > 2',
  'absent(up == 2)',
  // Of the rules of kube-prometheus.
  'count by (a) (count_values by (a) ("config_hash", alertmanager_config_hash{job="a"})) != 1',
  '(count by (a) (avg_over_time(up{job="a"}[5m]) < 0.5) / count by (a) (up{job="a"})) >= 0.5',
  '(a > b) and (changes(updated[10m]) == 0)',
  'sum(x) - (sum(y) - max(y)) > 0 and (sum(y) - max(y)) > 0',
  'used{type="used"} / ignoring (type) (used{type="hard"} > 0) == 1',
  'sum(increase(throttled_total{c!=""}[5m])) without (id) / sum(increase(periods_total[5m])) without (id) > ( 25 / 100 )',
  '(a / b) < 0.03 and used > 0 unless on (c) mode{m="x"} == 1 unless on (c) labels{l="y"} == 1',
  'sum(rate(t_total[10m])) / (sum(rate(r_total[10m])) + sum(rate(t_total[10m]))) > 0.20',
  '(taint{k="a"} unless ignoring (key, value) taint{k=~"b|c"}) == 1',
  'histogram_quantile(0.01, sum without (i) (rate(e_seconds_bucket[5m]))) < 604800 and on (j) e_seconds_count > 0',
  'sum without (mode) (avg without (cpu) (rate(node_cpu_seconds_total{mode!~"idle|iowait"}[2m]))) * 100 > 90',
  'ALERTS{severity = "info"} == 1 unless on (namespace) ALERTS{severity =~ "warning|critical"} == 1',
  '100 * (count(up == 0) BY (job) / count(up) BY (job)) > 10',
  'max without (e) (sum without (i) (up == bool 0) or count without (To) (rate(f_total[120s]) > 0.01)) > 0',
  'sum(up{job=~".*etcd.*"} == bool 1) without (instance) < ((count(up) without (instance) + 1) / 2)',
  'avg_over_time(probe_success[5m]) * 100 < 95',
])('%s may fire', (text) => {
  expect(impossiblePart(text, records)).toBeNull();
});

it('names the part that is impossible', () => {
  expect(impossiblePart('x > 1 and (up == 2)', records)).toBe('up == 2');
});

it.each([
  ['job:errors:ratio > 0.05 and sum(rate(r_total[5m])) > 1', 0.1, true],
  ['job:errors:ratio > 5', 0.1, false],
  ['job:errors:ratio > 5 / 100', 0.1, true],
  ['0.05 < sum(x)', 0.1, true],
  ['(x > 14.4 * 0.001 and y > 0.1) or (x > 0.2)', 0.1, true],
  ['(x > 0.5) * on (a) group_left () info', 0.1, false],
  ['sum by (a) (x > 0.5)', 0.6, true],
  ['x < 0.05', 0.1, false],
  ['x > y', 0.1, null],
  ['absent(x == 1)', 0.1, null],
])('%s at %d: %s', (text, value, expected) => {
  expect(holdsFor(text, value, records)).toBe(expected);
});

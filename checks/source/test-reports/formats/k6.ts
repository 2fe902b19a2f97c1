/**
 * Summaries of k6, in its three shapes: `handleSummary` (a threshold says `ok`), `--summary-export` (a threshold says whether it was
 * *crossed*), and the machine-readable one, which has no thresholds. A threshold counts as a test.
 */
import { at, isRecord, listAt, numberAt, textAt } from '../../../contract/json.ts';
import { latestMoment, type Results, type ResultsDoubt, type TestResult } from './types.ts';

type Values = Readonly<Record<string, unknown>>;
interface Metric {
  readonly name: string;
  readonly values: Values;
  /** Expression → whether it held; undefined where the file does not say. */
  readonly thresholds: ReadonlyMap<string, boolean | undefined>;
}

/** Whether parsed JSON is a summary of k6. */
export const isK6 = (value: unknown): boolean =>
  (isRecord(at(value, 'metrics')) && isRecord(at(value, 'root_group'))) ||
  (isRecord(at(value, 'metadata')) && 'k6_version' in (at(value, 'metadata') as object));

export function readK6(value: unknown): Results {
  const machine = isRecord(at(value, 'metadata')) && !isRecord(at(value, 'metrics'));
  const metrics = machine ? [] : Object.entries(at(value, 'metrics') as Values).map(metricOf);
  const tests = metrics.flatMap(testsOf);
  const ranAt = latestMoment(textAt(value, '', 'metadata', 'generated_at'));
  const seconds = numberAt(value, 'config', 'duration');
  const durationMs = machine ? seconds * 1000 : numberAt(value, 'state', 'testRunDurationMs');
  return {
    format: 'k6 summary',
    tests,
    commits: [],
    ...(ranAt === undefined ? {} : { ranAt }),
    ...(Number.isFinite(durationMs) ? { durationMs } : {}),
    doubts: [...metrics.flatMap(emptyOf), ...(tests.length === 0 ? [noThresholds(value, machine)] : [])],
  };
}

function metricOf([name, metric]: readonly [string, unknown]): Metric {
  const nested = at(metric, 'values');
  const given = at(metric, 'thresholds');
  const thresholds = isRecord(given) ? Object.entries(given) : [];
  // Here `true` means crossed; where values are nested, `ok` means held.
  const held = (one: unknown): boolean | undefined => {
    if (typeof one === 'boolean') return !one;
    const ok = at(one, 'ok');
    return typeof ok === 'boolean' ? ok : undefined;
  };
  return {
    name,
    values: isRecord(nested) ? nested : isRecord(metric) ? metric : {},
    thresholds: new Map(thresholds.map(([bound, one]) => [bound, held(one)])),
  };
}

function testsOf({ name, values, thresholds }: Metric): readonly TestResult[] {
  return [...thresholds].map(([bound, held]) => ({
    name: `${name} ${bound}`,
    status: held === undefined ? 'unknown' : held ? 'passed' : 'failed',
    retries: 0,
    flaky: false,
    ...(held === true ? {} : { why: held === false ? 'crossed' : 'neither held nor crossed' }),
    threshold: { metric: name, bound, actual: valueOf(bound, values) },
  }));
}

/** The statistic that an expression names; the exported ones need not hold it. */
function valueOf(bound: string, values: Values): string {
  const statistic = /^\s*([a-z]+(?:\([\d.]+\))?)/.exec(bound)?.[1] ?? '';
  const found = values[statistic] ?? (statistic === 'rate' ? values['value'] : undefined);
  return typeof found === 'number' ? String(found) : 'a value that was not exported';
}

/** k6 fills in zeros for what was never measured, and lets its thresholds hold. */
function emptyOf({ name, values, thresholds }: Metric): readonly ResultsDoubt[] {
  if (thresholds.size === 0 || !isEmpty(values)) return [];
  return [{ reason: 'too-few-samples', why: `${name} has no samples, so its thresholds hold of nothing` }];
}

function isEmpty(values: Values): boolean {
  const numbers = (...names: readonly string[]): readonly unknown[] =>
    names.map((name) => values[name]).filter((one) => one !== undefined);
  // A rate counts both; a trend of zeros alone took no time, which nothing does; a counter that counted nothing.
  const parts = [numbers('passes', 'fails'), numbers('avg', 'min', 'med', 'max'), numbers('count')];
  const told = parts.find((part) => part.length > 0);
  return told?.every((one) => one === 0) ?? false;
}

function noThresholds(value: unknown, machine: boolean): ResultsDoubt {
  const metrics = machine
    ? listAt(value, 'results', 'metrics').length
    : Object.keys(at(value, 'metrics') as Values).length;
  const why = machine
    ? 'this form of the summary leaves thresholds out'
    : 'the script sets no thresholds, or they were switched off';
  return { reason: 'unknown-value', why: `it holds ${metrics} metrics and no threshold: ${why}` };
}

/** OpenMetrics 1.0. Every sample is a gauge, so that the same text is valid in Prometheus' older format (text files, Pushgateway). */
import { DECISIONS } from '../../../checks/contract/decision.ts';
import { OUTCOMES } from '../../../checks/contract/outcome.ts';
import { visibleText } from '../../../checks/contract/visible-text.ts';
import type { GraphItem, ResultGraph } from '../graph.ts';

type Labels = Readonly<Record<string, string>>;
interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

const escape = (text: string): string =>
  visibleText(text).replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');

/** Labels that name what the samples are about; the same of all samples of an export. */
export function groupLabels({ decision }: ResultGraph): Labels {
  return { checklist: decision.checklist.name, environment: decision.environment.name };
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : '-Inf';
}

/** A family in one piece: they may not be interleaved. */
function family(name: string, help: string, samples: readonly Sample[], common: Labels, unit?: string): string[] {
  if (samples.length === 0) return [];
  const line = ({ labels, value }: Sample): string => {
    const written = Object.entries({ ...common, ...labels }).map(([key, text]) => `${key}="${escape(text)}"`);
    return `${name}{${written.join(',')}} ${numberText(value)}`;
  };
  return [
    `# TYPE ${name} gauge`,
    ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
    `# HELP ${name} ${escape(help)}`,
    ...samples.map(line),
  ];
}

const seconds = (time: string): number => Date.parse(time) / 1000;

function valuesOf(item: GraphItem): readonly { readonly value: Sample; readonly limit: Sample | null }[] {
  const seen = new Map<string, number>();
  return item.values.map(({ title, value, unit, bound }) => {
    const times = (seen.get(title) ?? 0) + 1;
    seen.set(title, times);
    const labels = {
      item: item.id,
      phase: item.phase,
      value: times === 1 ? title : `${title} (${times})`,
      unit,
    };
    return {
      value: { labels, value },
      limit: bound ? { labels: { ...labels, comparison: bound.comparison }, value: bound.value } : null,
    };
  });
}

/** The whole text. */
export function openMetrics(graph: ResultGraph): string {
  const { decision, items } = graph;
  const common = groupLabels(graph);
  const oneOf = (name: string): readonly Sample[] =>
    DECISIONS.map((one) => ({ labels: { decision: one }, value: one === name ? 1 : 0 }));
  const values = items.flatMap(valuesOf);
  const limits = values.flatMap(({ limit }) => (limit === null ? [] : [limit]));
  const { release } = decision;
  const info = { release: release.name, version: release.version, commit: release.commit, run: decision.runId };
  const outcomes = items.map(({ id, phase, severity, owner, outcome, waived }) => ({
    labels: { item: id, phase, severity, owner, outcome, waived: waived === null ? 'no' : 'yes' },
    value: 1,
  }));
  const counts = OUTCOMES.map((outcome) => ({
    labels: { outcome },
    value: items.filter((item) => item.outcome === outcome).length,
  }));
  const findings = items.map(({ id, phase, findings: found }) => ({
    labels: { item: id, phase },
    value: found.length,
  }));
  const lines = [
    ...family('golive_decision', '1 for the decision that stands, 0 for the others.', oneOf(decision.decision), common),
    ...family('golive_readiness', 'The same without signatures.', oneOf(decision.readiness), common),
    ...family('golive_run_info', 'What was judged by which run.', [{ labels: info, value: 1 }], common),
    ...family(
      'golive_run_timestamp_seconds',
      'When the decision was made.',
      [{ labels: {}, value: seconds(graph.endedAt) }],
      common,
      'seconds',
    ),
    ...family(
      'golive_run_duration_seconds',
      'How long the run took.',
      [{ labels: {}, value: seconds(graph.endedAt) - seconds(graph.startedAt) }],
      common,
      'seconds',
    ),
    ...family('golive_items', 'Items by outcome.', counts, common),
    ...family('golive_item_outcome', 'The outcome of an item, as a label; always 1.', outcomes, common),
    ...family('golive_item_findings', 'What does not conform, counted.', findings, common),
    ...family(
      'golive_item_value',
      'A measured value, in the unit of its label.',
      values.map(({ value }) => value),
      common,
    ),
    ...family('golive_item_limit', 'What that value is held against.', limits, common),
  ];
  return `${lines.join('\n')}\n# EOF\n`;
}

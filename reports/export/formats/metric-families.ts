/** What a decision is told by as metrics: gauges, whichever protocol carries them. */
import { DECISIONS } from '../../../checks/contract/decision.ts';
import { OUTCOMES } from '../../../checks/contract/outcome.ts';
import type { GraphItem, ResultGraph } from '../graph.ts';

export type Labels = Readonly<Record<string, string>>;
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}
/** Metrics of one name. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly unit?: 'seconds';
  readonly samples: readonly Sample[];
}

/** Labels that name what the samples are about; the same of all samples of an export. */
export function groupLabels({ decision }: ResultGraph): Labels {
  return { checklist: decision.checklist.name, environment: decision.environment.name };
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

/** Those that have samples; the labels of the group are not among theirs. */
export function metricFamilies(graph: ResultGraph): readonly Family[] {
  const { decision, items } = graph;
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
  const of = (name: string, help: string, samples: readonly Sample[]): Family => ({ name, help, samples });
  const time = (name: string, help: string, value: number): Family => ({
    ...of(name, help, [{ labels: {}, value }]),
    unit: 'seconds',
  });
  return [
    of('golive_decision', '1 for the decision that stands, 0 for the others.', oneOf(decision.decision)),
    of('golive_readiness', 'The same without signatures.', oneOf(decision.readiness)),
    of('golive_run_info', 'What was judged by which run.', [{ labels: info, value: 1 }]),
    time('golive_run_timestamp_seconds', 'When the decision was made.', seconds(graph.endedAt)),
    time('golive_run_duration_seconds', 'How long the run took.', seconds(graph.endedAt) - seconds(graph.startedAt)),
    of('golive_items', 'Items by outcome.', counts),
    of('golive_item_outcome', 'The outcome of an item, as a label; always 1.', outcomes),
    of('golive_item_findings', 'What does not conform, counted.', findings),
    of(
      'golive_item_value',
      'A measured value, in the unit of its label.',
      values.map(({ value }) => value),
    ),
    of('golive_item_limit', 'What that value is held against.', limits),
  ].filter(({ samples }) => samples.length > 0);
}

import { table } from '../../kit/evidence.ts';
import type { Refusal, Say } from '../../kit/kind.ts';
import { isRed, stepOf, type Panel } from '../../protocols/grafana.ts';
import { valueText, type Sample } from '../../protocols/prometheus.ts';
import { labelText } from '../../protocols/telemetry.ts';

export const messages = {
  noDashboard: {
    says: '{subject}: does not exist, expected it.',
    fix: 'Provision the dashboard from its file, and let the gate’s account see its folder.',
  },
  noData: {
    says: '{subject}: query {ref} gives no data ({query}), expected some.',
    fix: 'Correct the metric’s name and labels in the panel, or list the panel under mayBeEmpty when nothing is the good state.',
  },
  refused: {
    says: '{subject}: query {ref} is refused ({why}), expected it to run.',
    fix: 'Correct the expression of the panel, or the values of its variables in params.variables.',
  },
  red: {
    says: '{subject}: shows {value}{series}, which is {color} by its own thresholds; expected no red panel.',
    fix: 'Look at what the panel measures; if the threshold is wrong, correct it in the dashboard.',
  },
} as const;

interface Asked {
  readonly ref: string;
  /** With its variables put in. */
  readonly query: string;
  readonly samples: readonly Sample[];
  /** Variables without a value: it could not be asked. */
  readonly unset?: readonly string[];
  readonly refusal?: Refusal | undefined;
}
interface AskedPanel {
  readonly panel: Panel;
  readonly queries: readonly Asked[];
  /** Types of the data sources of queries that were not asked; empty for one that nobody knows. */
  readonly others: readonly string[];
}
interface Seen {
  /** In the order of `params.dashboards`; null where there is none. */
  readonly dashboards: readonly ({ readonly title: string; readonly panels: readonly AskedPanel[] } | null)[];
  /** Why Grafana did not list its data sources. */
  readonly unknownSources?: Refusal | undefined;
}
interface Params {
  readonly dashboards: readonly string[];
  readonly mayBeEmpty: readonly string[];
}

export function judge({ dashboards, mayBeEmpty }: Params, seen: Seen, say: Say<typeof messages>): void {
  for (const [index, uid] of dashboards.entries()) {
    const found = seen.dashboards[index];
    const subject = `Dashboard ${uid}`;
    if (!found) say.fail('noDashboard', subject);
    else if (!found.panels.some(({ queries }) => queries.length > 0))
      say.unsure('no-subjects', `${subject}: no panel of it asks Prometheus, so nothing was judged.`, { subject });
    for (const { panel, queries, others } of found?.panels ?? []) {
      const name = `Panel ${found?.title ?? ''} › ${panel.title}`;
      if (queries.length > 0) say.judged(name);
      if (panel.inLibrary) say.unknown(name, 'its queries, which stand in the library');
      if (others.includes('')) say.unknown(name, 'the type of its data source');
      if (others.includes('') && seen.unknownSources) say.refused(seen.unknownSources, 'Grafana');
      for (const asked of queries) judgeQuery(name, panel, asked, mayBeEmpty.includes(panel.title), say);
    }
  }
  say.show(table('Queries of the panels', ['dashboard', 'panel', 'query', 'PromQL', 'values'], rowsOf(seen)));
}

function judgeQuery(
  subject: string,
  panel: Panel,
  { ref, query, samples, unset, refusal }: Asked,
  mayBeEmpty: boolean,
  say: Say<typeof messages>,
): void {
  if (unset) return say.unknown(subject, `a value of ${unset.join(', ')} (declare it in params.variables)`);
  // The dashboard is what is judged: a query that Prometheus refuses is its fault, not the item's.
  if (refusal?.code === 'misconfigured') return say.fail('refused', subject, { ref, why: refusal.message });
  if (refusal) return say.refused(refusal, subject);
  // NaN is what Grafana draws as nothing.
  const shown = samples.filter(({ value }) => !Number.isNaN(value));
  if (shown.length === 0 && !mayBeEmpty) say.fail('noData', subject, { ref, query });
  for (const { value, labels } of shown) {
    const color = stepOf(value, panel)?.color ?? '';
    const series = Object.keys(labels).length === 0 ? '' : ` for ${labelText(labels)}`;
    if (isRed(color)) say.fail('red', subject, { value: valueText(value), series, color });
  }
}

function rowsOf({ dashboards }: Seen) {
  const valuesOf = ({ samples, unset, refusal }: Asked): string =>
    unset ? `no value of ${unset.join(', ')}` : (refusal?.message ?? (valueTexts(samples) || 'no data'));
  return dashboards.flatMap((one) =>
    (one?.panels ?? []).flatMap(({ panel, queries, others }) => [
      ...queries.map((asked) => [one?.title ?? '', panel.title, asked.ref, asked.query, valuesOf(asked)]),
      ...others.map((type) => [one?.title ?? '', panel.title, '', '', `not asked (${type || 'unknown'})`]),
    ]),
  );
}

const valueTexts = (samples: readonly Sample[]): string =>
  samples
    .slice(0, 5)
    .map(({ value }) => valueText(value))
    .join(', ');

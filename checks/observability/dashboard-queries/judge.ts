import { table } from '../../kit/evidence.ts';
import type { Refusal, Say } from '../../kit/kind.ts';
import { isRed } from '../../protocols/grafana-colours.ts';
import { colorsOf, type Panel } from '../../protocols/grafana-panels.ts';
import { valueText, type Sample } from '../../protocols/prometheus.ts';
import { judgeBehind, type Behind } from '../../protocols/series-behind.ts';
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
  constant: {
    says: '{subject}: query {ref} shows a constant in place of data, since {selector} finds no series; expected some.',
    fix: 'Correct the metric’s name and labels in the panel, or leave the constant out ("or vector(0)"): it hides that nothing is measured.',
  },
  neverRed: {
    says: '{subject}: none of its panels can show red, expected thresholds.',
    fix: 'Give the panels that matter a threshold in red, and have it drawn.',
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

type Speaks = Say<typeof messages>;

interface Asked {
  readonly ref: string;
  /** With its variables put in. */
  readonly query: string;
  readonly samples: readonly Sample[];
  /** Variables without a value: it could not be asked. */
  readonly unset?: readonly string[];
  readonly refusal?: Refusal | undefined;
  /** What stands behind a query that is never empty. */
  readonly behind?: readonly Behind[];
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
  readonly canTurnRed: boolean;
}

export function judge({ dashboards, mayBeEmpty, canTurnRed }: Params, seen: Seen, say: Speaks): void {
  for (const [index, uid] of dashboards.entries()) {
    const found = seen.dashboards[index];
    const subject = `Dashboard ${uid}`;
    if (!found) say.fail('noDashboard', subject);
    else if (!found.panels.some(({ queries }) => queries.length > 0))
      say.unsure('no-subjects', `${subject}: no panel of it asks Prometheus, so nothing was judged.`, { subject });
    if (found && canTurnRed && !found.panels.some(({ panel }) => couldBeRed(panel))) say.fail('neverRed', subject);
    for (const panel of found?.panels ?? []) judgePanel(found?.title ?? '', panel, mayBeEmpty, say);
    if (seen.unknownSources && found?.panels.some(({ others }) => others.includes('')))
      say.refused(seen.unknownSources, 'Grafana');
  }
  say.show(table('Queries of the panels', ['dashboard', 'panel', 'query', 'PromQL', 'values'], rowsOf(seen)));
}

function judgePanel(
  dashboard: string,
  { panel, queries, others }: AskedPanel,
  mayBeEmpty: readonly string[],
  say: Speaks,
): void {
  const name = `Panel ${dashboard} › ${panel.title}`;
  if (queries.length > 0) say.judged(name);
  if (panel.inLibrary) say.unknown(name, 'its queries, which stand in the library and could not be read there');
  if (others.includes('')) say.unknown(name, 'the type of its data source');
  for (const asked of queries) judgeQuery(name, panel, asked, mayBeEmpty.includes(panel.title), say);
}

function judgeQuery(subject: string, panel: Panel, asked: Asked, mayBeEmpty: boolean, say: Speaks): void {
  const { ref, query, samples, unset, refusal } = asked;
  if (unset) return say.unknown(subject, `a value of ${unset.join(', ')} (declare it in params.variables)`);
  // The dashboard is what is judged: a query that Prometheus refuses is its fault, not the item's.
  if (refusal?.code === 'misconfigured') return say.fail('refused', subject, { ref, why: refusal.message });
  if (refusal) return say.refused(refusal, subject);
  // NaN is what Grafana draws as nothing.
  const shown = samples.filter(({ value }) => !Number.isNaN(value));
  if (shown.length === 0 && !mayBeEmpty) say.fail('noData', subject, { ref, query });
  judgeBehind(asked.behind ?? [], {
    missing: (selector) => say.fail('constant', subject, { ref, selector }),
    refused: (unanswered) => say.refused(unanswered, subject),
  });
  if (panel.transformed !== undefined && couldBeRed(panel))
    say.unknown(subject, `the values that it shows, which ${panel.transformed} makes from those of query ${ref}`);
  else for (const sample of shown) judgeColor(subject, panel, sample, say);
}

function judgeColor(subject: string, panel: Panel, { value, labels }: Sample, say: Speaks): void {
  const colors = colorsOf(value, panel);
  const red = colors.filter(isRed);
  const series = Object.keys(labels).length === 0 ? '' : ` for ${labelText(labels)}`;
  if (red.length === 0) return;
  if (red.length === colors.length)
    say.fail('red', subject, { value: valueText(value), series, color: red.join(', ') });
  else say.unknown(subject, `which of its thresholds ${valueText(value)}${series} falls under`);
}

const couldBeRed = ({ thresholds, overrides = [], mappings = [] }: Panel): boolean =>
  [...thresholds, ...overrides.flat(), ...mappings].some(({ color }) => isRed(color));

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

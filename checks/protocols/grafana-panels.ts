/** Panels of Grafana's dashboards: what they ask, and the colours in which they show the answer. */
import { at, isRecord, listAt, textAt } from '../contract/json.ts';

/** What a panel says of its data source: the type where it does; its uid, its name or a variable (`$loki`), empty for the default one. */
export interface SourceRef {
  readonly type: string;
  readonly ref: string;
}
export interface Step {
  /** Null for the base step, which holds from minus infinity. */
  readonly from: number | null;
  readonly color: string;
}
export interface Panel {
  readonly title: string;
  readonly type: string;
  readonly queries: readonly { readonly refId: string; readonly expr: string; readonly source: SourceRef }[];
  /** Its queries stand in the library and could not be read there. */
  readonly inLibrary: boolean;
  /** UID of what it is made from in the library. */
  readonly library?: string;
  /** Variable, for each of whose values Grafana draws it once more. */
  readonly repeat?: string;
  /** What it shows is made from its data (`filterByValue`, `reduce`): the values of its queries are not those it shows. */
  readonly transformed?: string;
  /** Steps that the panel shows, ascending; empty where it shows none. */
  readonly thresholds: readonly Step[];
  /** Those of some of its fields, where they differ. */
  readonly overrides?: readonly (readonly Step[])[];
  /** Colours of single values, which go before thresholds. */
  readonly mappings?: readonly { readonly from: number; readonly to: number; readonly color: string }[];
  /** Thresholds are shares of this range, 0–100, where it is given. */
  readonly percentOf: { readonly min: number; readonly max: number } | null;
}
function sourceRefOf(value: unknown): SourceRef | undefined {
  if (typeof value === 'string') return { type: '', ref: value };
  return isRecord(value) ? { type: textAt(value, '', 'type'), ref: textAt(value, '', 'uid') } : undefined;
}

/** Panels that show something of their own; rows are opened, texts and lists left out. */
export function panelsOf(model: unknown): readonly Panel[] {
  // What stands below an open row is repeated with it.
  let row = '';
  return listAt(model, 'panels').flatMap((panel): readonly Panel[] => {
    const type = textAt(panel, '', 'type');
    if (type === 'row') {
      row = textAt(panel, '', 'repeat');
      return panelsOf(panel).map((one) => ({ ...(row === '' ? {} : { repeat: row }), ...one }));
    }
    if (['text', 'dashlist', 'news', 'welcome', 'alertlist', 'annolist'].includes(type)) return [];
    return [{ ...(row === '' ? {} : { repeat: row }), ...panelOf(panel, type) }];
  });
}

/** One panel of a type. */
export function panelOf(panel: unknown, type: string): Panel {
  const own = sourceRefOf(at(panel, 'datasource')) ?? { type: '', ref: '' };
  const defaults = at(panel, 'fieldConfig', 'defaults');
  const repeat = textAt(panel, '', 'repeat');
  const library = textAt(panel, '', 'libraryPanel', 'uid');
  const transformed = listAt(panel, 'transformations')
    .map((one) => textAt(one, '', 'id'))
    .find((id) => CHANGES_VALUES.test(id));
  // An expression of Grafana's own is made from queries that the panel hides.
  const targets = listAt(panel, 'targets');
  const hasExpression = targets.some((target) => textAt(target, '', 'datasource', 'type') === EXPRESSION);
  const shows = showsThresholds(panel, type, defaults);
  return {
    title: textAt(panel, 'without a title', 'title'),
    type,
    queries: targets
      .filter((target) => hasExpression || at(target, 'hide') !== true)
      .map((target) => ({
        refId: textAt(target, '', 'refId'),
        expr: textAt(target, '', 'expr'),
        source: sourceRefOf(at(target, 'datasource')) ?? own,
      })),
    inLibrary: isRecord(at(panel, 'libraryPanel')) && targets.length === 0,
    ...(library === '' ? {} : { library }),
    ...(repeat === '' ? {} : { repeat }),
    ...(transformed === undefined && !hasExpression ? {} : { transformed: transformed ?? 'an expression' }),
    thresholds: shows ? stepsOf(type, panel, defaults) : [],
    ...(shows ? coloursOf(panel, defaults) : {}),
    percentOf:
      at(defaults, 'thresholds', 'mode') === 'percentage'
        ? { min: numberAt(defaults, 0, 'min'), max: numberAt(defaults, 100, 'max') }
        : null,
  };
}

/** Type of Grafana's own expressions over queries. */
const EXPRESSION = '__expr__';
/** Transformations after which other values are shown than the queries gave. */
const CHANGES_VALUES = /^(calculateField|reduce|filterByValue|groupBy|histogram|heatmap|regression|limit)$/;
const ALWAYS_COLOURED = ['stat', 'gauge', 'bargauge'];
const COLOURED_BY_THRESHOLDS = ['timeseries', 'state-timeline', 'status-history', 'barchart', 'piechart', 'geomap'];

/** Grafana writes default thresholds into every panel; a graph shows them only when told to, a table by its cells. */
function showsThresholds(panel: unknown, type: string, defaults: unknown): boolean {
  const custom = at(defaults, 'custom');
  if (ALWAYS_COLOURED.includes(type)) return true;
  if (type === 'singlestat') return at(panel, 'colorValue') === true || at(panel, 'colorBackground') === true;
  if (type === 'table')
    return textAt(custom, textAt(custom, '', 'displayMode'), 'cellOptions', 'type').startsWith('color-');
  if (!COLOURED_BY_THRESHOLDS.includes(type)) return false;
  return (
    textAt(custom, 'off', 'thresholdsStyle', 'mode') !== 'off' || textAt(defaults, '', 'color', 'mode') === 'thresholds'
  );
}

function stepsOf(type: string, panel: unknown, defaults: unknown): readonly Step[] {
  if (type === 'singlestat') return stepsOfSinglestat(panel);
  return listAt(defaults, 'thresholds', 'steps')
    .filter(isRecord)
    .map((step) => ({
      from: typeof step['value'] === 'number' ? step['value'] : null,
      color: textAt(step, '', 'color'),
    }));
}

/** Before Grafana 7: `thresholds: "50,80"` and three colours. */
function stepsOfSinglestat(panel: unknown): readonly Step[] {
  const bounds = textAt(panel, '', 'thresholds')
    .split(',')
    .filter((bound) => bound.trim() !== '');
  return listAt(panel, 'colors').map((color, index) => ({
    from: index === 0 ? null : Number(bounds[index - 1] ?? Number.POSITIVE_INFINITY),
    color: String(color),
  }));
}

/** What else than its own thresholds colours a panel: those of single fields, and single values. */
function coloursOf(panel: unknown, defaults: unknown): Pick<Panel, 'overrides' | 'mappings'> {
  const properties = listAt(panel, 'fieldConfig', 'overrides').flatMap((one) => listAt(one, 'properties'));
  const overrides = properties
    .filter((one) => textAt(one, '', 'id') === 'thresholds')
    .map((one) => stepsOf('', panel, { thresholds: at(one, 'value') }));
  const mapped = [
    ...listAt(defaults, 'mappings'),
    ...properties.filter((one) => textAt(one, '', 'id') === 'mappings').flatMap((one) => listAt(one, 'value')),
  ];
  const mappings = mapped.flatMap((mapping) => {
    const options = at(mapping, 'options');
    if (textAt(mapping, '', 'type') === 'range') {
      const color = textAt(options, '', 'result', 'color');
      return [{ from: numberAt(options, -Infinity, 'from'), to: numberAt(options, Infinity, 'to'), color }];
    }
    return Object.entries(isRecord(options) ? options : {}).map(([value, result]) => ({
      from: Number(value),
      to: Number(value),
      color: textAt(result, '', 'color'),
    }));
  });
  return {
    ...(overrides.length === 0 ? {} : { overrides }),
    ...(mappings.length === 0 ? {} : { mappings: mappings.filter(({ color }) => color !== '') }),
  };
}

function numberAt(value: unknown, fallback: number, key: string): number {
  const found = at(value, key);
  return typeof found === 'number' ? found : fallback;
}

/** Colours that a value may have: one, or several where fields of the panel have thresholds of their own. */
export function colorsOf(
  value: number,
  { thresholds, overrides = [], mappings = [], percentOf }: Panel,
): readonly string[] {
  const mapped = mappings.find(({ from, to }) => from <= value && value <= to);
  if (mapped) return [mapped.color];
  const held = percentOf ? ((value - percentOf.min) / (percentOf.max - percentOf.min)) * 100 : value;
  return [thresholds, ...overrides].map(
    (steps) => steps.findLast(({ from }) => from === null || from <= held)?.color ?? '',
  );
}

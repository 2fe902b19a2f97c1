/** What golive reads of Grafana's HTTP API: data sources and dashboards, their panels as queries with thresholds. */
import type { HttpClient } from '../contract/http.ts';
import { at, isRecord, listAt, textAt } from '../contract/json.ts';
import { askJson, type TelemetrySource } from './telemetry.ts';

export interface DataSource {
  readonly uid: string;
  readonly name: string;
  readonly type: string;
  readonly isDefault: boolean;
}
/** What a panel says of its data source: the type where it does; its uid, its name or a variable (`$loki`), empty for the default one. */
interface SourceRef {
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
  /** Its queries stand in the library, not in the dashboard. */
  readonly inLibrary: boolean;
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
export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
  /** Values of its own variables, by name; those without one are left out. */
  readonly variables: Readonly<Record<string, string>>;
  /** The values chosen of each, one by one; `.+` alone where that is any. */
  readonly choices?: Readonly<Record<string, readonly string[]>>;
  /** Types of data source that its variables stand for. */
  readonly sourceTypes: Readonly<Record<string, string>>;
}

export async function dataSources(http: HttpClient, source: TelemetrySource): Promise<readonly DataSource[]> {
  const { json } = await askJson(http, source, '/api/datasources');
  return (Array.isArray(json) ? (json as unknown[]) : []).map((one) => ({
    uid: textAt(one, '', 'uid'),
    name: textAt(one, '', 'name'),
    type: textAt(one, '', 'type'),
    isDefault: at(one, 'isDefault') === true,
  }));
}

/** A dashboard by its UID; null where there is none, or none that the account may see. */
export async function dashboard(http: HttpClient, source: TelemetrySource, uid: string): Promise<Dashboard | null> {
  const { status, json } = await askJson(http, source, `/api/dashboards/uid/${encodeURIComponent(uid)}`, {
    also: [404],
  });
  if (status === 404) return null;
  const model = at(json, 'dashboard');
  return { uid, title: textAt(model, uid, 'title'), panels: panelsOf(model), ...templatingOf(model) };
}

/** What a dashboard brings along for its variables. */
export function templatingOf(model: unknown): Pick<Dashboard, 'variables' | 'choices' | 'sourceTypes'> {
  const all = listAt(model, 'templating', 'list').map((variable) => ({
    name: textAt(variable, '', 'name'),
    type: textAt(variable, '', 'type'),
    query: textAt(variable, '', 'query'),
    variable,
  }));
  const sources = all.filter(({ type }) => type === 'datasource');
  const others = all.filter(({ type }) => type !== 'datasource');
  const chosen = others.flatMap(({ name, type, query, variable }) => {
    const values = valuesOf(variable, type, query);
    return values ? [{ name, values, value: textAt(variable, '', 'allValue') }] : [];
  });
  return {
    sourceTypes: Object.fromEntries(sources.map(({ name, query }) => [name, query])),
    choices: Object.fromEntries(chosen.map(({ name, values }) => [name, values])),
    variables: Object.fromEntries(chosen.map(({ name, values }) => [name, joined(values)])),
  };
}

const ALL = '$__all';

/** What is chosen: one value, several, or all of them as the dashboard says or as any; undefined where nothing is. */
function valuesOf(variable: unknown, type: string, query: string): readonly string[] | undefined {
  const current = at(variable, 'current', 'value');
  const chosen = (Array.isArray(current) ? (current as unknown[]) : [current]).filter(isScalar).map(String);
  if (chosen.includes(ALL)) {
    const options = listAt(variable, 'options').map((option) => textAt(option, ALL, 'value'));
    const known = options.length === 0 && type === 'custom' ? query.split(',').map((text) => text.trim()) : options;
    const all = known.filter((value) => value !== ALL && value !== '');
    const any = textAt(variable, '', 'allValue') || (all.length === 0 ? '.+' : '');
    return any === '' ? all : [any];
  }
  if (chosen.length > 0 && (chosen[0] !== '' || type === 'textbox')) return chosen;
  return type === 'constant' || type === 'textbox' ? [query] : undefined;
}

const isScalar = (value: unknown): value is string | number => typeof value === 'string' || typeof value === 'number';
/** As Grafana puts several into a query. */
const joined = (values: readonly string[]): string => (values.length > 1 ? `(${values.join('|')})` : (values[0] ?? ''));

/** The type of the data source that a query goes to; empty where nobody says so. */
export function sourceTypeOf(
  { type, ref }: SourceRef,
  types: Dashboard['sourceTypes'],
  sources: readonly DataSource[],
): string {
  const variable = /^\$\{?(\w+)/.exec(ref)?.[1];
  if (type !== '' && !type.startsWith('$')) return type;
  if (variable !== undefined) return types[variable] ?? '';
  const isMeant = ({ uid, name, isDefault }: DataSource): boolean =>
    ref === '' || ref === 'default' ? isDefault : uid === ref || name === ref;
  return sources.find(isMeant)?.type ?? '';
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

function panelOf(panel: unknown, type: string): Panel {
  const own = sourceRefOf(at(panel, 'datasource')) ?? { type: '', ref: '' };
  const defaults = at(panel, 'fieldConfig', 'defaults');
  const repeat = textAt(panel, '', 'repeat');
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
    inLibrary: isRecord(at(panel, 'libraryPanel')) && listAt(panel, 'targets').length === 0,
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

/** Variables of an expression that are not among the given ones: `$job`, `${job:regex}`, `[[job]]`. */
export function putVariables(
  expr: string,
  values: Readonly<Record<string, string>>,
): { readonly expr: string; readonly unknown: readonly string[] } {
  const unknown = new Set<string>();
  const put = (token: string, name: string): string => {
    const value = values[name];
    if (value === undefined) unknown.add(name);
    return value ?? token;
  };
  const text = expr.replace(
    /\$\{(\w+)(?::\w+)?\}|\[\[(\w+)(?::\w+)?\]\]|\$(\w+)/g,
    (token: string, braces?: string, brackets?: string, plain?: string) =>
      put(token, braces ?? brackets ?? plain ?? ''),
  );
  return { expr: text, unknown: [...unknown] };
}

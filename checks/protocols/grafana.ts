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
  /** Steps that the panel shows, ascending; empty where it shows none. */
  readonly thresholds: readonly Step[];
  /** Thresholds are shares of this range, 0–100, where it is given. */
  readonly percentOf: { readonly min: number; readonly max: number } | null;
}
export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
  /** Values of its own variables, by name; those without one are left out. */
  readonly variables: Readonly<Record<string, string>>;
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
export function templatingOf(model: unknown): Pick<Dashboard, 'variables' | 'sourceTypes'> {
  const all = listAt(model, 'templating', 'list').map((variable) => ({
    name: textAt(variable, '', 'name'),
    type: textAt(variable, '', 'type'),
    query: textAt(variable, '', 'query'),
    variable,
  }));
  const sources = all.filter(({ type }) => type === 'datasource');
  const others = all.filter(({ type }) => type !== 'datasource');
  return {
    sourceTypes: Object.fromEntries(sources.map(({ name, query }) => [name, query])),
    variables: Object.fromEntries(
      others.flatMap(({ name, type, query, variable }) => {
        const value = valueOf(variable, type, query);
        return value === undefined ? [] : [[name, value]];
      }),
    ),
  };
}

const ALL = '$__all';

/** As Grafana puts it into a query: several values as `(a|b)`, all of them as the dashboard says or as any. */
function valueOf(variable: unknown, type: string, query: string): string | undefined {
  const current = at(variable, 'current', 'value');
  const chosen = (Array.isArray(current) ? (current as unknown[]) : [current]).filter(isScalar).map(String);
  if (chosen.includes(ALL)) {
    const options = listAt(variable, 'options').map((option) => textAt(option, ALL, 'value'));
    const known = options.length === 0 && type === 'custom' ? query.split(',').map((text) => text.trim()) : options;
    return textAt(variable, '', 'allValue') || joined(known.filter((value) => value !== ALL)) || '.+';
  }
  if (chosen.length > 0 && (chosen[0] !== '' || type === 'textbox')) return joined(chosen);
  return type === 'constant' || type === 'textbox' ? query : undefined;
}

const isScalar = (value: unknown): value is string | number => typeof value === 'string' || typeof value === 'number';
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
  return listAt(model, 'panels').flatMap((panel): readonly Panel[] => {
    const type = textAt(panel, '', 'type');
    if (type === 'row') return panelsOf(panel);
    if (['text', 'dashlist', 'news', 'welcome', 'alertlist', 'annolist'].includes(type)) return [];
    return [panelOf(panel, type)];
  });
}

function panelOf(panel: unknown, type: string): Panel {
  const own = sourceRefOf(at(panel, 'datasource')) ?? { type: '', ref: '' };
  const defaults = at(panel, 'fieldConfig', 'defaults');
  return {
    title: textAt(panel, 'without a title', 'title'),
    type,
    queries: listAt(panel, 'targets')
      .filter((target) => at(target, 'hide') !== true)
      .map((target) => ({
        refId: textAt(target, '', 'refId'),
        expr: textAt(target, '', 'expr'),
        source: sourceRefOf(at(target, 'datasource')) ?? own,
      })),
    inLibrary: isRecord(at(panel, 'libraryPanel')) && listAt(panel, 'targets').length === 0,
    thresholds: showsThresholds(type, defaults) ? stepsOf(defaults) : [],
    percentOf:
      at(defaults, 'thresholds', 'mode') === 'percentage'
        ? { min: numberAt(defaults, 0, 'min'), max: numberAt(defaults, 100, 'max') }
        : null,
  };
}

/** Grafana writes default thresholds into every panel; a graph shows them only when told to. */
function showsThresholds(type: string, defaults: unknown): boolean {
  if (['stat', 'gauge', 'bargauge'].includes(type)) return true;
  const style = textAt(defaults, 'off', 'custom', 'thresholdsStyle', 'mode');
  return type === 'timeseries' && style !== 'off';
}

function stepsOf(defaults: unknown): readonly Step[] {
  return listAt(defaults, 'thresholds', 'steps')
    .filter(isRecord)
    .map((step) => ({
      from: typeof step['value'] === 'number' ? step['value'] : null,
      color: textAt(step, '', 'color'),
    }));
}

function numberAt(value: unknown, fallback: number, key: string): number {
  const found = at(value, key);
  return typeof found === 'number' ? found : fallback;
}

/** The step a value lies in: the last one that begins at or below it. */
export function stepOf(value: number, { thresholds, percentOf }: Panel): Step | undefined {
  const held = percentOf ? ((value - percentOf.min) / (percentOf.max - percentOf.min)) * 100 : value;
  return thresholds.findLast(({ from }) => from === null || from <= held);
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

/** Grafana's named reds, and colours whose red far outweighs the rest, however they are written. */
export function isRed(color: string): boolean {
  if (/red/i.test(color)) return true;
  const [, hue, saturation] = /^hsla?\(\s*([\d.]+)\D+?([\d.]+)%/i.exec(color) ?? [];
  if (hue !== undefined) return (Number(hue) <= 20 || Number(hue) >= 340) && Number(saturation) >= 50;
  const [red = 0, green = 0, blue = 0] = rgbOf(color);
  return red > 150 && green < red / 2 && blue < red / 2;
}

function rgbOf(color: string): readonly number[] {
  const decimal = /^rgba?\(([^)]*)\)$/i.exec(color)?.[1];
  if (decimal !== undefined)
    return decimal
      .split(/[\s,/]+/)
      .filter((part) => part !== '')
      .map((part) => (part.endsWith('%') ? Number.parseFloat(part) * 2.55 : Number.parseFloat(part)));
  const digits = /^#([\da-f]+)$/i.exec(color)?.[1] ?? '';
  const parts = digits.match(digits.length < 6 ? /./g : /../g) ?? [];
  return parts.map((part) => Number.parseInt(part.padEnd(2, part), 16));
}

/** What golive reads of Grafana's HTTP API: data sources, dashboards, and the variables of their queries. */
import type { HttpClient } from '../contract/http.ts';
import { at, isRecord, listAt, textAt } from '../contract/json.ts';
import { panelOf, panelsOf, type Panel, type SourceRef } from './grafana-panels.ts';
import { askJson, type TelemetrySource } from './telemetry.ts';

export interface DataSource {
  readonly uid: string;
  readonly name: string;
  readonly type: string;
  readonly isDefault: boolean;
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
  const panels = await Promise.all(panelsOf(model).map((panel) => fromLibrary(http, source, panel)));
  return { uid, title: textAt(model, uid, 'title'), panels, ...templatingOf(model) };
}

/** A panel whose queries stand in the library, with them; as it is where the library does not give it. */
async function fromLibrary(http: HttpClient, source: TelemetrySource, panel: Panel): Promise<Panel> {
  if (!panel.inLibrary || panel.library === undefined) return panel;
  const path = `/api/library-elements/${encodeURIComponent(panel.library)}`;
  const { status, json } = await askJson(http, source, path, { also: [403, 404] });
  const model = at(json, 'result', 'model');
  if (status !== 200 || !isRecord(model)) return panel;
  const { title, repeat } = panel;
  return { ...panelOf(model, textAt(model, '', 'type')), title, ...(repeat === undefined ? {} : { repeat }) };
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
  if (chosen.includes(ALL)) return allOf(variable, type, query);
  if (chosen.length > 0 && (chosen[0] !== '' || type === 'textbox')) return chosen;
  return type === 'constant' || type === 'textbox' ? [query] : undefined;
}

function allOf(variable: unknown, type: string, query: string): readonly string[] {
  const options = listAt(variable, 'options').map((option) => textAt(option, ALL, 'value'));
  const known = options.length === 0 && type === 'custom' ? query.split(',').map((text) => text.trim()) : options;
  const all = known.filter((value) => value !== ALL && value !== '');
  const any = textAt(variable, '', 'allValue') || (all.length === 0 ? '.+' : '');
  return any === '' ? all : [any];
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

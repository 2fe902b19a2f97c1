/** What golive reads of Grafana's HTTP API: data sources and dashboards, their panels as queries with thresholds. */
import type { HttpClient } from '../contract/http.ts';
import { at, isRecord, listAt, textAt } from '../contract/json.ts';
import { askJson, type TelemetrySource } from './telemetry.ts';

export interface DataSource {
  readonly uid: string;
  readonly name: string;
  readonly type: string;
}
export interface Step {
  /** Null for the base step, which holds from minus infinity. */
  readonly from: number | null;
  readonly color: string;
}
export interface Panel {
  readonly title: string;
  readonly type: string;
  readonly queries: readonly { readonly refId: string; readonly expr: string; readonly sourceType: string }[];
  /** Steps that the panel shows, ascending; empty where it shows none. */
  readonly thresholds: readonly Step[];
  /** Thresholds are shares of this range, 0–100, where it is given. */
  readonly percentOf: { readonly min: number; readonly max: number } | null;
}
export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
}

export async function dataSources(http: HttpClient, source: TelemetrySource): Promise<readonly DataSource[]> {
  const { json } = await askJson(http, source, '/api/datasources');
  return (Array.isArray(json) ? (json as unknown[]) : []).map((one) => ({
    uid: textAt(one, '', 'uid'),
    name: textAt(one, '', 'name'),
    type: textAt(one, '', 'type'),
  }));
}

/** A dashboard by its UID; null where there is none, or none that the account may see. */
export async function dashboard(http: HttpClient, source: TelemetrySource, uid: string): Promise<Dashboard | null> {
  const { status, json } = await askJson(http, source, `/api/dashboards/uid/${encodeURIComponent(uid)}`, {
    also: [404],
  });
  if (status === 404) return null;
  const model = at(json, 'dashboard');
  return { uid, title: textAt(model, uid, 'title'), panels: panelsOf(model) };
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
  const ownSource = textAt(panel, '', 'datasource', 'type');
  const defaults = at(panel, 'fieldConfig', 'defaults');
  return {
    title: textAt(panel, 'without a title', 'title'),
    type,
    queries: listAt(panel, 'targets')
      .filter((target) => at(target, 'hide') !== true)
      .map((target) => ({
        refId: textAt(target, '', 'refId'),
        expr: textAt(target, '', 'expr'),
        sourceType: textAt(target, ownSource, 'datasource', 'type'),
      })),
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

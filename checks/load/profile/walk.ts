/**
 * What an arrival of a load profile sends: which flow it takes, and its requests with their values put in. Golive's engine and the script for
 * k6 both use this file, so that the same profile is the same load; it imports no library and nothing of Node.
 */
import type { LoadProfile, ProfileFlow, ProfileRow, ProfileStep } from '../../contract/load-profile.ts';

/** What one arrival has with it. */
export interface Journey {
  readonly arrival: number;
  readonly token?: string | undefined;
  /** What earlier answers gave it. */
  readonly values: Map<string, unknown>;
}
export interface ReadyRequest {
  readonly method: ProfileStep['method'];
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Fractional part of the golden ratio: its multiples fall evenly, so that any stretch of arrivals holds each flow by its weight. */
const GOLDEN = 0.618_033_988_749_894_9;

/** The flow of an arrival. */
export function flowOf(flows: readonly Pick<ProfileFlow, 'weight'>[], arrival: number): number {
  const all = flows.reduce((sum, { weight }) => sum + weight, 0);
  let place = ((arrival * GOLDEN) % 1) * all;
  for (const [index, { weight }] of flows.entries()) {
    place -= weight;
    if (place < 0) return index;
  }
  return flows.length - 1;
}

export const PLACEHOLDER = /\$\{([\w.-]+)\}/g;

/** The value of a name in `${…}`; undefined where there is none. */
export function valueOf(name: string, journey: Journey, data: LoadProfile['data']): unknown {
  if (name === 'arrival') return journey.arrival;
  if (!name.startsWith('data.')) return journey.values.get(name);
  const [, list = '', ...column] = name.split('.');
  const rows: readonly ProfileRow[] = data[list] ?? [];
  return rows.length === 0 ? undefined : rows[journey.arrival % rows.length]?.[column.join('.')];
}

/** The request of a step, its values put in. */
export function requestFor(step: ProfileStep, journey: Journey, data: LoadProfile['data']): ReadyRequest {
  const valueFor = (name: string): unknown => valueOf(name, journey, data);
  const text = (template: string, encode: (value: string) => string = (value) => value): string =>
    template.replace(PLACEHOLDER, (_, name: string) => encode(asText(valueFor(name))));
  const fill = (value: unknown): unknown => {
    if (typeof value === 'string') {
      // Alone it keeps its type: a number stays one.
      const whole = /^\$\{([\w.-]+)\}$/.exec(value)?.[1];
      return whole === undefined ? text(value) : valueFor(whole);
    }
    if (Array.isArray(value)) return value.map(fill);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, fill(member)]));
  };
  const headers = Object.entries(step.headers ?? {}).map(([name, value]) => [name.toLowerCase(), text(value)]);
  const body = step.json === undefined ? step.body && text(step.body) : JSON.stringify(fill(step.json));
  return {
    method: step.method,
    path: text(step.path, encodeURIComponent),
    headers: {
      ...(step.json === undefined ? {} : { 'content-type': 'application/json' }),
      ...(step.authenticated && journey.token !== undefined ? { authorization: `Bearer ${journey.token}` } : {}),
      ...(Object.fromEntries(headers) as Record<string, string>),
    },
    ...(body === undefined ? {} : { body }),
  };
}

const asText = (value: unknown): string =>
  typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);

/** Whether each arrival sends the same bytes. */
export function isConstant(step: ProfileStep): boolean {
  const { path, headers, json, body, authenticated } = step;
  return authenticated !== true && !JSON.stringify([path, headers, json, body]).includes('${');
}

/** Takes what later steps need out of an answer's body; what it does not hold, or null. */
export function takeValues(step: ProfileStep, body: string, values: Map<string, unknown>): string | null {
  const wanted = Object.entries(step.take ?? {});
  if (wanted.length === 0) return null;
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return 'no JSON';
  }
  for (const [name, pointer] of wanted) {
    const value = atPointer(json, pointer);
    if (value === undefined || value === null || typeof value === 'object') return `nothing at ${pointer}`;
    values.set(name, value);
  }
  return null;
}

function atPointer(json: unknown, pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replace(/~1/g, '/').replace(/~0/g, '~'))
    .reduce<unknown>(
      (value, step) =>
        typeof value === 'object' && value !== null && Object.hasOwn(value, step)
          ? (value as Record<string, unknown>)[step]
          : undefined,
      json,
    );
}

/** How figures name a step. */
export const nameOfStep = ({ name, method, path }: ProfileStep): string =>
  name ?? `${method} ${path.replace(/\?.*$/, '')}`;

/** Asking the HTTP APIs of Prometheus, Alertmanager, Grafana and Loki: what a refusal means, and JSON or nothing. */
import type { HttpAnswer, HttpClient, HttpRequest } from '../contract/http.ts';
import type { SecretRef } from '../contract/secrets.ts';
import { endpoint, secretRef } from '../contract/param-schemas.ts';
import { ObservationError, type JSONSchema } from '../kit/kind.ts';
import { shortened } from '../kit/evidence.ts';
import { parseJson } from '../contract/json.ts';

/** Where one of them answers and who asks. */
export interface TelemetrySource {
  /** For messages: `Prometheus`. */
  readonly name: string;
  readonly url: string;
  readonly caFile?: string;
  readonly token?: SecretRef;
}

export const prometheusParams = {
  prometheus: {
    ...endpoint,
    description: 'Prometheus, from the environment file: ${environment.endpoints.prometheus}.',
  },
  prometheusToken: { ...secretRef, description: 'Bearer token for Prometheus, where it asks for one.' },
} as const satisfies Readonly<Record<string, JSONSchema>>;
export const alertmanagerParams = {
  alertmanager: {
    ...endpoint,
    description: 'Alertmanager, from the environment file: ${environment.endpoints.alertmanager}.',
  },
  alertmanagerToken: { ...secretRef, description: 'Bearer token for Alertmanager, where it asks for one.' },
} as const satisfies Readonly<Record<string, JSONSchema>>;
export const severityLabelParam = {
  type: 'string',
  minLength: 1,
  default: 'severity',
  description: 'Label that says how bad an alert is.',
} as const satisfies JSONSchema;
export const grafanaParams = {
  grafana: { ...endpoint, description: 'Grafana, from the environment file: ${environment.endpoints.grafana}.' },
  grafanaToken: { ...secretRef, description: 'Token of a Grafana service account with the role Viewer.' },
} as const satisfies Readonly<Record<string, JSONSchema>>;
export const logsParams = {
  logs: { ...endpoint, description: 'Loki, from the environment file: ${environment.endpoints.logs}.' },
  logsToken: { ...secretRef, description: 'Bearer token for Loki, where it asks for one.' },
  tenant: { type: 'string', minLength: 1, description: 'Tenant (X-Scope-OrgID), where Loki serves several.' },
} as const satisfies Readonly<Record<string, JSONSchema>>;

/** Log streams of Loki by their labels. */
export const streamSelector = (description: string) =>
  ({ type: 'string', pattern: '^\\{.+\\}$', description }) as const;
/** A service as logs know it: its name for people, and its streams. */
export const loggedService = {
  name: { type: 'string', minLength: 1, description: 'Name for people.' },
  selector: streamSelector('Its streams in LogQL: {app="api"}.'),
} as const satisfies Readonly<Record<string, JSONSchema>>;
/** Labels that something carries: at least one, each with its exact value. */
export const labelValues = (description: string) =>
  ({ type: 'object', minProperties: 1, additionalProperties: { type: 'string' }, description }) as const;

export interface Endpoint {
  readonly url: string;
  readonly caFile?: string | undefined;
}

export const prometheusOf = (params: {
  readonly prometheus: Endpoint;
  readonly prometheusToken?: SecretRef | undefined;
}): TelemetrySource => sourceOf('Prometheus', params.prometheus, params.prometheusToken);
export const alertmanagerOf = (params: {
  readonly alertmanager: Endpoint;
  readonly alertmanagerToken?: SecretRef | undefined;
}): TelemetrySource => sourceOf('Alertmanager', params.alertmanager, params.alertmanagerToken);
export const grafanaOf = (params: {
  readonly grafana: Endpoint;
  readonly grafanaToken?: SecretRef | undefined;
}): TelemetrySource => sourceOf('Grafana', params.grafana, params.grafanaToken);

/** The parts of params that name a source. */
export function sourceOf(name: string, { url, caFile }: Endpoint, token: SecretRef | undefined): TelemetrySource {
  return {
    name,
    url: url.replace(/\/$/, ''),
    ...(caFile === undefined ? {} : { caFile }),
    ...(token === undefined ? {} : { token }),
  };
}

/** Of the answers of these APIs: a target takes about 10 KB in the list of Prometheus, and a large platform has some thousands. */
const MAX_BYTES = 64 * 1024 * 1024;

/** Any answer of a source. Throws on transport failures only. */
export async function ask(
  http: HttpClient,
  source: TelemetrySource,
  path: string,
  over: Partial<HttpRequest> = {},
): Promise<HttpAnswer> {
  return await http.request({
    maxBytes: MAX_BYTES,
    ...over,
    url: `${source.url}${path}`,
    ...(source.caFile === undefined ? {} : { caFile: source.caFile }),
    ...(source.token === undefined ? {} : { bearer: source.token }),
  });
}

/** `GET /api/v1/rules` without its query: how messages name a request. */
const named = (path: string): string => path.replace(/\?.*$/s, '');

/** The JSON of a 200. Throws what any other answer means; `also` names further statuses whose JSON the caller wants. */
export async function askJson(
  http: HttpClient,
  source: TelemetrySource,
  path: string,
  over: Partial<HttpRequest> & { readonly also?: readonly number[] } = {},
): Promise<{ readonly status: number; readonly json: unknown }> {
  const { also = [], ...request } = over;
  const answer = await ask(http, source, path, request);
  refuse(source, path, answer, also);
  if (answer.truncated)
    throw new ObservationError('protocol', `${source.name}: ${named(path)} answered more than golive reads (64 MiB).`, {
      detail: 'too-large',
      fix: `Name a ${source.name} in the environment file that holds no more than this platform, or ask for less: a narrower selector, a shorter window.`,
    });
  const json = parseJson(answer.body);
  // A 503 in JSON is the program's own; any other is that of whatever stands in front of it.
  if (json === undefined) refuse(source, path, answer, []);
  if (json === undefined)
    throw new ObservationError('protocol', `${source.name}: ${named(path)} answered no JSON: is it ${source.name}?`, {
      detail: 'no-json',
      fix: `Correct the address of ${source.name} in the environment file.`,
    });
  return { status: answer.status, json };
}

function refuse(source: TelemetrySource, path: string, { status, body }: HttpAnswer, also: readonly number[]): void {
  if (status === 200 || also.includes(status)) return;
  const said = shortened(
    body
      .replace(/<[^>]*>/g, ' ')
      .replace(/\s+/g, ' ')
      .trim(),
    200,
  );
  const message = `${source.name}: ${named(path)} answered ${status}${said === '' ? '' : ` (${said})`}, expected 200.`;
  const detail = `http-${status}`;
  if (status === 401)
    throw new ObservationError('unauthorized', message, { detail, fix: `Correct the token for ${source.name}.` });
  if (status === 403)
    throw new ObservationError('forbidden', message, {
      detail,
      fix: `Grant the gate's account the right to read ${source.name}.`,
    });
  if (status === 404)
    throw new ObservationError('not-found', message, {
      detail,
      fix: `Correct the address of ${source.name} in the environment file.`,
    });
  if (status === 502 || status === 503 || status === 504)
    throw new ObservationError('unreachable', message, { detail });
  throw new ObservationError('protocol', message, { detail });
}

/** What was asked for, or why the source is down: it does not answer, not in time, or only with 502, 503 or 504. */
export async function unlessDown<T>(
  asking: Promise<T>,
): Promise<{ readonly up: true; readonly value: T } | { readonly up: false; readonly why: string }> {
  try {
    return { up: true, value: await asking };
  } catch (error) {
    if (error instanceof ObservationError && (error.code === 'unreachable' || error.code === 'timeout'))
      return { up: false, why: error.message };
    throw error;
  }
}

/** Why Prometheus or Alertmanager is down by its own word; null where it is not. */
export async function whyNotReady(http: HttpClient, source: TelemetrySource): Promise<string | null> {
  const ready = await unlessDown(ask(http, source, '/-/ready'));
  if (!ready.up) return ready.why;
  // A proxy in front may keep this path to itself; then the API tells.
  return ready.value.status === 503 ? 'is not ready (503)' : null;
}

/** `{job="api", pod="api-1"}` in the order of the names; `{}` without labels. */
export function labelText(labels: Readonly<Record<string, string>>): string {
  const { __name__: name = '', ...others } = labels;
  const pairs = Object.entries(others)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}="${value}"`);
  return `${name}{${pairs.join(', ')}}`;
}

/** How messages name an alert: by its name and the labels that tell it from others of that name. */
export function alertText(labels: Readonly<Record<string, string>>): string {
  const { alertname = 'without a name', ...others } = labels;
  const own = Object.entries(others).filter(([name]) => !['__name__', 'alertstate'].includes(name));
  return `Alert ${alertname} ${labelText(Object.fromEntries(own))}`;
}

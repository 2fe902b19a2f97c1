/**
 * PagerDuty: events go in by the Events API v2, which only takes them over (202 is also the answer to what it drops later); what became of them is
 * read back from the REST API.
 */
import type { HttpAnswer, HttpClient } from '../../contract/http.ts';
import { at, isRecord, listAt, numberAt, parseJson, textAt } from '../../contract/json.ts';
import type { ChannelOf, Message } from '../../contract/notify.ts';
import type { SecretRef } from '../../contract/secrets.ts';
import { ObservationError } from '../../kit/kind.ts';
import { askJson, type TelemetrySource } from '../telemetry.ts';

export type Pager = ChannelOf<'pagerduty'>;
/** A host of the REST API and the key that reads it. */
export interface PagerApi {
  readonly url: string;
  readonly token: SecretRef;
  readonly caFile?: string | undefined;
}
export const apiOf = ({ api, token, caFile }: Pager): PagerApi => ({ url: api, token, caFile });

export interface PagerIncident {
  readonly id: string;
  readonly title: string;
  readonly key: string;
  /** `triggered`, `acknowledged`, `resolved`; an empty text where it is not told. */
  readonly status: string;
  readonly urgency: string;
  readonly priority: string;
  readonly createdAt: string;
  /** Ids of those it is assigned to now. */
  readonly assignees: readonly string[];
  /** Whether an escalation is still to come; undefined where that is not told. */
  readonly willEscalate?: boolean;
}
export interface OnCall {
  readonly level: number;
  readonly user: string;
  readonly name: string;
  /** Null: permanently, for ever. */
  readonly start: string | null;
  readonly end: string | null;
}
export interface EscalationLevel {
  readonly delayMinutes: number;
  readonly targets: readonly string[];
}

/** Keys of what golive sends: those of its drills are no incidents of a release. */
export const DRILL_KEY = 'golive-drill-';
const LONGEST_SUMMARY = 1024;
const LONGEST_KEY = 255;
const PAGE = 100;
/** What PagerDuty itself refuses to page beyond. */
const LAST_OFFSET = 10_000;

/** Sends an event. Answers why it was refused, or null: it was taken over. */
export async function sendEvent(
  http: HttpClient,
  pager: Pager,
  action: 'trigger' | 'acknowledge' | 'resolve',
  key: string,
  message?: Message,
): Promise<string | null> {
  const answer = await http.request({
    method: 'POST',
    url: `${trimmed(pager.events)}/v2/enqueue`,
    ...caOf(pager),
    json: {
      routing_key: pager.routingKey,
      event_action: action,
      dedup_key: key.slice(0, LONGEST_KEY),
      ...(message === undefined ? {} : { client: 'golive', ...payloadOf(message) }),
    },
  });
  return refusalOf(answer);
}

function payloadOf({ subject, text, severity, links = [] }: Message) {
  return {
    payload: { summary: subject.slice(0, LONGEST_SUMMARY), source: 'golive', severity, custom_details: { text } },
    links: links.map(({ text: label, href }) => ({ href, text: label })),
  };
}

/** Why it was not taken over. Throws where the server is the trouble and a retry may help. */
function refusalOf({ status, body }: HttpAnswer): string | null {
  if (status === 202) return null;
  const said = parseJson(body);
  const errors = [textAt(said, '', 'message'), ...listAt(said, 'errors').map(String)].filter((text) => text !== '');
  const text = `the Events API answered ${status}${errors.length > 0 ? ` (${errors.join('; ').slice(0, 200)})` : ''}`;
  if (status === 400) return text;
  if (status === 429 || status >= 500)
    throw new ObservationError('unreachable', `PagerDuty: ${text}, expected 202.`, { detail: `http-${status}` });
  throw new ObservationError('protocol', `PagerDuty: ${text}, expected 202: is it PagerDuty?`, {
    detail: `http-${status}`,
    fix: 'Correct the address of the Events API in the environment file.',
  });
}

/** The latest incident of this key; null where a complete answer holds none. */
export async function incidentOf(http: HttpClient, api: PagerApi, key: string): Promise<PagerIncident | null> {
  const found = (await listed(http, api, `/incidents?incident_key=${encodeURIComponent(key)}`, 'incidents')).map(
    incidentAt,
  );
  const own = found.filter((one) => one.key === key);
  return own.sort((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt))[0] ?? null;
}

/** Every incident that was created in a window, of one service or of all. */
export async function incidentsSince(
  http: HttpClient,
  api: PagerApi,
  window: { readonly since: Date; readonly until: Date; readonly services: readonly string[] },
): Promise<readonly PagerIncident[]> {
  const services = window.services.map((id) => `&service_ids[]=${encodeURIComponent(id)}`).join('');
  const span = `since=${window.since.toISOString()}&until=${window.until.toISOString()}`;
  return (await listed(http, api, `/incidents?${span}${services}`, 'incidents')).map(incidentAt);
}

/** Who stands on the levels of an escalation policy, now or in a window. */
export async function onCalls(
  http: HttpClient,
  api: PagerApi,
  policy: string,
  window?: { readonly since: Date; readonly until: Date },
): Promise<readonly OnCall[]> {
  const span = window ? `&since=${window.since.toISOString()}&until=${window.until.toISOString()}` : '';
  const path = `/oncalls?escalation_policy_ids[]=${encodeURIComponent(policy)}${span}`;
  return (await listed(http, api, path, 'oncalls')).map((one) => ({
    level: numberAt(one, 'escalation_level'),
    user: textAt(one, '', 'user', 'id'),
    name: textAt(one, '', 'user', 'summary'),
    start: timeAt(one, 'start'),
    end: timeAt(one, 'end'),
  }));
}
const timeAt = (value: unknown, key: string): string | null => {
  const found = at(value, key);
  return typeof found === 'string' ? found : null;
};

/** The levels of an escalation policy, the first first. */
export async function escalationLevels(
  http: HttpClient,
  api: PagerApi,
  policy: string,
): Promise<readonly EscalationLevel[]> {
  const { json } = await askJson(
    http,
    pagerSource(api),
    `/escalation_policies/${encodeURIComponent(policy)}`,
    auth(api),
  );
  const rules = at(json, 'escalation_policy', 'escalation_rules');
  if (!Array.isArray(rules)) throw other('escalation_policies answered without escalation_rules');
  return rules.map((rule: unknown) => ({
    delayMinutes: numberAt(rule, 'escalation_delay_in_minutes'),
    targets: listAt(rule, 'targets').map((target) => textAt(target, '', 'id')),
  }));
}

function incidentAt(value: unknown): PagerIncident {
  const pending = at(value, 'pending_actions');
  return {
    id: textAt(value, '', 'id'),
    title: textAt(value, '', 'title'),
    key: textAt(value, '', 'incident_key'),
    status: textAt(value, '', 'status'),
    urgency: textAt(value, '', 'urgency'),
    priority: textAt(value, '', 'priority', 'summary'),
    createdAt: textAt(value, '', 'created_at'),
    assignees: listAt(value, 'assignments').map((one) => textAt(one, '', 'assignee', 'id')),
    ...(Array.isArray(pending)
      ? { willEscalate: pending.some((one: unknown) => isRecord(one) && one['type'] === 'escalate') }
      : {}),
  };
}

/** Every member of a list, page by page; a list that is longer than PagerDuty pages is no complete one. */
async function listed(http: HttpClient, api: PagerApi, path: string, key: string): Promise<readonly unknown[]> {
  const all: unknown[] = [];
  for (;;) {
    if (all.length + PAGE > LAST_OFFSET) throw other(`${key}: more than ${LAST_OFFSET} are listed; ask for less`);
    const paged = `${path}&limit=${PAGE}&offset=${all.length}`;
    const { json } = await askJson(http, pagerSource(api), paged, auth(api));
    const page = at(json, key);
    if (!Array.isArray(page)) throw other(`the answer holds no ${key}`);
    all.push(...(page as unknown[]));
    if (at(json, 'more') !== true) return all;
    if (page.length === 0) throw other(`${key}: the answer says that there is more and holds nothing`);
  }
}

const trimmed = (url: string): string => url.replace(/\/$/, '');
const caOf = ({ caFile }: { readonly caFile?: string | undefined }) => (caFile === undefined ? {} : { caFile });
export const pagerSource = ({ url, caFile }: Omit<PagerApi, 'token'>): TelemetrySource => ({
  name: 'PagerDuty',
  url: trimmed(url),
  ...(caFile === undefined ? {} : { caFile }),
});
/** The REST API's own word for its keys, and the version of its answers. */
export const auth = ({ token }: Pick<PagerApi, 'token'>) => ({
  authorization: { prefix: 'Token token=', secret: token },
  headers: { accept: 'application/vnd.pagerduty+json;version=2' },
});

const other = (what: string): ObservationError =>
  new ObservationError('protocol', `PagerDuty: ${what}.`, {
    detail: 'no-list',
    fix: 'Correct the address of the REST API in the environment file.',
  });

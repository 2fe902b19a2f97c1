/**
 * Stands in for PagerDuty: Events API v2, and of the REST API what reads back incidents, on-calls, policies and schedules, in its shapes.
 * An incident escalates by the clock until it is acknowledged; the delays of its policy are fractions of a minute.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isRecord, parseJson, textAt } from '../../../checks/contract/json.ts';
import { readText, type Mounted } from '../receiver.ts';
import { sendJson } from '../serve.ts';

/** Minutes until an incident goes to the next level: a second. */
const DELAY_MINUTES = 1 / 60;
const DAY_MS = 86_400_000;
const POLICY = { id: 'PSHOPEP', type: 'escalation_policy_reference', summary: 'Shop escalation' };
const SERVICE = { id: 'PSVCSHOP', type: 'service_reference', summary: 'Shop' };
const SCHEDULE = 'PSHOPS1';
const LEVELS = [
  { user: { id: 'PUSERA1', type: 'user_reference', summary: 'DevOps on call' }, schedule: SCHEDULE },
  { user: { id: 'PUSERB2', type: 'user_reference', summary: 'Platform on call' }, schedule: 'PSHOPS2' },
  { user: { id: 'PUSERM9', type: 'user_reference', summary: 'Engineering manager' }, schedule: null },
] as const;

export type Misbehaviour = 'never-escalates' | 'ignores-resolve' | 'schedule-gap';
export interface PagerStandIn {
  readonly handler: Mounted;
  /** Misbehaves until the release. */
  misbehave(as: Misbehaviour): () => void;
  /** Opens an incident that nobody's drill opened. */
  openIncident(title: string): () => void;
}
interface Incident {
  readonly number: number;
  readonly key: string;
  readonly title: string;
  readonly openedAt: number;
  status: 'triggered' | 'acknowledged' | 'resolved';
  /** Level at the acknowledgement or resolution. */
  stoppedAt?: number;
}

export function pagerStandIn(keys: { readonly routingKey: string; readonly token: string }): PagerStandIn {
  const incidents: Incident[] = [];
  const faults = new Set<Misbehaviour>();
  const levelOf = (one: Incident): number => {
    if (one.stoppedAt !== undefined) return one.stoppedAt;
    if (faults.has('never-escalates')) return 1;
    return Math.min(LEVELS.length, 1 + Math.floor((Date.now() - one.openedAt) / (DELAY_MINUTES * 60_000)));
  };
  const open = (key: string, title: string): Incident => {
    const number = incidents.length + 400;
    const incident: Incident = { number, key, title, openedAt: Date.now(), status: 'triggered' };
    incidents.push(incident);
    return incident;
  };
  const settle = (one: Incident, status: Incident['status']): void => {
    if (status === 'resolved' && faults.has('ignores-resolve')) return;
    one.stoppedAt ??= levelOf(one);
    one.status = status;
  };
  const enqueue = (event: unknown): readonly [number, object] => {
    const action = textAt(event, '', 'event_action');
    const summary = textAt(event, '', 'payload', 'summary');
    const errors = problemsOf(event, action, keys.routingKey);
    if (errors.length > 0) return [400, { status: 'invalid event', message: 'Event object is invalid', errors }];
    const key = textAt(event, randomBytes(16).toString('hex'), 'dedup_key');
    const found = incidents.find((one) => one.key === key && one.status !== 'resolved');
    // An acknowledgement of what nobody knows is taken over and dropped.
    if (action === 'trigger' && !found) open(key, summary);
    else if (action !== 'trigger' && found) settle(found, action === 'resolve' ? 'resolved' : 'acknowledged');
    return [202, { status: 'success', message: 'Event processed', dedup_key: key }];
  };
  const asIncident = (one: Incident): object => {
    const level = levelOf(one);
    const waits = one.stoppedAt === undefined && level < LEVELS.length;
    return {
      id: `Q${createHash('sha256').update(`${one.number}`).digest('hex').slice(0, 13).toUpperCase()}`,
      type: 'incident',
      incident_number: one.number,
      title: one.title,
      incident_key: one.key,
      status: one.status,
      urgency: 'high',
      created_at: new Date(one.openedAt).toISOString(),
      service: SERVICE,
      escalation_policy: POLICY,
      assignments:
        one.status === 'resolved'
          ? []
          : [{ at: new Date(one.openedAt).toISOString(), assignee: LEVELS[level - 1]?.user }],
      pending_actions: waits ? [{ type: 'escalate', at: new Date(Date.now() + 1000).toISOString() }] : [],
    };
  };
  const read = (url: URL): readonly [number, object] => {
    const { pathname, searchParams: query } = url;
    if (pathname === '/incidents') {
      const key = query.get('incident_key');
      const since = Date.parse(query.get('since') ?? '') || 0;
      const found = incidents.filter((one) => (key === null ? one.openedAt >= since : one.key === key));
      return page('incidents', found.map(asIncident), query);
    }
    if (pathname === '/oncalls') return page('oncalls', onCalls(), query);
    if (pathname === `/escalation_policies/${POLICY.id}`) return [200, { escalation_policy: policy() }];
    if (pathname === `/schedules/${SCHEDULE}`) return [200, { schedule: schedule(query, faults.has('schedule-gap')) }];
    return [404, { error: { message: 'Not Found', code: 2100 } }];
  };
  return {
    handler: (request, response, url) => serve(request, response, url, { token: keys.token, enqueue, read }),
    misbehave(as) {
      faults.add(as);
      return () => faults.delete(as);
    },
    openIncident(title) {
      const incident = open(`incident-${randomBytes(6).toString('hex')}`, title);
      return () => incidents.splice(incidents.indexOf(incident), 1);
    },
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  api: {
    readonly token: string;
    readonly enqueue: (event: unknown) => readonly [number, object];
    readonly read: (url: URL) => readonly [number, object];
  },
): Promise<void> {
  if (request.method === 'POST' && url.pathname === '/v2/enqueue') {
    const [status, body] = api.enqueue(parseJson(await readText(request)));
    return sendJson(response, status, body);
  }
  if (request.headers.authorization !== `Token token=${api.token}`)
    return sendJson(response, 401, { error: { message: 'Authentication failed', code: 2006 } });
  const [status, body] =
    request.method === 'GET' ? api.read(url) : [404, { error: { message: 'Not Found', code: 2100 } }];
  return sendJson(response, status, body);
}

function problemsOf(event: unknown, action: string, routingKey: string): readonly string[] {
  if (!isRecord(event)) return ['the event is no object'];
  return [
    ...(event['routing_key'] === routingKey ? [] : ["'routing_key' is invalid"]),
    ...(['trigger', 'acknowledge', 'resolve'].includes(action) ? [] : ["'event_action' is invalid"]),
    ...(action !== 'trigger' || textAt(event, '', 'payload', 'summary') !== '' ? [] : ["'payload.summary' is missing"]),
  ];
}

/** A page of a list: 25 unless asked, 100 at most; the total is not told unless asked. */
function page(key: string, all: readonly object[], query: URLSearchParams): readonly [number, object] {
  const limit = Math.min(100, Number(query.get('limit') ?? 25));
  const offset = Number(query.get('offset') ?? 0);
  const shown = all.slice(offset, offset + limit);
  return [200, { [key]: shown, limit, offset, more: offset + shown.length < all.length, total: null }];
}

const turn = (): { readonly start: string; readonly end: string } => ({
  start: new Date(Date.now() - DAY_MS).toISOString(),
  end: new Date(Date.now() + 6 * DAY_MS).toISOString(),
});

function onCalls(): readonly object[] {
  return LEVELS.map(({ user, schedule: id }, index) => ({
    escalation_policy: POLICY,
    escalation_level: index + 1,
    schedule: id === null ? null : { id, type: 'schedule_reference' },
    user,
    ...(id === null ? { start: null, end: null } : turn()),
  }));
}

function policy(): object {
  return {
    ...POLICY,
    type: 'escalation_policy',
    num_loops: 0,
    escalation_rules: LEVELS.map(({ user, schedule: id }, index) => ({
      id: `PRULE${index + 1}`,
      escalation_delay_in_minutes: DELAY_MINUTES,
      targets: [id === null ? user : { id, type: 'schedule_reference' }],
    })),
  };
}

/** Two people in turns of a week; rendered only for a window that is asked for. */
function schedule(query: URLSearchParams, gap: boolean): object {
  const [since, until] = [query.get('since'), query.get('until')].map((text) => Date.parse(text ?? ''));
  const head = { id: SCHEDULE, type: 'schedule', name: 'Shop primary', time_zone: 'UTC' };
  const isAsked = since !== undefined && until !== undefined && since < until;
  const final = isAsked
    ? { rendered_coverage_percentage: gap ? 95 : 100, rendered_schedule_entries: turns(since, until, gap) }
    : { rendered_coverage_percentage: null, rendered_schedule_entries: [] };
  return { ...head, final_schedule: { name: 'Final Schedule', ...final } };
}

const WEEK_MS = 7 * DAY_MS;
const GAP_MS = 2 * 3_600_000;

function turns(since: number, until: number, gap: boolean): readonly object[] {
  const entries: object[] = [];
  // With a gap the first turn ends two hours before the next one begins, in the middle of what was asked for.
  const middle = (since + until) / 2;
  for (let from = since; from < until;) {
    const boundary = Math.min(until, (Math.floor(from / WEEK_MS) + 1) * WEEK_MS);
    const end = gap && from < middle ? Math.min(boundary, middle) : boundary;
    const user = LEVELS[Math.floor(from / WEEK_MS) % 2]?.user;
    entries.push({ start: new Date(from).toISOString(), end: new Date(end).toISOString(), user });
    from = gap && end === middle ? middle + GAP_MS : end;
  }
  return entries;
}
